#pragma once
#include <QImage>
#include <QWidget>
#include <vector>

#include "ui/edit/round_report.h"
#include "ui/theme/tokens.h"

namespace fovea::ui {

class Theme;
class Workspace;

// Places of the check, each twice: with the outlines of what was in use before the round and of the round. Drawn on a
// worker. GUI thread.
class BeforeAfter : public QWidget {
    Q_OBJECT
  public:
    BeforeAfter(Theme& theme, Workspace& workspace, QWidget* parent = nullptr);
    // Nothing is drawn anew while the report is about the same labels and places.
    void setReport(const RoundReport& report);
    int pictures() const { return int(pairs_.size()); }
    QSize sizeHint() const override { return {720, 300}; }
    QSize minimumSizeHint() const override { return {240, 120}; }

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    struct Pair {
        QImage before, after;
    };
    void paintPicture(QPainter& painter, const QRect& place, const QImage& image, const QString& text, Token dot) const;

    Theme& theme_;
    Workspace& workspace_;
    std::vector<Pair> pairs_;
    QString before_, after_, shown_;
};

}  // namespace fovea::ui

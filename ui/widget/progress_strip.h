#pragma once
#include <QVector>
#include <QWidget>

#include "ui/theme/tokens.h"

namespace fovea::ui {

class Theme;

// A stacked bar, 8 high: parts in their colours, the rest empty.
class ProgressStrip : public QWidget {
    Q_OBJECT
  public:
    struct Part {
        double value = 0;
        Token colour = Token::Accent;
        QString name;  // for tool tip and screen readers
    };
    explicit ProgressStrip(Theme& theme, QWidget* parent = nullptr, int thickness = 8);
    // Values share `total`; more than that is cut.
    void setParts(QVector<Part> parts, double total);
    // One accent part, 0…1; negative = busy (a moving piece, standing still with reduced motion).
    void setShare(double share);
    QSize sizeHint() const override { return {160, thickness_}; }
    QSize minimumSizeHint() const override { return {24, thickness_}; }

  protected:
    void paintEvent(QPaintEvent*) override;
    void timerEvent(QTimerEvent*) override;
    void hideEvent(QHideEvent*) override;
    void showEvent(QShowEvent*) override;

  private:
    void describe();
    void updateTimer();
    Theme& theme_;
    int thickness_;
    QVector<Part> parts_;
    double total_ = 1;
    bool busy_ = false;
    int timer_ = 0, phase_ = 0;
};

}  // namespace fovea::ui

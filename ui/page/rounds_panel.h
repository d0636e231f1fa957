#pragma once
#include <QWidget>

#include "ui/edit/round_report.h"

class QGridLayout;
class QLabel;

namespace fovea::ui {

class Theme;

// "Did it help?": the figures of the last scored round beside those of what was in use before.
class HelpPanel : public QWidget {
    Q_OBJECT
  public:
    explicit HelpPanel(QWidget* parent = nullptr);
    void setReport(const RoundReport& report);

  private:
    QGridLayout* rows_;
    QLabel* note_;
};

// Every round with its figures, the one in use marked, the others one click away.
class RoundsPanel : public QWidget {
    Q_OBJECT
  public:
    explicit RoundsPanel(Theme& theme, QWidget* parent = nullptr);
    void setReport(const RoundReport& report, bool enabled);

  Q_SIGNALS:
    void useRound(int round);

  private:
    Theme& theme_;
    QGridLayout* rows_;
    QLabel* note_;
};

}  // namespace fovea::ui

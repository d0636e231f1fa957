#pragma once
#include <QFrame>
#include <QTimer>

#include "ui/widget/chip.h"

class QLabel;
class QPushButton;

namespace fovea::ui {

// At most one strip, 36 high, under the flow bar, with one action and ×. Good news leaves after 6 s, problems stay.
class NotificationStrip : public QFrame {
    Q_OBJECT
  public:
    explicit NotificationStrip(Theme& theme, QWidget* parent = nullptr);
    void say(Tone tone, const QString& text, const QString& action = {});
    QString text() const;

  Q_SIGNALS:
    void actionClicked();

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    Theme& theme_;
    Tone tone_ = Tone::Plain;
    QLabel *icon_, *text_;
    QPushButton* action_;
    QTimer leave_;
};

}  // namespace fovea::ui

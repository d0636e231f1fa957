#pragma once
#include <QWidget>

class QPainter;

namespace fovea::ui {

class Theme;

// A key as it looks on the keyboard: "A", "Ctrl K".
class KeyCap : public QWidget {
    Q_OBJECT
  public:
    KeyCap(Theme& theme, const QString& key, QWidget* parent = nullptr);
    void setKey(const QString& key);
    QString key() const { return key_; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    Theme& theme_;
    QString key_;
};

// Size of a cap for this key, and the cap itself, for widgets that paint their own. `onAccent`: over a filled button.
QSize keyCapSize(const Theme& theme, const QString& key);
void paintKeyCap(QPainter& painter, const Theme& theme, const QRectF& rect, const QString& key, bool onAccent = false);

}  // namespace fovea::ui

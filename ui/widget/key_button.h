#pragma once
#include <QAbstractButton>
#include <QKeySequence>

namespace fovea::ui {

class Theme;

// A word and the key that does the same, for bars over images. Never takes the keyboard from the view under it.
class KeyButton : public QAbstractButton {
    Q_OBJECT
  public:
    KeyButton(Theme& theme, const QString& text, bool primary, QWidget* parent = nullptr);
    void setKey(const QKeySequence& key);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    Theme& theme_;
    QString key_;
    bool primary_;
};

}  // namespace fovea::ui

#pragma once
#include <QAbstractButton>

#include "ui/theme/tokens.h"

namespace fovea::ui {

class Theme;

enum class Tone { Plain, Accent, Ok, Warn, Bad };
Token toneColour(Tone tone);  // Text for Plain
Token toneSoft(Tone tone);    // Raised for Plain

// A pill of 22 px with optional icon: state at a glance ("All saved"). Clickable when setClickable(true).
class Chip : public QAbstractButton {
    Q_OBJECT
  public:
    explicit Chip(Theme& theme, QWidget* parent = nullptr);
    Chip(Theme& theme, const QString& text, const QString& icon = {}, Tone tone = Tone::Plain,
         QWidget* parent = nullptr);
    void set(const QString& text, const QString& icon, Tone tone);
    void setClickable(bool clickable);
    // Draws a small down chevron at the right (a menu opens).
    void setMenuMark(bool mark);
    Tone tone() const { return tone_; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    Theme& theme_;
    QString icon_;
    Tone tone_ = Tone::Plain;
    bool menuMark_ = false;
};

}  // namespace fovea::ui

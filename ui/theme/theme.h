#pragma once
#include <QFont>
#include <QIcon>
#include <QObject>
#include <QPixmap>

#include "ui/theme/tokens.h"

class QAbstractButton;
class QApplication;

namespace fovea::ui {

enum class ThemeMode { System, Dark, Light };

// The type scale: 11 hint, 12 small, 13 body, 15 section, 20 page title, 34 start headline, 11.5 fixed (px at 100 %).
enum class TextRole { Hint, Small, Body, Section, Title, Headline, Fixed };

// Colours, fonts and icons of the window. One object, made in app/gui_main, handed to every widget by reference and
// outliving them. GUI thread only.
class Theme : public QObject {
    Q_OBJECT
  public:
    explicit Theme(QObject* parent = nullptr);

    ThemeMode mode() const { return mode_; }
    void setMode(ThemeMode mode);
    bool isDark() const { return dark_; }
    // 0.8 … 1.6; scales every font and every size that holds text.
    double textScale() const { return textScale_; }
    void setTextScale(double scale);
    bool reducedMotion() const { return reducedMotion_; }
    void setReducedMotion(bool reduced);

    QColor colour(Token token) const { return tokenColour(token, dark_); }
    QFont font(TextRole role, QFont::Weight weight = QFont::Normal) const;
    // A length at 100 % scaled with the text, in logical pixels.
    int size(double length) const;

    // resources/icons/<name>.svg drawn in a token's colour; disabled in Faint; checked and selected in `on`.
    QIcon icon(const QString& name, Token normal = Token::Text, Token on = Token::Text) const;
    QPixmap pixmap(const QString& name, double side, Token token, double devicePixelRatio = 1) const;
    // Sets the button's icon now and again whenever the theme changes.
    void bindIcon(QAbstractButton* button, const QString& name, Token normal = Token::Text,
                  Token on = Token::Text) const;

    QString styleSheet() const;
    // Installs fonts, palette and style sheet, and keeps them current.
    void apply(QApplication& application);

  Q_SIGNALS:
    void changed();

  private:
    void refresh();

    ThemeMode mode_ = ThemeMode::System;
    bool systemDark_ = true;
    bool dark_ = true;
    bool reducedMotion_ = false;
    double textScale_ = 1;
    QString family_, fixedFamily_;
    QApplication* application_ = nullptr;
};

}  // namespace fovea::ui

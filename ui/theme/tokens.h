#pragma once
#include <QColor>
#include <QString>
#include <array>

namespace fovea::ui {

// Every colour the window uses, by what it is for. Widgets never hold literal colours.
enum class Token {
    Window,
    Panel,
    Raised,
    Field,
    Hover,
    Canvas,
    Line,
    LineStrong,
    Text,
    Muted,
    Faint,
    Accent,
    OnAccent,
    AccentSoft,
    Ok,
    OkSoft,
    Warn,
    WarnSoft,
    Bad,
    BadSoft,
    Plus,
    Minus,
    Hud,
    HudText,
    Scrim
};
inline constexpr int tokenCount = int(Token::Scrim) + 1;

struct TokenRow {
    Token token;
    const char* name;  // "accentSoft", as style sheets and tests say it
    const char* dark;  // #RRGGBB or #AARRGGBB
    const char* light;
};

// In the order of Token.
const std::array<TokenRow, tokenCount>& tokenTable();
QColor tokenColour(Token token, bool dark);

// WCAG contrast ratio of two opaque colours, 1…21.
double contrastRatio(const QColor& a, const QColor& b);

}  // namespace fovea::ui

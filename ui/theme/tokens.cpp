#include "ui/theme/tokens.h"

#include <cmath>

namespace fovea::ui {

const std::array<TokenRow, tokenCount>& tokenTable() {
    static const std::array<TokenRow, tokenCount> table = {{
        {Token::Window, "window", "#14161A", "#E9ECF0"},
        {Token::Panel, "panel", "#1B1E24", "#F7F8FA"},
        {Token::Raised, "raised", "#242831", "#FFFFFF"},
        {Token::Field, "field", "#12141A", "#FFFFFF"},
        {Token::Hover, "hover", "#2C313B", "#E6EAF0"},
        {Token::Canvas, "canvas", "#0B0C0F", "#E9ECF0"},
        {Token::Line, "line", "#2D323C", "#D5DAE1"},
        {Token::LineStrong, "lineStrong", "#6B7484", "#7C8594"},
        {Token::Text, "text", "#E7EAF0", "#171A20"},
        {Token::Muted, "muted", "#A4ACBA", "#4D5664"},
        {Token::Faint, "faint", "#8A93A3", "#5F6877"},
        {Token::Accent, "accent", "#6AB0FF", "#1460C4"},
        {Token::OnAccent, "onAccent", "#08131F", "#FFFFFF"},
        {Token::AccentSoft, "accentSoft", "#1E3550", "#D8E7FB"},
        {Token::Ok, "ok", "#3CCB9B", "#0A7554"},
        {Token::OkSoft, "okSoft", "#15352C", "#D5F0E5"},
        {Token::Warn, "warn", "#F2B84B", "#8A5A00"},
        {Token::WarnSoft, "warnSoft", "#3A2E15", "#FBEBC8"},
        {Token::Bad, "bad", "#FF7D70", "#B3261E"},
        {Token::BadSoft, "badSoft", "#3D211F", "#FBDDDA"},
        {Token::Plus, "plus", "#3CCB9B", "#3CCB9B"},
        {Token::Minus, "minus", "#FF8A4C", "#FF8A4C"},
        {Token::Hud, "hud", "#C7000000", "#C7000000"},
        {Token::HudText, "hudText", "#E7EAF0", "#E7EAF0"},
        {Token::Scrim, "scrim", "#99000000", "#99000000"},
    }};
    return table;
}

QColor tokenColour(Token token, bool dark) {
    static const auto colours = [] {
        std::array<std::array<QColor, tokenCount>, 2> all;
        for (const TokenRow& row : tokenTable()) {
            all[0][std::size_t(row.token)] = QColor(QString::fromLatin1(row.light));
            all[1][std::size_t(row.token)] = QColor(QString::fromLatin1(row.dark));
        }
        return all;
    }();
    return colours[dark ? 1 : 0][std::size_t(token)];
}

namespace {

double luminance(const QColor& colour) {
    const auto channel = [](double c) { return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
    return 0.2126 * channel(colour.redF()) + 0.7152 * channel(colour.greenF()) + 0.0722 * channel(colour.blueF());
}

}  // namespace

double contrastRatio(const QColor& a, const QColor& b) {
    const double la = luminance(a), lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

}  // namespace fovea::ui

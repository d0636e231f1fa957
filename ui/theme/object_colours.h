#pragma once
#include <QColor>
#include <array>
#include <cstdint>

namespace fovea::ui {

// Twelve colours that stay apart for normal sight and three colour-vision deficiencies; the same in both themes.
inline constexpr std::array<QRgb, 12> objectPalette = {0xff53C48E, 0xffC252BB, 0xffFAE353, 0xffBCB3FA,
                                                       0xff8B8C14, 0xffEFA3C7, 0xff8AF6FB, 0xffCBEFA8,
                                                       0xff5B79F7, 0xffDF466C, 0xff2C9A88, 0xff89BE47};

// Slot at birth, before neighbours are looked at.
constexpr int birthSlot(std::int64_t id) { return int(((7 * id) % 12 + 12) % 12); }
constexpr QRgb objectColour(int slot) { return objectPalette[std::size_t(((slot % 12) + 12) % 12)]; }
// The outline of a preview: the colour mixed half with white.
QColor lightVersion(QRgb colour);

}  // namespace fovea::ui

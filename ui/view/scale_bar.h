#pragma once
#include <QString>

namespace fovea::ui {

struct ScaleBar {
    double um = 0;      // length, 1, 2 or 5 × a power of ten
    double pixels = 0;  // the same in logical pixels
    QString text;       // "500 nm", "2 µm", "1 mm"
};

// The longest 1-2-5 length of at most 25 % of the view's width (so at least 10 %).
ScaleBar makeScaleBar(double pixelsPerUm, double viewWidth);
// "500 nm", "2.5 µm", "1 mm": three significant digits.
QString lengthText(double um);

}  // namespace fovea::ui

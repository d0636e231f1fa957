#include "ui/view/scale_bar.h"

#include <cmath>

namespace fovea::ui {

ScaleBar makeScaleBar(double pixelsPerUm, double viewWidth) {
    if (!(pixelsPerUm > 0) || !(viewWidth > 0)) return {};
    const double most = 0.25 * viewWidth / pixelsPerUm;
    const double ten = std::pow(10.0, std::floor(std::log10(most) + 1e-9));
    ScaleBar bar;
    for (const double step : {1.0, 2.0, 5.0})
        if (step * ten <= most * (1 + 1e-9)) bar.um = step * ten;
    bar.pixels = bar.um * pixelsPerUm;
    bar.text = lengthText(bar.um);
    return bar;
}

QString lengthText(double um) {
    const double size = std::abs(um);
    const auto number = [](double value) { return QString::number(value, 'g', 3); };
    // Rounding must not print "1e+03 nm": the borders lie where three digits end.
    if (size < 0.9995) return number(um * 1000) + QStringLiteral(" nm");
    if (size < 999.5) return number(um) + QStringLiteral(" µm");
    return QString::number(um / 1000, 'g', size < 999500 ? 3 : 6) + QStringLiteral(" mm");
}

}  // namespace fovea::ui

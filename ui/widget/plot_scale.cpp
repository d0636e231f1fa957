#include "ui/widget/plot_scale.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace fovea::ui {

QVector<double> PlotAxis::ticks() const {
    QVector<double> values;
    if (!(step > 0)) return values;
    for (auto k = std::int64_t(std::ceil(low / step - 1e-9));
         double(k) * step <= high + step * 1e-9 && values.size() < 100; ++k)
        values.push_back(double(k) * step);
    return values;
}

QString PlotAxis::text(double value) const {
    if (std::abs(value) < step * 1e-6) value = 0;  // no "-0.0"
    const int decimals = std::clamp(int(std::ceil(-std::log10(step) - 1e-9)), 0, 8);
    return QString::number(value, 'f', decimals);
}

PlotAxis makeAxis(double low, double high, int wanted, bool snap) {
    if (!std::isfinite(low)) low = 0;
    if (!std::isfinite(high)) high = 1;
    if (high < low) std::swap(low, high);
    // Equal ends (one point so far) still need a range to be drawn in.
    if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high))) {
        const double half = low == 0 ? 0.5 : std::abs(low) / 2;
        low -= half, high += half;
    }
    const double rough = (high - low) / std::max(wanted, 1);
    const double ten = std::pow(10.0, std::floor(std::log10(rough)));
    PlotAxis axis{low, high, 10 * ten};
    for (const double step : {1.0, 2.0, 5.0})
        if (step * ten >= rough * (1 - 1e-9)) {
            axis.step = step * ten;
            break;
        }
    if (snap) {
        axis.low = std::floor(low / axis.step + 1e-9) * axis.step;
        axis.high = std::ceil(high / axis.step - 1e-9) * axis.step;
    }
    return axis;
}

}  // namespace fovea::ui

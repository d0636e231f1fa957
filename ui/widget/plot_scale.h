#pragma once
#include <QString>
#include <QVector>

namespace fovea::ui {

// Ends and ticks of an axis. Ticks are multiples of a 1-2-5 step inside [low, high].
struct PlotAxis {
    double low = 0, high = 1, step = 0.2;
    QVector<double> ticks() const;
    QString text(double value) const;  // with as many decimals as the step needs
};

// An axis over [low, high] with about `wanted` ticks. `snap` moves the ends out to whole steps. Equal or non-finite
// ends are widened.
PlotAxis makeAxis(double low, double high, int wanted, bool snap);

}  // namespace fovea::ui

#include "train/scores.h"

#include <cmath>
#include <limits>

namespace fovea::train {

std::vector<double> pseudoDice(const std::vector<std::vector<ClassCounts>>& batches) {
    std::vector<ClassCounts> sums(batches.empty() ? 0 : batches.front().size());
    for (const auto& batch : batches)
        for (std::size_t k = 0; k < sums.size(); ++k)
            sums[k].tp += batch.at(k).tp, sums[k].fp += batch.at(k).fp, sums[k].fn += batch.at(k).fn;
    std::vector<double> dice;
    for (const ClassCounts& c : sums) {
        const double all = 2 * c.tp + c.fp + c.fn;
        dice.push_back(all > 0 ? 2 * c.tp / all : std::numeric_limits<double>::quiet_NaN());
    }
    return dice;
}

double meanOfKnown(const std::vector<double>& values) {
    double sum = 0;
    int known = 0;
    for (double v : values)
        if (!std::isnan(v)) sum += v, ++known;
    return known > 0 ? sum / known : std::numeric_limits<double>::quiet_NaN();
}

bool MovingDice::add(double dice) {
    value_ = value_ ? 0.9 * *value_ + 0.1 * dice : dice;
    const bool better = !best_ || *value_ > *best_;
    if (better) best_ = value_;
    return better;
}

}  // namespace fovea::train

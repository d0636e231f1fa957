#pragma once
#include <cstdint>
#include <optional>
#include <vector>

// nnU-Net's score while it trains (spec section 4.8): an estimate from patches, not a validation. Torch-free.
namespace fovea::train {

struct ClassCounts {
    double tp = 0, fp = 0, fn = 0;
};

// 2 tp / (2 tp + fp + fn) of each class over all batches (rows of counts per class); NaN for one that never occurs.
std::vector<double> pseudoDice(const std::vector<std::vector<ClassCounts>>& batches);
// Mean of the values that are numbers; NaN without any.
double meanOfKnown(const std::vector<double>& values);

// Moving average of the mean Dice: the first value as it is, then 0.9 · old + 0.1 · new.
class MovingDice {
  public:
    // Returns whether the average is the best so far.
    bool add(double dice);
    std::optional<double> value() const { return value_; }

  private:
    std::optional<double> value_, best_;
};

}  // namespace fovea::train

#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>

namespace fovea::train {

// What a loss is multiplied with so that its gradients do not vanish in float16 (Micikevicius et al. 2018,
// section 3.2). The rule and its numbers are torch's: from 65536, halved whenever a gradient is no number, doubled
// after 2000 steps without one.
class LossScale {
  public:
    double value() const { return value_; }
    // After the gradients of a step; returns whether the step can be taken.
    bool update(bool finite);

    nlohmann::json state() const;
    void restore(const nlohmann::json& state);  // throws nlohmann's exceptions

  private:
    double value_ = 65536;
    std::int64_t steps_ = 0;  // since it last changed
};

}  // namespace fovea::train

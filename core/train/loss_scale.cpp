#include "train/loss_scale.h"

namespace fovea::train {

namespace {
constexpr double growth = 2, backOff = 0.5;
constexpr std::int64_t growthInterval = 2000;
}  // namespace

bool LossScale::update(bool finite) {
    if (!finite) {
        value_ *= backOff;
        steps_ = 0;
    } else if (++steps_ == growthInterval) {
        value_ *= growth;
        steps_ = 0;
    }
    return finite;
}

nlohmann::json LossScale::state() const { return {{"value", value_}, {"steps", steps_}}; }

void LossScale::restore(const nlohmann::json& state) {
    value_ = state.at("value");
    steps_ = state.at("steps");
}

}  // namespace fovea::train

#pragma once
#include "nn/device.h"
#include "nn/torch_test.h"

namespace fovea::test {

// The name of the fastest GPU; the test that asks is skipped, saying why, where there is none.
inline std::string gpu() {
    if (!nn::devices().front().gpu) SKIP("no GPU here: " + nn::whyNoGpu());
    return nn::devices().front().name;
}

}  // namespace fovea::test

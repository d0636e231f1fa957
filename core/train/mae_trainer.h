#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/box.h"
#include "data/image_source.h"
#include "nn/compute.h"
#include "nn/mae.h"
#include "train/loop.h"

namespace fovea::train {

struct MaeCase {
    std::string id;
    ImagePtr image;         // its first three channels at most
    std::vector<Box> held;  // never read
};

struct MaeRequest {
    nn::MaeConfig config;  // ranges: one per channel used
    std::vector<MaeCase> cases;
    LoopOptions loop = defaultLoop();
    double maskRatio = 0.75;
    bool normPix = true;
    std::filesystem::path start;   // a checkpoint of the MAE authors with networks of config's sizes; empty: fresh
    std::filesystem::path folder;  // mae.safetensors, checkpoint.safetensors, curves.json
    std::string device = "cpu";
    nn::Compute compute;
    std::uint64_t seed = 0;

    // The authors' recipe (AdamW 0.9/0.95, weight decay 0.05 but not on vectors, warm-up, half cosine, no clipping)
    // with a learning rate for small batches: 300 iterations of 8 crops.
    static LoopOptions defaultLoop();
};

// Pre-trains a masked autoencoder on random in-plane crops (edge 0.6 to 1.4 of the network's image, mirrored at random)
// outside the held boxes and writes folder/mae.safetensors. Progress, curve, resume and errors: see runLoop(). Crop i
// depends on (seed, i) alone. Throws Error(Input) when a case has no place outside its held boxes or other channels
// than config.ranges.
LoopResult trainMae(const MaeRequest& request, Job& job);

}  // namespace fovea::train

#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/job.h"
#include "nn/compute.h"
#include "nn/unet.h"
#include "plan/planner.h"
#include "train/loop.h"
#include "train/patch_sampler.h"

namespace fovea::train {

// How far the weights of a model trained before are trusted.
enum class Start {
    Fresh,    // He initialisation
    Encoder,  // all but the segmentation heads, which start afresh (nnU-Net's -pretrained_weights)
    Whole,    // everything
};

struct TrainRequest {
    nn::Topology topology;
    SamplerOptions sampler;  // patch, classes, augmentation, share of foreground
    std::vector<TrainSource> sources;
    std::vector<TrainSource> tuning;  // places the best iteration is chosen on; empty: the averaged weights are taken
    int tuningPatches = 16;
    LoopOptions loop;
    bool batchDice = true;
    Start start = Start::Fresh;
    std::filesystem::path startFrom;  // weights file, for Encoder and Whole
    std::filesystem::path folder;     // model.safetensors, checkpoint.safetensors, curves.json
    std::string device = "cpu";
    nn::Compute compute;
    int loaderThreads = -1;  // see BatchFeed
    std::uint64_t seed = 0;
};

struct TrainResult {
    LoopResult loop;
    std::int64_t knownVoxels = 0, knownForeground = 0;  // what there was to learn from
};

// Trains a plain U-Net with deep supervision and writes folder/model.safetensors (nn::loadUNet reads it). Progress,
// curve, resume and errors: see runLoop(). Weights of another network in startFrom: Error(Format). Thread: the batch
// lane.
TrainResult train(const TrainRequest& request, Job& job);

// The network of a plan.
nn::Topology topologyOf(const plan::Plan& plan);
// Topology, patch, classes, batch, loss and compute of a plan, and the averaging of weights that fine-tuning ends with;
// sources, tuning, folder, device, start and seed are left to the caller.
enum class Phase { Pretrain, FineTune };
TrainRequest requestOf(const plan::Plan& plan, Phase phase);

// A TrainCase normalised as the plan says: from the plan when it knows the case, else measured outside `held`.
TrainCase caseOf(const plan::Plan& plan, const std::string& id, ImagePtr image, ImagePtr labels, ImagePtr weight,
                 std::vector<Box> held, Job& job);
// The norms alone, for prediction.
std::vector<plan::ChannelNorm> normsOf(const plan::Plan& plan, const std::string& id, const ImageSource& image,
                                       const std::vector<Box>& held, Job& job);

}  // namespace fovea::train

#pragma once
#include <string>

#include "nn/weights.h"
#include "tensorfile/state_names.h"

// The names of nnU-Net's state dicts (spec nnunet.md 3.6): every block stands there twice, the encoder once more.
namespace fovea::nn {

// True for ".all_modules." and "decoder.encoder.": another name of a tensor that is there under its own.
bool isDuplicateKey(const std::string& name);
using tensorfile::withoutWrappers;

// State with every key the official checkpoint has, in its order, from a U-Net's own (stateOf()). Duplicates share
// storage.
State officialState(const State& own);
State officialState(const torch::nn::Module& unet);

}  // namespace fovea::nn

#pragma once
#include <string>

#include "nn/weights.h"

namespace fovea::nn::sam {

// What parameter-efficient fine-tuning in micro-sam added to an encoder, folded into plain weights, in double: LoRA (Hu
// et al. 2022) on attention and MLP, FacT (Jie & Deng 2023), SSF (Lian et al. 2022). A state without additions comes
// back as it is. Throws Error(Unsupported) for AdaptFormer and quantised weights, which are no plain encoder, and
// Error(Format) for incomplete additions; both name `source`.
State withoutAdapters(const State& state, const std::string& source);

}  // namespace fovea::nn::sam

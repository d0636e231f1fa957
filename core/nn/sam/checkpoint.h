#pragma once
#include <filesystem>
#include <optional>

#include "nn/sam/sam.h"
#include "nn/sam/unetr.h"
#include "nn/weights.h"

// Checkpoints of Segment Anything, MobileSAM and micro-sam (spec models.md 3.2).
namespace fovea::nn::sam {

// The weights in a file: a plain state, {model_state, decoder_state}, or what micro-sam's trainer saves; adapters are
// folded in.
struct SamState {
    State model;
    std::optional<State> decoder;  // micro-sam's instance decoder, where the file has one
};
SamState readSamState(const std::filesystem::path& path);  // throws Error(Missing | Format | Unsupported)

// Networks in evaluation mode. Throw as readSamState(), and Error(Format) that says what is missing when the file holds
// another network.
Sam loadSam(const std::filesystem::path& path);
UnetrDecoder loadUnetr(const std::filesystem::path& path);  // from a decoder's own file, or one that has both

}  // namespace fovea::nn::sam

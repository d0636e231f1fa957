#pragma once
#include <filesystem>

namespace fovea::test {

// Checkpoints small enough for tests (frame of 64 pixels, embeddings of 16 × 8 × 8), with random but repeatable
// weights: Segment Anything's as safetensors, and the same with micro-sam's instance decoder as micro-sam exports it
// (.pt). Torch-free header.
void writeTinySam(const std::filesystem::path& path);
void writeTinyMicroSam(const std::filesystem::path& path);

}  // namespace fovea::test

#pragma once
#include <filesystem>

namespace fovea::test {

// A checkpoint of Segment Anything small enough for tests (frame of 64 pixels, embeddings of 16 × 8 × 8), with random
// but repeatable weights, as safetensors. Torch-free header.
void writeTinySam(const std::filesystem::path& path);

}  // namespace fovea::test

#pragma once
#include <filesystem>

namespace fovea::test {

// A checkpoint of a CellSAM small enough for tests (frame of 64 pixels, window of 3, 12 queries), with random but
// repeatable weights, as safetensors. Its masks' guessed IoU is 1, so that none is dropped for that. Torch-free header.
void writeTinyCellSam(const std::filesystem::path& path, bool advanced = false);

}  // namespace fovea::test

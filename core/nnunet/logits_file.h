#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/file.h"
#include "data/volume.h"

namespace fovea::nnunet {

// The logits of a whole grid on disk (float32), so that what an export holds in memory does not grow with the volume.
// Written tile by tile, section by section; what a stopped run wrote stays good for the next one with the same key.
class LogitsFile {
  public:
    // `tiles` cover the grid's plane, each with all its sections, and are written in this order. What is there under
    // another key is deleted.
    LogitsFile(std::filesystem::path folder, Index shape, std::int64_t outputs, std::vector<Box> tiles,
               nlohmann::json key);

    const std::vector<Box>& tiles() const { return tiles_; }
    // Sections of this tile that are on disk.
    std::int64_t sections(std::size_t tile) const;
    // (K, y, x) float32 on the CPU: the next section of the first tile that is not finished. Throws Error (disk full).
    void append(const at::Tensor& logits);

    // Planes [begin, end) of an output, as plan::LogitsReader. Everything must have been written.
    void read(int output, std::int64_t begin, std::int64_t end, float* out);
    void remove();

  private:
    std::uint64_t bytesPerSection(const Box& tile) const;

    std::filesystem::path folder_;
    Index shape_;
    std::int64_t outputs_;
    std::vector<Box> tiles_;
    std::unique_ptr<file::Appender> writer_;
    std::ifstream reader_;
};

}  // namespace fovea::nnunet

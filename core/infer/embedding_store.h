#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "infer/tile_grid.h"
#include "zarr/zarr_array.h"

namespace fovea::infer {

// What embeddings were, or are to be, made of.
struct EmbeddedImage {
    std::string image;      // a name of its content: equal names, equal pixels
    bool lasting = true;    // worth keeping on disk; not so a part cut out for one question
    std::string model;      // a name of the weights, as "sha256:…"
    std::string modelType;  // "vit_b"
    int channel = 0;
    std::int64_t slices = 1;
    TileGrid tiles;
    std::int64_t width = 256, grid = 64;  // an embedding is (1, width, grid, grid)
    std::int64_t side = 1024;             // of the encoder's frame
};

// The embeddings of one channel of an image on disk, laid out as micro-sam's cache (Zarr v2; spec models.md 3.5): array
// `features`, of a volume (slices, 1, width, grid, grid), of a single section without the first axis; of tiles a group
// `features` with one such array per tile. Written in half precision, read in any. A chunk is one embedding, replaced
// atomically. Thread-safe.
class EmbeddingStore {
  public:
    // Goes on with the folder, or begins one. Throws Error(Input) naming the first difference when it holds embeddings
    // of something else, Error(Format | Unsupported) when it is damaged or of another Zarr version, Error where the
    // disk fails.
    EmbeddingStore(std::filesystem::path folder, EmbeddedImage image);

    // (1, width, grid, grid), half, on the CPU; absent when it is not there, can't be read, or is damaged (zeros alone,
    // not finite, or not what its codec writes).
    std::optional<at::Tensor> read(std::int64_t slice, std::int64_t tile) const;
    // Atomic, over what can't be read. With the last one the folder is marked complete, as micro-sam does it.
    void write(std::int64_t slice, std::int64_t tile, const at::Tensor& embedding);

    const std::filesystem::path& folder() const { return folder_; }

  private:
    std::optional<at::Tensor> load(std::int64_t slice, std::int64_t tile) const;
    std::filesystem::path arrayOf(std::int64_t tile) const;
    void begin() const;
    void checkSame(const nlohmann::json& found) const;
    std::optional<zarr::Array> openArray(std::int64_t tile) const;
    void makeArray(std::int64_t tile) const;
    bool complete() const;
    void markComplete() const;

    std::filesystem::path folder_;
    EmbeddedImage image_;
    std::mutex making_;  // arrays and attributes
    bool complete_ = false;
};

}  // namespace fovea::infer

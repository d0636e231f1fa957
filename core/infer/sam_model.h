#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/job.h"
#include "data/volume.h"
#include "infer/embedding_store.h"
#include "nn/compute.h"
#include "nn/kept_memory.h"
#include "nn/sam/checkpoint.h"

namespace fovea::infer {

// What is known of one object in one picture, in its pixels. Something must be given.
struct SamPrompt {
    std::vector<std::pair<Index, bool>> points;  // true = of the object
    Box box;                                     // empty = none
    Volume<std::uint8_t> mask;                   // of the picture's shape; empty = none
};

// One answer of the mask decoder.
struct SamMask {
    Volume<std::uint8_t> mask;  // (1, H, W), 1 = the object
    double iou = 0;             // the network's own guess, cut to 0…1
    double stability = 0;       // 0…1
    double score() const { return iou * stability; }
};

// A network of the SAM family on a device: Segment Anything, MobileSAM, micro-sam. const methods are thread-safe.
class SamModel {
  public:
    // `threads` 0 = as many as the machine has. Throws Error(Missing | Format | Unsupported) for the file, saying what
    // a file of another network lacks, and Error(Device).
    SamModel(const std::filesystem::path& weights, const std::string& device, int threads);

    // What it makes of an image: the caller adds the image's name, channel, slices and tiles.
    EmbeddedImage describe() const;

    // A grey picture (1, H, W) as (1, width, grid, grid). Grey values from the least to the largest finite one become
    // 0…255, as micro-sam does it (spec models.md 3.5). float32, on the device. Cancelled between the encoder's blocks.
    at::Tensor embed(const Volume<float>& picture, Job& job) const;
    // `size`: of the picture. With `ambiguous` the masks that may mean the object, its part or what it is part of, best
    // score first, else the one mask.
    std::vector<SamMask> predict(const at::Tensor& embedding, Index size, const SamPrompt& prompt,
                                 bool ambiguous) const;

  private:
    static constexpr std::size_t promptMemory = 64 << 20;  // bytes; what one prompt takes at once

    nn::sam::Sam network_;
    std::string hash_;
    std::string device_;
    nn::Compute compute_;    // of the image encoder
    nn::Compute answering_;  // of prompts; on graphics cards float32, until half precision has been measured there
    at::Tensor positions_;
    nn::KeepMemory keep_{promptMemory};  // a prompt, answered in tens of milliseconds, finds its memory there
};

}  // namespace fovea::infer

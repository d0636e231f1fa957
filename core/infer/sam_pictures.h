#pragma once
#include <optional>
#include <vector>

#include "infer/embedding_cache.h"
#include "infer/sam_model.h"
#include "segment/prompt_engine.h"

namespace fovea::infer {

// The slices that a request shows to a network, whole where the request says what its crop was cut from, and what the
// network makes of prompts in them. Places and masks are those of the crop: masks (1, crop's y, crop's x).
class SamPictures {
  public:
    // All live as long as this.
    SamPictures(const SamModel& model, EmbeddingCache& cache, const segment::PromptRequest& request, Job& job);

    struct Answer {
        std::vector<SamMask> masks;  // best first
        Volume<std::uint8_t> seen;   // 1 = what the network looked at; nothing is known elsewhere
    };
    // `z` of the crop. The tile around the middle of the box, else the first point, is looked at; points
    // outside of it are left out.
    Answer predict(std::int64_t z, const SamPrompt& prompt, bool ambiguous);

    // For images with a name: whether the embedding that prompts at this voxel of the image look at is in memory,
    bool ready(Index voxel) const;
    // and computing it.
    void prepare(Index voxel);

  private:
    at::Tensor embedding(std::int64_t z, std::int64_t tile);
    Volume<float> pixels(std::int64_t z, std::int64_t tile) const;

    const SamModel& model_;
    EmbeddingCache& cache_;
    const segment::PromptRequest& request_;
    Job& job_;
    EmbeddedImage image_;
    Index shift_;  // from the crop to the slice
};

}  // namespace fovea::infer

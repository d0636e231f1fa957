#pragma once
#include <optional>
#include <string>
#include <vector>

#include "data/image_source.h"
#include "train/label_transforms.h"
#include "train/patch_geometry.h"
#include "train/sample_source.h"

namespace fovea::train {

// A preprocessed case: normalised channels, class labels (−1 outside of what was imaged), and where each class is.
struct FoldCase {
    std::string id;
    ImagePtr image, labels;  // float32; int16, one channel of the same shape
    ImagePtr previous;       // labels of the cascade's earlier stage on the same grid; null without one
    std::vector<std::vector<Index>> locations;  // voxels of each class or region, as many as there are keys
    std::vector<Index> annotated;               // with an ignore label: voxels that are not ignored
    std::optional<Box> part;                    // spatial folds: nothing outside of it is read
};

struct FoldSamplerOptions {
    Index patch;  // depth 1 for 2D
    int dims = 3;
    std::int64_t batch = 2;                     // the last forcedForeground() samples of a batch are around foreground
    std::optional<AugmentOptions> augment;      // absent: validation patches
    std::optional<std::int16_t> ignore;         // this label has certainty 0
    std::vector<bool> masked;                   // channels that are 0 where the label is −1, after augmentation
    std::vector<std::int16_t> previousClasses;  // become one channel each, after the image's; spoilt in training
    std::uint64_t seed = 0;
};

// Samples as nnU-Net draws them (spec nnunet.md sections 4.2 to 4.4): a case at random, a place anywhere or around a
// voxel of a class drawn at random. The target is the class label (at most 254; −1 has become 0). Memory: the windows
// in hand.
class FoldSampler : public SampleSource {
  public:
    // Throws Error(Input): no case, shapes that differ, channel counts that differ between cases.
    FoldSampler(std::vector<FoldCase> cases, FoldSamplerOptions options);

    SampleArrays sample(std::uint64_t index) const override;

  private:
    struct Window;
    Box place(const FoldCase& one, bool forced, Rng& rng) const;
    std::optional<Index> around(const FoldCase& one, bool forced, Rng& rng) const;
    Window read(const FoldCase& one, const Box& box) const;

    std::vector<FoldCase> cases_;
    FoldSamplerOptions options_;
};

}  // namespace fovea::train

#pragma once
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "data/volume.h"
#include "train/augment.h"

// What a cascade's second stage sees of the first one's labels is spoilt in training, for it will be worse on images
// that the first stage did not learn from (spec nnunet.md section 4.4, row 13). Torch-free.
namespace fovea::train {

enum class Morphology { Dilate, Erode, Close, Open };

// With a ball of `radius` ≥ 0 voxels: those at most that far away; a disk where there is one section. Beyond the
// volume's faces is neither inside nor outside. Values 0 and 1.
Volume<std::uint8_t> morphed(const Volume<std::uint8_t>& mask, Morphology operation, double radius);

struct CascadeSpoiling {
    Chance shape{0.4, 0.5};  // .channel: of each label
    double radiusFrom = 1, radiusTo = 8;
    Chance removal{0.2, 0.5};
    double largestRemoved = 0.15;  // components smaller than this share of the patch
};

// `labels`: one channel per foreground label, 1 where it is, in place; values above 0 count as 1, shapes are equal.
// First, in a random order over the labels, some are dilated, eroded, closed or opened, and what that adds is taken
// from all others; then some lose one component (26 neighbours, 8 in a single section), any of those small enough being
// as likely. On the calling thread; the same for the same state of `rng`.
void spoilCascadeLabels(std::vector<Volume<float>>& labels, const CascadeSpoiling& options, Rng& rng);

}  // namespace fovea::train

#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "data/volume.h"

// What is measured and mended on one mask (1, H, W) of 0 and 1.
namespace fovea::segment {

// Share of the pixels above threshold − offset that are above threshold + offset as well: how little a mask depends on
// where its logits are cut. NaN when there are none, so that no threshold keeps it.
double stability(std::span<const float> logits, double threshold = 0, double offset = 1);

// Lengths of the runs of a mask column by column, the first of background (0 when the mask begins with an object), as
// COCO stores masks without compression.
std::vector<std::int64_t> runLengths(const Volume<std::uint8_t>& mask);
// The mask of such runs. Throws Error(Format) when they don't fill height × width.
Volume<std::uint8_t> maskOfRuns(const std::vector<std::int64_t>& runs, std::int64_t height, std::int64_t width);

// Holes (8-connected background) of fewer than `area` pixels are filled. Whether any was.
bool fillSmallHoles(Volume<std::uint8_t>& mask, std::int64_t area);
// Pieces (8-connected) of fewer than `area` pixels are dropped; the largest stays when all are small. Whether any was
// small.
bool dropSmallIslands(Volume<std::uint8_t>& mask, std::int64_t area);

}  // namespace fovea::segment

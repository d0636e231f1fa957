#pragma once
#include <optional>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

// What a mask tells a promptable network about where its object is (Archit et al. 2025; spec models.md 3.6). Masks are
// sections (1, H, W) of 0 and 1.
namespace fovea::segment {

// The mask's box, every side further out by `extension`: pixels from 1 on, below that a share of the box's side. Cut to
// the section; empty when the mask has no pixel.
Box boxAround(const Volume<std::uint8_t>& mask, double extension);

// Logits of a mask for a network that takes them in a square of `side`: the longest side of the mask scaled to it, the
// rest background, ± ln 999.
Volume<float> logitsOf(const Volume<std::uint8_t>& mask, std::int64_t side);

struct MaskPoints {
    std::vector<Index> inside, outside;
};
// Where the mask, and what lies around it in `within`, is deepest: local maxima of the distance to its outline, more
// than 3 pixels apart inside and more than 5 outside, deepest first.
MaskPoints pointsOf(const Volume<std::uint8_t>& mask, const Box& within, Job& job);
// The deepest of all inside; absent when the mask has no pixel.
std::optional<Index> middleOf(const Volume<std::uint8_t>& mask, Job& job);

}  // namespace fovea::segment

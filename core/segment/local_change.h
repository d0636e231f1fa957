#pragma once
#include "base/job.h"
#include "data/volume.h"

// Repairs that stay where a click points. Masks are sections (1, H, W) of 0 and 1.
namespace fovea::segment {

// Where `proposed` differs from `present` in one direction, what it adds or what it takes away, within `open`.
Volume<std::uint8_t> difference(const Volume<std::uint8_t>& present, const Volume<std::uint8_t>& proposed,
                                const Volume<std::uint8_t>& open, bool adds);

// The pieces of a difference that pixels of `at` belong to. Two outlines of one object differ a little all around, so
// pieces that hang together by no more than such a rim (3 pixels wide) count as separate, and of a rim only what lies
// within 8 pixels of `at` is taken.
Volume<std::uint8_t> piecesAt(const Volume<std::uint8_t>& difference, const Volume<std::uint8_t>& at, Job& job);

// The connected piece (8 neighbours) of the mask with this pixel; empty of pixels when it is not of the mask.
Volume<std::uint8_t> pieceWith(const Volume<std::uint8_t>& mask, Index at, Job& job);

std::int64_t pixelsOf(const Volume<std::uint8_t>& mask);
double overlapOf(const Volume<std::uint8_t>& a, const Volume<std::uint8_t>& b);  // IoU; 0 when both have no pixel

}  // namespace fovea::segment

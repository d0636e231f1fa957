#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "tensorfile/tensor.h"

// Which tensors the checkpoints of published networks hold (spec models.md 1.4, 2.4, 3.3, 4.1, 5.2).
namespace fovea::models {

using PartList = std::map<std::string, tensorfile::Shape>;  // name and shape

// The vision transformers that SAM and MAE come in.
struct VitSize {
    const char* id;     // "vit_b"
    const char* title;  // "ViT-B"
    std::int64_t width, depth, heads;
    std::int64_t maePatch;  // side of MAE's patches in pixels; SAM's is 16 in all
};
std::span<const VitSize> vitSizes();
const VitSize* vitOfWidth(std::int64_t width);  // null when there is none

// Segment Anything whose image encoder sees `grid` × `grid` patches (64 in all published ones).
PartList samParts(const VitSize& size, std::int64_t grid);
PartList mobileSamParts();
// micro-sam's instance decoder, enlarging by transposed convolutions (older) or by resampling.
PartList instanceDecoderParts(bool transposed);
// MAE on `grid` × `grid` patches, encoder alone or with its decoder.
PartList maeParts(const VitSize& size, std::int64_t grid, bool decoder);

// The parts of CellSAM, each below its prefix.
extern const char* const cellSamModel;     // "model.": a whole SAM ViT-B
extern const char* const cellSamSecond;    // "model_cp.": another, in some files
extern const char* const cellSamBackbone;  // image encoder of the detector
extern const char* const cellSamDetector;  // the rest of it
PartList cellSamBackboneParts();
PartList cellSamDetectorParts();

}  // namespace fovea::models

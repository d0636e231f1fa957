#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "segment/prompt_engine.h"

namespace fovea::infer {

// What of a slice's mask is told to the network about the next slice (Archit et al. 2025; spec models.md 3.7).
enum class Projection { Mask, Box, Points, PointsAndMask, SinglePoint };  // Mask: with its box

struct SamPromptOptions {
    std::filesystem::path weights;  // of Segment Anything, MobileSAM or micro-sam
    std::string name = {};          // of that model for people; empty = the file's
    std::string device = "auto";
    int threads = 0;                                // 0 = as many as the machine has
    std::filesystem::path cache = {};               // folder for embeddings; empty = in memory alone
    std::uint64_t memory = std::uint64_t(1) << 30;  // bytes for embeddings
    Projection projection = Projection::Mask;
    double leastIou = 0.5;     // of neighbouring slices: below, the object has ended
    double extension = 0.025;  // of boxes, see segment::boxAround()
};

// Prompts answered by a network of the SAM family, id "sam". The first positive click, or a box, begins an object in
// its slice; it is followed from slice to slice, each prompted with the result of its neighbour, until their IoU falls
// below the least. Every later click is a repair: the network is shown the mask as it is and all clicks of that slice,
// and of what it would change only the piece the click points at is changed (segment::piecesAt), in neighbouring slices
// as far as the same change makes sense there. Between an object and a click further along z the gap is filled from
// both sides. Accepted neighbours are shown to the network as background and never overwritten. So an answer to n
// clicks is the answer to n − 1 with one more local change. The weights are read with the first run, whose errors are
// those of SamModel. After the last click (or box), what is done is told slice by slice. Embeddings of whole slices (of
// tiles, where slices are large) are kept where the request names its image; otherwise those of the crop. Torch-free
// header.
std::shared_ptr<const segment::PromptEngine> samEngine(SamPromptOptions options);

}  // namespace fovea::infer

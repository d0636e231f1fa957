#pragma once
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "base/job.h"
#include "nn/cellsam/checkpoint.h"
#include "nn/compute.h"
#include "nn/sam/frame.h"
#include "segment/section_masks.h"

namespace fovea::infer {

// CellSAM on one picture (Israel et al. 2023; vanvalenlab/cellSAM): a detector proposes boxes, SAM makes a mask of
// each.

// CellSAM's box threshold out of what the user asked for and where the scores lie: 0.66 wanted + 0.33 (mean of their
// two cluster centres). On an image without cells it is lower than wanted.
double cellSamThreshold(const std::vector<double>& scores, double wanted);

// Boxes in descending order of their scores.
struct CellBoxes {
    at::Tensor boxes;   // (n, 4) x0, y0, x1, y1 in pixels of the networks' frame
    at::Tensor scores;  // (n) 0…1
};
// The first picture's candidates with a score above `threshold`.
CellBoxes boxesAbove(const nn::cellsam::RankedBoxes& ranked, double threshold);

// SAM's single mask for each box (n, 4) of a picture with this embedding: logits (n, S / 4, S / 4) and the network's
// own guess of their IoU (n).
struct CellLogits {
    at::Tensor logits, iou;
};
CellLogits masksOfBoxes(nn::sam::Sam& segmenter, const at::Tensor& embedding, const at::Tensor& boxes);

// (n, height, width) bool: where the probability of a mask of the frame is above `threshold`.
at::Tensor foregroundOf(const at::Tensor& logits, const nn::sam::Frame& frame, double threshold);
// How the picture lies in the networks' frame with all rules but the first release's: stretched over all of it.
nn::sam::Frame stretchedFrame(std::int64_t height, std::int64_t width, std::int64_t side);
// The pixels of one foreground (height, width) bool.
segment::SectionMask sectionMask(const at::Tensor& foreground, double score);

enum class CellSamRules {
    Improved,     // boxes above the number asked for; repeated and nested masks dropped, the best one on top
    Authors,      // revision 35bc6e0d (v1.2): their threshold; no mask dropped, the least certain one on top
    FirstRelease  // revision 3a9dd0d0 (v1.1): one picture for both networks (cellSamFirstInput), boxes above the number
                  // asked for, of each mask its largest piece, the least certain one on top
};

struct CellSamOptions {
    CellSamRules rules = CellSamRules::Improved;
    double boxScore = 0.4;      // a box's least score
    double iou = 0.5;           // a mask's least guessed IoU
    double foreground = 0.4;    // probability above which a pixel belongs to a mask
    std::int64_t minSize = 25;  // pixels
    std::string device = "cpu";
    nn::Compute compute = {};
};

// A checkpoint on its device, ready for pictures. Thread: the batch lane.
class CellSamSegmenter {
  public:
    // Throws Error(Device | Memory).
    CellSamSegmenter(nn::cellsam::CellSam model, CellSamOptions options);

    // Objects in a picture of planes (3, H, W) as cellSamPlanes() makes them, in its pixels, by descending scores: the
    // box's times, with the improved rules, the mask's guessed IoU. Nothing for a picture without any contrast.
    // Throws Error(Memory), Cancelled.
    std::vector<segment::SectionMask> segment(const at::Tensor& planes, Job& job);

  private:
    // What the networks look at, on their device.
    struct Pictures {
        at::Tensor detector, encoder;
        nn::sam::Frame frame;
    };
    Pictures picturesOf(const at::Tensor& planes) const;
    CellBoxes detect(const at::Tensor& picture);
    std::vector<segment::SectionMask> masksOf(const CellBoxes& found, const Pictures& pictures, Job& job);
    std::vector<segment::SectionMask> settled(std::vector<segment::SectionMask> masks,
                                              const nn::sam::Frame& frame) const;

    nn::cellsam::CellSam model_;
    CellSamOptions options_;
    c10::Device device_;
};

}  // namespace fovea::infer

#pragma once
#include <vector>

#include "data/image_source.h"
#include "segment/prompt_engine.h"

namespace fovea::segment {

// A person as a robot, to measure prompt engines: it clicks into the middle of the largest wrong region (as in
// Sofiiuk et al. 2022, "number of clicks"), positive where something is missing, negative where there is too much,
// until the object is good.
struct RobotRules {
    double wanted = 0.85;  // IoU
    int mostClicks = 20;
};

struct RobotRun {
    std::vector<double> iou;  // before the first click and after each
    bool reached = false;
    // The most that one click changed outside of the box of the wrong region it points into (grown by two voxels), as a
    // share of the object as it was before the click; clicks that begin an object do not count.
    double strayed = 0;
    int clicks() const { return int(iou.size()) - 1; }
};

// `object`: the truth, and `start`: the object as it is before the first click (empty = nothing), both of the image's
// shape, 0 or 1. The engine sees channel 0, cropped as in the window. A click that would repeat an earlier one ends the
// run: the engine does not hear it. Throws Error(Input) for other shapes or a truth without voxels, what the engine
// throws, Cancelled.
RobotRun annotate(const PromptEngine& engine, const ImageSource& image, const Volume<std::uint8_t>& object,
                  const Volume<std::uint8_t>& start, const RobotRules& rules, Job& job);

// How an object may be found wrong: about half or twice as large, the same all round, joined with what lies nearest,
// or without everything beyond its middle section (without a half along y where there is one section only).
enum class Damage { Eroded, Dilated, Merged, Cut };

// Object `id` of `labels`, damaged: 0 or 1, of their shape. Distances follow `spacing`. Merged: as it is where there is
// no other object.
Volume<std::uint8_t> damaged(const Volume<std::int32_t>& labels, std::int32_t id, Damage damage, Vec3 spacing,
                             Job& job);

}  // namespace fovea::segment

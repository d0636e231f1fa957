#pragma once
#include <functional>
#include <string>
#include <vector>

#include "segment/robot_annotator.h"

namespace fovea::stage {

// Many objects of one image given to the robot annotator, to measure a prompt engine.
struct PromptSimulation {
    std::string start = "nothing";  // or "pseudo" (the classical engine's proposal), or a name of startNames()
    std::size_t objects = 20;       // at most so many, drawn by the seed
    std::int64_t minVoxels = 200;   // smaller ones are left out
    segment::RobotRules rules;
    std::uint64_t seed = 0;
};

std::vector<std::string> startNames();

struct PromptScores {
    std::size_t objects = 0;
    double medianClicks = 0, meanClicks = 0;  // objects that failed count with all clicks allowed
    int failures = 0;
    double strayed = 0;  // the most of all clicks, see segment::RobotRun
};

// `truth`: instance labels of the image's shape; channel 0 is looked at. `each`: called after every object. Throws
// Error(Input) for another shape, Cancelled.
PromptScores simulatePrompts(const segment::PromptEngine& engine, const ImageSource& image,
                             const Volume<std::int32_t>& truth, const PromptSimulation& simulation,
                             const std::function<void(std::int32_t id, const segment::RobotRun&)>& each, Job& job);

}  // namespace fovea::stage

#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/job.h"
#include "base/options.h"
#include "data/image_source.h"

namespace fovea::segment {

// One proposed object of a pseudo-labelling.
struct Proposal {
    std::int32_t id = 0;
    double confidence = 0;  // 0..1, for the order of review
    Box box;
    std::int64_t voxels = 0;
};

struct PseudoLabels {
    Volume<std::int32_t> labels;    // 0 = background, ids 1…n dense, shape of the box asked for
    std::vector<Proposal> objects;  // ascending id
    nlohmann::json parameters;      // what was chosen from the image, to show and to repeat
    Text licence = {};              // what the model's owners allow with these labels; empty = anything
};

// What a labeler is to look at, and with what.
struct LabelRequest {
    const ImageSource& image;
    int channel = 0;             // that shows the objects
    Box box;                     // what is labelled
    std::vector<Box> held = {};  // test boxes and guards: nothing may be tuned on them; they are labelled all the same
    Options options;             // of the labeler's own table
    std::string device = "cpu";  // or "auto", "cuda:0": for those that run networks
    int threads = 0;             // 0 = as many as the machine has
};

// Throws Error(Input) naming both for a box that is empty or not inside the image.
void checkBox(const LabelRequest& request);

// Finds objects without any training here: classical in this room, CellSAM in infer. Thread: the batch lane. Stateless
// between calls.
class PseudoLabeler {
  public:
    virtual ~PseudoLabeler() = default;
    virtual std::string id() const = 0;  // "classical"
    virtual Text title() const = 0;
    virtual OptionTable options() const = 0;
    // Labels the box. Parameters left on "auto" are chosen from the image itself, leaving out voxels in `held`. Throws
    // as checkBox() does, and Cancelled.
    virtual PseudoLabels run(const LabelRequest& request, Job& job) const = 0;
};

// The labelers of this room, in the order they are offered.
const std::vector<std::shared_ptr<const PseudoLabeler>>& pseudoLabelers();

}  // namespace fovea::segment

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
};

// Finds objects without any training: classical here, CellSAM and SAM later. Thread: the batch lane. Stateless between
// calls.
class PseudoLabeler {
  public:
    virtual ~PseudoLabeler() = default;
    virtual std::string id() const = 0;  // "classical"
    virtual Text title() const = 0;
    virtual OptionTable options() const = 0;
    // Labels `box` of one channel. Parameters left on "auto" are chosen from the image itself, leaving out voxels in
    // `held` (test boxes and guards: nothing may be tuned on them; they are labelled all the same).
    virtual PseudoLabels run(const ImageSource& image, int channel, const Box& box, const std::vector<Box>& held,
                             const Options& options, Job& job) const = 0;
};

// The labelers built in, in the order they are offered.
const std::vector<std::shared_ptr<const PseudoLabeler>>& pseudoLabelers();

}  // namespace fovea::segment

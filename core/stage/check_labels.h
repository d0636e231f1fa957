#pragma once
#include <memory>
#include <string>

#include "data/volume.h"
#include "project/stage.h"

namespace fovea::stage {

// What a person labelled in the check boxes of one case, as it is now.
class CheckLabels {
  public:
    virtual ~CheckLabels() = default;
    // Whether everything in the box has been looked at ("nothing missed here").
    virtual bool complete(const Box& box) const = 0;
    struct Part {
        Volume<std::int32_t> labels;
        Volume<std::uint8_t> ignored;  // ≠ 0: an object left undecided, or the place of a wrong shape
    };
    virtual Part read(const Box& region) const = 0;
};

// From the context's "edits"; null in a build that cannot read them.
std::unique_ptr<CheckLabels> openCheckLabels(const project::StageContext& context, const std::string& caseId);

}  // namespace fovea::stage

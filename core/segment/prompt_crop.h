#pragma once
#include <cstdint>
#include <optional>

#include "data/box.h"

namespace fovea::segment {

// Where an engine should look for one answer: around the points and the object, as far as it reaches, in µm the same in
// all directions.
struct PromptPlace {
    Box around;  // the points and the object as it is
    Box whole;   // the volume
    Vec3 spacing;
    bool spacingKnown = false;
    std::int64_t reach = 0;             // PromptEngine::reach()
    std::optional<std::int64_t> slice;  // this one alone, z of the volume

    // The crop to cut for the engine; the reach shrinks where it would hold so many voxels that a click had to wait.
    // `step`: how far apart sections look (section_step.h), in place of a spacing that is not known.
    Box crop(double step) const;
    // What crop() lies in, whatever the step.
    Box widest() const;

  private:
    Box grown(std::int64_t by, double step) const;
};

}  // namespace fovea::segment

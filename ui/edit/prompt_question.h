#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "labels/edit_session.h"
#include "segment/prompt_crop.h"
#include "segment/prompt_engine.h"

namespace fovea::ui {

// What a person asks with the prompts of one object, put to an engine on a worker.
struct PromptQuestion {
    ImagePtr image;
    std::string identity;                              // of its content
    std::shared_ptr<const labels::EditSession> edits;  // what is there now
    std::int32_t object = 0;
    Box objectBox;                   // where it is now, empty when it is new
    std::set<std::int32_t> keepOff;  // neighbours that nothing is taken from,
    bool keepOffAll = false;         // or all of them
    std::vector<segment::PointPrompt> points;
    Box box;  // in one slice; with it the object is drawn anew, not repaired
    bool wholeObject = true;
    std::int64_t slice = 0;  // of the last prompt
    int alternative = 0;
    // How many voxels of the plane sections lie apart, where the image does not tell; 0 until somebody looked.
    std::shared_ptr<std::atomic<double>> sectionStep;

    // Where an engine of this reach looks.
    segment::PromptPlace place(std::int64_t reach) const;
    // Without the crop: enough for PromptEngine::ready() and prepare().
    segment::PromptRequest request() const;

    struct Answer {
        segment::PromptAnswer answer;
        Volume<std::uint8_t> before;  // the object now, in the answer's box; empty when it has no voxel there
    };
    // Cuts what the engine may look at and runs it. `partial`: see PromptRequest; may be empty. Throws what it throws.
    Answer ask(const segment::PromptEngine& engine, const std::function<void(const Answer&)>& partial, Job& job) const;
};

}  // namespace fovea::ui

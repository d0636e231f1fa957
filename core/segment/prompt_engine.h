#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/image_source.h"
#include "data/volume.h"

namespace fovea::segment {

struct PointPrompt {
    Index at;  // in the coordinates of the full volume
    bool positive = true;
};

struct PromptAnswer;

// Everything an engine may look at: a dense crop, so that it never touches live layers.
struct PromptRequest {
    Volume<float> image;             // crop of one channel, geometry.spacing in µm
    Index origin;                    // where the crop lies in the volume
    Volume<std::uint8_t> startMask;  // 1 = the object as it is now; empty when there is none
    Volume<std::uint8_t> forbidden;  // 1 = accepted neighbours, never overwritten; empty when there are none
    std::vector<PointPrompt> points;
    bool wholeObject = true;  // else only `slice` (full-volume z) may change
    std::int64_t slice = 0;
    Box box = {};         // drawn around the object in one slice, full-volume coordinates; empty when there is none
    int alternative = 0;  // which of several answers to one click, 0 = the best; after the last comes the first

    // What the crop was cut from, for engines that look at whole slices; null when there is none. Lives during run().
    const ImageSource* source = nullptr;
    int channel = 0;
    std::string identity = {};  // of the source's content, so that what was found once is found again; may be empty

    // Told what is done so far, slice by slice, by engines that follow an object for long; on the thread of run(). What
    // is told may be committed as it is. May be empty.
    std::function<void(const PromptAnswer&)> partial = {};
};

// A proposal. Nothing is written until the person commits it.
struct PromptAnswer {
    Index origin;               // of `mask`, full-volume coordinates
    Volume<std::uint8_t> mask;  // shape of the crop asked for
    double score = 0;           // 0..1, the engine's own belief
    Text note;                  // "Mostly covered by accepted objects", empty when all is well
    int alternatives = 1;       // how many answers there are to choose from by PromptRequest::alternative
};

// Turns clicks into a mask. Repairs stay local: with a start mask a click changes only the part it points at.
// Thread: the interactive lane. run() may be cancelled by a newer click through job.check().
class PromptEngine {
  public:
    virtual ~PromptEngine() = default;
    virtual std::string id() const = 0;  // "geodesic"
    virtual Text title() const = 0;
    virtual PromptAnswer run(const PromptRequest& request, Job& job) const = 0;
    // Half edge of the crop the engine wants around its points, µm-isotropic, in voxels of the finest axis.
    virtual std::int64_t reach() const { return 128; }
    // Whether PromptRequest::box is understood. Others are asked with its points, see box_points.h.
    virtual bool boxes() const { return false; }
    // Whether all is at hand for an answer at the request's last point (else its box), so that it comes at once; false
    // while something long, such as reading a whole slice, has to come first. Needs no crop. Cheap, on any thread.
    virtual bool ready(const PromptRequest& request) const { return true; }
    // Does that long work for answers at `places` of the request's source (voxels, the most wanted first), as many as
    // can be kept, so that ready() holds there. Yields before each place but the first. On the ahead lane.
    virtual void prepare(const PromptRequest& request, const std::vector<Index>& places, Job& job) const {}
};

// The engine that needs no weights. An object begins as a star-shaped body that all points shape together
// (star_surface.h); in a single slice, or where sections are thick or look so when the voxel size is not known, as a
// region grown from its click and followed from slice to slice (geodesic.h, propagate.h). A mask is repaired point by
// point in the order given (mask_repair.h); what lies about a point, no later one that says the opposite changes.
std::shared_ptr<const PromptEngine> geodesicEngine();

}  // namespace fovea::segment

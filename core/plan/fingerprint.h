#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/box.h"
#include "data/image_source.h"
#include "plan/intensity.h"

namespace fovea::plan {

struct CasePrint {
    std::string id;
    Index shape;
    Vec3 spacing{1, 1, 1};         // µm; 1 when the file does not say
    std::vector<Intensity> whole;  // one per channel
};

// What a data set looks like; everything a plan is made from. Held-out boxes contributed nothing.
struct Fingerprint {
    std::vector<CasePrint> cases;
    std::vector<Intensity> foreground;  // one per channel, over all cases; of the whole image where there are no labels
    double foregroundShare = 0;         // of the labelled voxels sampled, 0 without labels
    double touchingShare = 0;           // of the objects' in-plane faces, those shared with another object
    double objectWidth = 0;             // voxels in plane: 4 · area / outline over all objects; 0 without labels
    int channels() const { return int(foreground.size()); }
};

// nnU-Net's dataset_fingerprint.json (names of spec section 1.5) plus "cases", "foreground_share", "touching_share",
// "object_width".
nlohmann::json toJson(const Fingerprint& fingerprint);
Fingerprint fingerprintFromJson(const nlohmann::json& json);  // throws Error(Format)

struct FingerprintCase {
    std::string id;
    ImagePtr image;
    ImagePtr labels;        // instance ids, one channel, shape of the image; null when there are none
    std::vector<Box> held;  // never read
};

// Samples every case in blocks spread over the image (all of it when it is small), leaving out held boxes. Memory: at
// most 400,000 values per case and channel. Deterministic. Throws Error(Input): no case, cases with different channel
// counts, labels of another shape, an image with NaN or held out as a whole.
Fingerprint measureFingerprint(const std::vector<FingerprintCase>& cases, Job& job);

// Whether nothing of an image of this shape is left to learn from.
bool holdsAll(const std::vector<Box>& held, Index shape);
// What to leave out where grey values are looked at: `held`, but nothing of an image that is held out as a whole. That
// one is looked at as a new one would be: grey values alone teach nothing.
std::vector<Box> heldFromLooking(const std::vector<Box>& held, Index shape);

// One channel sampled as above, outside heldFromLooking(): for images that no plan has seen.
Intensity measureIntensity(const ImageSource& image, int channel, const std::vector<Box>& held, Job& job);

}  // namespace fovea::plan

#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "base/job.h"
#include "data/volume.h"
#include "nn/sam/frame.h"

namespace fovea::infer {

// How CellSAM sees a section (spec models.md 4.2).

// Colour planes (3, H, W) float32 out of one to three sections of equal shape: one shows whole cells, two show nuclei
// and whole cells, three are taken as they are. CellSAM's planes are nothing, nuclei, whole cells. Values that are not
// finite become 0. With `normalise` each plane is clipped at the 99.9th percentile of what is not 0 and its contrast
// evened out, to 0…1; without, values are as given. Throws Error(Input) for another number of sections or other shapes.
at::Tensor cellSamPlanes(std::vector<Volume<float>> sections, bool normalise, Job& job);

// The two pictures of side × side pixels that CellSAM's networks look at, whatever the section's proportions.
struct CellSamInput {
    at::Tensor encoder;   // (1, 3, S, S) for the mask encoder, 0…1, before SAM's mean and deviation are taken out
    at::Tensor detector;  // (1, 3, S, S) for the detector, ready
};
// `planes` in 0…1. `advanced`: checkpoints that hold a second segmenter (model_cp) stretch the contrast once more, and
// their detector sees whole cells in place of nuclei that are not there, and the reverse.
CellSamInput cellSamInput(const at::Tensor& planes, std::int64_t side, bool advanced);

// What SAM's encoder takes: CellSamInput::encoder without SAM's mean and deviation.
at::Tensor cellSamEncoderInput(const at::Tensor& encoder);

// One picture (1, 3, S, S) for both networks, as the authors' first release makes it (revision 3a9dd0d0, spec models.md
// 4.9): values times 255 as bytes, which wrap (so that a byte image given as 0…255 is inverted), fitted into the frame.
at::Tensor cellSamFirstInput(const at::Tensor& planes, const nn::sam::Frame& frame);

}  // namespace fovea::infer

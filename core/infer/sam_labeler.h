#pragma once
#include <memory>

#include "segment/pseudo_labeler.h"

namespace fovea::infer {

// Pseudo-labels by networks of the SAM family, with a checkpoint that the user brings (option `sam_weights`), section
// by section and large sections tile by tile, joined along z (segment::linkSections). Torch-free header.

// Automatic mask generation, id "sam" (Kirillov et al. 2023; spec models.md 1.7): every point of a grid prompts for the
// masks that may be meant there; those that the network believes in and that do not depend on the threshold stay,
// without repeats. Confidence: predicted IoU times stability.
std::shared_ptr<const segment::PseudoLabeler> samLabeler();

// Automatic instance segmentation by micro-sam's decoder, id "micro-sam" (Archit et al. 2025; spec models.md 3.8), for
// checkpoints that hold one. Confidence: mean foreground.
std::shared_ptr<const segment::PseudoLabeler> microSamLabeler();

}  // namespace fovea::infer

#pragma once
#include <memory>

#include "segment/pseudo_labeler.h"

namespace fovea::infer {

// Pseudo-labels by CellSAM, id "cellsam", with a checkpoint that the user brings (option `weights`). Section by
// section: grey values are evened out over the whole section (with the authors' rules over each tile), large sections
// are looked at in overlapping tiles and joined again (segment::joinTiles); sections are joined along z
// (segment::linkSections), gaps bridged. Confidence: the detector's score times SAM's own guess of a mask's IoU, over
// the object's sections. Torch-free header.
std::shared_ptr<const segment::PseudoLabeler> cellSamLabeler();

}  // namespace fovea::infer

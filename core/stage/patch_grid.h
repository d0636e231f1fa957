#pragma once
#include <string>
#include <vector>

#include "data/box.h"
#include "data/tables.h"
#include "project/stage.h"

namespace fovea::stage {

// Extent of the patches a person labels, chosen from the image: sections of 256 × 256 where it is flat or coarse along
// z (spacing ratio above 3), else blocks of about 64 voxels of the finest axis along each axis in µm.
Index defaultPatch(Index shape, Vec3 spacing);
// The box that the option `name` chooses in an image of `shape`; empty text = all of it. Throws Error(Input).
Box chosenBox(const Options& options, const std::string& name, Index shape);
// "z,y,x", or "auto" for the default. Throws Error(Input).
Index parsePatch(const std::string& text, Index shape, Vec3 spacing);

// What is held out of a case, with its guards: nothing may learn from it.
std::vector<Box> guardedBoxes(const project::StageContext& context, const std::string& caseId);

// A regular grid over the image: as many parts per axis as patches fit (rounded), of nearly equal extent. Patches that
// touch a guarded box are left out. Features, query and annotation use the same grid.
std::vector<Patch> patchGrid(const std::string& caseId, Index shape, Index patch,
                             const std::vector<project::HeldOut>& held);

}  // namespace fovea::stage

#pragma once
#include <filesystem>

#include "nnunet/files.h"
#include "project/artifacts.h"

namespace fovea::stage {

struct ImportedDataset {
    int cases = 0, objects = 0;
    std::int64_t patches = 0;  // places marked complete
};

// The training cases of a raw data set of nnU-Net as cases of a project, with what people labelled: every connected
// piece of a class is an accepted object of that class (labels of dataset.json's `labels`), and everything that is not
// the ignore label is complete. Images of one file are referenced; channels that lie in several files are copied into
// <project>/images/<case>.zarr. A round is begun, so that the next training learns from all of it. Cases that the
// project has already (by name) are left alone. Throws Error as plan::nnunet::listCases(), Project::addCase() and
// EditSession do; Error(Unsupported) for regions that overlap; Cancelled.
ImportedDataset importDataset(project::Project& project, const project::StageList& stages,
                              const std::filesystem::path& raw, const nnunet::Files& files, Job& job);

}  // namespace fovea::stage

#pragma once
#include <filesystem>
#include <string>

#include "nnunet/files.h"
#include "plan/nnunet_preprocess.h"

// What nnU-Net keeps of a case beside its saved probabilities: <case>.pkl (spec nnunet.md section 5.3). Its own
// nnUNetv2_ensemble writes label maps with it; nothing here needs to read one, as the label map says the same.
namespace fovea::nnunet {

// <folder>/<case>.pkl
std::filesystem::path propertiesPath(const std::filesystem::path& folder, const std::string& name);

// Spacing and geometry of `image` as nnU-Net's reader of this name has them, and what the export undid: shapes before
// and after the crop, and its box, in the network's axes. Atomic.
void saveProperties(const std::filesystem::path& path, const ImageInfo& image, const std::string& reader,
                    const plan::CaseProperties& properties);

}  // namespace fovea::nnunet

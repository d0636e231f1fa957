#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "nnunet/files.h"

namespace fovea::nnunet {

// What one network of spatial folds predicted of a case (whole, in <folder>/<case><ending>), and where it counts.
struct PredictedPart {
    std::filesystem::path folder;
    std::vector<Box> boxes;  // z, y, x as stored
};

// One prediction of a case from those of several networks, as <to>/<case><ending>: in its boxes each network's own,
// background elsewhere; so with the probabilities where all parts have some. Holds the case in memory. Throws Error:
// Input for parts of different shapes, boxes outside of them and a case that is there; as reading them does.
void mergeParts(const Files& files, const std::vector<PredictedPart>& parts, const std::string& name,
                const std::filesystem::path& to, const plan::nnunet::DatasetJson& dataset, Job& job);

}  // namespace fovea::nnunet

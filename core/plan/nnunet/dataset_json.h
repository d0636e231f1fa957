#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plan/nnunet/labels.h"

namespace fovea::plan::nnunet {

// The files of one case: one image per channel (or one that holds them all), and its label image.
struct CaseFiles {
    std::vector<std::filesystem::path> images;
    std::filesystem::path label;
};

// dataset.json of a raw data set (spec nnunet.md section 1.3).
struct DatasetJson {
    std::vector<std::string> channelNames;  // in the file's order
    Labels labels;
    std::int64_t numTraining = 0;
    std::string fileEnding;                  // ".nii.gz", with the dot
    std::string reader;                      // overwrite_image_reader_writer, empty when absent or "None"
    std::map<std::string, CaseFiles> cases;  // `dataset`, empty when absent; paths as they stand in the file

    nlohmann::ordered_json source;  // what was read: keys not named above are kept when writing
};

// Throws Error(Input) for what nnU-Net would refuse or cannot be meant: no or unnamed channels, labels as Labels does,
// a file ending that is none. Labels with gaps pass; see Labels::checkConsecutive().
DatasetJson datasetFromJson(const nlohmann::ordered_json& json);
DatasetJson loadDatasetJson(const std::filesystem::path& path);
// Keys of `source` keep their places.
nlohmann::ordered_json toJson(const DatasetJson& dataset);
void saveDatasetJson(const std::filesystem::path& path, const DatasetJson& dataset);

// As nnU-Net's files are written, see pythonJson(). Atomic.
void writePythonJson(const std::filesystem::path& path, const nlohmann::ordered_json& json);

// Class name of the reader that nnU-Net takes: the one asked for in dataset.json, else the first for this file ending.
// `picture`: whether the first image is one grey or RGB(A) picture; to nnU-Net a TIFF of 3 or 4 pages is one, too.
// Throws Error(Unsupported) for an ending that nnU-Net has no reader for.
std::string readerOf(const DatasetJson& dataset, bool picture);

}  // namespace fovea::plan::nnunet

#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/image_source.h"
#include "plan/nnunet/raw_dataset.h"

// Images and label maps as nnU-Net's readers and writers see them (spec nnunet.md section 1.2).
namespace fovea::nnunet {

// The formats there are, given by the program.
struct Files {
    std::function<ImagePtr(const std::filesystem::path&)> open;
    std::function<void(const std::filesystem::path&, const ImageSource& labels, Job&)> writeLabels;
    std::function<void(const std::filesystem::path&, const ImageSource& image, Job&)> writeImage;
};

// All channels of a case, and its spacing as nnU-Net reads it: z, y, x as stored, in the file's own unit; 999 across a
// single picture.
struct StoredCase {
    ImagePtr image;
    Vec3 spacing{1, 1, 1};
};

// These lengths in the unit that the file's own numbers are in, which is what nnU-Net goes by.
Vec3 lengthsInFile(const ImageInfo& info, Vec3 micrometres);
// The spacing that nnU-Net's reader of this name takes from an image file (info.path).
Vec3 spacingAsRead(const ImageInfo& info, const std::string& reader);
// `reader`: a class name of nnU-Net, from plans ("image_reader_writer") or readerOf(). Throws Error as opening and
// stackChannels() do.
StoredCase openCase(const Files& files, const std::vector<std::filesystem::path>& images, const std::string& reader);
// One label map with the case's geometry.
plan::nnunet::RawCase openTrainingCase(const Files& files, const std::string& name,
                                       const plan::nnunet::CaseFiles& paths, const std::string& reader);
// Whether one file holds all channels, as pictures do.
bool allInOne(const std::string& reader);
// Name of the reader for the images of a data set that was not planned yet: see plan::nnunet::readerOf().
std::string readerFor(const Files& files, const std::filesystem::path& folder,
                      const plan::nnunet::DatasetJson& dataset);

// Images of a folder to predict by case: <case>_0000<ending>, …; sorted. Throws Error(Missing) naming what lacks.
std::map<std::string, std::vector<std::filesystem::path>> imagesToPredict(const std::filesystem::path& folder,
                                                                          const plan::nnunet::DatasetJson& dataset,
                                                                          bool allInOne);

// A label map (uint8 or uint16) stored as nnU-Net stores it (uint8 below 255, else uint16), with the geometry of
// `like`.
void writeLabelMap(const Files& files, const std::filesystem::path& path, AnyVolume labels, const ImageInfo& like,
                   Job& job);

}  // namespace fovea::nnunet

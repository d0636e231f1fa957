#pragma once
#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/image_source.h"
#include "plan/nnunet/dataset_json.h"

namespace fovea::plan::nnunet {

// One training case of a raw data set, opened. See stackChannels().
struct RawCase {
    std::string name;
    ImagePtr image;  // all channels
    ImagePtr label;
    Vec3 spacing{1, 1, 1};  // z, y, x; any unit; 999 across a single picture
};

// "<case>_0000<ending>"
std::string channelFile(const std::string& name, std::size_t channel, const std::string& ending);

// The cases of a data-set folder by name (spec nnunet.md sections 1.2, 1.3): those of dataset.json's `dataset`, else
// imagesTr/<case>_<channel>.<ending> and labelsTr/<case>.<ending>, with a file for every channel unless `allInOne`.
// Paths are complete, environment variables replaced. Throws Error(Missing) naming the first file that is not there,
// Error(Input) when there is no case at all or another number than numTraining.
std::map<std::string, CaseFiles> listCases(const std::filesystem::path& folder, const DatasetJson& dataset,
                                           bool allInOne = false);

// Throws Error(Input) for another number of channels than dataset.json names, or a label of another shape.
void checkShapes(const RawCase& one, const DatasetJson& dataset);
// nnU-Net's integrity check, reading everything in slabs. Throws Error(Input), naming the file: as checkShapes(), and
// for values that are not numbers, and labels that dataset.json does not name. Throws Cancelled.
void checkCase(const RawCase& one, const DatasetJson& dataset, Job& job);

// A part of a channel or of the label. Throws Error(Input) for values that are not numbers, naming the file.
Volume<float> readChannel(const RawCase& one, int channel, const Box& box);
Volume<std::int32_t> readLabel(const RawCase& one, const Box& box);

// Calls f(slab) for slabs along z of at most about 16 million voxels.
template <class F>
void forEachSlab(const Box& box, Job& job, F&& f) {
    const std::int64_t plane = std::max<std::int64_t>(box.extent().y * box.extent().x, 1);
    const std::int64_t planes = std::max<std::int64_t>((std::int64_t(1) << 24) / plane, 1);
    forEachTile(box, {planes, box.extent().y, box.extent().x}, [&](const Box& slab) {
        job.check();
        f(slab);
    });
}

}  // namespace fovea::plan::nnunet

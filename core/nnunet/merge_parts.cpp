#include "nnunet/merge_parts.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "nnunet/label_maps.h"
#include "nnunet/probabilities.h"
#include "nnunet/properties_file.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using plan::nnunet::DatasetJson;

namespace {

void check(const fs::path& path, Index shape, Index wanted, const std::vector<Box>& boxes) {
    const bool inside = std::all_of(boxes.begin(), boxes.end(),
                                    [&](const Box& box) { return !box.empty() && Box::of(wanted).contains(box); });
    if (!(shape == wanted) || !inside)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} has {shape} voxels, which does not fit the blocks of splits_final.json or the "
                              "other folds' {wanted}. Run the folds' validation again, after the split was made."),
                     {{"path", path.string()}, {"shape", toString(shape)}, {"wanted", toString(wanted)}}});
}

void mergeProbabilities(const std::vector<PredictedPart>& parts, const std::string& name, const fs::path& to,
                        Index shape, const DatasetJson& dataset) {
    std::vector<Volume<float>> merged(std::size_t(dataset.labels.outputs()), Volume<float>(shape));
    if (!dataset.labels.hasRegions()) std::fill(merged.front().begin(), merged.front().end(), 1.f);
    for (const PredictedPart& part : parts) {
        const fs::path path = probabilitiesPath(part.folder, name);
        const ProbabilityFile file(path);
        check(path, file.shape(), shape, part.boxes);
        if (file.outputs() != dataset.labels.outputs())
            throw Error(ErrorKind::Input, {FOVEA_TR("{path} was not predicted for the labels of dataset.json. Run the "
                                                    "fold's validation again."),
                                           {{"path", path.string()}}});
        for (std::size_t output = 0; output < merged.size(); ++output)
            for (const Box& box : part.boxes) {
                const Volume<float> planes = file.read(std::int64_t(output), box.begin.z, box.end.z);
                copyBox(planes, box.shifted({-box.begin.z, 0, 0}), merged[output], box.begin);
            }
    }
    saveProbabilities(probabilitiesPath(to, name), merged);
}

}  // namespace

void mergeParts(const Files& files, const std::vector<PredictedPart>& parts, const std::string& name,
                const fs::path& to, const DatasetJson& dataset, Job& job) {
    const std::string map = name + dataset.fileEnding;
    if (fs::exists(to / map))
        throw Error(ErrorKind::Input, {FOVEA_TR("{path} was predicted by another fold as a whole. Cross-validation "
                                                "needs folds that share no voxel."),
                                       {{"path", (parts.front().folder / map).string()}}});
    const ImagePtr like = files.open(parts.front().folder / map);
    const Index shape = like->info().shape();
    Volume<std::uint16_t> merged(shape);
    bool probabilities = true;
    for (const PredictedPart& part : parts) {
        job.check();
        const Volume<std::int32_t> labels = readLabelMap(files, part.folder / map);
        check(part.folder / map, labels.shape(), shape, part.boxes);
        for (const Box& box : part.boxes) copyBox(labels, box, merged, box.begin);
        probabilities = probabilities && fs::exists(probabilitiesPath(part.folder, name));
    }
    writeLabelMap(files, to / map, AnyVolume::from(merged), like->info(), job);
    if (!probabilities) return;
    mergeProbabilities(parts, name, to, shape, dataset);
    if (const fs::path properties = propertiesPath(parts.front().folder, name); fs::exists(properties))
        file::copy(properties, propertiesPath(to, name));
}

}  // namespace fovea::nnunet

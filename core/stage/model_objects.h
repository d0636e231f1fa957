#pragma once
#include <filesystem>
#include <vector>

#include "data/image_source.h"
#include "project/stage.h"

namespace fovea::stage {

// One object that a model found.
struct ModelObject {
    std::int32_t id = 0;
    double score = 0;  // mean probability of its class
    Box box;
    std::int64_t voxels = 0;
};

struct ModelObjects {
    Volume<std::int32_t> labels;  // ids 1…n, shape of the image given
    std::vector<ModelObject> objects;
};

// What a folder that nnU-Net trained (plans.json, dataset.json, fold_0, …) finds in an image: every connected piece (26
// neighbours) of every class is an object. Averages all folds; with mirroring when asked for. Throws Error as
// nn::loadTrainedModel() and nnunet::Predictor, Error(Input) for images of other channels than the model's or the
// second stage of a cascade; Cancelled. Thread: the batch lane.
ModelObjects objectsOfModel(const project::StageContext& context, const std::filesystem::path& folder,
                            const ImagePtr& image, bool mirror, Job& job);

}  // namespace fovea::stage

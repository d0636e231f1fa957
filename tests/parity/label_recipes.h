#pragma once
#include <string>

#include "data/image_source.h"
#include "parity/golden_case.h"

// Label volumes made from a few numbers, exactly as the READMEs of the query and metrics fixtures define them.
namespace fovea::parity {

// 2D input is 1 × H × W with dims = 2.
struct LabelVolume {
    Volume<std::int64_t> volume;
    int dims = 3;

    tensorfile::Shape shape() const;
    std::int64_t extent(int axis) const { return volume.shape()[axis + 3 - dims]; }
};

// Recipes balls, perturb, file, zeros, boxes, binary, relabel; nested lists; a tensor reference. Throws Error(Format)
// naming an unknown recipe, Error(Missing) naming a missing file.
LabelVolume makeLabels(const GoldenCase& golden, const json& input);

// inputs[name], made and compared with inputs.check[name] when that is there. Throws Error(Format) saying what differs.
LabelVolume checkedLabels(const GoldenCase& golden, const char* name);

// A label file (TIFF) of the shared data.
Volume<std::int64_t> readLabelFile(const std::filesystem::path& path);
// An image file of the shared data.
ImagePtr openImageFile(const std::filesystem::path& path);
// One channel of an image file of the shared data.
Volume<float> readImageFile(const std::filesystem::path& path, int channel);

}  // namespace fovea::parity

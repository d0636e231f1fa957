#include "nnunet/properties_file.h"

#include "base/file.h"
#include "tensorfile/pickle_writer.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using tensorfile::PickleCall;
using tensorfile::PickleDict;
using tensorfile::PickleList;
using tensorfile::PickleTuple;
using tensorfile::PickleValue;

namespace {

template <class Sequence, class Values>
Sequence listed(const Values& values) {
    Sequence sequence;
    for (int axis = 0; axis < 3; ++axis) sequence.items.emplace_back(values[axis]);
    return sequence;
}

PickleTuple reversed(Vec3 v) { return {{v.x, v.y, v.z}}; }

// SimpleITK's: x, y, z; directions row by row.
PickleDict itkGeometry(const ImageInfo& image) {
    PickleTuple direction;
    for (auto d = image.geometry.direction.rbegin(); d != image.geometry.direction.rend(); ++d)
        direction.items.emplace_back(*d);
    PickleDict dict;
    dict.add("spacing", reversed(lengthsInFile(image, image.geometry.spacing)));
    dict.add("origin", reversed(lengthsInFile(image, image.geometry.origin)));
    dict.add("direction", std::move(direction));
    return dict;
}

// Nibabel's affine: from x, y, z of the grid to millimetres to the right, front and top; ours are to the left, back and
// top.
PickleDict nibabelGeometry(const ImageInfo& image) {
    const Vec3 spacing = lengthsInFile(image, image.geometry.spacing),
               origin = lengthsInFile(image, image.geometry.origin);
    PickleList rows;
    for (int world = 2; world >= 0; --world) {
        const double sign = world == 0 ? 1 : -1;
        PickleList row;
        for (int axis = 2; axis >= 0; --axis)
            row.items.emplace_back(sign * image.geometry.direction[std::size_t(world * 3 + axis)] * spacing[axis]);
        row.items.emplace_back(sign * origin[world]);
        rows.items.emplace_back(std::move(row));
    }
    rows.items.emplace_back(PickleList{{0.0, 0.0, 0.0, 1.0}});
    PickleDict dict;
    dict.add("original_affine", PickleCall{{"numpy", "array"}, {std::move(rows)}});
    return dict;
}

}  // namespace

fs::path propertiesPath(const fs::path& folder, const std::string& name) { return folder / (name + ".pkl"); }

void saveProperties(const fs::path& path, const ImageInfo& image, const std::string& reader,
                    const plan::CaseProperties& properties) {
    PickleDict dict;
    if (reader.starts_with("SimpleITKIO")) dict.add("sitk_stuff", itkGeometry(image));
    if (reader.starts_with("NibabelIO")) dict.add("nibabel_stuff", nibabelGeometry(image));
    dict.add("spacing", listed<PickleList>(properties.spacing));
    dict.add("shape_before_cropping", listed<PickleTuple>(properties.wholeShape));
    PickleList box;
    for (int axis = 0; axis < 3; ++axis)
        box.items.emplace_back(PickleList{{properties.crop.begin[axis], properties.crop.end[axis]}});
    dict.add("bbox_used_for_cropping", std::move(box));
    dict.add("shape_after_cropping_and_before_resampling", listed<PickleTuple>(properties.crop.extent()));
    file::write(path, tensorfile::pickled(dict).bytes);
}

}  // namespace fovea::nnunet

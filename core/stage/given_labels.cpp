#include "stage/given_labels.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include "project/case.h"

namespace fovea::stage {

namespace fs = std::filesystem;

std::string givenPath(const std::string& path, const std::string& caseId, std::size_t cases) {
    if (const std::size_t at = path.find("{case}"); at != std::string::npos) {
        std::string filled = path;
        return filled.replace(at, 6, caseId);
    }
    std::error_code error;
    if (fs::is_directory(path, error))
        for (const fs::directory_entry& entry : fs::directory_iterator(path, error))
            if (project::caseName(entry.path().string()) == caseId) return entry.path().string();
    if (cases > 1)
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR("{path} is not a folder with labels named like the image {id}. For several images give such "
                      "a folder, or a path with {pattern} in it."),
             {{"path", path}, {"id", caseId}, {"pattern", "{case}"}}});
    return path;
}

Volume<std::int32_t> givenLabels(const ImageSource& labels, Index shape) {
    const ImageInfo& info = labels.info();
    if (info.channels != 1)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} has {channels} channels; labels have one, with a number per object. A coloured "
                              "picture of labels has to be converted first."),
                     {{"path", info.path}, {"channels", std::to_string(info.channels)}}});
    if (info.shape() != shape)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} is {labels} voxels, the image is {image}. Give labels of the same grid."),
                     {{"path", info.path}, {"labels", toString(info.shape())}, {"image", toString(shape)}}});
    const AnyVolume raw = labels.read(0, 0, Box::of(shape));
    Volume<std::int32_t> out(shape);
    out.geometry = info.geometry;
    dispatch(raw.dtype, [&]<class T>(T) {
        const T* values = raw.as<T>();
        if constexpr (std::is_floating_point_v<T>) {
            throw Error(ErrorKind::Input, {FOVEA_TR("{path} holds {dtype} values; labels are whole numbers."),
                                           {{"path", info.path}, {"dtype", name(raw.dtype)}}});
        } else {
            for (std::int64_t i = 0; i < out.size(); ++i) {
                if (std::cmp_less(values[i], 0) ||
                    std::cmp_greater(values[i], std::numeric_limits<std::int32_t>::max()))
                    throw Error(ErrorKind::Input,
                                {FOVEA_TR("{path} holds the label {value}; labels go from 0 to 2147483647."),
                                 {{"path", info.path}, {"value", std::to_string(values[i])}}});
                out.data()[i] = std::int32_t(values[i]);
            }
        }
    });
    return out;
}

}  // namespace fovea::stage

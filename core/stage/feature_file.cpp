#include "stage/feature_file.h"

#include "base/file.h"
#include "tensorfile/npy.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using nlohmann::json;

void writeFeatures(const fs::path& folder, const FeatureTable& table) {
    const auto rows = std::int64_t(table.patches.size());
    tensorfile::writeNpy(folder / "features.npy", tensorfile::Tensor::from<float>({rows, table.dim}, table.values));
    json patches = json::array();
    for (const Patch& patch : table.patches) patches.push_back(toJson(patch));
    file::writeJson(folder / "patches.json", {{"source", table.source}, {"patches", patches}});
}

FeatureTable readFeatures(const fs::path& folder) {
    const tensorfile::Tensor tensor = tensorfile::readNpy(folder / "features.npy");
    const json info = file::readJson(folder / "patches.json");
    FeatureTable table;
    try {
        table.source = info.value("source", "");
        for (const json& patch : info.at("patches")) table.patches.push_back(patchFromJson(patch));
    } catch (const json::exception& error) {
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} is damaged: {reason}. Run features again."),
                                        {{"path", (folder / "patches.json").string()}, {"reason", error.what()}}});
    }
    if (tensor.shape.size() != 2 || tensor.shape[0] != std::int64_t(table.patches.size()))
        throw Error(
            ErrorKind::Format,
            {FOVEA_TR("features.npy in {folder} is {shape}, but there are {patches} patches. Run features again."),
             {{"folder", folder.string()},
              {"shape", tensorfile::toString(tensor.shape)},
              {"patches", std::to_string(table.patches.size())}}});
    table.dim = tensor.shape[1];
    const auto values = tensor.as<float>();
    table.values.assign(values.begin(), values.end());
    return table;
}

void append(FeatureTable& table, const FeatureTable& more) {
    if (more.patches.empty()) return;
    if (table.patches.empty()) {
        table = more;
        return;
    }
    if (table.dim != more.dim)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("The images have features of {a} and {b} values. Run features again for all of them."),
                     {{"a", std::to_string(table.dim)}, {"b", std::to_string(more.dim)}}});
    table.patches.insert(table.patches.end(), more.patches.begin(), more.patches.end());
    table.values.insert(table.values.end(), more.values.begin(), more.values.end());
}

}  // namespace fovea::stage

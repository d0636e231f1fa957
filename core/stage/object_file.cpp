#include "stage/object_file.h"

#include "base/file.h"
#include "data/tables.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using nlohmann::json;

void writeObjects(const fs::path& path, const std::vector<ObjectRow>& rows) {
    json list = json::array();
    for (const ObjectRow& row : rows)
        list.push_back({{"id", row.id},
                        {"state", row.state},
                        {"source", row.source},
                        {"score", row.score},
                        {"box", toJson(row.box)},
                        {"voxels", row.voxels},
                        {"colour", std::int64_t(row.id) * 7 % 12}});
    file::writeJson(path, list);
}

std::vector<ObjectRow> readObjects(const fs::path& path) {
    std::vector<ObjectRow> rows;
    try {
        for (const json& row : file::readJson(path))
            rows.push_back({row.at("id").get<std::int32_t>(), row.value("state", "to-review"), row.value("source", ""),
                            row.value("score", 0.0), boxFromJson(row.at("box")), row.at("voxels").get<std::int64_t>()});
    } catch (const json::exception& error) {
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} is damaged: {reason}. Run the stage that made it again."),
                                        {{"path", path.string()}, {"reason", error.what()}}});
    }
    return rows;
}

void writeLabels(const fs::path& folder, const Volume<std::int32_t>& labels, const Geometry& geometry, Job& job) {
    zarr::Layout layout;
    layout.dtype = DType::I32;
    layout.shape = labels.shape();
    layout.geometry = geometry;
    layout.labels = true;
    zarr::Writer writer(folder / "labels.zarr", layout);
    forEachTile(labels.box(), {layout.chunk.z, labels.shape().y, labels.shape().x}, [&](const Box& slab) {
        job.check();
        writer.write(0, slab.begin, crop(labels, slab));
    });
    writer.buildLevels();
}

}  // namespace fovea::stage

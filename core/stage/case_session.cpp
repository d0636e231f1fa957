#include "stage/case_session.h"

#include "base/file.h"
#include "labels/kept_base.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

namespace fs = std::filesystem;

std::optional<fs::path> baseFolder(const project::StageContext& context, const std::string& caseId) {
    if (const auto objects = context.find("objects", caseId)) return objects;
    return context.find("pseudo-labels", caseId);
}

std::unique_ptr<labels::EditSession> openSession(const fs::path& caseFolder, const ImageInfo& info,
                                                 const std::optional<fs::path>& base, bool lookOnly, Job& job) {
    ImagePtr image;
    labels::ObjectTable rows;
    if (base) {
        image = zarr::open(lookOnly ? *base / "labels.zarr" : labels::keepBase(caseFolder, *base / "labels.zarr"));
        std::error_code error;
        if (fs::exists(*base / "objects.json", error))
            rows = labels::tableFromJson(file::readJson(*base / "objects.json"));
        else
            rows = labels::tableOf(*image, "", job);
    }
    labels::SessionOptions options;
    options.lookOnly = lookOnly;
    return std::make_unique<labels::EditSession>(caseFolder, info.shape(), info.geometry, image, rows, options);
}

std::vector<Box> patchesOf(const fs::path& queueFolder, const std::string& caseId) {
    std::vector<Box> boxes;
    const nlohmann::json queue = file::readJson(queueFolder / "queue.json");
    if (!queue.is_object() || !queue.contains("chosen"))
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} is damaged. Run query again."),
                                        {{"path", (queueFolder / "queue.json").string()}}});
    for (const ChosenPatch& chosen : chosenFromJson(queue["chosen"]))
        if (chosen.patch.caseId == caseId) boxes.push_back(chosen.patch.box);
    return boxes;
}

std::vector<Box> patchesOf(const project::StageContext& context, const std::string& caseId) {
    const auto queue = context.find("queue");
    return queue ? patchesOf(*queue, caseId) : std::vector<Box>();
}

}  // namespace fovea::stage

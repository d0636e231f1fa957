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

namespace {

// The journal and its compact copy; bases stay where they are.
void copyJournal(const fs::path& from, const fs::path& to) {
    file::makeFolder(to);
    for (const char* name : {"journal", "compact"}) {
        std::error_code error;
        if (fs::is_regular_file(from / name, error)) file::copy(from / name, to / name);
    }
}

// Same id = same object (the stage that made the labels matched them): what the person noted stays.
void keepNotes(labels::ObjectTable& rows, const labels::ObjectTable& old) {
    for (auto& [id, row] : rows) {
        const auto known = old.find(id);
        if (known == old.end()) continue;
        row.colour = known->second.colour;
        row.note = known->second.note;
        row.cls = known->second.cls;
        row.seconds = known->second.seconds;
    }
}

}  // namespace

std::unique_ptr<labels::EditSession> newestSession(const project::StageContext& context, const std::string& caseId,
                                                   const ImageInfo& info, const fs::path& scratch, Job& job) {
    const fs::path edits = context.input("edits", caseId);
    const auto base = baseFolder(context, caseId);
    auto session = openSession(edits, info, base, true, job);
    if (!base && session->objects().empty())
        throw Error(
            ErrorKind::Missing,
            {FOVEA_TR("{case} has no objects yet. Find them, bring labels or paint some first."), {{"case", caseId}}});
    const fs::path present = session->basePath();
    if (!base || present == *base / "labels.zarr") return session;
    // The same labels have the same name below "bases".
    const fs::path newest = labels::keepBase(scratch, *base / "labels.zarr");
    if (newest.parent_path().filename() == present.parent_path().filename()) return session;
    session.reset();
    copyJournal(edits, scratch);
    labels::SessionOptions options;
    options.resolve = [edits](const std::string& path) {
        return zarr::open(fs::path(path).is_absolute() ? fs::path(path) : edits / path);
    };
    session = std::make_unique<labels::EditSession>(scratch, info.shape(), info.geometry, nullptr,
                                                    labels::ObjectTable{}, options);
    // The person's program may have taken the labels over between the look and the copy.
    if (session->basePath() == newest) return session;
    labels::ObjectTable rows = labels::tableFromJson(file::readJson(*base / "objects.json"));
    keepNotes(rows, session->objects());
    const ImagePtr known = session->knownBase(newest.string());
    session->swapBase(known ? known : zarr::open(newest), newest.string(), rows);
    return session;
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

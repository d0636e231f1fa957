#include "stage/nnunet_import.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "measure/components.h"
#include "project/runner.h"
#include "stage/case_session.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using namespace plan::nnunet;

namespace {

constexpr Index knownTile{1, 128, 128};  // where some of a section is ignored, so much is complete or not

// Channels of several files as one image of the project.
fs::path joined(const project::Project& project, const std::string& name, const ImageSource& image, Job& job) {
    const fs::path target = project.folder() / "images" / (name + ".zarr"), part = target.string() + ".part";
    const ImageInfo& info = image.info();
    file::remove(part);
    zarr::Layout layout;
    layout.dtype = info.dtype;
    layout.shape = info.shape();
    layout.channels = info.channels;
    layout.geometry = info.geometry;
    {
        zarr::Writer writer(part, layout);
        for (int channel = 0; channel < info.channels; ++channel)
            forEachTile(Box::of(layout.shape), {layout.chunk.z, layout.shape.y, layout.shape.x}, [&](const Box& slab) {
                job.check();
                writer.write(channel, slab, image.read(0, channel, slab));
            });
        writer.buildLevels(job);
    }
    file::commitFolder(part, target);
    return target;
}

// The whole volume, or where something is ignored the tiles in which nothing is.
std::vector<Box> knownBoxes(const Volume<std::int32_t>& labels, std::optional<std::int32_t> ignore) {
    if (!ignore || std::find(labels.begin(), labels.end(), *ignore) == labels.end()) return {labels.box()};
    std::vector<Box> boxes;
    forEachTile(labels.box(), knownTile, [&](const Box& tile) {
        const Volume<std::int32_t> part = crop(labels, tile);
        if (std::find(part.begin(), part.end(), *ignore) == part.end()) boxes.push_back(tile);
    });
    return boxes;
}

// The pieces of one label, 0 elsewhere.
Volume<std::int32_t> piecesOf(const Volume<std::int32_t>& labels, std::int32_t label, Job& job) {
    Volume<std::uint8_t> mask(labels.shape());
    std::transform(labels.begin(), labels.end(), mask.begin(),
                   [&](std::int32_t v) { return std::uint8_t(v == label); });
    return measure::connectedComponents(mask, 26, false, job).labels;
}

void adopt(labels::EditSession& session, const Volume<std::int32_t>& labels, const DatasetJson& dataset, Job& job,
           ImportedDataset& done) {
    const std::vector<Box> boxes = knownBoxes(labels, dataset.labels.ignore());
    for (const LabelEntry& entry : dataset.labels.entries()) {
        const std::int32_t label = entry.values.front();
        if (label == 0 || label == dataset.labels.ignore()) continue;
        job.check();
        std::set<labels::ObjectId> before;
        for (const auto& [id, object] : session.objects()) before.insert(id);
        // Pieces are adopted whole, so that one that reaches into several tiles stays one.
        session.adoptTruth(labels.box(), piecesOf(labels, label, job));
        std::vector<labels::ObjectId> fresh;
        for (const auto& [id, object] : session.objects())
            if (!before.contains(id)) fresh.push_back(id);
        session.setClass(fresh, entry.name);
        done.objects += int(fresh.size());
    }
    if (boxes.size() != 1 || boxes.front() != labels.box()) {
        session.setPatchComplete(labels.box(), false);
        for (const Box& box : boxes) session.setPatchComplete(box, true);
    }
    done.patches += std::int64_t(boxes.size());
}

}  // namespace

ImportedDataset importDataset(project::Project& project, const project::StageList& stages, const fs::path& raw,
                              const nnunet::Files& files, Job& job) {
    project.requireWritable();
    const DatasetJson dataset = loadDatasetJson(raw / "dataset.json");
    if (dataset.labels.hasRegions())
        throw Error(ErrorKind::Unsupported, {FOVEA_TR("{path} has regions that overlap; here a voxel belongs to one "
                                                      "object. Give every label a name of its own in dataset.json."),
                                             {{"path", (raw / "dataset.json").string()}}});
    const std::string reader = nnunet::readerFor(files, raw, dataset);
    const auto cases = listCases(raw, dataset, nnunet::allInOne(reader));
    std::vector<std::string> known = project.caseIds(), added;
    ImportedDataset done;
    for (const auto& [name, paths] : cases) {
        job.check();
        job.progress(double(done.cases), double(cases.size()), {FOVEA_TR("Bringing in {name}"), {{"name", name}}});
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        const RawCase one = nnunet::openTrainingCase(files, name, paths, reader);
        checkCase(one, dataset, job);
        const fs::path image = paths.images.size() == 1 ? paths.images.front() : joined(project, name, *one.image, job);
        const std::string id = project.addCase(image.string(), {.id = name, .channelNames = dataset.channelNames}).id;
        const ImageInfo info = project.image(id)->info();
        const auto session = openSession(project.caseFolder(id), info, std::nullopt, false, job);
        adopt(*session, readLabel(one, Box::of(info.shape())), dataset, job, done);
        session->flush();
        ++done.cases;
    }
    if (project.activeRound() == 0) project.beginRound();
    project::RunRequest request{.stages = {"import"}};
    project::run(project, stages, request, job);
    return done;
}

}  // namespace fovea::stage

#include <sstream>

#include "base/file.h"
#include "io/formats.h"
#include "project/licence_notes.h"
#include "stage/case_session.h"
#include "stage/layer_image.h"
#include "stage/stages.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// A field of a table: quotes in it are doubled.
std::string quoted(std::string text) {
    for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) text.insert(at, 1, '"');
    return '"' + text + '"';
}

// Rows that have voxels: what a person rejected is in neither file.
std::vector<labels::Object> exported(const labels::ObjectTable& table) {
    std::vector<labels::Object> rows;
    for (const auto& [id, object] : table)
        if (object.voxels > 0 && !labels::isRejected(object.state)) rows.push_back(object);
    return rows;
}

// Spreadsheet of the objects: volumes in µm³, boxes in voxels.
std::string spreadsheet(const std::vector<labels::Object>& rows, Vec3 spacing) {
    std::ostringstream out;
    out << "id,state,source,score,voxels,volume_um3,z0,y0,x0,z1,y1,x1,note\n";
    for (const labels::Object& row : rows)
        out << row.id << ',' << labels::name(row.state) << ',' << quoted(row.source) << ',' << row.score << ','
            << row.voxels << ',' << double(row.voxels) * spacing.z * spacing.y * spacing.x << ',' << row.box.begin.z
            << ',' << row.box.begin.y << ',' << row.box.begin.x << ',' << row.box.end.z << ',' << row.box.end.y << ','
            << row.box.end.x << ',' << quoted(row.note) << '\n';
    return out.str();
}

void run(StageContext& context) {
    const std::string& id = context.cases().front();
    const ImageInfo info = context.image(id)->info();
    const fs::path scratch = context.output() / "session";
    file::remove(scratch);  // of an interrupted run
    auto session = newestSession(context, id, info, scratch, *context.job);
    const std::string suffix = context.options.string("format");
    const fs::path target = context.output() / (id + "_labels" + suffix);
    io::write(target, LayerImage(session->layer(), id), {.labels = true, .compress = context.options.flag("compress")},
              *context.job);
    const std::vector<labels::Object> rows = exported(session->objects());
    session.reset();
    file::remove(scratch);
    file::write(context.output() / (id + "_objects.csv"), spreadsheet(rows, info.geometry.spacing));
    json files = {target.filename().string(), id + "_objects.csv"};
    const auto labels = context.find("pseudo-labels", id);
    if (const auto note = labels ? project::licenceNote(*labels) : std::nullopt) {
        files.push_back(id + "_licence.txt");
        file::write(context.output() / files.back().get<std::string>(), *note);
    }
    context.result = {{"objects", rows.size()}, {"files", files}};
}

}  // namespace

Stage exportStage() {
    using project::From;
    Stage stage;
    stage.id = "export";
    stage.title = FOVEA_TR("Export");
    stage.help = FOVEA_TR("Writes what was found and edited as a label image and a table.");
    stage.rounds = project::Rounds::Any;
    stage.needs = {{"image", From::Base},
                   {"edits", From::Latest, true},
                   {"objects", From::InUse, true},
                   {"pseudo-labels", From::Base, true}};
    stage.makes = "export";
    stage.options = {
        {.name = "format",
         .type = OptionType::Choice,
         .defaultValue = ".tif",
         .help = FOVEA_TR("Kind of label image"),
         .choices = {".tif", ".zarr", ".nrrd", ".nii.gz", ".mha"}},
        {.name = "round",
         .type = OptionType::Int,
         .defaultValue = -1,
         .help = FOVEA_TR("Whose objects; 0 = what was found before learning, -1 = the round in use"),
         .least = -1},
        {.name = "compress", .type = OptionType::Bool, .defaultValue = true, .help = FOVEA_TR("Smaller files")}};
    stage.run = run;
    return stage;
}

}  // namespace fovea::stage

#include <sstream>

#include "base/file.h"
#include "io/formats.h"
#include "stage/object_file.h"
#include "stage/stages.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

namespace fs = std::filesystem;

namespace {

// Spreadsheet of the objects: volumes in µm³, boxes in voxels.
std::string table(const std::vector<ObjectRow>& rows, Vec3 spacing) {
    std::ostringstream out;
    out << "id,state,source,score,voxels,volume_um3,z0,y0,x0,z1,y1,x1\n";
    for (const ObjectRow& row : rows)
        out << row.id << ',' << row.state << ",\"" << row.source << "\"," << row.score << ',' << row.voxels << ','
            << double(row.voxels) * spacing.z * spacing.y * spacing.x << ',' << row.box.begin.z << ','
            << row.box.begin.y << ',' << row.box.begin.x << ',' << row.box.end.z << ',' << row.box.end.y << ','
            << row.box.end.x << '\n';
    return out.str();
}

void run(StageContext& context) {
    const std::string& id = context.cases().front();
    const fs::path objects = context.input("objects", id);
    const ImagePtr labels = zarr::open(objects / "labels.zarr");
    const std::string suffix = context.options.string("format");
    const fs::path target = context.output() / (id + "_labels" + suffix);
    io::write(target, *labels, {.labels = true, .compress = context.options.flag("compress")}, *context.job);
    const std::vector<ObjectRow> rows = readObjects(objects / "objects.json");
    file::write(context.output() / (id + "_objects.csv"), table(rows, labels->info().geometry.spacing));
    context.result = {{"objects", rows.size()}, {"files", {target.filename().string(), id + "_objects.csv"}}};
}

}  // namespace

Stage exportStage() {
    Stage stage;
    stage.id = "export";
    stage.title = FOVEA_TR("Export");
    stage.help = FOVEA_TR("Writes objects as a label image and a table.");
    stage.rounds = project::Rounds::Any;
    stage.needs = {{"objects", project::From::Latest}};
    stage.makes = "export";
    stage.options = {
        {.name = "format",
         .type = OptionType::Choice,
         .defaultValue = ".tif",
         .help = FOVEA_TR("Kind of label image"),
         .choices = {".tif", ".zarr", ".nrrd", ".nii.gz", ".mha"}},
        {.name = "compress", .type = OptionType::Bool, .defaultValue = true, .help = FOVEA_TR("Smaller files")}};
    stage.run = run;
    return stage;
}

}  // namespace fovea::stage

#include "io/formats.h"
#include "services.h"
#include "stage/annotate_from.h"
#include "stage/nnunet_export.h"
#include "stage/nnunet_import.h"

namespace fovea::app {

using nlohmann::json;

ImagePtr openImage(const std::string& path, int timepoint, const std::filesystem::path& cache) {
    return io::open(path, {.timepoint = timepoint, .cache = cache});
}

std::vector<std::string> resolveImages(const std::string& path) { return io::resolve(path); }

void writeImage(const std::filesystem::path& path, const ImageSource& image, bool labels, Job& job) {
    io::WriteOptions options;
    options.labels = labels;
    io::write(path, image, options, job);
}

CommittedLabels commitLabels(const project::Artifacts& artifacts, int round, const GivenLabels& given, Job& job) {
    const stage::CommittedTruth done = stage::commitTruth(artifacts, round, given.path, job);
    stage::Verdicts verdicts{given.accept, given.reject};
    if (given.accept + given.reject > 0) verdicts = stage::commitVerdicts(artifacts, round, given.path, verdicts, job);
    return {done.patches, done.already, verdicts.accept, verdicts.reject};
}

json importNnunet(project::Project& project, const project::StageList& stages, const std::filesystem::path& raw,
                  Job& job) {
    const stage::ImportedDataset done = stage::importDataset(project, stages, raw, nnunetFiles(), job);
    return {{"cases", done.cases}, {"objects", done.objects}, {"patches", done.patches}};
}

json exportNnunet(const project::Project& project, const project::StageList& stages, const std::filesystem::path& raw,
                  const std::filesystem::path& models, Job& job) {
    const auto done = stage::exportDataset(project, stages, raw, models.empty() ? std::nullopt : std::optional(models),
                                           nnunetFiles(), job);
    json line = {{"raw", done.raw.string()}, {"model", nullptr}, {"cases", done.cases}};
    if (done.model) line["model"] = done.model->string();
    return line;
}

json describeFormats() {
    json rows = json::array();
    for (const io::FormatInfo& f : io::formats())
        rows.push_back({{"id", f.id},
                        {"title", f.title.str()},
                        {"suffixes", f.suffixes},
                        {"reads", f.reads},
                        {"writes", f.writes},
                        {"streams", f.streams}});
    return {{"formats", rows}};
}

}  // namespace fovea::app

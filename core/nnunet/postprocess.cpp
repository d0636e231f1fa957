#include "nnunet/postprocess.h"

#include "base/error.h"
#include "base/file.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;

std::vector<measure::LabelClass> loadPostprocessing(const fs::path& path) {
    const nlohmann::json rule = file::readJson(path);
    try {
        return measure::postprocessingSteps(rule);
    } catch (Error& error) {
        throw error.context({FOVEA_TR("reading {path}"), {{"path", path.string()}}});
    }
}

void writePostprocessing(const fs::path& path, const measure::Postprocessing& chosen, const ScoredClasses& scored) {
    plan::nnunet::writePythonJson(path, measure::postprocessingJson(chosen, scored.names));
}

void postprocess(const Files& files, const fs::path& from, const fs::path& to, const std::string& ending,
                 const std::vector<measure::LabelClass>& steps, Job& job) {
    const std::vector<std::string> cases = labelMapCases(from, ending);
    forEachCase(cases, job, [&](std::size_t i) {
        const ImagePtr map = files.open(from / (cases[i] + ending));
        Volume<std::int32_t> labels = labelsOf(map);
        Job quiet;  // progress counts cases
        for (const measure::LabelClass& step : steps) measure::keepLargestComponent(labels, step, quiet);
        writeLabelMap(files, to / (cases[i] + ending), AnyVolume::from(labels).to<std::uint16_t>(), map->info(), quiet);
    });
}

measure::Postprocessing choosePostprocessing(const Files& files, const ComparedFolders& compared,
                                             const ScoredClasses& scored, Job& job) {
    std::vector<measure::LabelCase> cases;
    for (const measure::ComparedFiles& one : compared.files)
        cases.push_back(
            {[&] { return readLabelMap(files, one.reference); }, [&] { return readLabelMap(files, one.prediction); }});
    return measure::choosePostprocessing(cases, scored.classes, scored.ignore, job);
}

}  // namespace fovea::nnunet

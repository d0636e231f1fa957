#include "nnunet/postprocess.h"

#include "base/error.h"
#include "base/file.h"
#include "tensorfile/pickle_writer.h"
#include "tensorfile/torch_values.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t largestPickle = 1 << 20;
const std::string module = "nnunetv2.postprocessing.remove_connected_components";

// nnU-Net's pickle holds functions and arguments; as postprocessing.json says them.
nlohmann::json fromPickle(const fs::path& path) {
    const auto tree = tensorfile::readPickle(file::read(path, largestPickle), path.string());
    const auto both = tensorfile::torchValues(tree, path.string()).values;
    nlohmann::json rule = {{"postprocessing_fns", nlohmann::json::array()}};
    try {
        for (const auto& function : both.at(0)) {
            const auto name = function.get<std::string>();
            const bool known = name.starts_with(module + ".");
            rule["postprocessing_fns"].push_back(known ? name.substr(module.size() + 1) : name);
        }
        rule["postprocessing_kwargs"] = both.at(1);
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} holds no functions and arguments ({why}). Determine the "
                                                 "post-processing again."),
                                        {{"path", path.string()}, {"why", error.what()}}});
    }
    return rule;
}

std::string pickleOf(const nlohmann::json& rule) {
    tensorfile::PickleList functions;
    for (const auto& name : rule.at("postprocessing_fns"))
        functions.items.emplace_back(tensorfile::PickleGlobal{module, name.get<std::string>()});
    auto arguments = tensorfile::PickleValue::from(rule.at("postprocessing_kwargs"));
    return tensorfile::pickled(tensorfile::PickleTuple{{std::move(functions), std::move(arguments)}}).bytes;
}

}  // namespace

std::vector<measure::LabelClass> loadPostprocessing(const fs::path& path) {
    const nlohmann::json rule = path.extension() == ".pkl" ? fromPickle(path) : file::readJson(path);
    try {
        return measure::postprocessingSteps(rule);
    } catch (Error& error) {
        throw error.context({FOVEA_TR("reading {path}"), {{"path", path.string()}}});
    }
}

void writePostprocessing(const fs::path& folder, const measure::Postprocessing& chosen, const ScoredClasses& scored) {
    const nlohmann::json rule = measure::postprocessingJson(chosen, scored.names);
    plan::nnunet::writePythonJson(folder / "postprocessing.json", rule);
    file::write(folder / "postprocessing.pkl", pickleOf(rule));
}

void postprocess(const Files& files, const fs::path& from, const fs::path& to, const std::string& ending,
                 const std::vector<measure::LabelClass>& steps, Job& job) {
    const std::vector<std::string> cases = labelMapCases(from, ending);
    forEachCase(cases, job, [&](std::size_t i) {
        const ImagePtr map = files.open(from / (cases[i] + ending));
        Volume<std::int32_t> labels = labelsOf(map);
        Job quiet;  // progress counts cases
        for (const measure::LabelClass& step : steps) measure::keepLargestComponent(labels, step, quiet);
        writeLabelMap(files, to / (cases[i] + ending), AnyVolume::from(AnyVolume::from(labels).to<std::uint16_t>()),
                      map->info(), quiet);
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

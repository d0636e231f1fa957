#include "nnunet/prepare_dataset.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/parallel_parts.h"
#include "nnunet/preprocessed_case.h"
#include "plan/nnunet/dataset_fingerprint.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using namespace plan::nnunet;

namespace {

std::map<std::string, CaseFiles> casesOf(const DatasetFolders& folders, const DatasetJson& dataset,
                                         const std::string& reader) {
    return listCases(folders.raw(), dataset, allInOne(reader));
}

DatasetFingerprint fingerprintOf(const DatasetFolders& folders, const Files& files, const DatasetJson& dataset,
                                 const std::string& reader, bool again, Job& job) {
    const fs::path path = folders.preprocessed() / "dataset_fingerprint.json";
    if (!again && fs::exists(path)) return loadFingerprint(path);
    std::vector<RawCase> cases;
    for (const auto& [name, paths] : casesOf(folders, dataset, reader))
        cases.push_back(openTrainingCase(files, name, paths, reader));
    JobPart checking(job, 0, 0.4), measuring(job, 0.4, 1);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        checking.progress(double(i), double(cases.size()),
                          {FOVEA_TR("Looking through {name}"), {{"name", cases[i].name}}});
        checkCase(cases[i], dataset, job);
    }
    const DatasetFingerprint fingerprint = measureDataset(cases, dataset, measuring);
    saveFingerprint(path, fingerprint);
    return fingerprint;
}

struct Work {
    std::string name;
    CaseFiles paths;
    std::string configuration;
    fs::path folder;
};

// Labels as they are, for scoring.
void copyLabels(const DatasetFolders& folders, const std::map<std::string, CaseFiles>& cases,
                const std::string& ending) {
    const fs::path target = folders.preprocessed() / "gt_segmentations";
    file::makeFolder(target);
    for (const auto& [name, paths] : cases) file::copy(paths.label, target / (name + ending));
}

}  // namespace

fs::path plansPath(const DatasetFolders& folders, const std::string& plansName) {
    return folders.preprocessed() / (plansName + ".json");
}

fs::path casesFolder(const DatasetFolders& folders, const PlansFile& plans, const std::string& configuration) {
    return folders.preprocessed() /
           (plans.configuration(configuration).at("data_identifier").get<std::string>() + "_fovea");
}

PlannedDataset planDataset(const DatasetFolders& folders, const Files& files, const PlannerRequest& request, bool again,
                           Job& job) {
    const DatasetJson dataset = loadDatasetJson(folders.raw() / "dataset.json");
    dataset.labels.checkConsecutive();
    const std::string reader = readerFor(files, folders.raw(), dataset);
    file::makeFolder(folders.preprocessed());
    const DatasetFingerprint fingerprint = fingerprintOf(folders, files, dataset, reader, again, job);
    const ExperimentPlan plan = planExperiment(fingerprint, dataset, request);
    nlohmann::ordered_json json = plansJson(plan, folders.name(), reader);
    const fs::path path = plansPath(folders, plan.plansName);
    if (fs::exists(path)) keepConfigurations(json, file::readOrderedJson(path));
    writePythonJson(path, json);
    saveDatasetJson(folders.preprocessed() / "dataset.json", dataset);
    const fs::path splits = folders.raw() / "splits_final.json";
    if (fs::exists(splits) && !fs::exists(folders.preprocessed() / "splits_final.json"))
        file::copy(splits, folders.preprocessed() / "splits_final.json");
    return {path, PlansFile(json).names(), planReasons(plan, request)};
}

void preprocessDataset(const DatasetFolders& folders, const Files& files, const std::string& plansName,
                       std::vector<std::string> configurations, bool again, Job& job) {
    const DatasetJson dataset = loadDatasetJson(folders.raw() / "dataset.json");
    const PlansFile plans = PlansFile::load(plansPath(folders, plansName));
    const auto reader = plans.json().at("image_reader_writer").get<std::string>();
    const auto cases = casesOf(folders, dataset, reader);
    if (configurations.empty()) configurations = plans.names();

    std::vector<Work> work;
    std::set<fs::path> folderSeen;  // configurations may share their data
    for (const std::string& configuration : configurations)
        for (const auto& [name, paths] : cases) {
            const fs::path folder = casesFolder(folders, plans, configuration) / name;
            if (folderSeen.insert(folder).second && (again || !isPreprocessed(folder)))
                work.push_back({name, paths, configuration, folder});
        }
    copyLabels(folders, cases, dataset.fileEnding);

    const std::vector<plan::ClassKey> keys = classKeys(dataset.labels);
    forParts(std::int64_t(work.size()), job, [&](std::int64_t i, Job& part) {
        const Work& one = work[std::size_t(i)];
        const RawCase raw = openTrainingCase(files, one.name, one.paths, reader);
        checkShapes(raw, dataset);
        const plan::PreprocessRule rule = plan::preprocessRule(nlohmann::json(plans.json()), one.configuration);
        writePreprocessed(one.folder, {*raw.image, raw.label.get(), raw.spacing, keys}, rule, part);
    });
}

std::vector<std::string> caseNames(const DatasetFolders& folders, const PlansFile& plans,
                                   const std::string& configuration) {
    const fs::path folder = casesFolder(folders, plans, configuration);
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (isPreprocessed(entry.path())) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    if (names.empty())
        throw Error(ErrorKind::Missing, {FOVEA_TR("{path} holds no preprocessed cases. Run fovea-cli nnunet preprocess "
                                                  "for this configuration first."),
                                         {{"path", folder.string()}}});
    return names;
}

}  // namespace fovea::nnunet

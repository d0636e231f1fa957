#include "nnunet/crossval.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "nnunet/merge_parts.h"
#include "nnunet/postprocess.h"
#include "nnunet/probabilities.h"
#include "nnunet/properties_file.h"
#include "plan/nnunet/splits.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using plan::nnunet::CaseBoxes;
using plan::nnunet::DatasetJson;
using plan::nnunet::Fold;

namespace {

constexpr int usualFolds = 5;

fs::path references(const DatasetFolders& dataset) { return dataset.preprocessed() / "gt_segmentations"; }

bool there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

// Nothing when the data set has no splits.
std::vector<Fold> splitsOf(const DatasetFolders& dataset, const std::string& ending) {
    const fs::path path = dataset.preprocessed() / "splits_final.json";
    if (!there(path)) return {};
    return plan::nnunet::loadSplits(path, labelMapCases(references(dataset), ending));
}

void requireFold(const fs::path& validation) {
    if (!there(validation))
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("{path} is not there. Train this fold to the end, with its validation, or name the "
                              "folds that are done."),
                     {{"path", validation.string()}}});
}

// A fold whose validation was cut short would be scored too well or too badly.
void requireCases(const fs::path& validation, const Fold& fold, const std::string& ending) {
    for (const std::string& name : fold.validation)
        if (!there(validation / (name + ending)))
            throw Error(ErrorKind::Missing,
                        {FOVEA_TR("{path} is not there, but this fold is tested on that case. Run the fold's "
                                  "validation again."),
                         {{"path", (validation / (name + ending)).string()}}});
}

void copyCase(const fs::path& from, const fs::path& to, const std::string& name, const std::string& ending) {
    const fs::path map = to / (name + ending);
    if (there(map))
        throw Error(ErrorKind::Input, {FOVEA_TR("{path} was predicted by another fold, too. Cross-validation needs "
                                                "folds that share no case."),
                                       {{"path", (from / (name + ending)).string()}}});
    file::copy(from / (name + ending), map);
    for (const auto& pathIn : {probabilitiesPath, propertiesPath})
        if (there(pathIn(from, name))) file::copy(pathIn(from, name), pathIn(to, name));
}

// Of spatial folds: what of each case they were tested on.
CaseBoxes boxesOf(const std::vector<Fold>& splits, const Folds& folds) {
    CaseBoxes boxes;
    for (const int fold : folds)
        if (std::size_t(fold) < splits.size())
            for (const auto& [name, own] : splits[std::size_t(fold)].validationBoxes)
                boxes[name].insert(boxes[name].end(), own.begin(), own.end());
    return boxes;
}

void gather(const Files& files, const DatasetFolders& dataset, const fs::path& model, const Folds& folds,
            const fs::path& to, Job& job) {
    const DatasetJson json = plan::nnunet::loadDatasetJson(model / "dataset.json");
    const std::vector<Fold> splits = splitsOf(dataset, json.fileEnding);
    copyModelFiles(model, to);
    std::map<std::string, std::vector<PredictedPart>> inParts;
    double done = 0;
    for (const int fold : folds) {
        const CaseBoxes boxes = boxesOf(splits, {fold});
        const fs::path validation = model / ("fold_" + std::to_string(fold)) / "validation";
        requireFold(validation);
        if (std::size_t(fold) < splits.size()) requireCases(validation, splits[std::size_t(fold)], json.fileEnding);
        for (const std::string& name : labelMapCases(validation, json.fileEnding)) {
            job.check();
            if (const auto found = boxes.find(name); found != boxes.end())
                inParts[name].push_back({validation, found->second});
            else
                copyCase(validation, to, name, json.fileEnding);
        }
        job.progress(++done, double(folds.size()));
    }
    for (const auto& [name, parts] : inParts) mergeParts(files, parts, name, to, json, job);
}

}  // namespace

std::string foldsText(const Folds& folds) {
    std::string text;
    for (const int fold : folds) text.append(text.empty() ? "" : "_").append(std::to_string(fold));
    return text;
}

Folds allFolds(const DatasetFolders& dataset) {
    const fs::path path = dataset.preprocessed() / "splits_final.json";
    std::size_t count = usualFolds;
    if (there(path)) count = file::readJson(path).size();
    Folds folds(count);
    std::iota(folds.begin(), folds.end(), 0);
    return folds;
}

void copyModelFiles(const fs::path& from, const fs::path& to) {
    for (const char* name : {"plans.json", "dataset.json"}) file::copy(from / name, to / name);
}

Crossval scoreCrossval(const Files& files, const DatasetFolders& dataset, const fs::path& folder, const Folds& folds,
                       Job& job) {
    const DatasetJson json = plan::nnunet::loadDatasetJson(folder / "dataset.json");
    Crossval result{folder,
                    compareFolders(references(dataset), folder, json.fileEnding, true, job),
                    scoredClasses(json.labels),
                    {}};
    const ComparedFolders parts = inBoxes(result.compared, boxesOf(splitsOf(dataset, json.fileEnding), folds));
    result.summary = evaluate(files, parts, result.scored, job);
    writeSummary(folder / "summary.json", result.summary, parts, result.scored);
    return result;
}

Crossval collectCrossval(const Files& files, const DatasetFolders& dataset, const fs::path& model, const Folds& folds,
                         Job& job) {
    if (folds.empty() || std::any_of(folds.begin(), folds.end(), [](int fold) { return fold < 0; }))
        throw Error(ErrorKind::Input, FOVEA_TR("Name the folds to collect by their numbers: 0, 1, 2, …"));
    if (!there(model))
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("{path} is not there. Train this configuration first."), {{"path", model.string()}}});
    const fs::path folder = model / ("crossval_results_folds_" + foldsText(folds));
    JobPart gathering(job, 0, 0.2), scoring(job, 0.2, 1);
    replaceFolder(folder, [&](const fs::path& part) { gather(files, dataset, model, folds, part, gathering); });
    return scoreCrossval(files, dataset, folder, folds, scoring);
}

measure::Postprocessing decidePostprocessing(const Files& files, const Crossval& crossval, Job& job) {
    measure::Postprocessing chosen = choosePostprocessing(files, crossval.compared, crossval.scored, job);
    writePostprocessing(crossval.folder, chosen, crossval.scored);
    return chosen;
}

}  // namespace fovea::nnunet

#include "nnunet/fold_data.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "nnunet/preprocessed_case.h"
#include "zarr/ome_zarr.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using namespace plan::nnunet;

namespace {

// The largest patch of the plans, axes as stored: what a spatial fold's margin must cover.
Index largestPatch(const PlannedTask& task, const plan::AxisOrder& order) {
    Index most{1, 1, 1};
    for (const std::string& name : task.plans.names()) {
        const auto patch = task.plans.configuration(name).at("patch_size").get<std::vector<std::int64_t>>();
        Index one{1, 1, 1};
        for (std::size_t a = 0; a < patch.size() && a < 3; ++a) one[int(a + 3 - patch.size())] = patch[a];
        for (int a = 0; a < 3; ++a) most[a] = std::max(most[a], one[a]);
    }
    return order.toStored(most);
}

void keepInside(std::vector<Index>& places, const Box& part) {
    std::erase_if(places, [&](const Index& at) { return !part.contains(at); });
}

}  // namespace

PlannedTask::PlannedTask(DatasetFolders folders_, const std::string& plansName_, const std::string& configuration_)
    : folders(std::move(folders_)),
      dataset(loadDatasetJson(folders.preprocessed() / "dataset.json")),
      plans(PlansFile::load(plansPath(folders, plansName_))),
      plansName(plansName_),
      configuration(configuration_),
      entry(plans.configuration(configuration_)) {
    try {
        const auto sizes = entry.at("patch_size").get<std::vector<std::int64_t>>();
        dims = int(sizes.size());
        batch = entry.at("batch_size").get<std::int64_t>();
        if (dims < 2 || dims > 3 || batch < 1) throw Error(ErrorKind::Format, FOVEA_TR("a patch of two or three axes"));
        patch = {dims == 3 ? sizes[0] : 1, sizes[sizes.size() - 2], sizes.back()};
    } catch (const nlohmann::json::exception& error) {
        throw Error(
            ErrorKind::Format,
            {FOVEA_TR("{path}: the configuration {name} cannot be used ({why}). Plan again."),
             {{"path", plansPath(folders, plansName).string()}, {"name", configuration}, {"why", error.what()}}});
    }
}

fs::path PlannedTask::cases() const { return casesFolder(folders, plans, configuration); }

fs::path PlannedTask::previousLabels() const {
    const std::string previous = plans.previousStage(configuration);
    if (previous.empty()) return {};
    return folders.model(plansName, previous) / "predicted_next_stage" / configuration;
}

std::vector<std::int32_t> PlannedTask::previousClasses() const {
    return plans.previousStage(configuration).empty() ? std::vector<std::int32_t>() : dataset.labels.foreground();
}

Fold chooseFold(const PlannedTask& task, const std::string& fold, Job& job) {
    const std::vector<std::string> cases = caseNames(task.folders, task.plans, task.configuration);
    const fs::path path = task.folders.preprocessed() / "splits_final.json";
    if (fold == "all") return everything(cases);
    if (fs::exists(path)) return foldOf(loadSplits(path, cases), fold, cases);
    Index shape, patch;
    if (cases.size() == 1) {
        const plan::PreprocessRule rule = plan::preprocessRule(nlohmann::json(task.plans.json()), task.configuration);
        shape = rule.order.toStored(openPreprocessed(task.cases() / cases[0]).properties.wholeShape);
        patch = largestPatch(task, rule.order);
    }
    const FoldPlan plan = planFolds(cases, shape, patch);
    if (plan.folds.empty()) throw Error(ErrorKind::Input, plan.reason);
    job.message(MessageLevel::Info, plan.reason);
    saveSplits(path, plan.folds);
    return foldOf(plan.folds, fold, cases);
}

Box onNetworkGrid(const Box& stored, const plan::CaseProperties& properties, const plan::PreprocessRule& rule,
                  Index grid) {
    const Box box = rule.order.toNetwork(stored);
    const Index cropped = properties.crop.extent();
    Box result;
    for (int a = 0; a < 3; ++a) {
        const double scale = double(grid[a]) / double(cropped[a]);
        const auto clamped = [&](double v) { return std::clamp<std::int64_t>(std::int64_t(v), 0, grid[a]); };
        result.begin[a] = clamped(std::ceil(double(box.begin[a] - properties.crop.begin[a]) * scale - 1e-9));
        result.end[a] = clamped(std::floor(double(box.end[a] - properties.crop.begin[a]) * scale + 1e-9));
    }
    return result;
}

std::vector<train::FoldCase> foldCases(const PlannedTask& task, const Fold& fold, bool validation) {
    const plan::PreprocessRule rule = plan::preprocessRule(nlohmann::json(task.plans.json()), task.configuration);
    const bool ignores = task.dataset.labels.ignore().has_value();
    const CaseBoxes& boxes = validation ? fold.validationBoxes : fold.trainBoxes;
    std::vector<train::FoldCase> cases;
    for (const std::string& name : validation ? fold.validation : fold.train) {
        const PreprocessedCase stored = openPreprocessed(task.cases() / name);
        train::FoldCase one;
        one.id = name;
        one.image = stored.image;
        one.labels = stored.labels;
        one.locations = stored.properties.classLocations;
        if (ignores && !one.locations.empty()) {
            one.annotated = std::move(one.locations.back());
            one.locations.pop_back();
        }
        if (const fs::path previous = task.previousLabels(); !previous.empty()) {
            const fs::path labels = previous / (name + ".zarr");
            if (!fs::exists(labels))
                throw Error(ErrorKind::Missing,
                            {FOVEA_TR("{path} is not there. Train the earlier stage of the cascade with all folds "
                                      "first: their validation predicts what this stage looks at."),
                             {{"path", labels.string()}}});
            one.previous = zarr::open(labels);
        }
        const auto found = boxes.find(name);
        if (found == boxes.end()) {
            cases.push_back(std::move(one));
            continue;
        }
        for (const Box& box : found->second) {
            train::FoldCase part = one;
            part.part = onNetworkGrid(box, stored.properties, rule, stored.labels->info().shape());
            if (part.part->empty()) continue;
            for (auto& places : part.locations) keepInside(places, *part.part);
            keepInside(part.annotated, *part.part);
            cases.push_back(std::move(part));
        }
    }
    return cases;
}

}  // namespace fovea::nnunet

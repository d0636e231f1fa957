#include "plan/nnunet/splits.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/numpy_random.h"
#include "plan/nnunet/dataset_json.h"
#include "plan/nnunet/spatial_folds.h"

namespace fovea::plan::nnunet {

namespace {

using Names = std::vector<std::string>;

constexpr double trainShare = 0.8;
constexpr int mostFolds = 1'000'000;

[[noreturn]] void damaged(const std::string& why) {
    throw Error(ErrorKind::Format, {FOVEA_TR("The split cannot be used ({why}). Correct the file, or delete it to get "
                                             "a new split."),
                                    {{"why", why}}});
}

Names namesFrom(const nlohmann::json& json, const std::set<std::string>& cases) {
    const Names names = json.get<Names>();
    for (const std::string& name : names)
        if (!cases.contains(name)) damaged("it names a case that is not there: " + name);
    return names;
}

nlohmann::ordered_json boxesJson(const CaseBoxes& boxes) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (const auto& [name, list] : boxes)
        for (const Box& b : list)
            json[name].push_back({{b.begin.z, b.end.z}, {b.begin.y, b.end.y}, {b.begin.x, b.end.x}});
    return json;
}

CaseBoxes boxesFrom(const nlohmann::json& fold, const char* key, const std::set<std::string>& cases) {
    CaseBoxes boxes;
    if (!fold.contains(key)) return boxes;
    for (const auto& [name, list] : fold.at(key).items()) {
        if (!cases.contains(name)) damaged("it names a case that is not there: " + name);
        for (const auto& one : list) {
            Box box;
            for (int axis = 0; axis < 3; ++axis)
                box.begin[axis] = one.at(std::size_t(axis)).at(0), box.end[axis] = one.at(std::size_t(axis)).at(1);
            if (box.empty() || box.begin.z < 0 || box.begin.y < 0 || box.begin.x < 0) damaged("a box of it is empty");
            boxes[name].push_back(box);
        }
    }
    return boxes;
}

FoldPlan planSpatial(const std::string& name, Index shape, Index patch) {
    FoldPlan plan;
    for (SpatialFold& one : spatialFolds(shape, patch))
        plan.folds.push_back({{name}, {name}, {{name, std::move(one.train)}}, {{name, {one.validation}}}});
    if (plan.folds.empty())
        plan.reason = FOVEA_TR(
            "There is one image of less than two patches: nothing can be set aside to test on, so "
            "only a network that learns from everything can be trained.");
    else
        plan.reason = {
            FOVEA_TR("There is one image, so it is cut into {n} blocks. Each is tested on once, by a network "
                     "that learnt from the others, half a patch away."),
            {{"n", std::to_string(plan.folds.size())}}};
    return plan;
}

}  // namespace

std::vector<Fold> crossValidation(Names cases, int folds) {
    if (folds < 2 || std::int64_t(cases.size()) < folds)
        throw Error(ErrorKind::Input, {FOVEA_TR("{n} cases cannot be split into {folds} folds. Add images, or train "
                                                "with fold all."),
                                       {{"n", std::to_string(cases.size())}, {"folds", std::to_string(folds)}}});
    std::sort(cases.begin(), cases.end());
    const std::int64_t n = std::int64_t(cases.size());
    const std::vector<std::int64_t> order = NumpyRandom(splitSeed).permutation(n);
    std::vector<Fold> result;
    std::int64_t begin = 0;
    for (int f = 0; f < folds; ++f) {
        const std::int64_t end = begin + n / folds + (f < n % folds);
        const std::set<std::int64_t> tested(order.begin() + begin, order.begin() + end);
        Fold fold;
        for (std::int64_t i = 0; i < n; ++i)
            (tested.contains(i) ? fold.validation : fold.train).push_back(cases[std::size_t(i)]);
        result.push_back(std::move(fold));
        begin = end;
    }
    return result;
}

Fold randomFold(Names cases, int fold) {
    std::sort(cases.begin(), cases.end());
    const std::int64_t n = std::int64_t(cases.size());
    NumpyRandom random(splitSeed + std::uint32_t(fold));
    const std::vector<std::int64_t> drawn = random.choiceWithoutReplacement(n, std::int64_t(double(n) * trainShare));
    const std::set<std::int64_t> train(drawn.begin(), drawn.end());
    Fold result;
    for (const std::int64_t i : drawn) result.train.push_back(cases[std::size_t(i)]);
    for (std::int64_t i = 0; i < n; ++i)
        if (!train.contains(i)) result.validation.push_back(cases[std::size_t(i)]);
    return result;
}

Fold everything(Names cases) {
    std::sort(cases.begin(), cases.end());
    return {cases, cases, {}, {}};
}

Fold foldOf(const std::vector<Fold>& splits, const std::string& fold, const Names& cases) {
    if (fold == "all") return everything(cases);
    int number = -1;
    const auto [end, error] = std::from_chars(fold.data(), fold.data() + fold.size(), number);
    if (error != std::errc() || end != fold.data() + fold.size() || number < 0 || number > mostFolds)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("The fold cannot be {fold}. Give a number from 0, or all."), {{"fold", fold}}});
    return std::size_t(number) < splits.size() ? splits[std::size_t(number)] : randomFold(cases, number);
}

nlohmann::ordered_json toJson(const std::vector<Fold>& folds) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Fold& fold : folds) {
        nlohmann::ordered_json one = {{"train", fold.train}, {"val", fold.validation}};
        if (!fold.trainBoxes.empty()) one["train_boxes"] = boxesJson(fold.trainBoxes);
        if (!fold.validationBoxes.empty()) one["val_boxes"] = boxesJson(fold.validationBoxes);
        json.push_back(std::move(one));
    }
    return json;
}

std::vector<Fold> foldsFromJson(const nlohmann::json& json, const Names& cases) {
    const std::set<std::string> known(cases.begin(), cases.end());
    std::vector<Fold> folds;
    try {
        for (const auto& one : json)
            folds.push_back({namesFrom(one.at("train"), known), namesFrom(one.at("val"), known),
                             boxesFrom(one, "train_boxes", known), boxesFrom(one, "val_boxes", known)});
    } catch (const nlohmann::json::exception& error) {
        damaged(error.what());
    }
    if (folds.empty()) damaged("it has no folds");
    return folds;
}

void saveSplits(const std::filesystem::path& path, const std::vector<Fold>& folds) {
    writePythonJson(path, toJson(folds));
}

std::vector<Fold> loadSplits(const std::filesystem::path& path, const Names& cases) {
    try {
        return foldsFromJson(file::readJson(path), cases);
    } catch (Error& error) {
        throw error.context({FOVEA_TR("reading {path}"), {{"path", path.string()}}});
    }
}

FoldPlan planFolds(const Names& cases, Index shape, Index patch) {
    if (cases.empty()) throw Error(ErrorKind::Input, FOVEA_TR("The data set has no cases. Add images with labels."));
    if (cases.size() == 1) return planSpatial(cases.front(), shape, patch);
    if (cases.size() >= 5)
        return {crossValidation(cases),
                FOVEA_TR("Five networks are trained, each tested on a fifth of the images that it did not see.")};
    FoldPlan plan;
    for (const std::string& tested : everything(cases).train) {
        Fold fold = everything(cases);
        std::erase(fold.train, tested);
        fold.validation = {tested};
        plan.folds.push_back(std::move(fold));
    }
    plan.reason = {FOVEA_TR("There are only {n} images, so each is left out once and tested on."),
                   {{"n", std::to_string(cases.size())}}};
    return plan;
}

}  // namespace fovea::plan::nnunet

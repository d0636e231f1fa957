#include <algorithm>

#include "measure/postprocessing.h"

namespace fovea::measure {

namespace {

using nlohmann::json;

constexpr const char* keepLargest = "remove_all_but_largest_component_from_segmentation";

json scoresJson(const ClassScores& s) {
    return {{"Dice", s.dice},        {"IoU", s.iou},           {"TP", s.tp}, {"FP", s.fp}, {"FN", s.fn}, {"TN", s.tn},
            {"n_ref", s.references}, {"n_pred", s.predictions}};
}

json byName(const std::vector<ClassScores>& scores, const std::vector<std::string>& names) {
    json result = json::object();
    for (std::size_t c = 0; c < names.size(); ++c) result[names[c]] = scoresJson(scores[c]);
    return result;
}

json meansJson(const LabelSummary& summary, const std::vector<std::string>& names) {
    return {{"foreground_mean", scoresJson(summary.foreground)}, {"mean", byName(summary.mean, names)}};
}

void addLabels(const json& value, LabelClass& labels) {
    if (value.is_array())
        for (const json& one : value) addLabels(one, labels);
    else
        labels.push_back(value.get<std::int32_t>());
}

}  // namespace

json summaryJson(const LabelSummary& summary, const std::vector<std::string>& names,
                 const std::vector<ComparedFiles>& files) {
    json result = meansJson(summary, names);
    json& cases = result["metric_per_case"] = json::array();
    for (std::size_t i = 0; i < summary.byCase.size(); ++i) {
        cases.push_back({{"metrics", byName(summary.byCase[i], names)}});
        if (files.empty()) continue;
        cases.back()["prediction_file"] = files.at(i).prediction.string();
        cases.back()["reference_file"] = files.at(i).reference.string();
    }
    return result;
}

json postprocessingJson(const Postprocessing& chosen, const std::vector<std::string>& names) {
    json functions = json::array(), arguments = json::array();
    for (const LabelClass& step : chosen.steps) {
        // A single label by itself, unless it is all there is: the first step has a list.
        const bool alone = names.size() > 1 && step.size() == 1 &&
                           std::find(names.begin(), names.end(), std::to_string(step[0])) != names.end();
        functions.push_back(keepLargest);
        arguments.push_back({{"labels_or_regions", alone ? json(step[0]) : json(step)}});
    }
    return {{"input_folder", meansJson(chosen.before, names)},
            {"postprocessed", meansJson(chosen.after, names)},
            {"postprocessing_fns", functions},
            {"postprocessing_kwargs", arguments}};
}

std::vector<LabelClass> postprocessingSteps(const json& file) {
    std::vector<LabelClass> steps;
    try {
        const auto &functions = file.at("postprocessing_fns"), &arguments = file.at("postprocessing_kwargs");
        for (std::size_t i = 0; i < functions.size(); ++i) {
            const auto function = functions.at(i).get<std::string>();
            if (function != keepLargest)
                throw Error(ErrorKind::Unsupported,
                            {FOVEA_TR("The post-processing {name} is not known here. Determine it again."),
                             {{"name", function}}});
            addLabels(arguments.at(i).at("labels_or_regions"), steps.emplace_back());
        }
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Format, {FOVEA_TR("The post-processing file is damaged ({why}). Determine it again."),
                                        {{"why", error.what()}}});
    }
    return steps;
}

}  // namespace fovea::measure

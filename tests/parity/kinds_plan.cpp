#include <algorithm>
#include <array>
#include <tuple>

#include "base/file.h"
#include "base/numpy_random.h"
#include "parity/array_recipes.h"
#include "parity/dataset_layout.h"
#include "parity/kinds.h"
#include "plan/nnunet/plans_file.h"
#include "plan/nnunet/splits.h"

namespace fovea::parity {

using namespace plan::nnunet;
using nlohmann::ordered_json;

namespace {

// The entry of plans_cases.json with this id.
const ordered_json& planCase(const ordered_json& file, const std::string& id) {
    for (const ordered_json& one : file.at("cases"))
        if (one.at("id") == id) return one;
    throw Error(ErrorKind::Format, {"there is no plan case {id}", {{"id", id}}});
}

// "<file>#<case>/<planner>" or "<file>#variants/<number>".
json expectedPlan(const GoldenCase& golden, const std::string& reference) {
    const std::size_t hash = reference.find('#'), slash = reference.rfind('/');
    const ordered_json file = file::readOrderedJson(golden.folder / reference.substr(0, hash));
    const std::string name = reference.substr(hash + 1, slash - hash - 1), rest = reference.substr(slash + 1);
    const ordered_json& found = name == "variants" ? file.at("variants").at(std::stoul(rest)).at("expected")
                                                   : planCase(file, name).at("expected").at(rest);
    json expected(found);
    for (json& configuration : expected["configurations"]) configuration.erase("depends_on_tie_rule");  // a remark
    return expected;
}

PlannerRequest plannerRequest(const GoldenCase& golden) {
    PlannerRequest request;
    request.planner = golden.option("planner").get<std::string>();
    const json arguments = golden.config.value("arguments", json::object());
    for (const auto& [name, value] : arguments.items()) {
        if (name == "gpu_memory_target_in_gb")
            request.gpuGigabytes = realNumber(value);
        else if (name == "overwrite_target_spacing")
            request.targetSpacing = {realNumber(value.at(0)), realNumber(value.at(1)), realNumber(value.at(2))};
        else if (name == "overwrite_plans_name" || name == "plans_name")
            request.plansName = value.get<std::string>();
        else if (name == "suppress_transpose")
            request.keepAxes = value.get<bool>();
        else
            throw Error(ErrorKind::Format, {"unknown planner argument {argument}", {{"argument", name}}});
    }
    return request;
}

// A configuration as plans_cases.json has it: the architecture's entries beside the others, and the estimate.
json flattened(const ordered_json& configuration, const PlannedConfiguration* planned) {
    json flat(configuration);
    if (planned == nullptr) return flat;
    const json architecture = flat["architecture"];
    flat.update(architecture.at("arch_kwargs"));
    flat["network_class_name"] = architecture.at("network_class_name");
    const std::string convolution = flat["conv_op"];
    flat["conv_op"] = convolution.substr(convolution.rfind('.') + 1);
    flat["feature_map_estimate"] = std::int64_t(planned->patch.estimate);
    return flat;
}

// compare() with outputs and tolerances in its own words instead of the manifest's.
Verdict compareWith(GoldenCase golden, json expected, const Values& computed, json tolerance) {
    golden.outputs = std::move(expected);
    golden.tolerance = std::move(tolerance);
    return compare(golden, computed);
}

Values valuesOf(const json& object) {
    Values values;
    for (const auto& [name, value] : object.items()) values[name] = value;
    return values;
}

json namesOf(const json& object) {
    json names = json::array();
    for (const auto& [name, value] : object.items()) names.push_back(name);
    return names;
}

json relative(const GoldenCase& golden, const char* key) {
    return {{"rel", realNumber(member(golden.tolerance, key))}};
}

Verdict plans(const GoldenCase& golden) {
    const ordered_json file = file::readOrderedJson(golden.folder / golden.input("file").get<std::string>());
    const ordered_json& one = planCase(file, golden.input("case").get<std::string>());
    const ExperimentPlan plan = planExperiment(datasetFingerprintFromJson(json(one.at("fingerprint"))),
                                               datasetFromJson(one.at("dataset_json")), plannerRequest(golden));
    const ordered_json written = plansJson(plan, "", "");
    json got(written);
    for (const auto& [name, configuration] : written.at("configurations").items())
        got["configurations"][name] = flattened(configuration, plan.find(name));
    json expected = expectedPlan(golden, member(golden.outputs, "json").get<std::string>());
    for (json* side : {&got, &expected}) (*side)["names"] = namesOf((*side)["configurations"]);  // none too many
    return compareWith(golden, expected, valuesOf(got), {{"default", relative(golden, "spacing_rel")}});
}

Verdict plansFile(const GoldenCase& golden) {
    const DatasetLayout layout = readLayout(golden, golden.input("layout"), false);
    const DatasetFingerprint fingerprint =
        loadFingerprint(golden.folder / golden.input("fingerprint").get<std::string>());
    const ExperimentPlan plan = planExperiment(fingerprint, layout.json, plannerRequest(golden));
    const ordered_json got = plansJson(plan, layout.name, readerOf(layout.json, layout.pictures));
    const json expected = file::readJson(golden.folder / member(golden.outputs, "json").get<std::string>());
    return compareWith(golden, expected, valuesOf(json(got)), {{"default", relative(golden, "floats_rel")}});
}

Verdict fingerprint(const GoldenCase& golden) {
    const DatasetLayout layout = readLayout(golden, golden.input("layout"), true);
    Job job;
    const json got(toJson(measureDataset(layout.cases, layout.json, job)));
    const json expected = file::readJson(golden.folder / member(golden.outputs, "json").get<std::string>());
    return compareWith(
        golden, expected, valuesOf(got),
        {{"spacings", relative(golden, "spacings_rel")},
         {"median_relative_size_after_cropping", relative(golden, "relative_size_rel")},
         {"foreground_intensity_properties_per_channel", relative(golden, "intensity_same_random_stream_rel")}});
}

Values plansResolve(const GoldenCase& golden) {
    const PlansFile file{ordered_json(golden.input("plans"))};
    const DatasetJson dataset = datasetFromJson(ordered_json(golden.input("dataset_json")));
    json configurations = json::object();
    for (const std::string& name : file.names()) {
        const ordered_json resolved = file.configuration(name);
        const std::string previous = file.previousStage(name);
        const std::vector<std::string> next = file.nextStages(name);
        configurations[name] = {{"batch_size", resolved.at("batch_size")},
                                {"patch_size", resolved.at("patch_size")},
                                {"previous_stage", previous.empty() ? json() : json(previous)},
                                {"next_stages", next.empty() ? json() : json(next)},
                                {"data_identifier", resolved.at("data_identifier")},
                                {"input_channels", file.inputChannels(name, dataset)}};
    }
    return {{"configurations", configurations}};
}

Values plansResolveOld(const GoldenCase& golden) {
    const PlansFile file{ordered_json{{"configurations", {{"old", ordered_json(golden.input("configuration"))}}}}};
    return {{"architecture", json(file.configuration("old").at("architecture"))}};
}

Values splits(const GoldenCase& golden) {
    const auto cases = golden.input("identifiers").get<std::vector<std::string>>();
    const int folds = int(wholeNumber(golden.option("folds")));
    if (wholeNumber(golden.option("seed")) != splitSeed) throw Error(ErrorKind::Format, "nnU-Net's seed is 12345");
    return {{"splits", json(toJson(crossValidation(cases, folds)))}};
}

Values split8020(const GoldenCase& golden) {
    const Fold fold = randomFold(golden.input("identifiers").get<std::vector<std::string>>(),
                                 int(wholeNumber(golden.option("fold"))));
    return {{"train", json(fold.train)}, {"val", json(fold.validation)}};
}

// Drawn in this order from one stream: shuffle_<n>, choice_replace_<n>_<k>, choice_noreplace_<n>_<k>, small n first.
Values randomStream(const GoldenCase& golden) {
    struct Draw {
        int kind;
        std::int64_t n, k;
        std::string name;
        auto order() const { return std::tuple(kind, n, k); }
    };
    const std::array<std::string, 3> kinds{"shuffle_", "choice_replace_", "choice_noreplace_"};
    std::vector<Draw> draws;
    for (const auto& [name, value] : golden.outputs.items())
        for (int kind = 0; kind < 3; ++kind) {
            const std::string& stem = kinds[std::size_t(kind)];
            if (!name.starts_with(stem)) continue;
            const std::size_t second = name.find('_', stem.size());
            draws.push_back({kind, std::stoll(name.substr(stem.size())),
                             kind > 0 && second != std::string::npos ? std::stoll(name.substr(second + 1)) : 0, name});
        }
    std::sort(draws.begin(), draws.end(), [](const Draw& a, const Draw& b) { return a.order() < b.order(); });
    NumpyRandom random(std::uint32_t(wholeNumber(golden.option("seed"))));
    Values values;
    for (const Draw& d : draws)
        values[d.name] = json(d.kind == 0   ? random.permutation(d.n)
                              : d.kind == 1 ? random.choice(d.n, d.k)
                                            : random.choiceWithoutReplacement(d.n, d.k));
    return values;
}

Values labels(const GoldenCase& golden) {
    json rows = json::array();
    for (const json& row : golden.input("rows")) {
        ordered_json entries = ordered_json::object();
        for (const json& entry : member(row, "labels_in_order")) entries[entry.at(0).get<std::string>()] = entry.at(1);
        const Labels labels = Labels::fromJson(entries, ordered_json(member(row, "regions_class_order")));
        json regions;
        for (const LabelEntry& region : labels.regions())
            regions.push_back(region.list ? json(region.values) : json(region.values.front()));
        rows.push_back({{"has_regions", labels.hasRegions()},
                        {"foreground_labels", labels.foreground()},
                        {"foreground_regions", regions},
                        {"ignore_label", labels.ignore() ? json(*labels.ignore()) : json()},
                        {"num_segmentation_heads", labels.outputs()},
                        {"all_labels", labels.all()}});
    }
    return {{"rows", rows}};
}

Verdict oneHotMasks(const GoldenCase& golden) {
    const tensorfile::Tensor map = makeArray(golden, golden.input("segmentation"));
    const tensorfile::Shape& s = map.shape;
    const auto values = map.toInt();
    const Volume<std::int32_t> volume({s.at(0), s.at(1), s.at(2)},
                                      std::vector<std::int32_t>(values.begin(), values.end()));
    std::vector<std::uint8_t> masks;
    const auto wanted = golden.option("labels").get<std::vector<std::int32_t>>();
    for (const Volume<std::uint8_t>& mask : oneHot(volume, wanted)) masks.insert(masks.end(), mask.begin(), mask.end());
    const tensorfile::Shape shape{std::int64_t(wanted.size()), s.at(0), s.at(1), s.at(2)};
    return compareWith(golden, {{"out", member(golden.outputs, "tensors").get<std::string>() + "/out"}},
                       {{"out", tensorfile::Tensor::from(shape, masks)}}, golden.tolerance);
}

}  // namespace

std::vector<Kind> planKinds() {
    return {{"plans", nullptr, plans},
            {"plans_file", nullptr, plansFile},
            {"plans_resolve", plansResolve},
            {"plans_resolve_old", plansResolveOld},
            {"fingerprint", nullptr, fingerprint},
            {"splits", splits},
            {"split_8020", split8020},
            {"random_stream", randomStream},
            {"labels", labels},
            {"one_hot", nullptr, oneHotMasks}};
}

}  // namespace fovea::parity

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "measure/postprocessing.h"
#include "parity/array_recipes.h"
#include "parity/kinds.h"
#include "parity/nnunet_cases.h"
#include "plan/export_prediction.h"
#include "plan/nnunet_preprocess.h"

// nnU-Net's preprocessing, resampling, export and post-processing (README of the nnU-Net fixtures).
namespace fovea::parity {

namespace {

using tensorfile::Tensor;

// Expectations in the words of compare().
struct Check {
    GoldenCase golden;
    Values values;

    explicit Check(const GoldenCase& from) : golden(from) { golden.outputs = golden.tolerance = json::object(); }
    void add(const std::string& name, json want, Value got, json tolerance = "exact") {
        golden.outputs[name] = std::move(want);
        golden.tolerance[name] = std::move(tolerance);
        values[name] = std::move(got);
    }
    Verdict verdict() const { return compare(golden, values); }
};

std::string reference(const GoldenCase& golden, const std::string& name) {
    return member(golden.outputs, "tensors").get<std::string>() + "/" + name;
}

json abs(double allowed) { return {{"abs", allowed}}; }

double tolerance(const GoldenCase& golden, const char* key) { return realNumber(member(golden.tolerance, key)); }

std::int64_t differences(const Tensor& want, const std::vector<std::int64_t>& got) {
    const std::vector<std::int64_t> values = want.toInt();
    if (values.size() != got.size()) return std::int64_t(std::max(values.size(), got.size()));
    std::int64_t count = 0;
    for (std::size_t i = 0; i < got.size(); ++i) count += values[i] != got[i];
    return count;
}

std::vector<std::int64_t> wholes(const Tensor& tensor) {
    const std::vector<double> values = tensor.toDouble();
    return {values.begin(), values.end()};
}

// Labels equal to one of two stored results on 99.8 %; which: "" or "_0253" where they are equal everywhere.
std::optional<std::string> addLabels(Check& check, const GoldenCase& golden, const std::string& name,
                                     const std::vector<std::int64_t>& got) {
    std::optional<std::string> equal;
    std::int64_t fewest = std::int64_t(got.size());
    for (const std::string version : {"_0253", ""}) {
        const Tensor want = tensorAt(golden.folder, reference(golden, name + version));
        Tensor whole = Tensor::from(want.shape, wholes(want));
        const std::int64_t count = differences(whole, got);
        if (count == 0) equal = version;
        fewest = std::min(fewest, count);
    }
    check.add(name + " differs", 0, json(fewest), abs(0.002 * double(got.size())));
    return equal;
}

template <class T>
std::shared_ptr<MemoryImage> imageOf(const std::vector<Volume<T>>& channels) {
    std::vector<AnyVolume> any;
    for (const Volume<T>& channel : channels) any.push_back(AnyVolume::from(channel));
    return std::make_shared<MemoryImage>(std::move(any));
}

// A label map of z, y, x.
Volume<std::int32_t> labelArray(const GoldenCase& golden, const json& recipe) {
    const Tensor array = makeArray(golden, recipe);
    if (array.shape.size() != 3)
        throw Error(ErrorKind::Format, {"{shape} is no volume", {{"shape", tensorfile::toString(array.shape)}}});
    const std::vector<std::int64_t> values = array.toInt();
    return {{array.shape[0], array.shape[1], array.shape[2]}, std::vector<std::int32_t>(values.begin(), values.end())};
}

json boxJson(const Box& box) {
    json pairs = json::array();
    for (int axis = 0; axis < 3; ++axis) pairs.push_back({box.begin[axis], box.end[axis]});
    return pairs;
}
json listOf(Index v) { return {v.z, v.y, v.x}; }

plan::PreprocessRule ruleOf(const json& plans, const GoldenCase& golden) {
    return plan::preprocessRule(plans, golden.option("configuration").get<std::string>());
}

json locationsJson(const std::vector<Index>& places) {
    const auto entry = [](Index v) { return json{0, v.z, v.y, v.x}; };
    Index sum;
    for (const Index place : places) sum = sum + place;
    json result = {{"count", places.size()}, {"first", json::array()}, {"last", json::array()}, {"sum", entry(sum)}};
    for (std::size_t i = 0; i < std::min<std::size_t>(5, places.size()); ++i)
        result["first"].push_back(entry(places[i]));
    if (!places.empty()) result["last"].push_back(entry(places.back()));
    return result;
}

Verdict preprocess(const GoldenCase& golden) {
    const auto image = imageOf(channelsOf<float>(makeArray(golden, golden.input("image"))));
    std::shared_ptr<MemoryImage> labels;
    CaseLabels known = caseLabels(golden);
    if (golden.inputs.contains("label")) {
        labels = imageOf(std::vector<Volume<std::int32_t>>{labelArray(golden, golden.inputs["label"])});
        if (known.ignore) {
            std::vector<std::int32_t> annotated{-1};
            annotated.insert(annotated.end(), known.all.begin(), known.all.end());
            known.classes.push_back(annotated), known.names.push_back(tupleName(annotated));
        }
    }
    Job job;
    const plan::PreprocessInput input{*image, labels.get(), vectorOf(golden.option("spacing"), 1),
                                      labels ? known.classes : std::vector<plan::ClassKey>()};
    const plan::PreprocessedCase result = plan::preprocessCase(input, ruleOf(golden.option("plans"), golden), job);

    Check check(golden);
    check.add("data", reference(golden, "data"), arrayOf(result.image, 3), abs(tolerance(golden, "data_abs")));
    const auto version = addLabels(check, golden, "seg", {result.labels.begin(), result.labels.end()});
    const json& properties = member(golden.outputs, "properties");
    check.add("shape_before_cropping", member(properties, "shape_before_cropping"),
              listOf(result.properties.wholeShape));
    check.add("bbox_used_for_cropping", member(properties, "bbox_used_for_cropping"), boxJson(result.properties.crop));
    const char* const after = "shape_after_cropping_and_before_resampling";
    check.add(after, member(properties, after), listOf(result.properties.crop.extent()));
    if (version && properties.contains("class_locations" + *version)) {
        json locations = json::object();
        for (std::size_t c = 0; c < known.classes.size(); ++c)
            locations[known.names[c]] = locationsJson(result.properties.classLocations[c]);
        check.add("class_locations" + *version, properties["class_locations" + *version], locations);
    }
    return check.verdict();
}

Verdict preprocessSamples(const GoldenCase& golden) {
    const DatasetCase one =
        datasetCase(golden, golden.input("layout").get<std::string>(), golden.option("case").get<std::string>());
    const auto image = imageOf(one.channels);
    const auto labels = imageOf(std::vector<Volume<std::int32_t>>{one.labels});
    const json plans = file::readJson(golden.folder / golden.option("plans").get<std::string>());
    Job job;
    const plan::PreprocessedCase result =
        plan::preprocessCase({*image, labels.get(), one.spacing, {}}, ruleOf(plans, golden), job);

    Check check(golden);
    const std::int64_t channels = std::int64_t(result.image.size()), step = wholeNumber(golden.option("flat_step"));
    std::vector<float> samples;
    json means = json::array(), deviations = json::array();
    for (const Volume<float>& channel : result.image) {
        double sum = 0, squares = 0;
        for (const float value : channel) sum += value;
        const double mean = sum / double(channel.size());
        for (const float value : channel) squares += (value - mean) * (value - mean);
        means.push_back(mean), deviations.push_back(std::sqrt(squares / double(channel.size())));
        for (std::int64_t i = 0; i < channel.size(); i += step) samples.push_back(channel.data()[i]);
    }
    const Index n = result.labels.shape();
    check.add("shape", member(golden.outputs, "shape"), json{channels, n.z, n.y, n.x});
    check.add("data", reference(golden, "data"),
              Tensor::from({channels, std::int64_t(samples.size()) / channels}, samples),
              abs(tolerance(golden, "data_abs")));
    check.add("mean", member(golden.outputs, "mean"), means, abs(tolerance(golden, "mean_abs")));
    check.add("std", member(golden.outputs, "std"), deviations, abs(tolerance(golden, "std_abs")));
    check.add("bbox", member(golden.outputs, "bbox"), boxJson(result.properties.crop));
    std::vector<std::int64_t> labelSamples;
    for (std::int64_t i = 0; i < result.labels.size(); i += step) labelSamples.push_back(result.labels.data()[i]);
    addLabels(check, golden, "seg", labelSamples);
    json counts = json::object();
    for (const std::int16_t label : result.labels) {
        json& count = counts[std::to_string(label)];
        count = count.is_null() ? 1 : count.get<std::int64_t>() + 1;
    }
    check.add("label_counts", member(golden.outputs, "label_counts"), counts,
              {{"rel", tolerance(golden, "label_counts_rel")}});
    return check.verdict();
}

template <class T>
Tensor resampledChannels(const Tensor& array, const GoldenCase& golden, const plan::ResampleRule& rule) {
    std::vector<Volume<T>> channels = channelsOf<T>(array);
    Job job;
    for (Volume<T>& channel : channels) {
        const plan::Resampling r =
            plan::resampling(channel.shape(), vectorOf(golden.option("current_spacing"), 1),
                             indexOf(golden.option("new_shape"), 1), vectorOf(golden.option("new_spacing"), 1), rule);
        if constexpr (std::is_same_v<T, float>)
            channel = plan::resampled(channel, r, job);
        else
            channel = plan::resampledLabels(channel, r, job);
    }
    return arrayOf(channels, 3);
}

plan::ResampleRule resampleRule(const GoldenCase& golden) {
    plan::ResampleRule rule;
    if (!golden.option("force_separate_z").is_null())
        rule.separateForced = golden.config["force_separate_z"].get<bool>();
    return rule;
}

Verdict resample(const GoldenCase& golden) {
    plan::ResampleRule rule = resampleRule(golden);
    rule.order = int(wholeNumber(golden.option("order"))),
    rule.orderAcross = int(wholeNumber(golden.option("order_z")));
    const Tensor array = makeArray(golden, golden.input("array"));
    Check check(golden);
    if (golden.option("is_seg").get<bool>())
        addLabels(check, golden, "out", wholes(resampledChannels<std::int32_t>(array, golden, rule)));
    else
        check.add("out", reference(golden, "out"), resampledChannels<float>(array, golden, rule),
                  abs(tolerance(golden, "abs")));
    const auto axis = plan::separateAxis(vectorOf(golden.option("current_spacing"), 1),
                                         vectorOf(golden.option("new_spacing"), 1), rule.separateForced);
    check.add("separate_axis", golden.option("separate_axis"), axis ? json(*axis) : json());
    return check.verdict();
}

// The optional torch resampler: plain linear and nearest interpolation, equal labels to the smallest.
Verdict resampleTorch(const GoldenCase& golden) {
    plan::ResampleRule rule = resampleRule(golden);
    rule.order = 1, rule.nearestBreaksTies = false;
    const Tensor array = makeArray(golden, golden.input("array"));
    Check check(golden);
    if (golden.option("is_seg").get<bool>()) {
        const auto got = wholes(resampledChannels<std::int32_t>(array, golden, rule));
        const Tensor want = tensorAt(golden.folder, reference(golden, "out"));
        check.add("out differs", 0, json(differences(want, got)), abs(0.002 * double(got.size())));
    } else {
        check.add("out", reference(golden, "out"), resampledChannels<float>(array, golden, rule),
                  abs(tolerance(golden, "abs")));
    }
    return check.verdict();
}

Values separateZ(const GoldenCase& golden) {
    json rows = json::array();
    for (const json& row : golden.input("rows")) {
        std::optional<bool> forced;
        if (!row.at("force").is_null()) forced = row["force"].get<bool>();
        const auto axis = plan::separateAxis(vectorOf(row.at("current"), 1), vectorOf(row.at("new"), 1), forced);
        rows.push_back({{"separate", axis.has_value()}, {"axis", axis ? json(*axis) : json()}});
    }
    return {{"rows", rows}};
}

Values newShape(const GoldenCase& golden) {
    json shapes = json::array();
    for (const json& row : golden.input("rows"))
        shapes.push_back(listOf(plan::resampledShape(indexOf(row.at("shape"), 1), vectorOf(row.at("current"), 1),
                                                     vectorOf(row.at("new"), 1))));
    return {{"shapes", shapes}};
}

// The nearest float16, half to even; logits are stored so.
float asHalf(float value) {
    int exponent = 0;
    std::frexp(value, &exponent);
    const float unit = std::ldexp(1.0f, std::max(exponent - 1, -14) - 10);
    return std::nearbyint(value / unit) * unit;
}

Verdict exportCase(const GoldenCase& golden) {
    std::vector<Volume<float>> logits = channelsOf<float>(makeArray(golden, golden.input("logits")));
    if (golden.option("logits_dtype") == "float16")
        for (Volume<float>& channel : logits) std::transform(channel.begin(), channel.end(), channel.begin(), asHalf);
    const plan::PreprocessRule rule = ruleOf(golden.option("plans"), golden);
    const json& stored = golden.option("properties");
    plan::CaseProperties properties{
        vectorOf(stored.at("spacing"), 1), indexOf(stored.at("shape_before_cropping"), 1), {}, {}};
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const json& range = stored.at("bbox_used_for_cropping").at(axis);
        properties.crop.begin[int(axis)] = wholeNumber(range.at(0));
        properties.crop.end[int(axis)] = wholeNumber(range.at(1));
    }
    const plan::Prediction prediction{logits[0].shape(), int(logits.size()),
                                      [&](int channel, std::int64_t begin, std::int64_t end, float* out) {
                                          plan::planesOf(logits[std::size_t(channel)])(begin, end, out);
                                      },
                                      caseLabels(golden).regionLabels};
    Job job;
    const Volume<std::uint16_t> labels = plan::exportedLabels(prediction, properties, rule, job);
    const std::vector<Volume<float>> probabilities = plan::exportedProbabilities(prediction, properties, rule, job);

    Check check(golden);
    const double allowed = tolerance(golden, "probabilities_abs");
    check.add("probabilities", reference(golden, "probabilities"), arrayOf(probabilities, 3), abs(allowed));
    // Where two outputs are as close as that either may win, in at most 0.5 % of the voxels.
    for (const char* name : {"segmentation", "segmentation_from_probabilities"}) {
        const std::vector<std::int64_t> want = tensorAt(golden.folder, reference(golden, name)).toInt();
        std::int64_t far = std::int64_t(want.size()) != labels.size(), close = 0;
        for (std::int64_t i = 0; far == 0 && i < labels.size(); ++i) {
            if (want[std::size_t(i)] == labels.data()[i]) continue;
            std::vector<float> values;
            for (const Volume<float>& channel : probabilities) values.push_back(channel.data()[i]);
            std::sort(values.rbegin(), values.rend());
            const bool undecided =
                prediction.regionLabels.empty()
                    ? values.size() < 2 || values[0] - values[1] < allowed
                    : std::any_of(values.begin(), values.end(), [&](float p) { return std::abs(p - 0.5) < allowed; });
            ++(undecided ? close : far);
        }
        check.add(std::string(name) + " differs", 0, json(far));
        check.add(std::string(name) + " undecided", 0, json(close), abs(0.005 * double(want.size())));
    }
    return check.verdict();
}

// As compare() writes numbers that are none.
json withNan(json value) {
    if (value.is_number_float() && std::isnan(value.get<double>())) return "nan";
    if (value.is_structured())
        for (json& one : value) one = withNan(one);
    return value;
}

Verdict postprocessing(const GoldenCase& golden) {
    const CaseLabels labels = caseLabels(golden);
    std::vector<measure::LabelCase> cases;
    for (const json& one : golden.input("cases"))
        cases.push_back({[&] { return labelArray(golden, one.at("reference")); },
                         [&] { return labelArray(golden, one.at("prediction")); }});
    Job job;
    const measure::Postprocessing chosen = measure::choosePostprocessing(cases, labels.classes, labels.ignore, job);

    Check check(golden);
    const json scores = {{"abs", tolerance(golden, "scores_abs")}, {"rel", tolerance(golden, "scores_abs")}};
    json before = member(golden.outputs, "summary");
    for (json& one : before["metric_per_case"]) one.erase("prediction_file"), one.erase("reference_file");
    check.add("summary", before, withNan(measure::summaryJson(chosen.before, labels.names)), scores);
    check.add("summary_after", member(golden.outputs, "summary_after"),
              withNan(measure::summaryJson(chosen.after, labels.names)), scores);
    const json file = measure::postprocessingJson(chosen, labels.names);
    check.add("postprocessing_json", member(golden.outputs, "postprocessing_json"), withNan(file), scores);
    json steps = json::array();
    for (std::size_t i = 0; i < file["postprocessing_fns"].size(); ++i)
        steps.push_back({{"function", file["postprocessing_fns"][i]},
                         {"labels_or_regions", file["postprocessing_kwargs"][i]["labels_or_regions"]}});
    check.add("steps", member(golden.outputs, "steps"), steps);
    check.add("steps read", chosen.steps, json(measure::postprocessingSteps(file)));
    for (std::size_t i = 0; i < cases.size(); ++i) {
        Volume<std::int32_t> cleaned = cases[i].prediction();
        for (const measure::LabelClass& step : chosen.steps) measure::keepLargestComponent(cleaned, step, job);
        const auto name = golden.inputs["cases"][i].at("name").get<std::string>();
        const Index n = cleaned.shape();
        check.add(name, reference(golden, name), Tensor::from({n.z, n.y, n.x}, cleaned.vector()));
    }
    return check.verdict();
}

}  // namespace

std::vector<Kind> preprocessKinds() {
    return {{"preprocess", nullptr, preprocess}, {"preprocess_samples", nullptr, preprocessSamples},
            {"resample", nullptr, resample},     {"resample_torch", nullptr, resampleTorch},
            {"separate_z", separateZ},           {"new_shape", newShape},
            {"export", nullptr, exportCase},     {"postprocessing", nullptr, postprocessing}};
}

}  // namespace fovea::parity

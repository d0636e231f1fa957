#include <numeric>

#include "measure/components.h"
#include "measure/matching.h"
#include "parity/kinds.h"
#include "parity/label_recipes.h"

namespace fovea::parity {

namespace {

tensorfile::Tensor asTensor(const Volume<std::int32_t>& labels, const tensorfile::Shape& shape) {
    return tensorfile::Tensor::from(shape, labels.vector());
}

}  // namespace

Values connectedComponents(const GoldenCase& golden) {
    const LabelVolume input = checkedLabels(golden, "labels");
    const bool multiLabel = golden.config.value("multi_label", false);
    measure::Components components =
        measure::connectedComponents(input.volume, int(wholeNumber(golden.option("connectivity"))), multiLabel);
    const std::int64_t minSize = golden.config.contains("min_size") ? wholeNumber(golden.config["min_size"]) : 0;
    const std::vector<std::int32_t> kept = components.atLeast(minSize);
    std::int64_t keptVoxels = 0;
    for (const std::int32_t id : kept) keptVoxels += components.sizes[std::size_t(id) - 1];
    Values values = {{"count", json(components.count())},     {"sizes", json(components.sizes)},
                     {"largest", json(components.largest())}, {"kept_ids", json(kept)},
                     {"kept_voxels", json(keptVoxels)},       {"labels", asTensor(components.labels, input.shape())}};
    measure::dropSmall(components, minSize);
    values["compact"] = asTensor(measure::compacted(components).labels, input.shape());
    return values;
}

Values instanceMatching(const GoldenCase& golden) {
    const LabelVolume reference = checkedLabels(golden, "reference"), prediction = checkedLabels(golden, "prediction");
    const measure::OverlapTable table = measure::overlapTable(reference.volume, prediction.volume);
    std::vector<double> thresholds = measure::standardThresholds();
    if (golden.config.contains("thresholds")) {
        thresholds.clear();
        for (const json& threshold : golden.config["thresholds"]) thresholds.push_back(realNumber(threshold));
    }
    const measure::MatchReport report = measure::matchReport(table, thresholds);
    json lists = json::object();
    for (const measure::MatchScores& s : report.byThreshold) {
        lists["tp"].push_back(s.tp);
        lists["fp"].push_back(s.fp);
        lists["fn"].push_back(s.fn);
        lists["precision"].push_back(s.precision);
        lists["recall"].push_back(s.recall);
        lists["accuracy"].push_back(s.accuracy);
        lists["f1"].push_back(s.f1);
        lists["mean_true_score"].push_back(s.meanTrueScore);
        lists["mean_matched_score"].push_back(s.meanMatchedScore);
        lists["panoptic_quality"].push_back(s.panopticQuality);
        lists["recognition_quality"].push_back(s.f1);
        lists["segmentation_quality"].push_back(s.meanMatchedScore);
    }
    json pairs = json::array();
    for (const measure::MatchedPair& pair : measure::matchObjects(table, 0.5).pairs)
        pairs.push_back({pair.reference, pair.predicted, pair.iou});
    Values values = {{"n_true", json(table.referenceIds.size())},
                     {"n_pred", json(table.predictedIds.size())},
                     {"mean_accuracy", json(report.meanAccuracy)},
                     {"mean_f1", json(report.meanF1)},
                     {"matched_pairs_at_0.5", std::move(pairs)}};
    for (const auto& [name, list] : lists.items()) values[name] = list;
    return values;
}

}  // namespace fovea::parity

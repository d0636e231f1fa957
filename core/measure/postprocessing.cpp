#include "measure/postprocessing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "base/parallel.h"
#include "measure/components.h"

namespace fovea::measure {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

constexpr std::array<double ClassScores::*, 8> fields{
    &ClassScores::dice, &ClassScores::iou, &ClassScores::tp,         &ClassScores::fp,
    &ClassScores::fn,   &ClassScores::tn,  &ClassScores::references, &ClassScores::predictions};

bool contains(const LabelClass& labels, std::int32_t label) {
    return std::find(labels.begin(), labels.end(), label) != labels.end();
}

LabelClass unionOf(const std::vector<LabelClass>& classes) {
    LabelClass all;
    for (const LabelClass& one : classes) all.insert(all.end(), one.begin(), one.end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

LabelSummary evaluate(const std::vector<LabelCase>& cases, const std::vector<LabelClass>& classes,
                      const std::vector<LabelClass>& steps, std::optional<std::int32_t> ignore, Job& job) {
    std::vector<std::vector<ClassScores>> byCase(cases.size());
    parallelFor(std::int64_t(cases.size()), job, [&](std::int64_t i) {
        const LabelCase& one = cases[std::size_t(i)];
        Volume<std::int32_t> prediction = one.prediction();
        for (const LabelClass& step : steps) keepLargestComponent(prediction, step, job);
        byCase[std::size_t(i)] = scoreLabels(one.reference(), prediction, classes, ignore);
    });
    return summarise(std::move(byCase), classes.size());
}

bool noneFalls(const LabelSummary& before, const LabelSummary& after) {
    for (std::size_t c = 0; c < before.mean.size(); ++c)
        if (after.mean[c].dice < before.mean[c].dice) return false;
    return true;
}

}  // namespace

std::vector<ClassScores> scoreLabels(const Volume<std::int32_t>& reference, const Volume<std::int32_t>& prediction,
                                     const std::vector<LabelClass>& classes, std::optional<std::int32_t> ignore) {
    if (!(reference.shape() == prediction.shape()))
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("A reference of {a} voxels and a prediction of {b} cannot be compared. Use files of the "
                              "same case."),
                     {{"a", toString(reference.shape())}, {"b", toString(prediction.shape())}}});
    // How often each pair of labels meets; neighbours mostly repeat the pair before.
    std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> pairs;
    auto last = pairs.end();
    for (std::int64_t i = 0; i < reference.size(); ++i) {
        const std::pair pair(reference.data()[i], prediction.data()[i]);
        if (last == pairs.end() || last->first != pair) last = pairs.try_emplace(pair, 0).first;
        ++last->second;
    }
    std::vector<ClassScores> result;
    for (const LabelClass& one : classes) {
        std::int64_t counts[2][2] = {};  // [in the reference][in the prediction]
        for (const auto& [pair, voxels] : pairs)
            if (pair.first != ignore) counts[contains(one, pair.first)][contains(one, pair.second)] += voxels;
        ClassScores& scores = result.emplace_back();
        scores.tp = double(counts[1][1]), scores.fp = double(counts[0][1]);
        scores.fn = double(counts[1][0]), scores.tn = double(counts[0][0]);
        scores.references = scores.tp + scores.fn, scores.predictions = scores.tp + scores.fp;
        const double any = scores.tp + scores.fp + scores.fn;
        scores.dice = any > 0 ? 2 * scores.tp / (scores.tp + any) : nan;
        scores.iou = any > 0 ? scores.tp / any : nan;
    }
    return result;
}

LabelSummary summarise(std::vector<std::vector<ClassScores>> byCase, std::size_t classes) {
    LabelSummary summary{std::move(byCase), std::vector<ClassScores>(classes), {}};
    for (const auto field : fields) {
        double total = 0;
        for (std::size_t c = 0; c < classes; ++c) {
            double sum = 0, count = 0;
            for (const auto& one : summary.byCase)
                if (!std::isnan(one[c].*field)) sum += one[c].*field, ++count;
            summary.mean[c].*field = count > 0 ? sum / count : nan;
            total += summary.mean[c].*field;
        }
        summary.foreground.*field = classes > 0 ? total / double(classes) : nan;
    }
    return summary;
}

void keepLargestComponent(Volume<std::int32_t>& labels, const LabelClass& of, Job& job) {
    Volume<std::uint8_t> mask(labels.shape());
    std::transform(labels.begin(), labels.end(), mask.begin(),
                   [&](std::int32_t label) { return std::uint8_t(contains(of, label)); });
    const Components components = connectedComponents(mask, 26, false, job);
    if (components.count() < 2) return;
    const std::int64_t most = *std::max_element(components.sizes.begin(), components.sizes.end());
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        const std::int32_t id = components.labels.data()[i];
        if (id > 0 && components.sizes[std::size_t(id - 1)] < most) labels.data()[i] = 0;
    }
}

Postprocessing choosePostprocessing(const std::vector<LabelCase>& cases, const std::vector<LabelClass>& classes,
                                    std::optional<std::int32_t> ignore, Job& job) {
    Postprocessing result;
    const double trials = 2 + (classes.size() > 1 ? double(classes.size()) : 0);
    double done = 0;
    const auto evaluated = [&](const std::vector<LabelClass>& steps) {
        LabelSummary summary = evaluate(cases, classes, steps, ignore, job);
        job.progress(++done, trials);
        return summary;
    };
    result.before = result.after = evaluated({});
    const auto attempt = [&](const LabelClass& step, const auto& better) {
        std::vector<LabelClass> steps = result.steps;
        steps.push_back(step);
        LabelSummary summary = evaluated(steps);
        if (!better(result.after, summary)) return;
        result.steps = std::move(steps);
        result.after = std::move(summary);
    };
    attempt(unionOf(classes), [](const LabelSummary& before, const LabelSummary& after) {
        return after.foreground.dice > before.foreground.dice && noneFalls(before, after);
    });
    for (std::size_t c = 0; c < classes.size() && classes.size() > 1; ++c)
        attempt(classes[c], [c](const LabelSummary& before, const LabelSummary& after) {
            return after.mean[c].dice > before.mean[c].dice;
        });
    return result;
}

}  // namespace fovea::measure

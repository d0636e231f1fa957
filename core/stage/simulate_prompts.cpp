#include "stage/simulate_prompts.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/rng.h"
#include "measure/matching.h"
#include "measure/object_stats.h"
#include "segment/pseudo_labeler.h"

namespace fovea::stage {
namespace {

const std::map<std::string, segment::Damage> damages{{"eroded", segment::Damage::Eroded},
                                                     {"dilated", segment::Damage::Dilated},
                                                     {"merged", segment::Damage::Merged},
                                                     {"cut", segment::Damage::Cut}};

std::vector<std::int32_t> drawn(const Volume<std::int32_t>& truth, const PromptSimulation& simulation, Job& job) {
    std::vector<std::int32_t> ids;
    for (const measure::ObjectStats& s : measure::objectStats(truth, nullptr, job))
        if (s.voxels >= simulation.minVoxels) ids.push_back(std::int32_t(s.id));
    Rng(simulation.seed).shuffle(ids);
    if (ids.size() > simulation.objects) ids.resize(simulation.objects);
    return ids;
}

// What the classical engine proposes in place of each true object: the proposal with the best IoU.
std::map<std::int32_t, Volume<std::uint8_t>> proposals(const ImageSource& image, const Volume<std::int32_t>& truth,
                                                       const std::vector<std::int32_t>& ids, Job& job) {
    const auto& labeler = *segment::pseudoLabelers().front();
    const Volume<std::int32_t> found =
        labeler.run({image, 0, Box::of(truth.shape()), {}, Options(labeler.options())}, job).labels;
    const measure::OverlapTable table = measure::overlapTable(truth, found, job);
    std::map<std::int64_t, measure::OverlapTable::Entry> best;
    for (const auto& entry : table.entries) {
        const std::int64_t id = table.referenceIds[std::size_t(entry.reference)];
        const auto [at, first] = best.emplace(id, entry);
        if (!first && table.iou(entry) > table.iou(at->second)) at->second = entry;
    }
    std::map<std::int32_t, Volume<std::uint8_t>> result;
    for (const std::int32_t id : ids) {
        if (!best.contains(id)) continue;
        const std::int64_t proposal = table.predictedIds[std::size_t(best.at(id).predicted)];
        Volume<std::uint8_t>& mask = result.emplace(id, Volume<std::uint8_t>(truth.shape())).first->second;
        std::transform(found.begin(), found.end(), mask.begin(), [&](std::int32_t v) { return v == proposal; });
    }
    return result;
}

PromptScores scoresOf(const std::vector<segment::RobotRun>& runs, const segment::RobotRules& rules) {
    PromptScores scores;
    scores.objects = runs.size();
    std::vector<int> clicks;
    for (const segment::RobotRun& run : runs) {
        clicks.push_back(run.reached ? run.clicks() : rules.mostClicks);
        scores.failures += !run.reached;
        scores.strayed = std::max(scores.strayed, run.strayed);
    }
    if (clicks.empty()) return scores;
    std::sort(clicks.begin(), clicks.end());
    const std::size_t n = clicks.size();
    scores.medianClicks = 0.5 * (clicks[(n - 1) / 2] + clicks[n / 2]);
    scores.meanClicks = double(std::accumulate(clicks.begin(), clicks.end(), 0)) / double(n);
    return scores;
}

}  // namespace

std::vector<std::string> startNames() {
    std::vector<std::string> names{"nothing", "pseudo"};
    for (const auto& [name, damage] : damages) names.push_back(name);
    return names;
}

PromptScores simulatePrompts(const segment::PromptEngine& engine, const ImageSource& image,
                             const Volume<std::int32_t>& truth, const PromptSimulation& simulation,
                             const std::function<void(std::int32_t id, const segment::RobotRun&)>& each, Job& job) {
    const std::vector<std::int32_t> ids = drawn(truth, simulation, job);
    std::map<std::int32_t, Volume<std::uint8_t>> found;
    if (simulation.start == "pseudo") found = proposals(image, truth, ids, job);
    std::vector<segment::RobotRun> runs;
    for (const std::int32_t id : ids) {
        Volume<std::uint8_t> object(truth.shape()), start;
        std::transform(truth.begin(), truth.end(), object.begin(), [&](std::int32_t v) { return v == id; });
        if (damages.contains(simulation.start))
            start = segment::damaged(truth, id, damages.at(simulation.start), image.info().geometry.spacing, job);
        else if (found.contains(id))
            start = std::move(found.at(id));
        runs.push_back(segment::annotate(engine, image, object, start, simulation.rules, job));
        each(id, runs.back());
        job.progress(double(runs.size()), double(ids.size()));
    }
    return scoresOf(runs, simulation.rules);
}

}  // namespace fovea::stage

#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

// nnU-Net's evaluation summary, and its rule whether to keep only the largest component (spec nnunet.md sections 4.8,
// 5.4).
namespace fovea::measure {

// A label, or a region: voxels with any of these labels.
using LabelClass = std::vector<std::int32_t>;

// Counts and scores of one class; means over cases need not be whole. Dice and IoU are NaN where the class occurs on
// neither side.
struct ClassScores {
    double dice = 0, iou = 0;
    double tp = 0, fp = 0, fn = 0, tn = 0, references = 0, predictions = 0;
};

struct LabelSummary {
    std::vector<std::vector<ClassScores>> byCase;  // [case][class]
    std::vector<ClassScores> mean;                 // per class over the cases, NaN left out; NaN when all are
    ClassScores foreground;                        // plain mean over the classes
};

// Voxels whose reference is `ignore` count nowhere. Volumes of equal shape, else Error(Input).
std::vector<ClassScores> scoreLabels(const Volume<std::int32_t>& reference, const Volume<std::int32_t>& prediction,
                                     const std::vector<LabelClass>& classes, std::optional<std::int32_t> ignore);
LabelSummary summarise(std::vector<std::vector<ClassScores>> byCase, std::size_t classes);

// Voxels of these labels become 0 unless they belong to the largest component of their union (26 neighbours, 8 in a
// single slice); of equally large ones all stay.
void keepLargestComponent(Volume<std::int32_t>& labels, const LabelClass& of, Job& job);

struct LabelCase {
    std::function<Volume<std::int32_t>()> reference, prediction;  // read anew for each trial, on any thread
};

struct Postprocessing {
    std::vector<LabelClass> steps;  // what to keepLargestComponent() of, in order
    LabelSummary before, after;
};

// First the union of all foreground classes: accepted when the foreground's mean Dice rises and that of no class falls.
// Then, if there are several classes, each in order on top of what was accepted: when its own mean Dice rises. Cases
// are looked at in parallel and held one per thread.
Postprocessing choosePostprocessing(const std::vector<LabelCase>& cases, const std::vector<LabelClass>& classes,
                                    std::optional<std::int32_t> ignore, Job& job);

// nnU-Net's postprocessing.json: the steps as names of its functions with their arguments, and the scores before and
// after. `names` are those of the classes in its summaries, "3" or of a region "(1, 2)".
nlohmann::json postprocessingJson(const Postprocessing& chosen, const std::vector<std::string>& names);
// The two files that a case's scores compare.
struct ComparedFiles {
    std::filesystem::path reference, prediction;
};
// {"foreground_mean", "mean" by name, "metric_per_case"} with nnU-Net's names of the scores. `files`: one per case, or
// none when they are not files.
nlohmann::json summaryJson(const LabelSummary& summary, const std::vector<std::string>& names,
                           const std::vector<ComparedFiles>& files = {});
// The steps of such a file. Throws Error(Format) for another layout, Error(Unsupported) for another function.
std::vector<LabelClass> postprocessingSteps(const nlohmann::json& file);

}  // namespace fovea::measure

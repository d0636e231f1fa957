#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/text.h"
#include "data/box.h"

namespace fovea::plan::nnunet {

using CaseBoxes = std::map<std::string, std::vector<Box>>;

// What one network of a cross-validation learns from and what it is tested on. Without boxes whole cases; with boxes
// (spatial folds) what lies inside of them, z, y, x as stored.
struct Fold {
    std::vector<std::string> train, validation;
    CaseBoxes trainBoxes, validationBoxes;
    friend bool operator==(const Fold&, const Fold&) = default;
};

constexpr std::uint32_t splitSeed = 12345;

// nnU-Net's splits (spec nnunet.md section 1.7): shuffled by its random stream, sorted inside of each fold. Throws
// Error(Input) when there are fewer cases than folds.
std::vector<Fold> crossValidation(std::vector<std::string> cases, int folds = 5);
// The fold of a number beyond the split: 80 % drawn at random, in the order drawn, tested on the rest.
Fold randomFold(std::vector<std::string> cases, int fold);
// Fold "all": learns from every case and is tested on them, too.
Fold everything(std::vector<std::string> cases);

// `fold` is "all", or a number of the split or beyond. Throws Error(Input) for anything else.
Fold foldOf(const std::vector<Fold>& splits, const std::string& fold, const std::vector<std::string>& cases);

// splits_final.json: [{"train": […], "val": […]}, …]. Spatial folds also have "train_boxes" and "val_boxes",
// {case: [[[z0, z1], [y0, y1], [x0, x1]], …]}; nnU-Net reads past them and so trains as with fold "all".
nlohmann::ordered_json toJson(const std::vector<Fold>& folds);
// Throws Error(Format) for another layout, no fold, or a case that is not among `cases`.
std::vector<Fold> foldsFromJson(const nlohmann::json& json, const std::vector<std::string>& cases);
void saveSplits(const std::filesystem::path& path, const std::vector<Fold>& folds);
std::vector<Fold> loadSplits(const std::filesystem::path& path, const std::vector<std::string>& cases);

struct FoldPlan {
    std::vector<Fold> folds;  // empty: only fold "all" is possible
    Text reason;              // for people
};

// The cross-validation that the number of cases allows: nnU-Net's five folds from five cases on, each case left out
// once for two to four, and spatialFolds() for a single one. `shape` is that of the single case and `patch` the largest
// patch of the plan, both as stored.
FoldPlan planFolds(const std::vector<std::string>& cases, Index shape, Index patch);

}  // namespace fovea::plan::nnunet

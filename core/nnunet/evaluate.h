#pragma once
#include "nnunet/label_maps.h"
#include "plan/nnunet/splits.h"

// Scores of predicted label maps against those of people (spec nnunet.md section 4.8).
namespace fovea::nnunet {

// Predictions with their references, by ascending case.
struct ComparedFolders {
    std::vector<std::string> cases;
    std::vector<measure::ComparedFiles> files;  // one per case
    std::vector<Box> parts;                     // one per case, what of it counts; empty: everything
};

// Files <case><ending> of `references` that `predictions` has, too. Predictions without a reference are told as a
// warning and left out. Throws Error(Missing) naming the cases without a prediction unless `partial`, and when nothing
// is left.
ComparedFolders compareFolders(const std::filesystem::path& references, const std::filesystem::path& predictions,
                               const std::string& ending, bool partial, Job& job);

// One comparison for each box of a case; cases without boxes are left out. No boxes at all: as it was.
ComparedFolders inBoxes(ComparedFolders compared, const plan::nnunet::CaseBoxes& boxes);

// Cases in parallel, one per thread in memory. Throws Error naming the case, as reading the files and
// measure::scoreLabels() do; Cancelled.
measure::LabelSummary evaluate(const Files& files, const ComparedFolders& compared, const ScoredClasses& scored,
                               Job& job);

// nnU-Net's summary.json. Atomic.
void writeSummary(const std::filesystem::path& path, const measure::LabelSummary& summary,
                  const ComparedFolders& compared, const ScoredClasses& scored);

}  // namespace fovea::nnunet

#pragma once
#include "nnunet/evaluate.h"

// Keeping only the largest components of predicted label maps, where that helps (spec nnunet.md section 5.4).
namespace fovea::nnunet {

// The steps of a postprocessing.json or postprocessing.pkl, of this program or of nnU-Net. Nothing in a pickle is run.
// Throws Error as measure::postprocessingSteps() and tensorfile::readPickle() do, naming the file.
std::vector<measure::LabelClass> loadPostprocessing(const std::filesystem::path& path);
// Both files, so that nnUNetv2_apply_postprocessing finds its own. Atomic.
void writePostprocessing(const std::filesystem::path& folder, const measure::Postprocessing& chosen,
                         const ScoredClasses& scored);

// The steps done to every label map <case><ending> of `from`, written to `to` with its geometry. Cases in parallel,
// one per thread in memory. Throws Error naming the case; Cancelled.
void postprocess(const Files& files, const std::filesystem::path& from, const std::filesystem::path& to,
                 const std::string& ending, const std::vector<measure::LabelClass>& steps, Job& job);

// What measure::choosePostprocessing() finds best for these cases. Every trial reads them anew.
measure::Postprocessing choosePostprocessing(const Files& files, const ComparedFolders& compared,
                                             const ScoredClasses& scored, Job& job);

}  // namespace fovea::nnunet

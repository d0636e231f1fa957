#pragma once
#include <string>

#include "project/artifacts.h"

namespace fovea::stage {

struct CommittedTruth {
    int patches = 0;  // committed now
    int already = 0;  // were complete before
    int check = 0;    // check boxes committed now
    int objects = 0;  // accepted in all cases now
};

// The simulated annotator: commits the labels of a file, series or Zarr (see givenPath()) inside the patches queued in
// this round and inside the check boxes, and marks those complete. Patches complete already stay as they are, so that a
// second call changes nothing. Opens the cases' edit sessions for writing: nobody else may have them open. Throws
// Error(Missing) when nothing is queued yet.
CommittedTruth commitTruth(const project::Artifacts& artifacts, int round, const std::string& labelsPath, Job& job);

}  // namespace fovea::stage

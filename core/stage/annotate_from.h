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

// Verdicts on single objects, outside of everything held out and of the patches queued in this round.
struct Verdicts {
    int accept = 0;  // objects of the truth; a proposal with IoU ≥ 0.5 as it is, any other is repaired first
    int reject = 0;  // proposals with IoU ≥ 0.5 marked "nothing here" by mistake
};

// The simulated annotator who looks at single objects, drawn by the project's seed over all cases. Fewer where there
// are not as many; returns how many of each. Same conditions as commitTruth().
Verdicts commitVerdicts(const project::Artifacts& artifacts, int round, const std::string& labelsPath,
                        const Verdicts& wanted, Job& job);

}  // namespace fovea::stage

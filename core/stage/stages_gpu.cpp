#include "stage/stages.h"

namespace fovea::stage {

// Without annotate (label sessions) and export (file formats).
StageList stages(const Extensions& extensions) {
    return {importStage(), pseudoLabelStage(extensions), queryStage(extensions), instancesStage(), evaluateStage()};
}

}  // namespace fovea::stage

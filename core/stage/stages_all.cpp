#include "stage/stages.h"

namespace fovea::stage {

StageList stages(const Extensions& extensions) {
    return {importStage(),
            pseudoLabelStage(extensions),
            planStage(),
            pretrainStage(),
            learnFeaturesStage(),
            featuresStage(),
            queryStage(extensions),
            annotateStage(),
            fineTuneStage(),
            predictStage(),
            instancesStage(),
            evaluateStage(),
            exportStage()};
}

}  // namespace fovea::stage

#include "stage/stages.h"

namespace fovea::stage {

// Without annotate (label sessions) and export (file formats).
StageList stages(const Extensions& extensions) {
    return {importStage(),   pseudoLabelStage(extensions), planStage(),     pretrainStage(), learnFeaturesStage(),
            featuresStage(), queryStage(extensions),       fineTuneStage(), predictStage(),  instancesStage(),
            evaluateStage()};
}

}  // namespace fovea::stage

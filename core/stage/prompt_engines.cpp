#include "stage/prompt_engines.h"

#include "infer/sam_prompts.h"

namespace fovea::stage {

std::shared_ptr<const segment::PromptEngine> samEngine(const SamWeights& weights) {
    infer::SamPromptOptions options;
    options.weights = weights.file;
    options.name = weights.name;
    options.device = weights.device;
    options.threads = weights.threads;
    options.cache = weights.cache;
    return infer::samEngine(options);
}

std::vector<std::shared_ptr<const segment::PromptEngine>> promptEngines(const SamWeights& weights) {
    std::error_code unreadable;  // also where one may not look
    if (!std::filesystem::exists(weights.file, unreadable)) return {segment::geodesicEngine()};
    return {samEngine(weights), segment::geodesicEngine()};
}

}  // namespace fovea::stage

#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "segment/prompt_engine.h"

namespace fovea::stage {

// A checkpoint of the SAM family to answer prompts with, and where it runs.
struct SamWeights {
    std::filesystem::path file;  // none where empty
    std::string name = {};       // for people; empty = the file's
    std::string device = "auto";
    int threads = 0;                   // 0 = as many as the machine has
    std::filesystem::path cache = {};  // folder for embeddings; empty = in memory alone
};

// See infer::samEngine().
std::shared_ptr<const segment::PromptEngine> samEngine(const SamWeights& weights);

// The prompt engines in the order they are offered: that of the weights where there is such a file, then the one that
// needs none.
std::vector<std::shared_ptr<const segment::PromptEngine>> promptEngines(const SamWeights& weights);

}  // namespace fovea::stage

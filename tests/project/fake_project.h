#pragma once
#include <filesystem>
#include <string>

#include "base/file.h"
#include "project/runner.h"

// A chain of small stages over text files, to test the project without any image processing.
namespace fake {

namespace fs = std::filesystem;
using namespace fovea::project;

// Files whose content is "z y x seed": opened as a volume of noise.
fovea::ImagePtr openImage(const std::string& path, int timepoint, const fs::path& cache);
fs::path writeImage(const fs::path& folder, const std::string& name, int seed, fovea::Index shape = {4, 6, 8});

// import (case) → find (case, option level) → plan (project) → train (project, random) → query (project, later) →
// annotate (case, later, reads edits) → tune (project, later, random) → predict (case, any, reads the model) → score
// (project, any). Each writes result.txt: its inputs, its options.
StageList chain();

// The text a stage wrote.
std::string resultOf(const Project& project, const StageList& stages, const std::string& stage,
                     const std::string& caseId, int round);

// Makes the stage `id` of the chain stop the process with SIGKILL after `parts` of its ten parts, once.
void killAfter(const std::string& id, int parts);
// How many parts the last run of any stage found done.
int partsFound();

struct Fixture {
    fovea::file::TempFolder temp;
    StageList stages = chain();
    std::unique_ptr<Project> project;

    explicit Fixture(int images = 2);
    void run(const std::string& until);
    ArtifactState state(const std::string& stage, int round, const std::string& caseId = "");
};

}  // namespace fake

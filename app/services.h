#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "nnunet/files.h"
#include "project/project.h"
#include "segment/prompt_engine.h"
#include "stage/prompt_engines.h"
#include "stage/stages.h"

namespace fovea::app {

// What both programs are built from: formats, stages, engines, in their order. Plug-ins add to the lists here and
// nowhere else.
struct Services {
    stage::Extensions extensions;
    project::StageList stages;
    project::ImageOpener opener;
    // In the order they are offered. Models come and go while the program runs, so it is asked each time; an engine
    // stays as long as its weights do. Thread-safe.
    std::function<std::vector<std::shared_ptr<const segment::PromptEngine>>()> promptEngines;
};

// `sam`: weights for prompts, a file or a kept model's id; else what the environment names as FOVEA_SAM_WEIGHTS, else
// the first kept model for prompts.
Services makeServices(stage::SamWeights sam = {});

// What depends on the rooms there are: all formats and label sessions (rooms_all.cpp), or OME-Zarr alone on GPU nodes
// (rooms_gpu.cpp); CMake picks.
ImagePtr openImage(const std::string& path, int timepoint, const std::filesystem::path& cache);
std::vector<std::string> resolveImages(const std::string& path);  // see io::resolve
void writeImage(const std::filesystem::path& path, const ImageSource& image, bool labels, Job& job);
// The simulated annotator, see stage::commitTruth and, where any verdict is wanted, stage::commitVerdicts.
struct GivenLabels {
    std::string path;
    int accept = 0, reject = 0;
};
// What was done: patches labelled now and before, objects accepted and rejected outside of them (fewer than asked for
// where there are not as many).
struct CommittedLabels {
    int patches = 0, already = 0, accepted = 0, rejected = 0;
    Text text() const;
};
nlohmann::json toJson(const CommittedLabels& committed);  // {"patches", "already", "accepted", "rejected"}
CommittedLabels commitLabels(const project::Artifacts& artifacts, int round, const GivenLabels& given, Job& job);

// The formats there are, for the jobs on nnU-Net's folders.
nnunet::Files nnunetFiles();
// See stage::importDataset() and stage::exportDataset(); JSON: {"cases", "objects", "patches"}, {"raw", "model",
// "cases"}.
nlohmann::json importNnunet(project::Project& project, const project::StageList& stages,
                            const std::filesystem::path& raw, Job& job);
nlohmann::json exportNnunet(const project::Project& project, const project::StageList& stages,
                            const std::filesystem::path& raw, const std::filesystem::path& models, Job& job);

// "auto", "cpu", "cuda:0" → the device to use. Throws Error(Device).
std::string deviceByName(const std::string& wanted);

// {"stages": […]}, {"formats": […]}, {"models": […]}, {"plugins": […]}: what `fovea-cli stages --json` … print; of the
// models those that are built in.
nlohmann::json describeStages(const Services& services);
// The same as a Markdown table with the options below, for the README.
std::string stagesAsMarkdown(const Services& services);
nlohmann::json describeFormats();
nlohmann::json describeModels(const Services& services);
nlohmann::json describePlugins(const Services& services);

// Names and versions of the program, its libraries and the device found, one per line.
std::string versionText();

// Sample volumes written as OME-Zarr: <folder>/image.zarr and <folder>/truth.zarr. Throws Error(Input) for another
// kind.
struct SamplePaths {
    std::filesystem::path image, truth;
};
SamplePaths writeSample(const std::filesystem::path& folder, const std::string& kind, Index shape, std::uint64_t seed,
                        Job& job);

}  // namespace fovea::app

#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/text.h"
#include "plan/fingerprint.h"
#include "plan/preprocess.h"
#include "plan/topology.h"

namespace fovea::plan {

// One decision of the planner and why, for people.
struct Choice {
    std::string what;  // "dimensions", "patch", "classes", …
    std::string value;
    Text reason;
};

// What network to train and how. Written as plan.json in nnU-Net's plans layout plus a "fovea" object.
struct Plan {
    std::string dataset;
    std::string configuration;  // "2d" or "3d_fullres"
    Sizes patch;                // z, y, x of the configuration's axes: 2 or 3 entries
    std::int64_t batch = 2;
    std::vector<double> spacing;  // µm, of the same axes
    Index medianShape;
    nlohmann::json architecture;  // nnU-Net's entry (PlainConvUNet)
    bool batchDice = true;
    std::vector<ChannelScheme> schemes;  // one per channel
    std::vector<Intensity> foreground;   // one per channel
    std::vector<CaseNorm> norms;         // of the cases planned with

    bool boundary = true;                 // classes: background, interior, border; else background, foreground
    Index borderRadius{0, 1, 1};          // voxels a border reaches into an object
    std::int64_t iterations = 0;          // of fine-tuning
    std::int64_t pretrainIterations = 0;  // on pseudo-labels
    double minutes = 0;                   // asked for
    nlohmann::json compute;               // nn::Compute as JSON, null until timed
    double secondsPerStep = 0;            // 0 until timed
    std::vector<Choice> choices;

    int dims() const { return int(patch.size()); }
    int channels() const { return int(schemes.size()); }
    std::int64_t classes() const { return boundary ? 3 : 2; }
    // Patch as a z, y, x box extent; 2D has depth 1.
    Index patchIndex() const;
};

nlohmann::json toJson(const Plan& plan);
Plan planFromJson(const nlohmann::json& json);                       // throws Error(Format)
void savePlan(const std::filesystem::path& path, const Plan& plan);  // atomic
Plan loadPlan(const std::filesystem::path& path);

struct PlanRequest {
    std::string dataset = "Dataset001_fovea";
    bool gpu = false;                      // where it will run; the CPU gets a network that finishes
    std::string dimensions = "auto";       // "auto", "2d", "3d"
    std::string classes = "auto";          // "auto", "boundary", "foreground"
    std::string normalisation = "auto";    // "auto" or a name of ChannelScheme
    double minutes = 20;                   // whole budget of pre-training and fine-tuning
    std::int64_t iterations = 0;           // of fine-tuning; 0 = the default
    std::int64_t pretrainIterations = -1;  // −1 = the default, 0 = none
    std::int64_t baseFeatures = 0;         // 0 = the default (16 at most on a CPU)
};

// Chooses dimensions, patch, network, normalisation and classes. Iterations are those wanted; fitToMinutes() cuts them
// once a step has been timed. Throws Error(Input) for a choice that is not offered or data without voxels.
Plan makePlan(const Fingerprint& fingerprint, const PlanRequest& request);

// Cuts pre-training and fine-tuning, in proportion, to what fits into plan.minutes at `secondsPerStep` with `reserve`
// (share of the time) kept for start, validation and prediction; at least 20 fine-tuning iterations stay. Adds the
// choice.
void fitToMinutes(Plan& plan, double secondsPerStep, double reserve = 0.15);

}  // namespace fovea::plan

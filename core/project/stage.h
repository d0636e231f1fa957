#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/job.h"
#include "base/options.h"
#include "data/image_source.h"
#include "data/tables.h"

namespace fovea::project {

enum class Scope { Case, Project };

// Which rounds a stage runs in. Round 0 is what exists before any human label.
enum class Rounds { Zero, Later, Any };

// From which round a need is taken. Same: the round of the run. Before: the round before (query reads the last
// probabilities). Base: round 0. Latest: the newest round ≤ the run's that has it. InUse: the newest that has it, going
// back from the round in use, or from the one that the stage's option "round" names. Earlier: every round before the
// run's that has it, each as an input of its own called kind@round ("objects@1"); always optional.
enum class From { Same, Before, Base, Latest, InUse, Earlier };

struct Need {
    // "image", "pseudo-labels", "plan", "model", "encoder", "features", "queue", "annotations", "probabilities",
    // "objects", "scores", "export"; or "edits": the case's own folder with its journal, hashed by journal position.
    std::string kind;
    From from = From::Latest;
    bool optional = false;
};

// Boxes no method may learn from. `guard` voxels around `test` are left out of everything; test is only ever scored.
struct HeldOut {
    std::string caseId;
    Box test;
    Box guarded;         // test grown by the guard, clipped to the image
    bool check = false;  // drawn for the check: a person labels it, else a truth file is needed to score it
};

// Everything a stage may know. A stage never sees the project, so that it runs anywhere.
class StageContext {
  public:
    virtual ~StageContext() = default;

    // Cases this run works on: one for Scope::Case, all of them for Scope::Project.
    virtual const std::vector<std::string>& cases() const = 0;
    virtual ImagePtr image(const std::string& caseId) const = 0;
    // Boxes held out in this case: leave out of training, features, query, parameter search.
    virtual std::vector<HeldOut> heldOut(const std::string& caseId) const = 0;
    // Folder of a needed artifact; throws Error(Missing) naming the stage to run first. caseId "" for project
    // artifacts.
    virtual std::filesystem::path input(const std::string& kind, const std::string& caseId = "") const = 0;
    // Same, absent when an optional need is not there.
    virtual std::optional<std::filesystem::path> find(const std::string& kind,
                                                      const std::string& caseId = "") const = 0;
    // An image or label file named by an option (a truth to score against). Throws as the formats' open() does.
    virtual ImagePtr open(const std::string& path) const = 0;
    // Staging folder to write into; adopted by rename when run() returns. Content of an interrupted run with the same
    // inputs and options is still there: stages resume from it.
    virtual std::filesystem::path output() const = 0;

    int round = 0;
    int rival = 0;  // the round that was in use when this one began
    Options options;
    std::string device;  // "cpu", "cuda:0"
    std::uint64_t seed = 0;
    int threads = 0;  // 0 = all
    Job* job = nullptr;
    // What the stage wants said in one JSON line and kept in the manifest ("objects": 60, "f1": 0.4). A stage that
    // cannot go on before a person has done something sets "state": "waiting"; when all cases wait, nothing is adopted
    // and the chain stops there. A stage of the whole project that says "promoted": true or false decides whether its
    // round is put to use; the owner adds "in_use". One that writes check.json, an array of {case, box, guarded}, into
    // its output holds these boxes out from now on (see Project::holdOutForCheck).
    nlohmann::json result = nlohmann::json::object();
};

// One step of the chain, as a value: one file in core/stage each.
struct Stage {
    std::string id;  // "pseudo-label": CLI sub-command, folder name
    Text title;      // "Find objects"
    Text help;       // one sentence
    Scope scope = Scope::Case;
    Rounds rounds = Rounds::Zero;
    std::vector<Need> needs;
    std::string makes;  // artifact kind: "pseudo-labels"
    OptionTable options;
    std::function<void(StageContext&)> run;
    bool random = false;      // the result depends on the seed
    bool drawsCheck = false;  // writes check.json: what it drew is no input of its own
};

}  // namespace fovea::project

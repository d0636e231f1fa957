#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "project/project.h"

namespace fovea::project {

using StageList = std::vector<Stage>;

// Throws Error(Input) with the nearest name.
const Stage& stageById(const StageList& stages, const std::string& id);

// `stage/case@round`; caseId empty for Scope::Project.
struct ArtifactRef {
    std::string stage, caseId;
    int round = 0;
    std::string str() const;
    friend bool operator==(const ArtifactRef&, const ArtifactRef&) = default;
};

// One thing a run reads: `slot` is how the stage asks for it (its kind, or kind@round for From::Earlier).
struct StageInput {
    Need need;
    std::string slot, caseId;
    std::optional<ArtifactRef> ref;  // absent when it is not there, and for "edits"
};

// Partial: interrupted; running it again resumes.
enum class Status { Missing, UpToDate, Stale, Partial };
const char* name(Status status);  // "missing", "up-to-date", "stale", "partial"

struct ArtifactState {
    Status status = Status::Missing;
    Text reason;             // why, empty when up to date
    bool editsOnly = false;  // stale only because the person went on editing: nothing downstream is stale for that
};

// What is there, and whether it still fits. All questions are answered from manifests, never from a cache in memory, so
// the answers hold for any process. Derivation hashes: an artifact's hash is a hash of the hashes of what it was made
// from, its options and (where it matters) the seed, so nothing large is read.
class Artifacts {
  public:
    Artifacts(const Project& project, const StageList& stages) : project_(project), stages_(stages) {}

    const Project& project() const { return project_; }
    const StageList& stages() const { return stages_; }

    std::filesystem::path folder(const ArtifactRef& ref) const;
    std::optional<nlohmann::json> manifest(const ArtifactRef& ref) const;
    // The round a stage runs in while `active` is the active round: Zero → 0, Any → active, Later → at least 1.
    static int roundOf(const Stage& stage, int active);

    // Cases a stage runs over: all of them, or {""} for Scope::Project.
    std::vector<std::string> casesOf(const Stage& stage) const;
    // The cases for which a run of `stage` on `caseId` reads a need; {""} for project artifacts.
    std::vector<std::string> needCases(const Need& need, const Stage& stage, const std::string& caseId) const;
    // The stage to run for a kind, empty when none makes it.
    std::string makerOf(const std::string& kind, int round) const;
    // The artifact that answers a need of a run in `round`, whichever stage made it; absent when there is none.
    std::optional<ArtifactRef> resolve(const Need& need, const std::string& caseId, int round) const;
    // All that a run of `stage` reads, there or not.
    std::vector<StageInput> inputsOf(const Stage& stage, const std::string& caseId, int round) const;
    // The newest artifact of this kind up to `round`; for views. caseId "" for project artifacts.
    std::optional<std::filesystem::path> newest(const std::string& kind, const std::string& caseId, int round) const;

    // Everything a run depends on, as JSON: {stage, case, round, options, files, seed, images, inputs}; "files" stand
    // for the content of what options name. Its SHA-256 is the key. Needs that are not there are left out.
    nlohmann::json recipe(const Stage& stage, const std::string& caseId, int round) const;
    static std::string key(const nlohmann::json& recipe);
    // What was chosen since a finished artifact was made, which therefore does not show in it: options, and the seed
    // where it matters. Empty for artifacts of the last round: they are made anew instead.
    struct Unused {
        std::string option;
        nlohmann::json used, wanted;
    };
    std::vector<Unused> unused(const Stage& stage, const std::string& caseId, int round) const;
    // Whether the staging folder of a run with this key was left behind.
    bool interrupted(const std::string& key) const;
    static std::string orderId(const std::string& key) { return key.substr(0, 16); }

    ArtifactState state(const Stage& stage, const std::string& caseId, int round) const;
    // Worst of all cases (Missing > Partial > Stale > UpToDate), for one row per stage.
    ArtifactState state(const Stage& stage, int round) const;

  private:
    std::optional<ArtifactRef> inRound(const std::string& kind, const std::string& caseId, int round) const;
    std::optional<ArtifactRef> upTo(const std::string& kind, const std::string& caseId, int round) const;

    const Project& project_;
    const StageList& stages_;
};

// The round an option "round" of the stage names; absent when it has none or leaves it open (−1).
std::optional<int> roundChosen(const Project& project, const Stage& stage);

// Why a stage that reads the round in use reads an older one than the active: the active one has results too, but was
// never scored. Absent when that is not so, or when its options name a round.
std::optional<Text> unscoredNote(const Artifacts& artifacts, const Stage& stage);

}  // namespace fovea::project

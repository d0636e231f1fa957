#include "project/artifacts.h"

#include <algorithm>
#include <fstream>

#include "base/file.h"
#include "base/hash.h"
#include "project/case_image.h"

namespace fovea::project {

namespace fs = std::filesystem;
using nlohmann::json;

const char* name(Status status) {
    switch (status) {
        case Status::Missing:
            return "missing";
        case Status::UpToDate:
            return "up-to-date";
        case Status::Stale:
            return "stale";
        case Status::Partial:
            break;
    }
    return "partial";
}

const Stage& stageById(const StageList& stages, const std::string& id) {
    std::vector<std::string> ids;
    for (const Stage& stage : stages) {
        if (stage.id == id) return stage;
        ids.push_back(stage.id);
    }
    const std::string near = nearest(id, ids);
    std::string known;
    for (const std::string& other : ids) known += (known.empty() ? "" : ", ") + other;
    throw Error(ErrorKind::Input,
                near.empty()
                    ? Text(FOVEA_TR("There is no stage {id}. Known are: {known}."), {{"id", id}, {"known", known}})
                    : Text(FOVEA_TR("There is no stage {id}. Did you mean {near}?"), {{"id", id}, {"near", near}}));
}

std::string ArtifactRef::str() const {
    return stage + (caseId.empty() ? "" : "/" + caseId) + "@" + std::to_string(round);
}

namespace {

constexpr const char* editsKind = "edits";

// The journal only grows, so its size and its last bytes stand for all of it.
std::string journalHash(const fs::path& caseFolder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator it(caseFolder, error), end; it != end; it.increment(error))
        if (it->is_regular_file(error) && it->path().filename().string().starts_with("journal"))
            files.push_back(it->path());
    std::sort(files.begin(), files.end());
    Sha256 hash;
    for (const fs::path& path : files) {
        const std::uint64_t size = fs::file_size(path, error), tail = std::min<std::uint64_t>(size, 64 << 10);
        hash.add(path.filename().string() + " " + std::to_string(size) + "\n");
        std::ifstream in(path, std::ios::binary);
        in.seekg(std::streamoff(size - tail));
        std::string bytes(tail, '\0');
        in.read(bytes.data(), std::streamsize(tail));
        hash.add(bytes);
    }
    return files.empty() ? "none" : hash.hex();
}

// What lies at the paths that options name; "{case}" in them stands for each of the images.
json givenFiles(const Stage& stage, const json& options, const std::vector<std::string>& caseIds) {
    json files = json::object();
    for (const OptionSpec& spec : stage.options) {
        if (spec.type != OptionType::Path) continue;
        const std::string path = options.at(spec.name).get<std::string>();
        const std::size_t mark = path.find("{case}");
        if (path.empty()) continue;
        if (mark == std::string::npos) {
            files[spec.name] = contentStamp(path);
            continue;
        }
        for (const std::string& id : caseIds)
            files[spec.name][id] = contentStamp(path.substr(0, mark) + id + path.substr(mark + 6));
    }
    return files;
}

json imageRecipe(const Case& c, bool withCheck) {
    json image = {{"identity", c.identity}, {"timepoint", c.timepoint}, {"channel_names", c.channelNames}};
    if (c.spacing) image["spacing"] = {c.spacing->z, c.spacing->y, c.spacing->x};
    if (c.test) image["held_out"] = {{"test", toJson(*c.test)}, {"guard", c.guard}};
    if (withCheck && !c.check.empty()) image["check"] = toJson(c.check);
    return image;
}

// What differs between two recipes, as one sentence. `onlyEdits` when nothing but the person's edits does.
Text difference(const json& before, const json& now, bool& onlyEdits) {
    onlyEdits = false;
    for (const auto& [key, value] : now["options"].items())
        if (before.value("options", json::object()).value(key, json()) != value)
            return {FOVEA_TR("Option {key} changed."), {{"key", key}}};
    const json files = now.value("files", json::object()), oldFiles = before.value("files", json::object());
    for (const auto& [key, value] : files.items())
        if (oldFiles.value(key, json()) != value)
            return {FOVEA_TR("What option {key} names has changed."), {{"key", key}}};
    if (before.value("seed", json()) != now.value("seed", json())) return FOVEA_TR("The seed changed.");
    if (before.value("images", json()) != now.value("images", json()))
        return FOVEA_TR("The images, their voxel size, or what is held out in them, changed.");
    const json old = before.value("inputs", json::object());
    bool edits = false;
    for (const auto& [key, value] : now["inputs"].items()) {
        if (old.value(key, json()) == value) continue;
        if (key.starts_with(std::string(editsKind) + "/")) {
            edits = true;
            continue;
        }
        return old.contains(key) ? Text(FOVEA_TR("{input} was made anew."), {{"input", key}})
                                 : Text(FOVEA_TR("{input} is new."), {{"input", key}});
    }
    for (const auto& [key, value] : old.items())
        if (!now["inputs"].contains(key)) return {FOVEA_TR("{input} is gone."), {{"input", key}}};
    onlyEdits = edits;
    return edits ? FOVEA_TR("Labels were edited since.") : FOVEA_TR("It was made in another way.");
}

// Answers state() for many artifacts of one moment, each once.
class Walk {
  public:
    explicit Walk(const Artifacts& artifacts) : artifacts_(artifacts) {}

    ArtifactState state(const Stage& stage, const std::string& caseId, int round) {
        const std::string id = ArtifactRef{stage.id, caseId, round}.str();
        if (const auto known = known_.find(id); known != known_.end()) return known->second;
        const ArtifactState state = compute(stage, caseId, round);
        known_[id] = state;
        return state;
    }

  private:
    ArtifactState compute(const Stage& stage, const std::string& caseId, int round) {
        const std::optional<json> manifest = artifacts_.manifest({stage.id, caseId, round});
        if (manifest && artifacts_.project().finished(round)) return {Status::UpToDate, {}, false};
        const json recipe = artifacts_.recipe(stage, caseId, round);
        const std::string key = Artifacts::key(recipe);
        if (!manifest) {
            if (artifacts_.interrupted(key))
                return {Status::Partial, FOVEA_TR("It was interrupted and goes on where it stopped."), false};
            return {Status::Missing, FOVEA_TR("It was not made yet."), false};
        }
        if (manifest->value("key", "") != key) {
            bool onlyEdits = false;
            const Text reason = difference(manifest->value("recipe", json::object()), recipe, onlyEdits);
            if (artifacts_.interrupted(key)) return {Status::Partial, reason, onlyEdits};
            return {Status::Stale, reason, onlyEdits};
        }
        return upstream(stage, caseId, round);
    }

    ArtifactState upstream(const Stage& stage, const std::string& caseId, int round) {
        for (const StageInput& input : artifacts_.inputsOf(stage, caseId, round)) {
            const std::optional<ArtifactRef>& ref = input.ref;
            if (!ref) continue;  // absent, as it was when this was made: the recipe is the same
            const ArtifactState above = state(stageById(artifacts_.stages(), ref->stage), ref->caseId, ref->round);
            if (above.status == Status::UpToDate || above.editsOnly) continue;
            return {Status::Stale,
                    {FOVEA_TR("{input} has to be made anew first: {reason}"),
                     {{"input", ref->str()}, {"reason", above.reason.str()}}},
                    false};
        }
        return {Status::UpToDate, {}, false};
    }

    const Artifacts& artifacts_;
    std::map<std::string, ArtifactState> known_;
};

}  // namespace

fs::path Artifacts::folder(const ArtifactRef& ref) const {
    const fs::path stage = project_.roundFolder(ref.round) / ref.stage;
    return ref.caseId.empty() ? stage : stage / ref.caseId;
}

std::optional<json> Artifacts::manifest(const ArtifactRef& ref) const {
    const fs::path path = folder(ref) / "manifest.json";
    std::error_code error;
    if (!fs::exists(path, error)) return std::nullopt;
    json manifest = file::readJson(path);
    if (!manifest.is_object() || !manifest.value("hash", json()).is_string())
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{path} is damaged. Delete the folder it lies in and run the stage again."),
                     {{"path", path.string()}}});
    return manifest;
}

int Artifacts::roundOf(const Stage& stage, int active) {
    switch (stage.rounds) {
        case Rounds::Zero:
            return 0;
        case Rounds::Later:
            return std::max(1, active);
        case Rounds::Any:
            break;
    }
    return active;
}

std::vector<std::string> Artifacts::casesOf(const Stage& stage) const {
    return stage.scope == Scope::Project ? std::vector<std::string>{""} : project_.caseIds();
}

std::vector<std::string> Artifacts::needCases(const Need& need, const Stage& stage, const std::string& caseId) const {
    bool perCase = need.kind == editsKind;
    for (const Stage& maker : stages_)
        if (maker.makes == need.kind) perCase = maker.scope == Scope::Case;
    if (!perCase) return {""};
    return stage.scope == Scope::Case ? std::vector<std::string>{caseId} : project_.caseIds();
}

std::string Artifacts::makerOf(const std::string& kind, int round) const {
    std::string found;
    for (const Stage& stage : stages_)
        if (stage.makes == kind && (stage.rounds != Rounds::Later || round > 0) &&
            (stage.rounds != Rounds::Zero || found.empty()))
            found = stage.id;
    return found;
}

std::optional<ArtifactRef> Artifacts::inRound(const std::string& kind, const std::string& caseId, int round) const {
    for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage) {
        if (stage->makes != kind) continue;
        const ArtifactRef ref{stage->id, caseId, round};
        std::error_code error;
        if (fs::exists(folder(ref) / "manifest.json", error)) return ref;
    }
    return std::nullopt;
}

std::optional<ArtifactRef> Artifacts::upTo(const std::string& kind, const std::string& caseId, int round) const {
    for (int r = round; r >= 0; r = r == 0 ? -1 : std::max(0, project_.parentOf(r)))
        if (const auto found = inRound(kind, caseId, r)) return found;
    return std::nullopt;
}

std::optional<ArtifactRef> Artifacts::resolve(const Need& need, const std::string& caseId, int round) const {
    switch (need.from) {
        case From::Same:
            return inRound(need.kind, caseId, round);
        case From::Before:
            return round > 0 ? inRound(need.kind, caseId, std::max(0, project_.parentOf(round))) : std::nullopt;
        case From::Base:
            return inRound(need.kind, caseId, 0);
        case From::InUse:
            return upTo(need.kind, caseId, project_.inUse());
        case From::Earlier:
            return round > 0 ? upTo(need.kind, caseId, round - 1) : std::nullopt;
        case From::Latest:
            break;
    }
    return upTo(need.kind, caseId, round);
}

std::vector<StageInput> Artifacts::inputsOf(const Stage& stage, const std::string& caseId, int round) const {
    const std::optional<int> chosen = roundChosen(project_, stage);
    std::vector<StageInput> inputs;
    for (const Need& need : stage.needs)
        for (const std::string& needCase : needCases(need, stage, caseId)) {
            if (need.kind == editsKind) {
                inputs.push_back({need, need.kind, needCase, std::nullopt});
            } else if (need.from == From::Earlier) {
                for (int r = 0; r < round; ++r)
                    if (const auto ref = inRound(need.kind, needCase, r))
                        inputs.push_back({need, need.kind + "@" + std::to_string(r), needCase, ref});
            } else if (need.from == From::InUse && chosen) {
                inputs.push_back({need, need.kind, needCase, inRound(need.kind, needCase, *chosen)});
            } else {
                inputs.push_back({need, need.kind, needCase, resolve(need, needCase, round)});
            }
        }
    return inputs;
}

std::optional<int> roundChosen(const Project& project, const Stage& stage) {
    for (const OptionSpec& spec : stage.options)
        if (spec.name == "round" && spec.type == OptionType::Int)
            if (const auto round = project.optionsOf(stage).integer("round"); round >= 0) return int(round);
    return std::nullopt;
}

std::optional<Text> unscoredNote(const Artifacts& artifacts, const Stage& stage) {
    const Project& project = artifacts.project();
    const int active = project.activeRound(), used = project.inUse();
    const auto need =
        std::find_if(stage.needs.begin(), stage.needs.end(), [](const Need& one) { return one.from == From::InUse; });
    if (need == stage.needs.end() || active == used || roundChosen(project, stage) ||
        artifacts.resolve({"scores", From::Same}, "", active))
        return std::nullopt;
    const std::vector<std::string> cases = project.caseIds();
    if (std::none_of(cases.begin(), cases.end(), [&](const std::string& id) {
            return artifacts.resolve({need->kind, From::Same}, id, active).has_value();
        }))
        return std::nullopt;
    return Text{used > 0 ? FOVEA_TR("Round {active} was never scored and is therefore not in use: round {used} is "
                                    "taken. Score round {active}, or choose it with the option round.")
                         : FOVEA_TR("Round {active} was never scored and is therefore not in use: what was found "
                                    "before learning is taken. Score round {active}, or choose it with the option "
                                    "round."),
                {{"active", std::to_string(active)}, {"used", std::to_string(used)}}};
}

std::optional<fs::path> Artifacts::newest(const std::string& kind, const std::string& caseId, int round) const {
    const auto ref = resolve({kind, From::Latest, true}, caseId, round);
    return ref ? std::optional(folder(*ref)) : std::nullopt;
}

json Artifacts::recipe(const Stage& stage, const std::string& caseId, int round) const {
    json recipe = {
        {"stage", stage.id}, {"case", caseId}, {"round", round}, {"options", project_.optionsOf(stage).json()}};
    if (stage.random) recipe["seed"] = project_.seed();
    json images = json::object(), inputs = json::object();
    std::vector<std::string> ids;
    for (const Case& c : project_.cases())
        if (stage.scope == Scope::Project || c.id == caseId) {
            images[c.id] = imageRecipe(c, !stage.drawsCheck);
            ids.push_back(c.id);
        }
    if (json files = givenFiles(stage, recipe["options"], ids); !files.empty()) recipe["files"] = std::move(files);
    for (const StageInput& input : inputsOf(stage, caseId, round)) {
        const std::string slot = input.slot + (input.caseId.empty() ? "" : "/" + input.caseId);
        if (input.need.from == From::Earlier) recipe["rival"] = project_.rivalOf(round);
        if (input.need.kind == editsKind)
            inputs[slot] = journalHash(project_.caseFolder(input.caseId));
        else if (input.ref)
            inputs[slot] = {{"from", input.ref->str()}, {"hash", manifest(*input.ref)->at("hash")}};
    }
    recipe["images"] = std::move(images);
    recipe["inputs"] = std::move(inputs);
    return recipe;
}

std::vector<Artifacts::Unused> Artifacts::unused(const Stage& stage, const std::string& caseId, int round) const {
    std::vector<Unused> changes;
    const std::optional<json> made = project_.finished(round) ? manifest({stage.id, caseId, round}) : std::nullopt;
    if (!made) return changes;
    const json recipe = made->value("recipe", json::object()), options = recipe.value("options", json::object());
    const Options chosen = project_.optionsOf(stage);
    for (const auto& [name, wanted] : chosen.json().items())
        if (options.contains(name) && options[name] != wanted) changes.push_back({name, options[name], wanted});
    if (stage.random && recipe.contains("seed") && recipe["seed"] != json(project_.seed()))
        changes.push_back({"seed", recipe["seed"], project_.seed()});
    return changes;
}

std::string Artifacts::key(const json& recipe) {
    return sha256(recipe.dump(-1, ' ', false, json::error_handler_t::replace));
}

bool Artifacts::interrupted(const std::string& key) const {
    std::error_code error;
    return fs::exists(project_.workFolder() / orderId(key) / "order.json", error);
}

ArtifactState Artifacts::state(const Stage& stage, const std::string& caseId, int round) const {
    return Walk(*this).state(stage, caseId, round);
}

ArtifactState Artifacts::state(const Stage& stage, int round) const {
    const auto rank = [](Status status) {
        switch (status) {
            case Status::Missing:
                return 3;
            case Status::Partial:
                return 2;
            case Status::Stale:
                return 1;
            case Status::UpToDate:
                break;
        }
        return 0;
    };
    Walk walk(*this);
    std::optional<ArtifactState> worst;
    for (const std::string& caseId : casesOf(stage)) {
        const ArtifactState one = walk.state(stage, caseId, round);
        if (!worst || rank(one.status) > rank(worst->status)) worst = one;
    }
    return worst.value_or(ArtifactState{Status::Missing, FOVEA_TR("There is no image yet."), false});
}

}  // namespace fovea::project

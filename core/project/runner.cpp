#include "project/runner.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "project/work_order.h"

namespace fovea::project {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// What labels and probabilities of an image may take in a staging folder: generous for compressed chunks.
constexpr std::uint64_t bytesPerVoxel = 2, bytesAlways = 64'000'000;

void checkDisk(const Project& project, const WorkOrder& order) {
    std::uint64_t needed = bytesAlways;
    for (const Case& c : order.cases) needed += std::uint64_t(c.shape.count()) * bytesPerVoxel;
    const std::uint64_t free = file::freeBytes(project.folder());
    if (free >= needed) return;
    throw Error(ErrorKind::Input,
                {FOVEA_TR("{stage} may need {needed}, but the disk that holds {folder} has {free} left. Free some "
                          "space, for instance by emptying its cache folder."),
                 {{"stage", order.stage},
                  {"needed", bytesText(double(needed))},
                  {"folder", project.folder().string()},
                  {"free", bytesText(double(free))}}});
}

// result.json of a run that ended but was not taken over: the program was killed in between.
std::optional<json> finishedBefore(const fs::path& folder) {
    std::error_code error;
    if (!fs::exists(folder / "result.json", error)) return std::nullopt;
    const json result = file::readJson(folder / "result.json");
    return result.value("state", "") == "done" ? std::optional(result) : std::nullopt;
}

class Chain {
  public:
    Chain(Project& project, const StageList& stages, const RunRequest& request, Job& job)
        : project_(project), request_(request), job_(job), artifacts_(project, stages), next_(request.next) {}

    RunResult run() {
        RunResult result;
        json rows = json::array(), verdict = json::object();
        const double total = double(request_.stages.size());
        for (std::size_t i = 0; i < request_.stages.size() && !result.waiting; ++i) {
            const Stage& stage = stageById(artifacts_.stages(), request_.stages[i]);
            JobPart part(job_, double(i) / total, double(i + 1) / total);
            const json row = runStage(stage, part);
            result.waiting = row["state"] == "waiting";
            if (request_.finished) request_.finished(row);
            rows.push_back(row);
            for (const char* key : {"promoted", "in_use"})
                if (row.contains("result") && row["result"].contains(key)) verdict[key] = row["result"][key];
        }
        result.json = {{"state", result.waiting ? "waiting" : "done"}, {"stages", rows}};
        result.json.update(verdict);
        if (result.waiting)
            for (const auto& [key, value] : rows.back()["result"].items())
                if (key != "state") result.json[key] = value;
        return result;
    }

  private:
    json runStage(const Stage& stage, Job& job) {
        const int active = project_.activeRound();
        const bool first = stage.rounds == Rounds::Later && (active == 0 || next_);
        const int round = first ? project_.lastRound() + 1 : Artifacts::roundOf(stage, active);
        if (request_.before) request_.before(stage, round);
        std::vector<std::string> cases = artifacts_.casesOf(stage);
        if (stage.scope == Scope::Case && !request_.cases.empty()) cases = request_.cases;
        json row = {{"stage", stage.id}, {"round", round}, {"state", "up-to-date"}, {"seconds", 0.0}};
        json perCase = json::object();
        for (std::size_t i = 0; i < cases.size(); ++i) {
            job.check();
            JobPart part(job, double(i) / double(cases.size()), double(i + 1) / double(cases.size()));
            const json one = runCase(stage, cases[i], round, part);
            row["seconds"] = row["seconds"].get<double>() + one["seconds"].get<double>();
            if (one["state"] == "done") row["state"] = "done";
            perCase[cases[i]] = one;
        }
        tellUnused(stage, cases, round, row, job);
        if (const auto note = unscoredNote(artifacts_, stage)) warn(row, *note, job);
        if (settleWaiting(perCase.size(), round)) {
            row["state"] = "waiting";
            row["result"] = waitingFor(perCase);
        }
        if (stage.scope == Scope::Project)
            row["result"] = perCase[""].value("result", json::object());
        else
            row["cases"] = perCase;
        return row;
    }

    // Says which options of a finished round have no effect any more, instead of being silently up to date.
    void tellUnused(const Stage& stage, const std::vector<std::string>& cases, int round, json& row, Job& job) const {
        if (!project_.finished(round)) return;
        std::map<std::string, Artifacts::Unused> changes;
        for (const std::string& caseId : cases)
            for (const Artifacts::Unused& change : artifacts_.unused(stage, caseId, round))
                changes.try_emplace(change.option, change);
        std::string list;
        for (const auto& [option, change] : changes) {
            row["unused"].push_back({{"option", option}, {"used", change.used}, {"wanted", change.wanted}});
            list += (list.empty() ? "" : ", ") + option + "=" + change.wanted.dump() + " (made with " +
                    change.used.dump() + ")";
        }
        if (list.empty() && request_.again && row["state"] == "up-to-date") list = "--again";
        if (list.empty()) return;
        const Text warning = {
            FOVEA_TR("{stage} stays as round {round} made it, because that round is finished: {changes} has no effect. "
                     "{remedy}"),
            {{"stage", stage.id},
             {"round", std::to_string(round)},
             {"changes", list},
             {"remedy", stage.rounds == Rounds::Zero
                            ? FOVEA_TR("All rounds are built on it; to have it otherwise, import the images into a "
                                       "new project.")
                            : FOVEA_TR("Begin the next round to use it (query --next).")}}};
        warn(row, warning, job);
    }

    static void warn(json& row, const Text& text, Job& job) {
        const std::string before = row.value("warning", std::string());
        row["warning"] = before.empty() ? text.str() : before + " " + text.str();
        job.message(MessageLevel::Warning, text);
    }

    // Cases that wait for a person are adopted when another one does not; else what they made is thrown away. True when
    // all wait.
    bool settleWaiting(std::size_t cases, int round) {
        const std::vector<fs::path> folders = std::exchange(waiting_, {});
        const bool all = !folders.empty() && folders.size() == cases;
        for (const fs::path& folder : folders)
            if (all)
                file::remove(folder);
            else
                take(folder, round);
        return all;
    }

    // A round begins with the first thing made in it: a stage that could not run leaves the one before open.
    void take(const fs::path& orderFolder, int round) {
        if (round > project_.lastRound()) {
            project_.beginRound();
            next_ = false;
        }
        holdOut(orderFolder / "out" / "check.json");  // before what was drawn beside it can be labelled
        adopt(artifacts_, orderFolder);
    }

    // Numbers of all cases added up ("patches": 8).
    static json waitingFor(const json& perCase) {
        json sum = json::object();
        for (const auto& [id, one] : perCase.items())
            for (const auto& [key, value] : one["result"].items())
                if (value.is_number_integer()) sum[key] = sum.value(key, std::int64_t(0)) + value.get<std::int64_t>();
        return sum;
    }

    json runCase(const Stage& stage, const std::string& caseId, int round, Job& job) {
        const ArtifactRef ref{stage.id, caseId, round};
        const std::optional<json> manifest = artifacts_.manifest(ref);
        const bool fresh = artifacts_.state(stage, caseId, round).status == Status::UpToDate;
        if (manifest && (project_.finished(round) || (fresh && !request_.again))) {
            job.progress(1, 1);
            return {{"state", "up-to-date"},
                    {"seconds", 0.0},
                    {"result", told(manifest->value("result", json::object()), round)}};
        }
        job.progress(0, 1, stage.title);
        WorkOrder order = prepareOrder(artifacts_, stage, caseId, round);
        order.device = request_.device;
        order.threads = request_.threads;
        checkDisk(project_, order);
        const fs::path folder = writeOrder(project_, order);
        std::optional<json> result = finishedBefore(folder);
        if (!result)
            result = request_.program.empty() ? runOrder(folder, artifacts_.stages(), project_.opener(), job)
                                              : runOrderInChild(folder, request_.program, job);
        if ((*result)["state"] == "waiting") {
            waiting_.push_back(folder);
        } else {
            take(folder, round);
        }
        return {{"state", (*result)["state"]},
                {"seconds", result->value("seconds", 0.0)},
                {"result", told((*result)["result"], round)}};
    }

    // What a stage said of its round is followed, and what is in use after that is told. The same again changes
    // nothing.
    json told(json result, int round) {
        if (!result.contains("promoted")) return result;
        project_.settle(round, result["promoted"].get<bool>());
        result["in_use"] = project_.inUse();
        return result;
    }

    void holdOut(const fs::path& path) {
        std::error_code error;
        if (!fs::exists(path, error)) return;
        try {
            std::map<std::string, json> boxes;
            for (const json& one : file::readJson(path)) boxes[one.at("case").get<std::string>()].push_back(one);
            for (const auto& [caseId, list] : boxes) project_.holdOutForCheck(caseId, checkFromJson(list));
        } catch (const json::exception& what) {
            throw Error(ErrorKind::Format, {FOVEA_TR("{path} is damaged: {reason}. Run the stage again."),
                                            {{"path", path.string()}, {"reason", what.what()}}});
        }
    }

    Project& project_;
    const RunRequest& request_;
    Job& job_;
    Artifacts artifacts_;
    bool next_;                      // another round is still to begin
    std::vector<fs::path> waiting_;  // order folders of this stage whose cases wait for a person
};

}  // namespace

std::vector<std::string> chainUntil(const StageList& stages, const std::string& until,
                                    const std::vector<std::string>& skip) {
    stageById(stages, until);
    for (const std::string& id : skip) stageById(stages, id);
    std::vector<std::string> chain;
    for (const Stage& stage : stages) {
        if (std::find(skip.begin(), skip.end(), stage.id) == skip.end()) chain.push_back(stage.id);
        if (stage.id == until) break;
    }
    return chain;
}

RunResult run(Project& project, const StageList& stages, const RunRequest& request, Job& job) {
    project.requireWritable();
    for (const std::string& id : request.stages) stageById(stages, id);
    for (const std::string& id : request.cases) project.caseOf(id);
    return Chain(project, stages, request, job).run();
}

}  // namespace fovea::project

#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "project/artifacts.h"

namespace fovea::project {

struct RunRequest {
    std::vector<std::string> stages;      // in this order; chainUntil() makes one
    std::vector<std::string> cases = {};  // empty = all
    std::string device = "cpu";
    int threads = 0;
    bool again = false;                  // run even what is up to date
    bool next = false;                   // the first stage for later rounds begins another round
    std::filesystem::path program = {};  // run each order as a child `program work DIR`; empty = in this process
    // Called on the running thread before a stage runs; the simulated annotator commits labels here.
    std::function<void(const Stage&, int round)> before = {};
    // Called on the running thread when a stage has run or was found up to date (see RunResult::json).
    std::function<void(const nlohmann::json&)> finished = {};
};

// Two levels: {"state": "done" | "waiting", "stages": [{"stage", "round", "state": "done" | "up-to-date" | "waiting",
// "seconds", "result": {…} (project scope) or "cases": {id: {"state", "seconds", "result"}}}]}. A stage of a finished
// round that was asked for with other options than it was made with stays as it is and adds "warning": a sentence,
// "unused":
// [{"option", "used", "wanted"}].
struct RunResult {
    bool waiting = false;  // stopped where a person has to do something
    nlohmann::json json;
};

// Stages of the list up to `until`, without `skip`.
std::vector<std::string> chainUntil(const StageList& stages, const std::string& until,
                                    const std::vector<std::string>& skip = {});

// Runs stages over all cases of the project: work order → staging folder → run → manifest → adopted by rename. What is
// up to date is skipped and says so; an interrupted run resumes in its staging folder; a waiting stage ends the run.
// Progress goes over the whole chain. When round 0 is active, or with `next`, the first thing that a stage for later
// rounds has made begins a round. `project` must be open for writing. Thread: any, usually the batch lane.
RunResult run(Project& project, const StageList& stages, const RunRequest& request, Job& job);

}  // namespace fovea::project

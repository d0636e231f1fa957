#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "project/artifacts.h"

namespace fovea::project {

// A run of one stage written down, so that it runs anywhere: `<folder>/order.json`, inputs by reference (absolute
// paths) or packed beside it (relative paths), output in `<folder>/out`, progress in `progress.json` (at most twice a
// second), a file named `cancel` stops it, `result.json` {"state": done | waiting | cancelled | failed, "result" |
// "error", "seconds"} ends it.
struct WorkOrder {
    struct Input {
        std::string kind, caseId;
        std::filesystem::path path;
    };
    std::string id, stage;
    int round = 0, rival = 0;
    std::vector<Case> cases;  // paths absolute or relative to the order's folder
    std::string runCase;      // "" for Scope::Project
    std::vector<Input> inputs;
    std::map<std::string, std::string> missing;  // optional kinds that are not there, with the stage that makes each
    nlohmann::json options, recipe;
    std::string device = "cpu";
    std::uint64_t seed = 0;
    int threads = 0;
    std::filesystem::path cache;  // for decoded copies of images
};

nlohmann::json toJson(const WorkOrder& order);
WorkOrder orderFromJson(const nlohmann::json& json);  // throws Error(Format)
// order.json in the folder. Throws Error(Missing) or Error(Format) that names it.
WorkOrder readOrder(const std::filesystem::path& orderFolder);

// The order for one run, from what the project holds now. Throws Error(Missing) naming the stage to run first when a
// required need is not there.
WorkOrder prepareOrder(const Artifacts& artifacts, const Stage& stage, const std::string& caseId, int round);

// Writes <project>/work/<id>/order.json; an interrupted run of the same order keeps its out/ folder. Returns the
// folder.
std::filesystem::path writeOrder(const Project& project, const WorkOrder& order);
// Copies inputs and images into `target`, so that the folder can travel.
void packOrder(const WorkOrder& order, const std::filesystem::path& target, Job& job);

// Runs the order in `folder` in this process: reads order.json and what it names, writes out/, progress.json and
// result.json. Returns result.json's content. What the stage throws is written there, then passes through.
nlohmann::json runOrder(const std::filesystem::path& folder, const StageList& stages, const ImageOpener& opener,
                        Job& job);
// The same in a child process (`program work folder`), watching its progress file; `job` cancelled → its cancel file is
// written. A failed child is an Error with its message.
nlohmann::json runOrderInChild(const std::filesystem::path& folder, const std::filesystem::path& program, Job& job);

// Moves the finished out/ folder with its manifest to where the artifact lives and deletes the order's folder. Owner
// only. Throws Error(Input) when the artifact belongs to a finished round and is there already.
void adopt(Artifacts& artifacts, const std::filesystem::path& orderFolder);

}  // namespace fovea::project

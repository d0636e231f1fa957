#include "project/work_order.h"

#include <ctime>

#include "base/file.h"
#include "base/hash.h"
#include "project/case_image.h"

namespace fovea::project {

namespace fs = std::filesystem;
using nlohmann::json;

json toJson(const WorkOrder& order) {
    json cases = json::array(), inputs = json::array();
    for (const Case& c : order.cases) cases.push_back(toJson(c));
    for (const WorkOrder::Input& input : order.inputs)
        inputs.push_back({{"kind", input.kind}, {"case", input.caseId}, {"path", input.path.string()}});
    return {{"schema", 1},
            {"id", order.id},
            {"stage", order.stage},
            {"round", order.round},
            {"rival", order.rival},
            {"cases", cases},
            {"case", order.runCase},
            {"inputs", inputs},
            {"missing", order.missing},
            {"options", order.options},
            {"recipe", order.recipe},
            {"device", order.device},
            {"seed", order.seed},
            {"threads", order.threads},
            {"cache", order.cache.string()}};
}

WorkOrder orderFromJson(const json& in) {
    try {
        if (in.at("schema").get<int>() != 1)
            throw Error(ErrorKind::Unsupported,
                        FOVEA_TR("This work order was written by a newer program. Update this one."));
        WorkOrder order;
        order.id = in.at("id").get<std::string>();
        order.stage = in.at("stage").get<std::string>();
        order.round = in.at("round").get<int>();
        order.rival = in.value("rival", 0);
        for (const json& c : in.at("cases")) order.cases.push_back(caseFromJson(c));
        order.runCase = in.at("case").get<std::string>();
        for (const json& input : in.at("inputs"))
            order.inputs.push_back({input.at("kind").get<std::string>(), input.at("case").get<std::string>(),
                                    input.at("path").get<std::string>()});
        order.missing = in.value("missing", std::map<std::string, std::string>());
        order.options = in.at("options");
        order.recipe = in.at("recipe");
        order.device = in.value("device", "cpu");
        order.seed = in.value("seed", std::uint64_t(0));
        order.threads = in.value("threads", 0);
        order.cache = in.value("cache", "");
        return order;
    } catch (const json::exception& error) {
        throw Error(ErrorKind::Format, {FOVEA_TR("The work order (order.json) is damaged: {reason}. Prepare it again "
                                                 "from its project."),
                                        {{"reason", error.what()}}});
    }
}

WorkOrder readOrder(const fs::path& orderFolder) {
    const fs::path path = orderFolder / "order.json";
    const json in = file::readJson(path);
    try {
        return orderFromJson(in);
    } catch (Error& error) {
        error.context({FOVEA_TR("reading {path}"), {{"path", path.string()}}});
        throw;
    }
}

WorkOrder prepareOrder(const Artifacts& artifacts, const Stage& stage, const std::string& caseId, int round) {
    const Project& project = artifacts.project();
    WorkOrder order;
    order.stage = stage.id;
    order.round = round;
    order.rival = project.rivalOf(round);
    order.runCase = caseId;
    order.options = project.optionsOf(stage).json();
    order.recipe = artifacts.recipe(stage, caseId, round);
    order.id = Artifacts::orderId(Artifacts::key(order.recipe));
    order.seed = project.seed();
    order.cache = project.cacheFolder();
    for (Case c : project.cases()) {
        if (stage.scope == Scope::Case && c.id != caseId) continue;
        project.image(c.id);  // it must still be the image that was imported
        c.path = project.imagePath(c).string();
        order.cases.push_back(std::move(c));
    }
    if (order.cases.empty()) throw Error(ErrorKind::Input, FOVEA_TR("The project has no image yet. Import one first."));
    const std::optional<int> chosen = roundChosen(project, stage);
    for (const StageInput& input : artifacts.inputsOf(stage, caseId, round)) {
        if (input.need.kind == "edits") {
            order.inputs.push_back({input.slot, input.caseId, project.caseFolder(input.caseId)});
            continue;
        }
        if (input.ref) {
            order.inputs.push_back({input.slot, input.caseId, artifacts.folder(*input.ref)});
            continue;
        }
        if (input.need.from == From::InUse && chosen.value_or(0) > 0)
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("Round {round} has no {kind}. The last round is {last}; −1 takes the one in use."),
                         {{"round", std::to_string(*chosen)},
                          {"kind", input.need.kind},
                          {"last", std::to_string(project.lastRound())}}});
        const std::string maker = artifacts.makerOf(input.need.kind, round);
        if (!input.need.optional)
            throw Error(ErrorKind::Missing,
                        {FOVEA_TR("{stage} needs {kind}, which is not there yet. Run {maker} first."),
                         {{"stage", stage.id}, {"kind", input.need.kind}, {"maker", maker}}});
        order.missing[input.slot] = maker;
    }
    return order;
}

fs::path writeOrder(const Project& project, const WorkOrder& order) {
    project.requireWritable();
    const fs::path folder = project.workFolder() / order.id;
    file::makeFolder(folder / "out");
    file::remove(folder / "cancel");
    file::writeJson(folder / "order.json", toJson(order));
    return folder;
}

void packOrder(const WorkOrder& order, const fs::path& target, Job& job) {
    WorkOrder packed = order;
    packed.cache = "cache";
    file::makeFolder(target / "inputs");
    file::makeFolder(target / "images");
    file::makeFolder(target / "out");
    const double total = double(packed.inputs.size() + packed.cases.size());
    double done = 0;
    for (WorkOrder::Input& input : packed.inputs) {
        job.check();
        job.progress(done++, total, {FOVEA_TR("Copying {kind}"), {{"kind", input.kind}}});
        const fs::path to = fs::path("inputs") / (input.kind + (input.caseId.empty() ? "" : "-" + input.caseId));
        file::copy(input.path, target / to);
        input.path = to;
    }
    for (Case& c : packed.cases) {
        job.check();
        job.progress(done++, total, {FOVEA_TR("Copying {kind}"), {{"kind", c.id}}});
        const fs::path to = fs::path("images") / c.id / fs::path(c.path).filename();
        file::makeFolder((target / to).parent_path());
        file::copy(c.path, target / to);
        c.path = to.string();
    }
    file::writeJson(target / "order.json", toJson(packed));
}

namespace {

std::string utcNow() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    char buffer[32];
    std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return buffer;
}

}  // namespace

void adopt(Artifacts& artifacts, const fs::path& orderFolder) {
    const Project& project = artifacts.project();
    project.requireWritable();
    const WorkOrder order = readOrder(orderFolder);
    const json result = file::readJson(orderFolder / "result.json");
    const std::string state = result.value("state", "");
    if (state != "done" && state != "waiting")
        throw Error(ErrorKind::Input, {FOVEA_TR("{folder} has not finished: nothing can be taken over from it."),
                                       {{"folder", orderFolder.string()}}});
    const ArtifactRef ref{order.stage, order.runCase, order.round};
    const std::optional<json> before = artifacts.manifest(ref);
    if (before && project.finished(order.round))
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{artifact} belongs to a finished round and stays as it is. Begin a new round."),
                     {{"artifact", ref.str()}}});
    const std::string key = Artifacts::key(order.recipe), finished = utcNow();
    // Made again on purpose from the same things: another result, so what follows from it is stale.
    const bool again = before && before->value("key", "") == key;
    const std::string hash = again ? sha256(key + before->value("hash", "") + finished) : key;
    file::writeJson(orderFolder / "out" / "manifest.json", {{"key", key},
                                                            {"hash", hash},
                                                            {"recipe", order.recipe},
                                                            {"seed", order.seed},
                                                            {"program", result.value("program", "")},
                                                            {"compute", result.value("compute", json::object())},
                                                            {"seconds", result.value("seconds", 0.0)},
                                                            {"result", result.value("result", json::object())},
                                                            {"finished", finished}});
    const fs::path target = artifacts.folder(ref);
    file::makeFolder(target.parent_path());
    file::commitFolder(orderFolder / "out", target);
    file::remove(orderFolder);
}

}  // namespace fovea::project

#include "project/project.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "data/tables.h"
#include "project/case_image.h"

namespace fovea::project {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* projectFile = "project.fovea";

std::vector<std::string> idsOf(const std::vector<Case>& cases) {
    std::vector<std::string> ids;
    for (const Case& c : cases) ids.push_back(c.id);
    return ids;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

// The general advice to delete a broken file would be a bad one here.
json readProjectFile(const fs::path& path) {
    try {
        return file::readJson(path);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Format) throw;
        throw Error(
            ErrorKind::Format,
            {FOVEA_TR("{path} is damaged: it is no complete JSON text. Restore it from a backup; the labels and "
                      "rounds beside it are untouched."),
             {{"path", path.string()}}});
    }
}

// True once a stage that looks at more than the file has made something.
bool somethingLearned(const fs::path& rounds) {
    std::error_code error;
    for (fs::directory_iterator round(rounds, error), end; round != end; round.increment(error))
        for (fs::directory_iterator stage(round->path(), error); stage != end; stage.increment(error))
            if (stage->path().filename() != "import") return true;
    return false;
}

void requireRound(int round, std::size_t rounds) {
    if (round < 0 || round >= int(rounds))
        throw Error(ErrorKind::Input, {FOVEA_TR("There is no round {round}; the last one is {last}."),
                                       {{"round", std::to_string(round)}, {"last", std::to_string(rounds - 1)}}});
}

}  // namespace

Project::Project(fs::path folder, ImageOpener opener) : folder_(std::move(folder)), opener_(std::move(opener)) {}

bool Project::isProject(const fs::path& folder) {
    std::error_code error;
    return fs::is_regular_file(folder / projectFile, error);
}

std::unique_ptr<Project> Project::create(const fs::path& folder, ImageOpener opener) {
    if (isProject(folder))
        throw Error(ErrorKind::Input, {FOVEA_TR("{folder} holds a project already. Open it, or choose another folder."),
                                       {{"folder", folder.string()}}});
    std::error_code error;
    if (fs::exists(folder, error) && !fs::is_directory(folder, error))
        throw Error(ErrorKind::Input, {FOVEA_TR("{folder} is a file. Choose a new folder for the project."),
                                       {{"folder", folder.string()}}});
    if (fs::exists(folder, error) && !(fs::is_directory(folder, error) && fs::is_empty(folder, error)))
        throw Error(ErrorKind::Input, {FOVEA_TR("{folder} is not empty. Choose a new folder for the project."),
                                       {{"folder", folder.string()}}});
    file::makeFolder(folder);
    std::unique_ptr<Project> project(new Project(fs::absolute(folder).lexically_normal(), std::move(opener)));
    project->lock_ = std::make_unique<Lock>(project->folder_);
    for (const char* name : {"cases", "rounds", "cache", "work"}) file::makeFolder(project->folder_ / name);
    project->save();
    return project;
}

std::unique_ptr<Project> Project::open(const fs::path& folder, ImageOpener opener, Access access) {
    if (!isProject(folder))
        throw Error(
            ErrorKind::Missing,
            {FOVEA_TR(
                 "{folder} is no project: it has no {file}. Import an image into it first, or choose another folder."),
             {{"folder", folder.string()}, {"file", projectFile}}});
    std::unique_ptr<Project> project(new Project(fs::absolute(folder).lexically_normal(), std::move(opener)));
    if (access == Access::Write) project->lock_ = std::make_unique<Lock>(project->folder_);
    project->load();
    return project;
}

void Project::load() {
    const fs::path path = folder_ / projectFile;
    try {
        const json in = readProjectFile(path);
        const int found = in.at("schema").get<int>();
        if (found > schema) {
            lock_.reset();
            notice_ = {
                FOVEA_TR(
                    "This project was made by a newer program (schema {found}, this one knows {known}). It is open for "
                    "reading only; update the program to change it."),
                {{"found", std::to_string(found)}, {"known", std::to_string(schema)}}};
        }
        if (found < schema)
            throw Error(ErrorKind::Format, {FOVEA_TR("{path} has schema {found}, which never existed."),
                                            {{"path", path.string()}, {"found", std::to_string(found)}}});
        for (const json& c : in.at("cases")) cases_.push_back(caseFromJson(c));
        options_ = in.value("options", json::object());
        seed_ = in.value("seed", std::uint64_t(0));
        activeRound_ = in.value("active_round", 0);
        parents_ = in.value("parents", std::vector<int>{-1});
        rivals_ = in.value("rivals", parents_);  // a project from before rounds were compared
        inUse_ = in.value("in_use", -1);
        chosenIn_ = in.value("chosen_in", -1);
        if (parents_.empty() || activeRound_ < 0 || activeRound_ >= int(parents_.size()) || !options_.is_object() ||
            rivals_.size() != parents_.size() || inUse_ < -1 || inUse_ >= int(parents_.size()))
            throw Error(ErrorKind::Format, {FOVEA_TR("{path} is damaged: rounds or options do not fit together."),
                                            {{"path", path.string()}}});
        for (int round = 0; round < int(parents_.size()); ++round)
            if (parents_[round] >= round || (round > 0 && parents_[round] < 0))
                throw Error(ErrorKind::Format,
                            {FOVEA_TR("{path} is damaged: round {round} has no possible predecessor."),
                             {{"path", path.string()}, {"round", std::to_string(round)}}});
    } catch (const json::exception& error) {
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} is damaged: {reason}. Restore it from a backup."),
                                        {{"path", path.string()}, {"reason", error.what()}}});
    }
}

void Project::save() const {
    json cases = json::array();
    for (const Case& c : cases_) cases.push_back(toJson(c));
    file::writeJson(folder_ / projectFile, {{"schema", schema},
                                            {"program", "fovea"},
                                            {"cases", cases},
                                            {"options", options_},
                                            {"seed", seed_},
                                            {"active_round", activeRound_},
                                            {"parents", parents_},
                                            {"rivals", rivals_},
                                            {"in_use", inUse_},
                                            {"chosen_in", chosenIn_}});
}

void Project::requireWritable() const {
    if (readOnly())
        throw Error(ErrorKind::Input, {FOVEA_TR("The project {folder} is open for reading only and cannot be changed."),
                                       {{"folder", folder_.string()}}});
}

// ---- cases

std::vector<Case> Project::cases() const {
    const std::lock_guard guard(mutex_);
    return cases_;
}

std::vector<std::string> Project::caseIds() const {
    const std::lock_guard guard(mutex_);
    return idsOf(cases_);
}

const Case& Project::find(const std::string& id) const {
    for (const Case& c : cases_)
        if (c.id == id) return c;
    const std::string near = nearest(id, idsOf(cases_));
    throw Error(ErrorKind::Input, near.empty()
                                      ? Text(FOVEA_TR("There is no image {id} in this project. It has: {known}."),
                                             {{"id", id}, {"known", joined(idsOf(cases_))}})
                                      : Text(FOVEA_TR("There is no image {id} in this project. Did you mean {near}?"),
                                             {{"id", id}, {"near", near}}));
}

Case Project::caseOf(const std::string& id) const {
    const std::lock_guard guard(mutex_);
    return find(id);
}

Case Project::addCase(const std::string& path, const NewCase& details) {
    requireWritable();
    const fs::path absolute = fs::absolute(path).lexically_normal();
    const ImagePtr image = opener_(absolute.string(), details.timepoint, cacheFolder());
    const ImageInfo& info = image->info();
    Case c;
    const fs::path inside = absolute.lexically_relative(folder_);
    c.path = inside.empty() || *inside.begin() == ".." ? absolute.string() : inside.string();
    c.timepoint = details.timepoint;
    c.channelNames = details.channelNames;
    c.spacing = details.spacing;
    c.shape = info.shape();
    c.dtype = info.dtype;
    c.channels = info.channels;
    if (!c.channelNames.empty() && int(c.channelNames.size()) != c.channels)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} has {channels} channels, but {names} channel names were given."),
                     {{"path", path},
                      {"channels", std::to_string(c.channels)},
                      {"names", std::to_string(c.channelNames.size())}}});
    c.identity = imageIdentity(absolute.string(), info);
    c.modified = modifiedAt(absolute.string());
    c.guard = details.guard;
    if (!details.test.empty()) c.test = parseBox(details.test, c.shape);

    const std::lock_guard guard(mutex_);
    for (const Case& other : cases_)
        if (other.path == c.path && other.timepoint == c.timepoint)
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("{path} is in this project already, as {id}."), {{"path", path}, {"id", other.id}}});
    const std::vector<std::string> known = idsOf(cases_);
    const std::string wanted =
        details.id.empty() ? caseName(path) + (info.timepoints > 1 ? "-t" + std::to_string(details.timepoint) : "")
                           : details.id;
    c.id = wanted;
    for (int n = 2; std::count(known.begin(), known.end(), c.id); ++n) c.id = wanted + "-" + std::to_string(n);
    caseFromJson(toJson(c));  // refuses impossible names
    file::makeFolder(caseFolder(c.id));
    cases_.push_back(c);
    try {
        if (c.test) setHeldOut(c.id, *c.test, c.guard);
        save();
    } catch (...) {
        cases_.pop_back();
        std::error_code ignored;  // the first error is the one to tell
        fs::remove_all(caseFolder(c.id), ignored);
        throw;
    }
    return c;
}

void Project::removeCase(const std::string& caseId) {
    requireWritable();
    const std::lock_guard guard(mutex_);
    const std::string id = find(caseId).id;
    std::erase_if(cases_, [&](const Case& c) { return c.id == id; });
    images_.erase(id);
    save();
    file::remove(caseFolder(id));
}

void Project::setSpacing(const std::string& caseId, const Vec3& spacing) {
    requireWritable();
    for (int axis = 0; axis < 3; ++axis)
        if (!(spacing[axis] > 0) || !std::isfinite(spacing[axis]))
            throw Error(ErrorKind::Input, {FOVEA_TR("A voxel of {id} must be larger than nothing along z, y and x. "
                                                    "Give three sizes in µm."),
                                           {{"id", caseId}}});
    const std::lock_guard guard(mutex_);
    Case& c = const_cast<Case&>(find(caseId));
    if (c.spacing == spacing) return;
    c.spacing = spacing;
    images_.erase(c.id);
    save();
}

void Project::setHeldOut(const std::string& caseId, const Box& test, std::int64_t guard) {
    requireWritable();
    const std::lock_guard locked(mutex_);
    Case& c = const_cast<Case&>(find(caseId));
    if (test.empty() || !Box::of(c.shape).contains(test) || guard < 0)
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR("The test box {box} with guard {guard} does not lie in {id}, which is {shape} voxels."),
             {{"box", toString(test)}, {"guard", std::to_string(guard)}, {"id", c.id}, {"shape", toString(c.shape)}}});
    const bool same = c.test == test && c.guard == guard;
    std::error_code error;
    const fs::path split = caseFolder(caseId) / "split.json";
    // While round 0 is the active one, a first choice makes it stale; later it would come too late.
    if (!same && (fs::exists(split, error) || lastRound() > 0) && somethingLearned(folder_ / "rounds"))
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("What is held out in {id} cannot change any more: stages have seen the image. "
                              "Start a new project."),
                     {{"id", c.id}}});
    c.test = test;
    c.guard = guard;
    writeSplit(c);
    save();
}

void Project::holdOutForCheck(const std::string& caseId, const std::vector<CheckBox>& boxes) {
    requireWritable();
    const std::lock_guard locked(mutex_);
    Case& c = const_cast<Case&>(find(caseId));
    for (const CheckBox& one : boxes) {
        if (one.box.empty() || !one.guarded.contains(one.box) || !Box::of(c.shape).contains(one.guarded))
            throw Error(
                ErrorKind::Input,
                {FOVEA_TR("The check box {box} does not lie in {id}, which is {shape} voxels. Run query again."),
                 {{"box", toString(one.box)}, {"id", c.id}, {"shape", toString(c.shape)}}});
        if (std::find(c.check.begin(), c.check.end(), one) == c.check.end()) c.check.push_back(one);
    }
    writeSplit(c);
    save();
}

// The split as an artifact for people and tools: what no method may learn from.
void Project::writeSplit(const Case& c) const {
    json split = json::object();
    if (c.test) {
        const HeldOut test = heldOutOf(c).front();
        split = {{"test", toJson(test.test)}, {"guard", c.guard}, {"guarded", toJson(test.guarded)}};
    }
    if (!c.check.empty()) split["check"] = toJson(c.check);
    file::makeFolder(caseFolder(c.id));
    file::writeJson(caseFolder(c.id) / "split.json", split);
}

std::vector<HeldOut> Project::heldOut(const std::string& caseId) const {
    const std::lock_guard guard(mutex_);
    return heldOutOf(find(caseId));
}

std::vector<HeldOut> heldOutOf(const Case& c) {
    std::vector<HeldOut> held;
    const Index margin{c.guard, c.guard, c.guard};
    if (c.test) held.push_back({c.id, *c.test, c.test->grown(margin).intersected(Box::of(c.shape))});
    for (const CheckBox& one : c.check) held.push_back({c.id, one.box, one.guarded, true});
    return held;
}

fs::path Project::imagePath(const Case& c) const { return (folder_ / c.path).lexically_normal(); }
fs::path Project::caseFolder(const std::string& caseId) const { return folder_ / "cases" / caseId; }
fs::path Project::roundFolder(int round) const { return folder_ / "rounds" / std::to_string(round); }

void Project::verify(const Case& c, const ImageInfo& info) const {
    const std::string path = imagePath(c).string();
    if (info.shape() == c.shape && info.dtype == c.dtype && info.channels == c.channels &&
        (modifiedAt(path) == c.modified || imageIdentity(path, info) == c.identity))
        return;
    throw Error(ErrorKind::Input,
                {FOVEA_TR("{path} is not the image it was when {id} was imported. Put the old file back, or import "
                          "this one as a new image."),
                 {{"path", path}, {"id", c.id}}});
}

ImagePtr Project::image(const std::string& caseId) const {
    const std::lock_guard guard(mutex_);
    if (ImagePtr open = images_[caseId].lock()) return open;
    const Case& c = find(caseId);
    const ImagePtr raw = opener_(imagePath(c).string(), c.timepoint, cacheFolder());
    verify(c, raw->info());
    const ImagePtr image = withDetails(raw, c.spacing, c.channelNames);
    images_[caseId] = image;
    return image;
}

// ---- options

Options Project::optionsOf(const Stage& stage) const {
    const std::lock_guard guard(mutex_);
    return Options(stage.options, options_.value(stage.id, json::object()));
}

void Project::setOptions(const Stage& stage, const json& values) {
    requireWritable();
    const std::lock_guard guard(mutex_);
    json merged = options_.value(stage.id, json::object());
    merged.update(values);
    const Options checked(stage.options, merged);
    // Only what differs from the defaults is kept, so that a better default reaches projects that never chose.
    const Options defaults(stage.options);
    json chosen = json::object();
    for (const auto& [key, value] : checked.json().items())
        if (value != defaults.json()[key]) chosen[key] = value;
    if (options_.value(stage.id, json::object()) == chosen) return;
    options_[stage.id] = chosen;
    save();
}

void Project::assign(const Stage& stage, const std::vector<std::string>& assignments) {
    if (assignments.empty()) return;
    const Options all = Options::fromAssignments(stage.options, assignments);
    json values = json::object();
    for (const std::string& assignment : assignments) {
        const std::string key = assignment.substr(0, assignment.find('='));
        values[key] = all.json().at(key);
    }
    setOptions(stage, values);
}

std::uint64_t Project::seed() const {
    const std::lock_guard guard(mutex_);
    return seed_;
}

void Project::setSeed(std::uint64_t seed) {
    const std::lock_guard guard(mutex_);
    if (seed == seed_) return;
    requireWritable();
    seed_ = seed;
    save();
}

// ---- rounds

int Project::activeRound() const {
    const std::lock_guard guard(mutex_);
    return activeRound_;
}

int Project::lastRound() const {
    const std::lock_guard guard(mutex_);
    return int(parents_.size()) - 1;
}

int Project::parentOf(int round) const {
    const std::lock_guard guard(mutex_);
    if (round == int(parents_.size())) return activeRound_;
    return round >= 0 && round < int(parents_.size()) ? parents_[round] : -1;
}

int Project::beginRound() {
    requireWritable();
    const std::lock_guard guard(mutex_);
    rivals_.push_back(inUse());
    parents_.push_back(activeRound_);
    activeRound_ = int(parents_.size()) - 1;
    save();
    return activeRound_;
}

void Project::activate(int round) {
    requireWritable();
    const std::lock_guard guard(mutex_);
    requireRound(round, parents_.size());
    activeRound_ = round;
    save();
}

int Project::inUse() const {
    const std::lock_guard guard(mutex_);
    return inUse_ < 0 ? activeRound_ : inUse_;
}

void Project::use(int round) {
    requireWritable();
    const std::lock_guard guard(mutex_);
    requireRound(round, parents_.size());
    inUse_ = round;
    chosenIn_ = lastRound();
    save();
}

void Project::settle(int round, bool promoted) {
    requireWritable();
    const std::lock_guard guard(mutex_);
    if (round != lastRound() || chosenIn_ == round) return;
    const int wanted = promoted ? round : rivals_[round];
    if (inUse_ == wanted) return;
    inUse_ = wanted;
    save();
}

int Project::rivalOf(int round) const {
    const std::lock_guard guard(mutex_);
    if (round == int(rivals_.size())) return inUse();  // one that is still to begin
    return round > 0 && round < int(rivals_.size()) ? std::max(0, rivals_[round]) : 0;
}

}  // namespace fovea::project

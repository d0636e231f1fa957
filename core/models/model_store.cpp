#include "models/model_store.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>

#include "base/error.h"
#include "base/file.h"

namespace fovea::models {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const char* const recordName = "part.json";
const char* const stagingName = ".staging";
constexpr std::size_t longestId = 64;

std::string now() {
    const std::time_t time = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&time, &utc);
    char buffer[32];
    std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return buffer;
}

// Lower-case letters, digits, "_", "-" and ".", not first: a name that is one folder anywhere.
bool isId(const std::string& id) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
    return !id.empty() && id.size() <= longestId && plain(id[0]) &&
           std::all_of(id.begin(), id.end(), [&](char c) { return plain(c) || c == '.'; });
}

// False also where one may not look.
bool isThere(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

std::string environment(const char* variable) {
    const char* value = std::getenv(variable);
    return value ? value : "";
}

// The kept part in this folder; `why` says what is wrong with it.
KeptFile readPart(const fs::path& folder, Text& why) {
    KeptFile file{.part = folder.filename().string()};
    try {
        const json record = file::readJson(folder / recordName);
        const std::string fileName = record.at("name");
        if (fs::path(fileName).filename() != fileName || fileName.empty()) throw Error(ErrorKind::Format, "name");
        file.path = folder / fileName;
        record.at("bytes").get_to(file.bytes);
        record.at("sha256").get_to(file.sha256);
        record.at("network").get_to(file.network);
        record.at("title").get_to(file.title);
        record.at("origin").get_to(file.origin);
        record.at("added").get_to(file.added);
    } catch (const std::exception&) {
        why = {FOVEA_TR("its record {path} cannot be read"), {{"path", (folder / recordName).string()}}};
        return file;
    }
    std::error_code error;
    const std::uint64_t size = fs::file_size(file.path, error);
    if (error)
        why = {FOVEA_TR("{path} is not there"), {{"path", file.path.string()}}};
    else if (size != file.bytes)
        why = {FOVEA_TR("{path} has {size} bytes instead of {wanted}"),
               {{"path", file.path.string()}, {"size", std::to_string(size)}, {"wanted", std::to_string(file.bytes)}}};
    return file;
}

void judge(Model& model, const Text& broken) {
    model.state = State::Ready;
    if (!broken.empty()) {
        model.state = State::Damaged;
        model.why = broken;
        return;
    }
    if (!model.known) return;
    for (const KnownFile& wanted : model.known->files)
        if (std::none_of(model.files.begin(), model.files.end(),
                         [&](const KeptFile& file) { return file.part == wanted.part; })) {
            model.state = State::Missing;
            if (!model.files.empty()) model.why = {FOVEA_TR("{name} is still missing"), {{"name", wanted.name}}};
        }
}

Role roleOf(const std::string& network) {
    if (network == "cellsam") return Role::PseudoLabels;
    return network.starts_with("mae/") ? Role::Features : Role::Prompts;
}

}  // namespace

const char* name(State state) {
    switch (state) {
        case State::Ready:
            return "ready";
        case State::Damaged:
            return "damaged";
        case State::Missing:
            break;
    }
    return "missing";
}

std::uint64_t Model::bytes() const {
    std::uint64_t sum = 0;
    if (state == State::Missing && known)
        for (const KnownFile& file : known->files) sum += file.bytes;
    else
        for (const KeptFile& file : files) sum += file.bytes;
    return sum;
}

fs::path ModelStore::defaultFolder() {
    if (const std::string given = environment("FOVEA_MODELS"); !given.empty()) return fs::absolute(given);
    if (const std::string data = environment("XDG_DATA_HOME"); !data.empty()) return fs::path(data) / "fovea/models";
    if (const std::string home = environment("HOME"); !home.empty())
        return fs::path(home) / ".local/share/fovea/models";
    throw Error(ErrorKind::Input,
                FOVEA_TR("Nobody says where models are kept: set the variable FOVEA_MODELS to a folder."));
}

ModelStore::ModelStore(fs::path folder, const std::vector<KnownModel>& known)
    : folder_(std::move(folder)), known_(known) {}

const KnownModel* ModelStore::knownById(const std::string& id) const {
    const auto found = std::find_if(known_.begin(), known_.end(), [&](const KnownModel& one) { return one.id == id; });
    return found == known_.end() ? nullptr : &*found;
}

std::vector<std::string> ModelStore::ownIds() const {
    std::vector<std::string> ids;
    std::error_code error;
    for (auto at = fs::directory_iterator(folder_, error); !error && at != fs::directory_iterator();
         at.increment(error)) {
        const std::string id = at->path().filename().string();
        std::error_code unreadable;
        if (at->is_directory(unreadable) && isId(id) && !knownById(id)) ids.push_back(id);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

std::optional<Model> ModelStore::read(const std::string& id) const {
    Model model{.id = id, .title = id, .known = knownById(id)};
    Text broken;
    std::vector<fs::path> parts;
    std::error_code error;
    for (auto at = fs::directory_iterator(folder_ / id, error); !error && at != fs::directory_iterator();
         at.increment(error))
        if (std::error_code unreadable; at->is_directory(unreadable) && isId(at->path().filename().string()))
            parts.push_back(at->path());
    std::sort(parts.begin(), parts.end());
    for (const fs::path& part : parts) {
        Text why;
        model.files.push_back(readPart(part, why));
        if (!why.empty()) broken = why;
    }
    if (!model.known && model.files.empty()) return std::nullopt;
    if (model.known) {
        model.title = model.known->title;
        model.role = model.known->role;
        model.licence = model.known->licence;
    } else {
        const KeptFile& file = model.files.front();
        if (!file.title.empty()) model.title = file.title;
        model.role = roleOf(file.network);
        model.licence = &licenceOfOwn(file.network);
    }
    model.accepted = accepted(*model.licence);
    judge(model, broken);
    return model;
}

std::vector<Model> ModelStore::list() const {
    std::vector<Model> models;
    for (const KnownModel& one : known_) models.push_back(*read(one.id));
    for (const std::string& id : ownIds())
        if (auto model = read(id)) models.push_back(std::move(*model));
    return models;
}

Model ModelStore::find(const std::string& id) const {
    if (isId(id))
        if (auto model = read(id)) return *model;
    std::vector<std::string> ids = ownIds();
    for (const KnownModel& one : known_) ids.push_back(one.id);
    const std::string near = nearest(id, ids);
    throw Error(ErrorKind::Missing,
                near.empty()
                    ? Text(FOVEA_TR("There is no model {id}. `fovea-cli models` lists them."), {{"id", id}})
                    : Text(FOVEA_TR("There is no model {id}. Did you mean {near}?"), {{"id", id}, {"near", near}}));
}

Model ModelStore::verified(const std::string& id, Job& job) const {
    Model model = find(id);
    if (model.state == State::Damaged) return model;
    for (std::size_t i = 0; i < model.files.size(); ++i) {
        JobPart part(job, double(i) / double(model.files.size()), double(i + 1) / double(model.files.size()));
        const KeptFile& file = model.files[i];
        if (digestOf(file.path, part).sha256 != file.sha256)
            judge(model, {FOVEA_TR("{path} has another hash than when it was added"), {{"path", file.path.string()}}});
    }
    return model;
}

fs::path ModelStore::file(const std::string& id, const std::string& part) const {
    const Model model = find(id);
    if (model.state == State::Damaged)
        throw Error(ErrorKind::Format, {FOVEA_TR("The model {id} is damaged: {why}. Remove it and add it again."),
                                        {{"id", id}, {"why", model.why.str()}}});
    const auto found =
        std::find_if(model.files.begin(), model.files.end(), [&](const KeptFile& one) { return one.part == part; });
    if (found == model.files.end()) {
        const bool bring = model.known && model.known->brought();
        throw Error(
            ErrorKind::Missing,
            {bring ? FOVEA_TR("The {part} of {title} is not here. Fetch it from {source} and add it: fovea-cli "
                              "models add FILE.")
                   : FOVEA_TR("The {part} of {title} is not here. Add it: fovea-cli models add {id}."),
             {{"part", part}, {"title", model.title}, {"source", model.known ? model.known->source : ""}, {"id", id}}});
    }
    demandAccepted(*model.licence, model.title);
    return found->path;
}

void ModelStore::remove(const std::string& id) {
    const Model model = find(id);
    if (model.files.empty())
        throw Error(ErrorKind::Missing, {FOVEA_TR("Nothing of {title} is kept here."), {{"title", model.title}}});
    file::remove(folder_ / id);
}

std::optional<std::string> ModelStore::accepted(const Licence& licence) const {
    if (!licence.restricted || !isThere(licencesFile())) return std::nullopt;
    try {
        const json dates = file::readJson(licencesFile());
        const auto found = dates.find(licence.id);
        if (found != dates.end() && found->is_string()) return found->get<std::string>();
    } catch (const Error&) {  // an unreadable file: to be accepted again
    }
    return std::nullopt;
}

void ModelStore::accept(const Licence& licence) {
    if (!licence.restricted || accepted(licence)) return;
    file::makeFolder(folder_);
    json dates = json::object();
    try {
        if (isThere(licencesFile())) dates = file::readJson(licencesFile());
    } catch (const Error&) {  // as in accepted()
    }
    if (!dates.is_object()) dates = json::object();
    dates[licence.id] = now();
    file::writeJson(licencesFile(), dates);
}

void ModelStore::demandAccepted(const Licence& licence, const std::string& title) const {
    if (!licence.restricted || accepted(licence)) return;
    throw Error(ErrorKind::Input,
                {FOVEA_TR("{title} is under a licence ({licence}) that allows only some uses: {text} Where that fits "
                          "yours, accept it once (--accept-licence)."),
                 {{"title", title}, {"licence", licence.name}, {"text", licence.text.str()}}});
}

void ModelStore::keep(const std::string& id, const fs::path& staged, KeptFile record) {
    file::writeJson(staged.parent_path() / recordName, {{"schema", 1},
                                                        {"name", staged.filename().string()},
                                                        {"bytes", fs::file_size(staged)},
                                                        {"sha256", record.sha256},
                                                        {"network", record.network},
                                                        {"title", record.title},
                                                        {"origin", record.origin},
                                                        {"added", now()}});
    file::makeFolder(folder_ / id);
    file::commitFolder(staged.parent_path(), folder_ / id / record.part);
}

std::string ModelStore::freeId(const std::string& fileName) const {
    std::string stem;
    for (const char c : fs::path(fileName).stem().string().substr(0, longestId - 8)) {
        const char lower = c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
        const bool plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '-';
        stem += plain ? lower : '_';
    }
    if (stem.empty()) stem = "model";
    std::string id = stem;
    for (int i = 2; knownById(id) || isThere(folder_ / id); ++i) id = stem + "-" + std::to_string(i);
    return id;
}

StagingFolder::StagingFolder(const ModelStore& store) {
    static std::atomic<unsigned> counter{0};
    const fs::path all = store.folder() / stagingName;
    file::makeFolder(all);
    std::error_code error;
    for (auto at = fs::directory_iterator(all, error); !error && at != fs::directory_iterator(); at.increment(error)) {
        std::error_code gone;
        const auto age = fs::file_time_type::clock::now() - fs::last_write_time(at->path(), gone);
        if (!gone && age > std::chrono::hours(24)) fs::remove_all(at->path(), gone);
    }
    path_ = all / (std::to_string(::getpid()) + "-" + std::to_string(counter++));
    file::remove(path_);
    file::makeFolder(path_);
}

StagingFolder::~StagingFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
}

}  // namespace fovea::models

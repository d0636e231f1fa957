#include "models/add_model.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "models/archive.h"
#include "models/download.h"
#include "models/recognise.h"
#include "tensorfile/byte_file.h"

namespace fovea::models {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t mostBytes = std::uint64_t(16) << 30;

// A known file and its model; both null for a person's own.
struct Place {
    const KnownModel* model = nullptr;
    const KnownFile* file = nullptr;
};

bool isArchive(const fs::path& path) {
    const tensorfile::ByteFile file(path);
    return file.size() > 2 && file.read(0, 2) == "\x1f\x8b";  // gzip
}

template <class Fits>
Place findPlace(const ModelStore& store, const Recognised& what, Fits&& fits) {
    for (const KnownModel& model : store.known())
        for (const KnownFile& file : model.files)
            if (file.network == what.network && fits(file)) return {&model, &file};
    return {};
}

// Before the hash is known: by name.
Place placeByName(const ModelStore& store, const Recognised& what, const std::string& name) {
    return findPlace(store, what, [&](const KnownFile& file) { return file.name == name; });
}

// By hash, else by name where this build can't compare. Throws Error(Format) for a published name with another hash.
Place placeOf(const ModelStore& store, const Recognised& what, const fs::path& path, const Digest& digest) {
    const Place same = findPlace(store, what, [&](const KnownFile& file) { return identifies(digest, file.digest); });
    if (same.file) return same;
    const Place named = placeByName(store, what, path.filename().string());
    if (named.file && contradicts(digest, named.file->digest))
        throw Error(
            ErrorKind::Format,
            {FOVEA_TR("{path} is not the published {title}: its hash differs from {wanted}. Fetch it again; if it "
                      "is a model of your own, give the file another name."),
             {{"path", path.string()}, {"title", named.model->title}, {"wanted", named.file->digest.str()}}});
    return named;
}

void demandLicence(ModelStore& store, const Licence& licence, const std::string& title, bool accept) {
    if (accept) store.accept(licence);
    store.demandAccepted(licence, title);
}

void demandLicence(ModelStore& store, const Place& place, const Recognised& what, bool accept) {
    if (place.model)
        demandLicence(store, *place.model->licence, place.model->title, accept);
    else
        demandLicence(store, licenceOfOwn(what.network), what.title, accept);
}

Recognised recogniseUsable(const fs::path& path) {
    Recognised what = recognise(path);
    if (!what.usable())
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} is not added. {what}"),
                                        {{"path", path.string()}, {"what", what.sentence().str()}}});
    return what;
}

void demandSpace(const ModelStore& store, std::uint64_t bytes) {
    const std::uint64_t free = file::freeBytes(store.folder());
    if (bytes > free)
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR("{folder} has {free} left, too little for {bytes}. Free some space, or keep models elsewhere "
                      "(variable FOVEA_MODELS)."),
             {{"folder", store.folder().string()},
              {"free", bytesText(double(free))},
              {"bytes", bytesText(double(bytes))}}});
}

// The person's model that holds these very bytes, if one does.
std::optional<std::string> alreadyOwn(const ModelStore& store, const Digest& digest) {
    for (const Model& model : store.list())
        if (!model.known && model.files.front().sha256 == digest.sha256) return model.id;
    return std::nullopt;
}

// A file that was recognised and belongs somewhere.
struct Checked {
    Recognised what;
    Digest digest;
    Place place;
};

// `staged` lies alone in its staging folder; `name` is how the person knows it.
Added keep(ModelStore& store, const fs::path& staged, const std::string& name, const std::string& origin,
           const Checked& checked) {
    const Place& place = checked.place;
    KeptFile record{.part = place.file ? place.file->part : "model",
                    .sha256 = checked.digest.sha256,
                    .network = checked.what.network,
                    .title = place.file ? "" : fs::path(name).stem().string(),
                    .origin = origin};
    std::string id = place.model ? place.model->id : "";
    if (!place.model) {
        if (const auto there = alreadyOwn(store, checked.digest))
            return {*there, FOVEA_TR("This file is here already.")};
        id = store.freeId(name);
    }
    fs::path named = staged;
    if (place.file) named.replace_filename(place.file->name);
    if (named != staged) file::move(staged, named);
    store.keep(id, named, record);
    return {id, checked.what.sentence()};
}

// A file that the store may take away from where it lies, on the same disk.
Added takeOver(ModelStore& store, const fs::path& path, const std::string& origin, bool accept, Job& job) {
    Checked checked{recogniseUsable(path), digestOf(path, job), {}};
    checked.place = placeOf(store, checked.what, path, checked.digest);
    demandLicence(store, checked.place, checked.what, accept);
    const StagingFolder staging(store);
    const fs::path staged = staging.path() / path.filename();
    file::move(path, staged);
    return keep(store, staged, path.filename().string(), origin, checked);
}

Added addCopy(ModelStore& store, const fs::path& path, bool accept, Job& job) {
    const std::string name = path.filename().string();
    Checked checked{recogniseUsable(path), {}, {}};
    demandLicence(store, placeByName(store, checked.what, name), checked.what, accept);  // before a long copy
    demandSpace(store, fs::file_size(path));
    const StagingFolder staging(store);
    checked.digest = copyTo(staging.path() / name, path, job);
    checked.place = placeOf(store, checked.what, path, checked.digest);
    demandLicence(store, checked.place, checked.what, accept);
    return keep(store, staging.path() / name, name, fs::absolute(path).string(), checked);
}

std::vector<Added> addArchive(ModelStore& store, const fs::path& path, bool accept, Job& job) {
    JobPart checking(job, 0, 0.2), unpacking(job, 0.2, 0.8);
    for (const KnownModel& model : store.known()) {
        if (model.archive.empty() || path.filename() != model.archive) continue;
        demandLicence(store, *model.licence, model.title, accept);
        if (contradicts(digestOf(path, checking), model.archiveDigest))
            throw Error(
                ErrorKind::Format,
                {FOVEA_TR("{path} is not the published archive: its hash differs from {wanted}. Fetch it again."),
                 {{"path", path.string()}, {"wanted", model.archiveDigest.str()}}});
        break;
    }
    demandSpace(store, fs::file_size(path));
    const StagingFolder staging(store);
    const std::vector<fs::path> files = unpackWeights(path, staging.path(), unpacking);
    if (files.empty())
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{path} holds no weights file (.pt, .pth, .safetensors). Choose another."),
                     {{"path", path.string()}}});
    std::vector<Added> added;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const double share = 0.2 / double(files.size());
        JobPart part(job, 0.8 + share * double(i), 0.8 + share * double(i + 1));
        added.push_back(takeOver(store, files[i], fs::absolute(path).string(), accept, part));
    }
    return added;
}

// Where a download of this address is gathered.
fs::path downloadFolder(const ModelStore& store, const std::string& url) {
    return store.folder() / ".downloads" / sha256(url).substr(0, 16);
}

Added fetchFile(ModelStore& store, const KnownModel& model, const KnownFile& wanted, Job& job) {
    const fs::path folder = downloadFolder(store, wanted.url);
    JobPart fetching(job, 0, 0.9), checking(job, 0.9, 1);
    const std::uint64_t most = wanted.exactly ? wanted.bytes : 2 * wanted.bytes;
    const fs::path path = download(wanted.url, folder, wanted.name, most, fetching);
    const Digest digest = digestOf(path, checking);
    if (contradicts(digest, wanted.digest)) {
        file::remove(folder);
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("The hash of {url} differs from {wanted}: it was damaged on the way or "
                              "changed at its source. It was deleted; try again."),
                     {{"url", wanted.url}, {"wanted", wanted.digest.str()}}});
    }
    try {
        const Recognised what = recogniseUsable(path);
        if (what.network != wanted.network)
            throw Error(ErrorKind::Format, {FOVEA_TR("{url} holds another model. {what}"),
                                            {{"url", wanted.url}, {"what", what.sentence().str()}}});
        const StagingFolder staging(store);
        const fs::path staged = staging.path() / wanted.name;
        file::move(path, staged);
        const Added added = keep(store, staged, wanted.name, wanted.url, {what, digest, {&model, &wanted}});
        file::remove(folder);
        return added;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Format) file::remove(folder);
        throw;
    }
}

}  // namespace

std::vector<Added> addFile(ModelStore& store, const fs::path& path, bool accept, Job& job) {
    if (isArchive(path)) return addArchive(store, path, accept, job);
    return {addCopy(store, path, accept, job)};
}

std::vector<Added> addUrl(ModelStore& store, const std::string& url, bool accept, Job& job) {
    for (const KnownModel& model : store.known())
        for (const KnownFile& file : model.files)
            if (file.url == url) {
                demandLicence(store, *model.licence, model.title, accept);
                return {fetchFile(store, model, file, job)};
            }
    const fs::path folder = downloadFolder(store, url);
    JobPart fetching(job, 0, 0.9), adding(job, 0.9, 1);
    const fs::path path = download(url, folder, "", mostBytes, fetching);
    try {
        const std::vector<Added> added = isArchive(path)
                                             ? addArchive(store, path, accept, adding)
                                             : std::vector<Added>{takeOver(store, path, url, accept, adding)};
        file::remove(folder);
        return added;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Format) file::remove(folder);  // it won't be any better next time
        throw;
    }
}

std::vector<Added> fetchKnown(ModelStore& store, const std::string& id, bool accept, Job& job) {
    const Model model = store.find(id);
    if (!model.known || model.known->brought())
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("Nobody may fetch {title} for you: get its file from {source} and add that."),
                     {{"title", model.title}, {"source", model.known ? model.known->source : "its maker"}}});
    demandLicence(store, *model.licence, model.title, accept);
    std::vector<const KnownFile*> missing;
    for (const KnownFile& file : model.known->files)
        if (model.state == State::Damaged || std::none_of(model.files.begin(), model.files.end(),
                                                          [&](const KeptFile& kept) { return kept.part == file.part; }))
            missing.push_back(&file);
    if (missing.empty()) return {{id, FOVEA_TR("This model is here already.")}};
    std::vector<Added> added;
    for (std::size_t i = 0; i < missing.size(); ++i) {
        JobPart part(job, double(i) / double(missing.size()), double(i + 1) / double(missing.size()));
        added.push_back(fetchFile(store, *model.known, *missing[i], part));
    }
    return added;
}

}  // namespace fovea::models

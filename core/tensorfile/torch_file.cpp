#include "tensorfile/torch_file.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "tensorfile/crc32.h"
#include "tensorfile/zip_reader.h"

namespace fovea::tensorfile {

namespace {

constexpr std::uint64_t mostPickleBytes = 64'000'000;
// All tensors together, each view once, against the size of the file.
constexpr std::uint64_t mostRepeats = 16, alwaysBytes = 64'000'000;
constexpr std::string_view zipMagic("PK\3\4", 4), tarMagic("ustar");
constexpr std::string_view legacyMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr std::int64_t legacyProtocol = 1001;

std::string recordOf(const std::string& root, const std::string& key) { return root + "data/" + key; }

// The folder of the one record called data.pkl, with its "/"; its name is free.
std::string rootOf(const ZipReader& zip, const std::string& where) {
    std::vector<std::string> roots;
    for (const auto& entry : zip.records())
        if (entry.first == "data.pkl" || entry.first.ends_with("/data.pkl"))
            roots.push_back(entry.first.substr(0, entry.first.size() - std::strlen("data.pkl")));
    if (roots.empty()) throw RefusedFile(where, Refusal::NoPickle, "the archive holds no checkpoint");
    if (roots.size() > 1) throw RefusedFile(where, Refusal::Ambiguous, "the archive holds several checkpoints");
    return roots.front();
}

bool isContiguous(const TorchTensor& tensor) {
    std::int64_t step = 1;
    for (std::size_t a = tensor.shape.size(); a-- > 0;) {
        if (tensor.shape[a] != 1 && tensor.strides[a] != step) return false;
        step *= tensor.shape[a];
    }
    return true;
}

// Copies elements of a view to C order; `from` begins at its first element.
void gather(const TorchTensor& tensor, const std::byte* from, std::byte* to) {
    const std::size_t size = sizeOf(tensor.type), rank = tensor.shape.size();
    Shape at(rank, 0);
    std::int64_t element = 0;
    for (std::uint64_t n = tensor.count(); n > 0; --n, to += size) {
        std::memcpy(to, from + std::size_t(element) * size, size);
        for (std::size_t a = rank; a-- > 0;) {
            element += tensor.strides[a];
            if (++at[a] < tensor.shape[a]) break;
            element -= tensor.strides[a] * tensor.shape[a];
            at[a] = 0;
        }
    }
}

// Elements from the first of a view to its last, both included.
std::uint64_t reach(const TorchTensor& tensor) {
    std::uint64_t last = 0;
    for (std::size_t a = 0; a < tensor.shape.size(); ++a)
        last += std::uint64_t(tensor.shape[a] - 1) * std::uint64_t(tensor.strides[a]);
    return last + 1;
}

}  // namespace

void TorchFile::refuse(Refusal reason, const std::string& why) const {
    throw RefusedFile(file_.path().string(), reason, why);
}

bool TorchFile::looksLike(const std::filesystem::path& path) {
    const ByteFile file(path);
    const std::string start = file.read(0, std::min<std::uint64_t>(file.size(), zipMagic.size()));
    return start == zipMagic || (start.size() > 1 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5);
}

TorchFile::TorchFile(const std::filesystem::path& path) : file_(path) {
    if (file_.size() == 0) refuse(Refusal::Empty, "it is empty");
    const std::string start = file_.read(0, std::min<std::uint64_t>(file_.size(), 512));
    if (start.starts_with(zipMagic))
        openZip();
    else if (start.size() > 262 && start.compare(257, tarMagic.size(), tarMagic) == 0)
        refuse(Refusal::Unsupported, "it has the tar format of the earliest versions of torch");
    else
        openLegacy();
    if (content_.tensors.empty()) refuse(Refusal::NoTensors, "it holds no tensors");
    checkAmount();
}

void TorchFile::openZip() {
    const std::string where = file_.path().string();
    const ZipReader zip(file_);
    const std::string root = rootOf(zip, where);
    for (const auto& entry : zip.records())
        if (entry.first.starts_with(root)) records_.push_back(entry.first.substr(root.size()));
    if (zip.records().contains(root + "byteorder") && zip.read(root + "byteorder", 64) != "little")
        refuse(Refusal::ByteOrder, "it was written by a machine of another byte order");
    PickleTree tree = readPickle(zip.read(root + "data.pkl", mostPickleBytes), where);
    globals_ = std::move(tree.globals);
    content_ = torchValues(tree, where);
    for (const TorchStorage& storage : content_.storages) {
        const auto found = zip.records().find(recordOf(root, storage.key));
        if (storage.key.find('/') != storage.key.npos || found == zip.records().end())
            refuse(Refusal::MissingRecord, "storage " + storage.key + " is not there");
        const ZipRecord& record = found->second;
        if (!record.stored) refuse(Refusal::Compressed, "storage " + storage.key + " is compressed");
        if (record.size != storage.bytes())
            refuse(Refusal::StorageSize, "storage " + storage.key + " has another size than it should");
        places_.push_back({record.begin, record.crc, false});
    }
}

void TorchFile::openLegacy() {
    const std::string where = file_.path().string();
    const std::string bytes = file_.read(0, std::min(file_.size(), mostPickleBytes));
    std::size_t at = 0;
    const auto next = [&](Refusal atEnd) {
        PickleTree tree = readPickle(std::string_view(bytes).substr(at), where, atEnd);
        at += tree.bytes;
        return tree;
    };
    const auto magic = [&] {
        try {
            const PickleTree tree = next(Refusal::BadMagic);
            return tree.at(tree.root).kind == PickleKind::Long && tree.at(tree.root).text == legacyMagic;
        } catch (const RefusedFile& refused) {
            if (refused.reason() == Refusal::UnsafeGlobal) throw;
            return false;
        }
    };
    if (!magic()) refuse(Refusal::BadMagic, "it is no file of torch.save");
    const PickleTree protocol = next(Refusal::Truncated), system = next(Refusal::Truncated);
    if (protocol.at(protocol.root).whole != legacyProtocol) refuse(Refusal::BadMagic, "its version is not known");
    const auto& told = system.at(system.root).children;
    for (std::size_t i = 0; i + 1 < told.size(); i += 2)
        if (system.at(told[i]).text == "little_endian" && system.at(told[i + 1]).whole == 0)
            refuse(Refusal::ByteOrder, "it was written by a machine of another byte order");
    PickleTree tree = next(Refusal::Truncated);
    const PickleTree keys = next(Refusal::Truncated);
    globals_ = std::move(tree.globals);
    content_ = torchValues(tree, where);

    std::map<std::string, std::size_t> byKey;
    for (std::size_t i = 0; i < content_.storages.size(); ++i) byKey[content_.storages[i].key] = i;
    places_.resize(content_.storages.size());
    std::uint64_t position = at;
    for (const std::uint32_t index : keys.at(keys.root).children) {
        const std::string& key = keys.at(index).text;
        const auto found = byKey.find(key);
        if (found == byKey.end()) refuse(Refusal::MissingRecord, "storage " + key + " is there, but not described");
        const TorchStorage& storage = content_.storages[found->second];
        Place& place = places_[found->second];
        if (place.checked) refuse(Refusal::Ambiguous, "storage " + key + " is there twice");
        std::uint64_t count = 0;
        if (file_.size() - position < sizeof count) refuse(Refusal::Truncated, "it ends within its numbers");
        file_.read(position, &count, sizeof count);
        if (count != storage.count) refuse(Refusal::StorageSize, "storage " + key + " has another size than it should");
        position += sizeof count;
        if (file_.size() - position < storage.bytes()) refuse(Refusal::Truncated, "it ends within its numbers");
        place = {position, 0, true};
        position += storage.bytes();
    }
    for (std::size_t i = 0; i < places_.size(); ++i)
        if (!places_[i].checked)
            refuse(Refusal::MissingRecord, "storage " + content_.storages[i].key + " is not there");
}

void TorchFile::checkAmount() const {
    std::set<TorchTensor> views;
    std::uint64_t left = std::max(alwaysBytes, mostRepeats * file_.size());
    for (const auto& [path, tensor] : content_.tensors) {
        if (!views.insert(tensor).second) continue;
        const std::uint64_t bytes = tensor.count() * sizeOf(tensor.type);
        if (bytes > left) refuse(Refusal::Limits, "its tensors are larger than the file can hold");
        left -= bytes;
    }
}

void TorchFile::checkStorage(Place& place, std::uint64_t bytes) const {
    constexpr std::uint64_t step = 1 << 20;
    std::uint32_t crc = 0;
    for (std::uint64_t done = 0; done < bytes; done += step) {
        const std::string part = file_.read(place.begin + done, std::min(step, bytes - done));
        crc = crc32(std::as_bytes(std::span(part)), crc);
    }
    if (crc != place.crc) refuse(Refusal::Crc, "its numbers are damaged");
    place.checked = true;
}

Tensor TorchFile::read(const TorchTensor& view) {
    const TorchStorage& storage = content_.storages.at(view.storage);
    Place& place = places_[view.storage];
    Tensor tensor{view.type, view.shape, std::vector<std::byte>(std::size_t(view.count()) * sizeOf(view.type))};
    const std::uint64_t begin = place.begin + view.offset * sizeOf(view.type);
    const bool contiguous = isContiguous(view);
    const bool whole = contiguous && tensor.bytes.size() == storage.bytes();
    if (!whole && !place.checked) checkStorage(place, storage.bytes());
    if (tensor.bytes.empty()) return tensor;
    if (contiguous) {
        file_.read(begin, tensor.bytes.data(), tensor.bytes.size());
        if (!place.checked && crc32(tensor.bytes) != place.crc) refuse(Refusal::Crc, "its numbers are damaged");
        place.checked = true;
    } else {
        const std::string part = file_.read(begin, reach(view) * sizeOf(view.type));
        gather(view, reinterpret_cast<const std::byte*>(part.data()), tensor.bytes.data());
    }
    return tensor;
}

}  // namespace fovea::tensorfile

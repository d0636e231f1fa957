#include "tensorfile/zip_reader.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "tensorfile/crc32.h"
#include "tensorfile/inflate.h"

namespace fovea::tensorfile {

namespace {

constexpr std::uint64_t mostEntries = 1'000'000, mostDirectoryBytes = 256'000'000;
constexpr std::size_t endBytes = 22, locatorBytes = 20, end64Bytes = 56, entryBytes = 46, localBytes = 30;
constexpr std::uint32_t full32 = 0xFFFFFFFF;

template <class T>
T number(std::string_view bytes, std::size_t at) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

// A relative path without "." or "..", as every zip written in good faith has.
bool isPlainPath(std::string_view name) {
    if (name.empty() || name.front() == '/' || name.find('\\') != name.npos || name.find('\0') != name.npos)
        return false;
    if (name.size() > 1 && name[1] == ':') return false;
    for (std::size_t from = 0; from <= name.size();) {
        const std::size_t to = std::min(name.find('/', from), name.size());
        const std::string_view part = name.substr(from, to - from);
        if (part == "." || part == ".." || (part.empty() && to < name.size())) return false;
        from = to + 1;
    }
    return true;
}

// Sizes and offset of an entry that has them in its ZIP64 field, in this order and only where the short ones are full.
bool widen(std::string_view extra, std::uint64_t& size, std::uint64_t& packed, std::uint64_t& at) {
    for (std::size_t i = 0; i + 4 <= extra.size();) {
        const auto id = number<std::uint16_t>(extra, i), length = number<std::uint16_t>(extra, i + 2);
        std::string_view field = extra.substr(i + 4, length);
        if (field.size() < length) return false;
        if (id == 1) {
            for (std::uint64_t* value : {&size, &packed, &at}) {
                if (*value != full32) continue;
                if (field.size() < 8) return false;
                *value = number<std::uint64_t>(field, 0);
                field.remove_prefix(8);
            }
            return true;
        }
        i += 4 + std::size_t(length);
    }
    return size != full32 && packed != full32 && at != full32;
}

}  // namespace

void ZipReader::refuse(Refusal reason, const std::string& why) const {
    throw RefusedFile(file_.path().string(), reason, why);
}

ZipReader::Directory ZipReader::findDirectory() const {
    const std::uint64_t tail = std::min<std::uint64_t>(file_.size(), endBytes + 0xFFFF);
    const std::string bytes = file_.read(file_.size() - tail, tail);
    const std::size_t end = bytes.rfind("PK\5\6");
    if (end == bytes.npos || end + endBytes > bytes.size())
        refuse(Refusal::Truncated, "the end of the archive is missing");
    Directory found{number<std::uint32_t>(bytes, end + 16), number<std::uint32_t>(bytes, end + 12),
                    number<std::uint16_t>(bytes, end + 10)};
    std::uint64_t limit = file_.size() - tail + end;
    if (end >= locatorBytes && bytes.compare(end - locatorBytes, 4, "PK\6\7") == 0) {
        const auto at = number<std::uint64_t>(bytes, end - locatorBytes + 8);
        if (at > limit || limit - at < end64Bytes) refuse(Refusal::Truncated, "its directory lies outside the file");
        const std::string wide = file_.read(at, end64Bytes);
        if (wide.compare(0, 4, "PK\6\6") != 0) refuse(Refusal::Truncated, "its directory is missing");
        found = {number<std::uint64_t>(wide, 48), number<std::uint64_t>(wide, 40), number<std::uint64_t>(wide, 32)};
        limit = at;
    }
    if (found.at > limit || found.size > limit - found.at)
        refuse(Refusal::Truncated, "its directory lies outside the file");
    if (found.entries > mostEntries || found.size > mostDirectoryBytes)
        refuse(Refusal::Limits, "it has too many records");
    return found;
}

// The bytes of the record whose local header is at `at`; nothing may reach beyond `end`.
ZipRecord ZipReader::locate(const std::string& recordName, std::uint64_t at, std::uint64_t end) const {
    if (at > end || end - at < localBytes) refuse(Refusal::Truncated, recordName + " lies outside the file");
    const std::string header = file_.read(at, localBytes);
    const auto nameBytes = number<std::uint16_t>(header, 26), extraBytes = number<std::uint16_t>(header, 28);
    if (header.compare(0, 4, "PK\3\4") != 0) refuse(Refusal::Truncated, recordName + " is not where it should be");
    if (end - at < localBytes + nameBytes + extraBytes)
        refuse(Refusal::Truncated, recordName + " lies outside the file");
    if (file_.read(at + localBytes, nameBytes) != recordName) refuse(Refusal::Ambiguous, recordName + " has two names");
    return {at + localBytes + nameBytes + extraBytes};
}

ZipReader::ZipReader(const ByteFile& file) : file_(file) {
    const Directory directory = findDirectory();
    const std::string bytes = file_.read(directory.at, directory.size);
    std::uint64_t total = 0;
    std::size_t at = 0;
    for (std::uint64_t n = 0; n < directory.entries; ++n) {
        if (bytes.size() - at < entryBytes || bytes.compare(at, 4, "PK\1\2") != 0)
            refuse(Refusal::Truncated, "its directory is cut");
        const std::string_view entry = std::string_view(bytes).substr(at);
        const std::size_t nameBytes = number<std::uint16_t>(entry, 28), extraBytes = number<std::uint16_t>(entry, 30);
        const std::size_t whole = entryBytes + nameBytes + extraBytes + number<std::uint16_t>(entry, 32);
        if (entry.size() < whole) refuse(Refusal::Truncated, "its directory is cut");
        const std::string recordName(entry.substr(entryBytes, nameBytes));
        if (!isPlainPath(recordName)) refuse(Refusal::Path, "a record is called \"" + recordName + "\"");
        if (number<std::uint16_t>(entry, 8) & 1) refuse(Refusal::Unsupported, "it is encrypted");
        std::uint64_t packed = number<std::uint32_t>(entry, 20), size = number<std::uint32_t>(entry, 24);
        std::uint64_t header = number<std::uint32_t>(entry, 42);
        if (!widen(entry.substr(entryBytes + nameBytes, extraBytes), size, packed, header))
            refuse(Refusal::Truncated, recordName + " has a damaged directory entry");
        ZipRecord record = locate(recordName, header, directory.at);
        record.size = size;
        record.crc = number<std::uint32_t>(entry, 16);
        const auto method = number<std::uint16_t>(entry, 10);
        record.stored = method == 0;
        record.deflated = method == 8;
        record.packed = packed;
        if (packed > directory.at - record.begin) refuse(Refusal::Truncated, recordName + " lies outside the file");
        if (record.stored && packed != size) refuse(Refusal::StorageSize, recordName + " has two sizes");
        total += packed;
        if (total > file_.size()) refuse(Refusal::Ambiguous, "its records overlap");
        if (!records_.emplace(recordName, record).second) refuse(Refusal::Ambiguous, recordName + " is there twice");
        at += whole;
    }
}

const ZipRecord& ZipReader::find(const std::string& recordName) const {
    const auto found = records_.find(recordName);
    if (found == records_.end()) refuse(Refusal::MissingRecord, recordName + " is not there");
    return found->second;
}

std::string ZipReader::read(const std::string& recordName, std::uint64_t limit) const {
    const ZipRecord& record = find(recordName);
    if (!record.stored) refuse(Refusal::Compressed, recordName + " is compressed");
    return readUnpacked(recordName, limit);
}

std::string ZipReader::readUnpacked(const std::string& recordName, std::uint64_t limit) const {
    const ZipRecord& record = find(recordName);
    if (!record.stored && !record.deflated)
        refuse(Refusal::Compressed, recordName + " is compressed in an unusual way");
    if (record.size > limit) refuse(Refusal::Limits, recordName + " is too large");
    std::optional<std::string> bytes = file_.read(record.begin, record.packed);
    if (record.deflated) bytes = inflated(*bytes, record.size);
    if (!bytes || crc32(std::as_bytes(std::span(*bytes))) != record.crc)
        refuse(Refusal::Crc, recordName + " is damaged");
    return std::move(*bytes);
}

void ZipReader::verify(const std::string& recordName) const {
    const ZipRecord& record = find(recordName);
    if (!record.stored) refuse(Refusal::Compressed, recordName + " is compressed");
    constexpr std::uint64_t part = std::uint64_t(1) << 24;
    std::uint32_t crc = 0;
    for (std::uint64_t at = 0; at < record.size; at += part) {
        const std::string bytes = file_.read(record.begin + at, std::min(part, record.size - at));
        crc = crc32(std::as_bytes(std::span(bytes)), crc);
    }
    if (crc != record.crc) refuse(Refusal::Crc, recordName + " is damaged");
}

}  // namespace fovea::tensorfile

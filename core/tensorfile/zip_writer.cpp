#include "tensorfile/zip_writer.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string_view>

#include "base/file.h"
#include "tensorfile/crc32.h"

namespace fovea::tensorfile {

namespace {

constexpr std::uint64_t alignment = 64, full32 = 0xFFFFFFFF, full16 = 0xFFFF;
constexpr std::uint16_t needs = 20, needs64 = 45, dateOf1980 = 0x21;

template <class T>
void add(std::string& to, T value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::uint32_t short32(std::uint64_t value) { return std::uint32_t(std::min(value, full32)); }

// Sizes (twice: stored records have one) and offset that do not fit into 32 bits.
std::string wideField(std::uint64_t size, std::uint64_t at) {
    std::string values;
    if (size >= full32) add(values, size), add(values, size);
    if (at >= full32) add(values, at);
    std::string field;
    if (values.empty()) return field;
    add(field, std::uint16_t(1));
    add(field, std::uint16_t(values.size()));
    return field + values;
}

// An unused field that moves what follows to the next aligned position.
std::string padding(std::uint64_t at) {
    constexpr std::uint64_t least = 4;
    const std::uint64_t fill = (alignment - (at + least) % alignment) % alignment;
    std::string field;
    add(field, std::uint16_t(0x4246));
    add(field, std::uint16_t(fill));
    return field + std::string(std::size_t(fill), 'Z');
}

// A record as its headers tell it.
struct Record {
    const std::string& name;
    std::uint64_t bytes = 0;
    std::uint32_t crc = 0;
};

Record recordOf(const ZipContent& content) {
    Record record{content.name};
    for (const auto part : content.parts) {
        record.bytes += part.size();
        record.crc = crc32(part, record.crc);
    }
    return record;
}

// What local header and directory entry have in common, from "version needed" on.
std::string common(const Record& record, std::size_t extraBytes, bool wide) {
    std::string text;
    add(text, wide ? needs64 : needs);
    for (const std::uint16_t value : {std::uint16_t(0x0800), std::uint16_t(0), std::uint16_t(0), dateOf1980})
        add(text, value);  // names are UTF-8; stored; time, date
    add(text, record.crc);
    add(text, short32(record.bytes));
    add(text, short32(record.bytes));
    add(text, std::uint16_t(record.name.size()));
    add(text, std::uint16_t(extraBytes));
    return text;
}

std::string localHeader(const Record& record, std::uint64_t at) {
    std::string extra = wideField(record.bytes, 0);
    const bool wide = !extra.empty();
    extra += padding(at + 30 + record.name.size() + extra.size());
    return "PK\3\4" + common(record, extra.size(), wide) + record.name + extra;
}

std::string directoryEntry(const Record& record, std::uint64_t at) {
    const std::string extra = wideField(record.bytes, at);
    std::string text("PK\1\2");
    add(text, extra.empty() ? needs : needs64);
    text += common(record, extra.size(), !extra.empty());
    text.append(10, '\0');  // comment, disk, attributes
    add(text, short32(at));
    return text + record.name + extra;
}

std::string directoryEnd(std::uint64_t entries, std::uint64_t at, std::uint64_t size) {
    std::string text;
    if (entries >= full16 || at >= full32 || size >= full32) {
        text = "PK\6\6";
        add(text, std::uint64_t(44));
        add(text, needs64), add(text, needs64);
        add(text, std::uint32_t(0)), add(text, std::uint32_t(0));
        for (const std::uint64_t value : {entries, entries, size, at}) add(text, value);
        text += "PK\6\7";
        add(text, std::uint32_t(0));
        add(text, at + size);
        add(text, std::uint32_t(1));
    }
    text += "PK\5\6";
    add(text, std::uint32_t(0));
    add(text, std::uint16_t(std::min(entries, full16))), add(text, std::uint16_t(std::min(entries, full16)));
    add(text, short32(size)), add(text, short32(at));
    add(text, std::uint16_t(0));
    return text;
}

}  // namespace

void writeZip(const std::filesystem::path& path, const std::vector<ZipContent>& contents) {
    std::deque<std::string> headers;  // parts refer to them
    std::vector<std::string_view> parts;
    std::string directory;
    std::uint64_t at = 0;
    for (const ZipContent& content : contents) {
        const Record record = recordOf(content);
        directory += directoryEntry(record, at);
        headers.push_back(localHeader(record, at));
        parts.push_back(headers.back());
        for (const auto part : content.parts)
            parts.emplace_back(reinterpret_cast<const char*>(part.data()), part.size());
        at += headers.back().size() + record.bytes;
    }
    const std::string end = directoryEnd(contents.size(), at, directory.size());
    parts.push_back(directory);
    parts.push_back(end);
    file::write(path, parts);
}

}  // namespace fovea::tensorfile

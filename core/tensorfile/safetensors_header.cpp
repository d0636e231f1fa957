#include "tensorfile/safetensors_header.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace fovea::tensorfile {

using nlohmann::json;

namespace {

[[noreturn]] void damaged(const std::string& where, const std::string& why) {
    throw Error(ErrorKind::Format, {FOVEA_TR("{where} is not a sound safetensors file: {why}. Copy or save it again."),
                                    {{"where", where}, {"why", why}}});
}

// Refuses while parsing what a tree could no longer tell (names twice) or should never hold (deep nesting).
json parseStrictly(std::string_view text, const std::string& where) {
    std::set<std::string> names, inner;
    const auto watch = [&](int depth, json::parse_event_t event, json& value) {
        if (depth > 3) damaged(where, "its header is nested too deeply");
        if (event == json::parse_event_t::key) {
            if (depth == 1) inner.clear();
            const std::string key = value.get<std::string>();
            if (!(depth == 1 ? names : inner).insert(key).second) damaged(where, "\"" + key + "\" appears twice");
        }
        return true;
    };
    try {
        return json::parse(text, watch);
    } catch (const json::exception& error) {
        damaged(where, std::string("its header is not JSON (") + error.what() + ")");
    }
}

std::optional<ElementType> typeByName(const std::string& wanted) {
    for (int i = 0; i <= int(ElementType::C64); ++i)
        if (wanted == name(ElementType(i))) return ElementType(i);
    return std::nullopt;
}

std::uint64_t natural(const json& value, const std::string& where, const std::string& what) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > std::uint64_t(1) << 62)
        damaged(where, what + " is not a whole number of sensible size");
    return value.get<std::uint64_t>();
}

TensorInfo parseTensor(const std::string& key, const json& value, std::uint64_t bufferBytes, const std::string& where) {
    const std::string quoted = "\"" + key + "\"";
    if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets"))
        damaged(where, quoted + " lacks dtype, shape or data_offsets");
    const json &dtype = value["dtype"], &shape = value["shape"], &offsets = value["data_offsets"];
    if (!dtype.is_string() || !shape.is_array() || !offsets.is_array() || offsets.size() != 2)
        damaged(where, quoted + " has dtype, shape or data_offsets of the wrong kind");
    const auto type = typeByName(dtype.get<std::string>());
    if (!type)
        throw Error(ErrorKind::Unsupported,
                    {FOVEA_TR("{where}: tensor {name} has type {type}, which is not read here."),
                     {{"where", where}, {"name", key}, {"type", dtype.get<std::string>()}}});
    TensorInfo info{*type, {}, natural(offsets[0], where, quoted), natural(offsets[1], where, quoted)};
    for (const json& extent : shape) info.shape.push_back(std::int64_t(natural(extent, where, quoted)));
    if (info.begin > info.end || info.end > bufferBytes) damaged(where, quoted + " lies outside the file");
    if (info.end - info.begin != checkedBytes(info.type, info.shape, where))
        damaged(where, quoted + " has another size than its shape " + toString(info.shape) + " says");
    return info;
}

void checkCoverage(const std::map<std::string, TensorInfo>& tensors, std::uint64_t bufferBytes,
                   const std::string& where) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> spans;
    for (const auto& [key, info] : tensors) spans.emplace_back(info.begin, info.end);
    std::sort(spans.begin(), spans.end());
    std::uint64_t at = 0;
    for (const auto& [begin, end] : spans) {
        if (begin < at) damaged(where, "two tensors overlap");
        if (begin > at) damaged(where, "there are bytes that belong to no tensor");
        at = end;
    }
    if (at != bufferBytes) damaged(where, "there are bytes that belong to no tensor");
}

}  // namespace

SafetensorsHeader parseSafetensorsHeader(std::string_view text, std::uint64_t bufferBytes, const std::string& where) {
    if (text.empty() || text.front() != '{') damaged(where, "its header is not a JSON object");
    const json tree = parseStrictly(text, where);
    SafetensorsHeader header;
    for (const auto& [key, value] : tree.items()) {
        if (key == "__metadata__") {
            if (!value.is_object()) damaged(where, "its metadata is not a map");
            for (const auto& [word, text_] : value.items()) {
                if (!text_.is_string()) damaged(where, "metadata \"" + word + "\" is not text");
                header.metadata[word] = text_.get<std::string>();
            }
        } else {
            header.tensors[key] = parseTensor(key, value, bufferBytes, where);
        }
    }
    checkCoverage(header.tensors, bufferBytes, where);
    return header;
}

}  // namespace fovea::tensorfile

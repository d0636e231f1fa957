#include "parity/golden_case.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/file.h"
#include "base/json_text.h"
#include "tensorfile/safetensors.h"

namespace fovea::parity {

namespace fs = std::filesystem;

const json& member(const json& value, const char* key) {
    if (!value.is_object() || !value.contains(key))
        throw Error(ErrorKind::Format,
                    {"the manifest lacks \"{key}\" in {place}", {{"key", key}, {"place", value.dump().substr(0, 80)}}});
    return value.at(key);
}

const json& GoldenCase::option(const char* key) const { return member(config, key); }
const json& GoldenCase::input(const char* key) const { return member(inputs, key); }

std::int64_t wholeNumber(const json& value) {
    if (!value.is_number_integer())
        throw Error(ErrorKind::Format, {"{value} is not a whole number", {{"value", value.dump()}}});
    return value.get<std::int64_t>();
}

double realNumber(const json& value) {
    if (value.is_number()) return value.get<double>();
    if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (value == "inf") return std::numeric_limits<double>::infinity();
    if (value == "-inf") return -std::numeric_limits<double>::infinity();
    throw Error(ErrorKind::Format, {"{value} is not a number", {{"value", value.dump()}}});
}

std::vector<std::int64_t> wholeNumbers(const json& value) {
    if (!value.is_array())
        throw Error(ErrorKind::Format, {"{value} is not a list", {{"value", value.dump().substr(0, 80)}}});
    std::vector<std::int64_t> numbers;
    for (const json& one : value) numbers.push_back(wholeNumber(one));
    return numbers;
}

bool isTensorReference(const json& value) {
    return value.is_string() && value.get<std::string>().find(".safetensors#") != std::string::npos;
}

tensorfile::Tensor tensorAt(const fs::path& folder, const std::string& reference) {
    const std::size_t hash = reference.find('#');
    return tensorfile::SafetensorsFile(folder / reference.substr(0, hash)).read(reference.substr(hash + 1));
}

std::vector<std::string> tensorsBelow(const fs::path& folder, const std::string& reference) {
    const std::size_t hash = reference.find('#');
    const std::string prefix = reference.substr(hash + 1) + "/";
    std::vector<std::string> names;
    const tensorfile::SafetensorsFile file(folder / reference.substr(0, hash));
    for (const auto& [name, info] : file.tensors())
        if (name.starts_with(prefix)) names.push_back(name.substr(prefix.size()));
    return names;
}

namespace {

std::string textOf(const json& value, const char* key) {
    return value.contains(key) && value.at(key).is_string() ? value.at(key).get<std::string>() : std::string();
}

// Python writes numbers that JSON has no word for; the manifest then says them as it does elsewhere, as text.
json readManifest(const fs::path& path) {
    const std::string text = file::read(path, 256'000'000);
    std::string sound;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') quoted = !quoted;
        if (quoted && text[i] == '\\') sound += text[i++];
        const auto word = [&](const char* from, const char* to) {
            if (quoted || text.compare(i, std::strlen(from), from) != 0) return false;
            sound += to;
            i += std::strlen(from) - 1;
            return true;
        };
        if (!word("NaN", "\"nan\"") && !word("-Infinity", "\"-inf\"") && !word("Infinity", "\"inf\"")) sound += text[i];
    }
    try {
        return parseJson(sound);
    } catch (const Error& error) {
        throw Error(ErrorKind::Format, {"{path}: {why}", {{"path", path.string()}, {"why", error.what()}}});
    }
}

void addCases(const fs::path& manifest, const fs::path& shared, std::vector<GoldenCase>& cases) {
    const json tree = readManifest(manifest);
    if (!tree.is_object() || !tree.contains("cases") || !tree["cases"].is_array())
        throw Error(ErrorKind::Format, {"{path} has no list of cases", {{"path", manifest.string()}}});
    for (const json& entry : tree["cases"]) {
        if (!entry.is_object())
            throw Error(ErrorKind::Format, {"{path} has a case that is no object", {{"path", manifest.string()}}});
        const std::string kind = textOf(entry, "kind");
        const auto part = [&](const char* key) { return entry.contains(key) ? entry.at(key) : json::object(); };
        cases.push_back({textOf(entry, "id"), kind.empty() ? textOf(entry, "arch") : kind, part("config"),
                         part("inputs"), part("outputs"), part("tolerance"), entry, manifest.parent_path(), shared,
                         "f32"});
    }
}

}  // namespace

std::vector<GoldenCase> casesBelow(const fs::path& folder, const fs::path& shared) {
    std::error_code error;
    if (!fs::is_directory(folder, error))
        throw Error(ErrorKind::Missing, {"there is no folder {path}", {{"path", folder.string()}}});
    std::vector<fs::path> manifests;
    for (const auto& entry : fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied))
        if (entry.path().filename() == "manifest.json") manifests.push_back(entry.path());
    if (manifests.empty())
        throw Error(ErrorKind::Missing, {"no manifest.json in or below {path}", {{"path", folder.string()}}});
    std::sort(manifests.begin(), manifests.end());
    std::vector<GoldenCase> cases;
    for (const fs::path& manifest : manifests) addCases(manifest, shared, cases);
    return cases;
}

}  // namespace fovea::parity

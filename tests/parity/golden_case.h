#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "tensorfile/tensor.h"

namespace fovea::parity {

using nlohmann::json;

// One case of a manifest.json; the layout is described in the README beside it.
struct GoldenCase {
    std::string id, kind;
    json config, inputs, outputs, tolerance;
    json entry;                     // the whole case, for what the other members do not hold
    std::filesystem::path folder;   // of the manifest: files are named relative to it
    std::filesystem::path shared;   // of the data that `file` recipes name
    std::string precision = "f32";  // or "f64": the arithmetic that cases of networks are computed in
    std::string device = "cpu";     // and where

    // config[key] and inputs[key]; Error(Format) naming the key when it is absent.
    const json& option(const char* key) const;
    const json& input(const char* key) const;
};

// Something computed or expected: an inline value or an array.
using Value = std::variant<json, tensorfile::Tensor>;
using Values = std::map<std::string, Value>;

// The tensor that "file.safetensors#name" means, relative to `folder`.
tensorfile::Tensor tensorAt(const std::filesystem::path& folder, const std::string& reference);
bool isTensorReference(const json& value);
// The rest of the names of all tensors that begin with "name/", for a reference "file.safetensors#name".
std::vector<std::string> tensorsBelow(const std::filesystem::path& folder, const std::string& reference);

// Cases of all manifest.json in or below `folder`, in the order of paths. Throws Error(Missing) when there is none,
// Error(Format) when one has no list of cases.
std::vector<GoldenCase> casesBelow(const std::filesystem::path& folder, const std::filesystem::path& shared);

// value[key] of a part of a case; Error(Format) naming the key when it is absent.
const json& member(const json& value, const char* key);
// A number of a case as whole number or double; Error(Format) otherwise. "nan", "inf", "-inf" are numbers.
std::int64_t wholeNumber(const json& value);
double realNumber(const json& value);
std::vector<std::int64_t> wholeNumbers(const json& value);

}  // namespace fovea::parity

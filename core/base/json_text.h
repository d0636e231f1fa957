#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace fovea {

// JSON from a stranger. Throws Error(Format) with the parser's words for what is no JSON and for brackets more than 100
// deep: the parser itself does not recurse, but copying, printing and comparing a value do. NaN, which Python writes
// and JSON does not know, is read as the number.
nlohmann::json parseJson(std::string_view text);
// The same, keeping the order of keys; more than 50,000 keys are refused.
nlohmann::ordered_json parseOrderedJson(std::string_view text);

// As Python's json.dump(indent=4) writes it: other than ASCII escaped, NaN as NaN, no newline at the end.
std::string pythonJson(nlohmann::ordered_json json);

}  // namespace fovea

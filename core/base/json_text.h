#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

namespace fovea {

// JSON from a stranger. Throws Error(Format) with the parser's words for what is no JSON and for brackets more than 100
// deep: the parser itself does not recurse, but copying, printing and comparing a value do.
nlohmann::json parseJson(std::string_view text);
// The same, keeping the order of keys; more than 50,000 keys are refused.
nlohmann::ordered_json parseOrderedJson(std::string_view text);

}  // namespace fovea

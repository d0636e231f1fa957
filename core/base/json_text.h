#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

namespace fovea {

// JSON from a stranger. Throws Error(Format) with the parser's words for what is no JSON and for brackets more than 100
// deep: the parser itself does not recurse, but copying, printing and comparing a value do.
nlohmann::json parseJson(std::string_view text);

}  // namespace fovea

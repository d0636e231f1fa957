#pragma once
#include <optional>
#include <string>
#include <vector>

namespace fovea::io {

// "z2" before "z10": runs of digits compare as numbers, the rest byte by byte.
bool naturalLess(const std::string& a, const std::string& b);

// True when the names are equal but for one run of digits, which differs in all of them: sections of one stack.
bool isNumbered(const std::vector<std::string>& names);

}  // namespace fovea::io

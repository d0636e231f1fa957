#pragma once
#include <string>
#include <utility>
#include <vector>

// Marks a pattern for translation. Arguments are named: FOVEA_TR("{path} could not be opened.").
#define FOVEA_TR(pattern) pattern

namespace fovea {

// A sentence for people: an English pattern plus its arguments. `ui` translates the pattern, then fills it.
struct Text {
    std::string pattern;
    std::vector<std::pair<std::string, std::string>> args;

    Text() = default;
    Text(const char* pattern_) : pattern(pattern_) {}
    Text(std::string pattern_) : pattern(std::move(pattern_)) {}
    Text(std::string pattern_, std::vector<std::pair<std::string, std::string>> args_)
        : pattern(std::move(pattern_)), args(std::move(args_)) {}

    // The English sentence. A name without an argument stays as it is.
    std::string str() const;
    bool empty() const { return pattern.empty(); }
};

// Replaces every "{name}" in `pattern` by its value; values are not searched again.
std::string fill(const std::string& pattern, const std::vector<std::pair<std::string, std::string>>& args);

// "4.0 KB", "1.2 GB" (decimal units).
std::string bytesText(double bytes);

// "about 40 s", "about 4 min", "about 2 h 10 min".
std::string durationText(double seconds);

// The candidate nearest to `word` by edit distance, empty when none is near enough to be a typing error.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace fovea

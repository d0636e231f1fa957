#include "base/text.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace fovea {

std::string Text::str() const { return fill(pattern, args); }

std::string fill(const std::string& pattern, const std::vector<std::pair<std::string, std::string>>& args) {
    std::string result;
    std::size_t at = 0;
    while (at < pattern.size()) {
        const std::size_t open = pattern.find('{', at);
        const std::size_t close = open == std::string::npos ? open : pattern.find('}', open);
        if (close == std::string::npos) break;
        const std::string_view word(pattern.data() + open + 1, close - open - 1);
        const auto arg = std::find_if(args.begin(), args.end(), [&](const auto& a) { return a.first == word; });
        if (arg == args.end()) {  // not a name: only the brace is passed over, a name may begin behind it
            result.append(pattern, at, open + 1 - at);
            at = open + 1;
        } else {
            result.append(pattern, at, open - at).append(arg->second);
            at = close + 1;
        }
    }
    return result.append(pattern, at);
}

std::string bytesText(double bytes) {
    static const char* const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    int unit = 0;
    while (bytes >= 999.5 && unit < 5) {
        bytes /= 1000;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 || bytes >= 99.95 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return text;
}

std::string durationText(double seconds) {
    const long long s = std::max(1LL, std::llround(seconds));
    if (s < 60) return "about " + std::to_string(s < 10 ? s : (s + 2) / 5 * 5) + " s";
    const long long minutes = (s + 30) / 60;
    if (minutes < 60) return "about " + std::to_string(minutes) + " min";
    const long long rest = minutes < 600 ? minutes % 60 / 5 * 5 : 0;
    const std::string hours = "about " + std::to_string(minutes / 60) + " h";
    return rest == 0 ? hours : hours + " " + std::to_string(rest) + " min";
}

namespace {

// Damerau–Levenshtein with adjacent transpositions ("optimal string alignment"), case ignored.
std::size_t editDistance(const std::string& a, const std::string& b) {
    const auto same = [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
    };
    std::vector<std::size_t> before, above(b.size() + 1), row(b.size() + 1);
    std::iota(above.begin(), above.end(), std::size_t(0));
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1)});
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = above;
        above.swap(row);
    }
    return above[b.size()];
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
    std::string best;
    std::size_t bestDistance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = editDistance(word, candidate);
        if (distance < bestDistance) {
            bestDistance = distance;
            best = candidate;
        }
    }
    return best;
}

}  // namespace fovea

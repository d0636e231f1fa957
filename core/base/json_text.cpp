#include "base/json_text.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/error.h"

namespace fovea {

namespace {

constexpr int deepest = 100;
constexpr std::int64_t mostOrderedNames = 50'000;  // an ordered object searches all of its names for each new one

struct Extent {
    int depth = 0;           // of brackets
    std::int64_t names = 0;  // of members of objects
};

// What is inside of strings does not count; what is not JSON is the parser's to refuse.
Extent extentOf(std::string_view text) {
    Extent extent;
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            extent.depth = std::max(extent.depth, ++depth);
        } else if (c == ']' || c == '}') {
            --depth;
        } else if (c == ':') {
            ++extent.names;
        }
    }
    return extent;
}

template <class Json>
Json parsed(std::string_view text, std::int64_t mostNames) {
    const Extent extent = extentOf(text);
    if (extent.depth > deepest)
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("The JSON is nested more than {most} deep."), {{"most", std::to_string(deepest)}}});
    if (extent.names > mostNames)
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("The JSON holds more than {most} names."), {{"most", std::to_string(mostNames)}}});
    try {
        return Json::parse(text);
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Format, {FOVEA_TR("This is not valid JSON: {reason}."), {{"reason", error.what()}}});
    }
}

}  // namespace

nlohmann::json parseJson(std::string_view text) {
    return parsed<nlohmann::json>(text, std::numeric_limits<std::int64_t>::max());
}

nlohmann::ordered_json parseOrderedJson(std::string_view text) {
    return parsed<nlohmann::ordered_json>(text, mostOrderedNames);
}

}  // namespace fovea

#include "base/json_text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/error.h"

namespace fovea {

namespace {

constexpr int deepest = 100;
// Stands for NaN, a string that nothing else is called: neither parser nor printer knows the number.
const std::string nanMark = "\x01NaN\x01", nanQuoted = R"("\u0001NaN\u0001")";
constexpr std::int64_t mostOrderedNames = 50'000;  // an ordered object searches all of its names for each new one

struct Extent {
    int depth = 0;           // of brackets
    std::int64_t names = 0;  // of members of objects
    std::vector<std::size_t> nans;
};

// Whether what ends here stands before a colon.
bool isName(std::string_view text, std::size_t end) {
    const std::size_t next = text.find_first_not_of(" \t\r\n", end);
    return next != text.npos && text[next] == ':';
}

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
        } else if (text.substr(i, 3) == "NaN" && !isName(text, i + 3)) {
            extent.nans.push_back(i);
        }
    }
    return extent;
}

std::string withMarks(std::string_view text, const std::vector<std::size_t>& nans) {
    std::string marked;
    std::size_t from = 0;
    for (const std::size_t at : nans) {
        marked.append(text.substr(from, at - from)).append(nanQuoted);
        from = at + 3;
    }
    return marked.append(text.substr(from));
}

// Calls f for every value inside of this one that holds no others.
template <class Json, class F>
void forEachLeaf(Json& json, const F& f) {
    if (!json.is_structured()) return f(json);
    for (Json& one : json) forEachLeaf(one, f);
}

template <class Json>
Json parsedWithNan(std::string_view text, const std::vector<std::size_t>& nans) {
    Json json = Json::parse(withMarks(text, nans));
    forEachLeaf(json, [](Json& leaf) {
        if (leaf.is_string() && leaf.template get_ref<const std::string&>() == nanMark)
            leaf = std::numeric_limits<double>::quiet_NaN();
    });
    return json;
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
        return extent.nans.empty() ? Json::parse(text) : parsedWithNan<Json>(text, extent.nans);
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

std::string pythonJson(nlohmann::ordered_json json) {
    using Json = nlohmann::ordered_json;
    forEachLeaf(json, [](Json& leaf) {
        if (leaf.is_number_float() && std::isnan(leaf.get<double>())) leaf = nanMark;
    });
    std::string text = json.dump(4, ' ', true, Json::error_handler_t::replace);
    for (std::size_t at = 0; (at = text.find(nanQuoted, at)) != text.npos; at += 3)
        text.replace(at, nanQuoted.size(), "NaN");
    return text;
}

}  // namespace fovea

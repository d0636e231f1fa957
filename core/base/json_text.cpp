#include "base/json_text.h"

#include "base/error.h"

namespace fovea {

namespace {

constexpr int deepest = 100;

// Brackets inside of strings do not count; what is not JSON is the parser's to refuse.
bool nestedTooDeeply(std::string_view text) {
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
            if (++depth > deepest) return true;
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return false;
}

}  // namespace

nlohmann::json parseJson(std::string_view text) {
    if (nestedTooDeeply(text))
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("The JSON is nested more than {most} deep."), {{"most", std::to_string(deepest)}}});
    try {
        return nlohmann::json::parse(text);
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Format, {FOVEA_TR("This is not valid JSON: {reason}."), {{"reason", error.what()}}});
    }
}

}  // namespace fovea

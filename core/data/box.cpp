#include "data/box.h"

#include <charconv>
#include <optional>
#include <vector>

#include "base/error.h"

namespace fovea {

namespace {

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
    throw Error(
        ErrorKind::Input,
        {FOVEA_TR("\"{text}\" is not a box here: {why}. Write it as Z0:Z1,Y0:Y1,X0:X1, for example 0:20,0:512,0:512."),
         {{"text", text}, {"why", why}}});
}

std::string trimmed(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::int64_t bound(const std::string& text, const std::string& word, std::int64_t otherwise) {
    if (word.empty()) return otherwise;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size())
        refuse(text, "\"" + word + "\" is not a whole number");
    return value;
}

}  // namespace

std::string toString(const Box& box) {
    std::string text;
    for (int axis = 0; axis < 3; ++axis)
        text.append(axis ? "," : "")
            .append(std::to_string(box.begin[axis]))
            .append(":")
            .append(std::to_string(box.end[axis]));
    return text;
}

Box parseBox(const std::string& text, Index extent) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        parts.push_back(trimmed(text.substr(at, comma - at)));
        at = comma + 1;
    }
    if (parts.size() != 3) refuse(text, "it has " + std::to_string(parts.size()) + " of 3 ranges");
    Box box;
    for (int axis = 0; axis < 3; ++axis) {
        const std::string& part = parts[std::size_t(axis)];
        const std::size_t colon = part.find(':');
        if (colon == std::string::npos) refuse(text, "\"" + part + "\" has no colon");
        box.begin[axis] = bound(text, trimmed(part.substr(0, colon)), 0);
        box.end[axis] = bound(text, trimmed(part.substr(colon + 1)), extent[axis]);
    }
    if (box.empty()) refuse(text, "it holds no voxels");
    if (!Box::of(extent).contains(box)) refuse(text, "it leaves the image, which is " + toString(extent));
    return box;
}

std::string toString(Index extent) {
    return std::to_string(extent.z) + " × " + std::to_string(extent.y) + " × " + std::to_string(extent.x);
}

}  // namespace fovea

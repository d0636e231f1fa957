#include "data/tables.h"

#include "base/error.h"

namespace fovea {

using nlohmann::json;

namespace {

json triple(Index v) { return json::array({v.z, v.y, v.x}); }

Error damaged(const json& value, const char* wanted) {
    return Error(
        ErrorKind::Format,
        {FOVEA_TR("Expected {wanted}, found {value}."),
         {{"wanted", wanted}, {"value", value.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 200)}}});
}

Index indexFromJson(const json& value) {
    if (!value.is_array() || value.size() != 3) throw damaged(value, "three whole numbers z, y, x");
    Index index;
    for (int axis = 0; axis < 3; ++axis) {
        const json& number = value[std::size_t(axis)];
        if (!number.is_number_integer()) throw damaged(value, "three whole numbers z, y, x");
        index[axis] = number.get<std::int64_t>();
    }
    return index;
}

const json& member(const json& value, const char* key) {
    if (!value.is_object() || !value.contains(key)) throw damaged(value, key);
    return value.at(key);
}

std::string text(const json& value, const char* key) {
    const json& found = member(value, key);
    if (!found.is_string()) throw damaged(found, key);
    return found.get<std::string>();
}

}  // namespace

json toJson(const Box& box) { return json::array({triple(box.begin), triple(box.end)}); }

Box boxFromJson(const json& value) {
    if (!value.is_array() || value.size() != 2) throw damaged(value, "a box [[z0,y0,x0],[z1,y1,x1]]");
    const Box box{indexFromJson(value[0]), indexFromJson(value[1])};
    constexpr std::int64_t most = std::int64_t(1) << 40;  // keeps sums of coordinates far from overflow
    for (int axis = 0; axis < 3; ++axis)
        if (std::min(box.begin[axis], box.end[axis]) < -most || std::max(box.begin[axis], box.end[axis]) > most)
            throw damaged(value, "a box with coordinates of sensible size");
    return box;
}

json toJson(const Patch& patch) { return {{"case", patch.caseId}, {"box", toJson(patch.box)}}; }

Patch patchFromJson(const json& value) { return {text(value, "case"), boxFromJson(member(value, "box"))}; }

json toJson(const std::vector<ChosenPatch>& chosen) {
    json rows = json::array();
    for (const ChosenPatch& one : chosen) {
        json row = toJson(one.patch);
        row["score"] = one.score;
        row["reason"] = one.reason;
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<ChosenPatch> chosenFromJson(const json& value) {
    if (!value.is_array()) throw damaged(value, "a list of patches");
    std::vector<ChosenPatch> chosen;
    for (const json& row : value) {
        const json& score = member(row, "score");
        if (!score.is_number()) throw damaged(score, "score");
        chosen.push_back({patchFromJson(row), score.get<double>(), text(row, "reason")});
    }
    return chosen;
}

}  // namespace fovea

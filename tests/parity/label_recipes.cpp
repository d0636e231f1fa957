#include "parity/label_recipes.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "parity/recipes.h"

namespace fovea::parity {

tensorfile::Shape LabelVolume::shape() const {
    tensorfile::Shape result;
    for (int axis = 0; axis < dims; ++axis) result.push_back(extent(axis));
    return result;
}

namespace {

// Lists of one number per axis, as z, y, x with `fill` for missing leading axes.
Index indexOf(const std::vector<std::int64_t>& numbers, std::int64_t fill) {
    Index index{fill, fill, fill};
    for (std::size_t i = 0; i < numbers.size(); ++i) index[int(i + 3 - numbers.size())] = numbers[i];
    return index;
}

LabelVolume empty(const json& shape) {
    const std::vector<std::int64_t> extents = wholeNumbers(shape);
    if (extents.empty() || extents.size() > 3)
        throw Error(ErrorKind::Format, {"shape {shape}", {{"shape", shape.dump()}}});
    std::int64_t count = 1;
    for (const std::int64_t extent : extents) {
        if (extent < 0 || (extent > 0 && count > (std::int64_t(1) << 31) / extent))
            throw Error(ErrorKind::Format, {"shape {shape}", {{"shape", shape.dump()}}});
        count *= extent;
    }
    return {Volume<std::int64_t>(indexOf(extents, 1)), int(extents.size())};
}

// Begin and end per axis: [[b, e), …], one pair per axis of the volume.
Box boxOf(const json& pairs, std::size_t first, const LabelVolume& labels) {
    Box box = labels.volume.box();
    if (!pairs.is_array() || pairs.size() != first + std::size_t(labels.dims))
        throw Error(ErrorKind::Format, {"box {box}", {{"box", pairs.dump()}}});
    for (int axis = 0; axis < labels.dims; ++axis) {
        const std::vector<std::int64_t> range = wholeNumbers(pairs[first + std::size_t(axis)]);
        if (range.size() != 2) throw Error(ErrorKind::Format, {"box {box}", {{"box", pairs.dump()}}});
        box.begin[axis + 3 - labels.dims] = range[0];
        box.end[axis + 3 - labels.dims] = range[1];
    }
    return box.intersected(labels.volume.box());
}

LabelVolume boxes(const json& recipe) {
    LabelVolume labels = empty(member(recipe, "shape"));
    if (!recipe.contains("boxes")) return labels;
    for (const json& entry : recipe["boxes"]) {
        const Box box = boxOf(entry, 1, labels);
        const std::int64_t value = wholeNumber(entry[0]);
        forEachVoxel(box, [&](Index v) { labels.volume[v] = value; });
    }
    return labels;
}

std::int64_t ballLabel(const json& recipe, std::int64_t ball) {
    if (recipe.contains("ids")) return wholeNumbers(recipe["ids"]).at(std::size_t(ball));
    if (recipe.contains("classes")) return 1 + ball % std::max<std::int64_t>(1, wholeNumber(recipe["classes"]));
    return ball + 1;
}

LabelVolume balls(const json& recipe) {
    LabelVolume labels = empty(member(recipe, "shape"));
    const std::uint64_t key = std::uint64_t(wholeNumber(member(recipe, "key")));
    const std::int64_t count = wholeNumber(member(recipe, "count"));
    const std::int64_t rmin = wholeNumber(member(recipe, "rmin")), rmax = wholeNumber(member(recipe, "rmax"));
    if (rmax < rmin || rmin < 0 || labels.volume.empty())
        throw Error(ErrorKind::Format, "balls need rmin ≤ rmax and voxels");
    const int dims = labels.dims;
    for (std::int64_t ball = 0; ball < count; ++ball) {
        const auto z = [&](int which) { return bits(key, std::uint64_t(ball * (dims + 1) + which)); };
        Index centre{0, 0, 0};
        for (int axis = 0; axis < dims; ++axis)
            centre[axis + 3 - dims] = std::int64_t(z(axis) % std::uint64_t(labels.extent(axis)));
        const std::int64_t radius = rmin + std::int64_t(z(dims) % std::uint64_t(rmax - rmin + 1));
        const std::int64_t label = ballLabel(recipe, ball);
        const Box box =
            Box{centre, centre + Index{1, 1, 1}}.grown({radius, radius, radius}).intersected(labels.volume.box());
        forEachVoxel(box, [&](Index v) {
            const Index d = v - centre;
            if (d.z * d.z + d.y * d.y + d.x * d.x <= radius * radius) labels.volume[v] = label;
        });
    }
    return labels;
}

struct Fate {
    std::int64_t id = 0;      // what the object becomes; 0 = removed
    std::int64_t cut = 0;     // last coordinate from which `second` is taken
    std::int64_t second = 0;  // 0 = not split
};

// Walks the ids in ascending order; what happens to each depends on its own number and on the one kept before it.
std::map<std::int64_t, Fate> fates(const LabelVolume& from, const json& recipe) {
    const auto number = [&](const char* key) { return wholeNumber(member(recipe, key)); };
    const std::uint64_t key = std::uint64_t(number("key"));
    const std::int64_t drop = number("drop"), merge = number("merge"), split = number("split");
    const std::int64_t offset = recipe.contains("split_offset") ? number("split_offset") : 0;
    std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> sums;  // of the last coordinate, and voxels
    forEachVoxel(from.volume.box(), [&](Index v) {
        auto& [sum, count] = sums[from.volume[v]];
        sum += v.x;
        ++count;
    });
    std::map<std::int64_t, Fate> result;
    std::int64_t previous = 0;
    bool hasPrevious = false;
    for (const auto& [id, sum] : sums) {
        if (id == 0) continue;
        const std::int64_t z = std::int64_t(bits(key, std::uint64_t(id)) % 100);
        if (z < drop) continue;
        if (z < drop + merge && hasPrevious) {
            result[id] = {previous, 0, 0};
            continue;
        }
        result[id] = {id, 0, 0};
        if (z < drop + merge + split) result[id] = {id, sum.first / sum.second, id + offset};
        previous = id;
        hasPrevious = true;
    }
    return result;
}

LabelVolume perturb(const GoldenCase& golden, const json& recipe) {
    const LabelVolume from = makeLabels(golden, member(recipe, "of"));
    const auto fate = fates(from, recipe);
    const std::vector<std::int64_t> by = wholeNumbers(member(recipe, "shift"));
    if (int(by.size()) != from.dims) throw Error(ErrorKind::Format, "perturb needs one shift per axis");
    const Index shift = indexOf(by, 0);
    LabelVolume result{Volume<std::int64_t>(from.volume.shape()), from.dims};
    forEachVoxel(from.volume.box(), [&](Index v) {
        const auto found = fate.find(from.volume[v]);
        if (found == fate.end() || !from.volume.box().contains(v + shift)) return;
        const Fate& f = found->second;
        result.volume[v + shift] = f.second != 0 && v.x >= f.cut ? f.second : f.id;
    });
    return result;
}

LabelVolume relabel(const GoldenCase& golden, const json& recipe) {
    LabelVolume labels = makeLabels(golden, member(recipe, "of"));
    std::map<std::int64_t, std::int64_t> map;
    for (const json& pair : member(recipe, "map")) map[wholeNumber(pair.at(0))] = wholeNumber(pair.at(1));
    for (std::int64_t& label : labels.volume) {
        const auto found = map.find(label);
        label = found == map.end() ? 0 : found->second;
    }
    return labels;
}

LabelVolume labelFile(const GoldenCase& golden, const json& recipe) {
    LabelVolume labels;
    labels.volume = readLabelFile(golden.shared / member(recipe, "path").get<std::string>());
    labels.dims = labels.volume.shape().z > 1 ? 3 : 2;
    if (!recipe.contains("crop") || recipe["crop"].is_null()) return labels;
    labels.dims = int(recipe["crop"].size()) == 3 ? 3 : 2;
    labels.volume = crop(labels.volume, boxOf(recipe["crop"], 0, labels));
    return labels;
}

LabelVolume inlineLabels(const tensorfile::Tensor& tensor) {
    LabelVolume labels = empty(json(tensor.shape));
    labels.volume = Volume<std::int64_t>(labels.volume.shape(), tensor.toInt());
    return labels;
}

void collect(const json& value, std::size_t depth, tensorfile::Shape& shape, std::vector<std::int64_t>& numbers) {
    if (!value.is_array()) return numbers.push_back(wholeNumber(value));
    if (shape.size() == depth) shape.push_back(std::int64_t(value.size()));
    for (const json& inner : value) collect(inner, depth + 1, shape, numbers);
}

}  // namespace

LabelVolume makeLabels(const GoldenCase& golden, const json& input) {
    if (isTensorReference(input)) return inlineLabels(tensorAt(golden.folder, input.get<std::string>()));
    if (input.is_array()) {
        tensorfile::Shape shape;
        std::vector<std::int64_t> numbers;
        collect(input, 0, shape, numbers);
        return inlineLabels(tensorfile::Tensor::from(shape, numbers));
    }
    const json& recipe = member(input, "recipe");
    if (recipe == "balls") return balls(input);
    if (recipe == "boxes" || recipe == "zeros") return boxes(input);
    if (recipe == "perturb") return perturb(golden, input);
    if (recipe == "relabel") return relabel(golden, input);
    if (recipe == "file") return labelFile(golden, input);
    if (recipe == "binary") {
        LabelVolume labels = makeLabels(golden, member(input, "of"));
        for (std::int64_t& label : labels.volume) label = label > 0;
        return labels;
    }
    throw Error(ErrorKind::Format, {"unknown recipe {recipe}", {{"recipe", recipe.dump()}}});
}

namespace {

std::string hexText(std::uint64_t value) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
    return text;
}

std::string fnv1a(const Volume<std::int64_t>& volume) {
    std::uint64_t hash = 0xcbf29ce484222325ull;
    for (const std::int64_t value : volume)
        for (int shift = 0; shift < 64; shift += 8)
            hash = (hash ^ (std::uint64_t(value) >> shift & 255)) * 0x100000001b3ull;
    return hexText(hash);
}

std::string positionSum(const Volume<std::int64_t>& volume) {
    std::uint64_t sum = 0, position = 0;
    for (const std::int64_t value : volume) sum += std::uint64_t(value) * ++position;
    return hexText(sum);
}

}  // namespace

LabelVolume checkedLabels(const GoldenCase& golden, const char* name) {
    LabelVolume labels = makeLabels(golden, golden.input(name));
    if (!golden.inputs.contains("check") || !golden.inputs["check"].contains(name)) return labels;
    std::set<std::int64_t> ids(labels.volume.begin(), labels.volume.end());
    ids.erase(0);
    const json facts = {
        {"shape", labels.shape()},
        {"objects", ids.size()},
        {"foreground", std::count_if(labels.volume.begin(), labels.volume.end(), [](auto v) { return v != 0; })},
        {"fnv1a_int64", fnv1a(labels.volume)},
        {"position_sum", positionSum(labels.volume)}};
    for (const auto& [key, want] : golden.inputs["check"][name].items())
        if (!want.is_null() && facts.contains(key) && facts[key] != want)
            throw Error(ErrorKind::Format,
                        {"the input {name} was not made as it should be: {key} is {got}, want {want}",
                         {{"name", name}, {"key", key}, {"got", facts[key].dump()}, {"want", want.dump()}}});
    return labels;
}

}  // namespace fovea::parity

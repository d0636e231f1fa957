#include "parity/array_recipes.h"

#include <algorithm>
#include <cmath>

#include "parity/recipes.h"

namespace fovea::parity {

using tensorfile::Tensor;

namespace {

struct Grid {
    tensorfile::Shape shape;
    std::vector<double> values;
};

tensorfile::Shape shapeOf(const json& recipe) {
    const tensorfile::Shape shape = wholeNumbers(member(recipe, "shape"));
    std::int64_t count = 1;
    for (const std::int64_t n : shape) {
        if (n < 0 || (n > 0 && count > (std::int64_t(1) << 30) / n))
            throw Error(ErrorKind::Format, {"shape {shape}", {{"shape", tensorfile::toString(shape)}}});
        count *= n;
    }
    return shape;
}

std::size_t countOf(const tensorfile::Shape& shape) {
    std::size_t count = 1;
    for (const std::int64_t n : shape) count *= std::size_t(n);
    return count;
}

// Position on each axis of the i-th element.
tensorfile::Shape positionOf(std::size_t i, const tensorfile::Shape& shape) {
    tensorfile::Shape at(shape.size());
    for (std::size_t a = shape.size(); a-- > 0;) {
        at[a] = std::int64_t(i % std::size_t(shape[a]));
        i /= std::size_t(shape[a]);
    }
    return at;
}

// floor((u + 1) / 2 · n)
double step(std::uint64_t key, std::uint64_t i, double n) { return std::floor((u(key, i) + 1) / 2 * n); }

std::uint64_t keyOf(const json& recipe) { return std::uint64_t(wholeNumber(member(recipe, "key"))); }

void fillCells(const json& recipe, Grid& grid) {
    const std::vector<std::int64_t> cell = wholeNumbers(member(recipe, "cell"));
    if (cell.size() != grid.shape.size() || std::any_of(cell.begin(), cell.end(), [](auto c) { return c < 1; }))
        throw Error(ErrorKind::Format, {"cells of {cell}", {{"cell", recipe["cell"].dump()}}});
    const double n = realNumber(member(recipe, "n"));
    const double low = recipe.value("low", 0.0), by = recipe.value("step", 1.0);
    for (std::size_t i = 0; i < grid.values.size(); ++i) {
        const tensorfile::Shape at = positionOf(i, grid.shape);
        std::uint64_t coarse = 0;
        for (std::size_t a = 0; a < at.size(); ++a)
            coarse = coarse * std::uint64_t((grid.shape[a] + cell[a] - 1) / cell[a]) + std::uint64_t(at[a] / cell[a]);
        grid.values[i] = low + by * step(keyOf(recipe), coarse, n);
    }
}

void changeBox(const json& change, bool inside, double value, Grid& grid) {
    const json& box = member(change, "box");
    if (!box.is_array() || box.size() != grid.shape.size())
        throw Error(ErrorKind::Format, {"box {box}", {{"box", box.dump()}}});
    for (std::size_t i = 0; i < grid.values.size(); ++i) {
        const tensorfile::Shape at = positionOf(i, grid.shape);
        bool within = true;
        for (std::size_t a = 0; a < at.size(); ++a)
            within = within && at[a] >= wholeNumber(box[a].at(0)) && at[a] < wholeNumber(box[a].at(1));
        if (within == inside) grid.values[i] = value;
    }
}

void change(const json& change, Grid& grid) {
    const auto name = member(change, "op").get<std::string>();
    if (name == "zero_outside")
        changeBox(change, false, 0, grid);
    else if (name == "set_box")
        changeBox(change, true, realNumber(member(change, "value")), grid);
    else if (name == "round")
        for (double& v : grid.values) v = std::nearbyint(v);
    else if (name == "clip")
        for (double& v : grid.values)
            v = std::clamp(v, realNumber(member(change, "low")), realNumber(member(change, "high")));
    else
        throw Error(ErrorKind::Format, {"unknown change {change}", {{"change", change.dump()}}});
}

Grid evaluate(const json& recipe) {
    Grid grid{shapeOf(recipe), {}};
    grid.values.resize(countOf(grid.shape));
    const auto kind = member(recipe, "kind").get<std::string>();
    if (kind == "uniform") {
        const double offset = recipe.value("offset", 0.0), scale = recipe.value("scale", 1.0);
        for (std::size_t i = 0; i < grid.values.size(); ++i) grid.values[i] = offset + scale * u(keyOf(recipe), i);
    } else if (kind == "randint") {
        const double n = realNumber(member(recipe, "n")), low = recipe.value("low", 0.0);
        for (std::size_t i = 0; i < grid.values.size(); ++i) grid.values[i] = low + step(keyOf(recipe), i, n);
    } else if (kind == "cells") {
        fillCells(recipe, grid);
    } else if (kind == "sum") {
        for (const json& term : member(recipe, "terms")) {
            const Grid part = evaluate(term);
            if (part.shape != grid.shape) throw Error(ErrorKind::Format, "a sum of different shapes");
            for (std::size_t i = 0; i < grid.values.size(); ++i) grid.values[i] += part.values[i];
        }
    } else {
        throw Error(ErrorKind::Format, {"unknown recipe {kind}", {{"kind", kind}}});
    }
    if (recipe.contains("then"))
        for (const json& one : recipe["then"]) change(one, grid);
    return grid;
}

template <class T>
Tensor cast(const Grid& grid) {
    std::vector<T> values(grid.values.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = T(grid.values[i]);
    return Tensor::from(grid.shape, values);
}

}  // namespace

Tensor makeArray(const GoldenCase& golden, const json& recipe) {
    if (isTensorReference(recipe)) return tensorAt(golden.folder, recipe.get<std::string>());
    const Grid grid = evaluate(recipe);
    return dispatch(dtypeByName(recipe.value("dtype", std::string("float32"))),
                    [&]<class T>(T) { return cast<T>(grid); });
}

Index indexOf(const json& numbers, std::int64_t fill) {
    const std::vector<std::int64_t> n = wholeNumbers(numbers);
    if (n.size() != 2 && n.size() != 3) throw Error(ErrorKind::Format, {"{n} axes", {{"n", numbers.dump()}}});
    return n.size() == 3 ? Index{n[0], n[1], n[2]} : Index{fill, n[0], n[1]};
}

Vec3 vectorOf(const json& numbers, double fill) {
    if (!numbers.is_array() || (numbers.size() != 2 && numbers.size() != 3))
        throw Error(ErrorKind::Format, {"{n} axes", {{"n", numbers.dump()}}});
    const std::size_t first = numbers.size() - 2;
    return {first == 1 ? realNumber(numbers[0]) : fill, realNumber(numbers[first]), realNumber(numbers[first + 1])};
}

}  // namespace fovea::parity

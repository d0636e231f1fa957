#include "parity/model_inputs.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "parity/recipes.h"

namespace fovea::parity {

using tensorfile::Tensor;

namespace {

// A whole number of [0, steps).
std::int64_t step(std::uint64_t key, std::uint64_t i, std::int64_t steps) {
    return std::int64_t(std::floor((u(key, i) + 1) / 2 * double(steps)));
}

template <class T, class F>
Tensor filled(const tensorfile::Shape& shape, F&& valueOf) {
    const std::uint64_t bytes = tensorfile::checkedBytes(tensorfile::elementTypeOf<T>(), shape, "an input");
    if (bytes > std::uint64_t(1) << 32) throw Error(ErrorKind::Format, "an input of more than 4 GiB");
    std::vector<T> values(bytes / sizeof(T));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = T(valueOf(std::uint64_t(i)));
    return Tensor::from(shape, values);
}

// An 8-bit image H, W, C of a slope, twelve discs and noise.
Tensor scene(std::uint64_t key, const tensorfile::Shape& shape) {
    if (shape.size() != 3 || shape[0] < 1 || shape[1] < 1 || shape[2] < 1)
        throw Error(ErrorKind::Format, {"a scene of shape {shape}", {{"shape", tensorfile::toString(shape)}}});
    const std::int64_t height = shape[0], width = shape[1], channels = shape[2];
    struct Disc {
        std::int64_t y, x, radius;
    };
    std::array<Disc, 12> discs;
    for (std::uint64_t j = 0; j < discs.size(); ++j)
        discs[j] = {step(key + 1, 3 * j, 1000) * height / 1000, step(key + 1, 3 * j + 1, 1000) * width / 1000,
                    2 + step(key + 1, 3 * j + 2, 1000) * std::min(height, width) / 6000};
    return filled<std::uint8_t>(shape, [&](std::uint64_t i) {
        const std::int64_t c = std::int64_t(i) % channels, x = std::int64_t(i) / channels % width,
                           y = std::int64_t(i) / channels / width;
        std::int64_t value = 30 + 20 * c + (x * (3 + c) + 2 * y) * 60 / (height + width);
        for (std::int64_t j = 0; j < std::int64_t(discs.size()); ++j) {
            const Disc& d = discs[std::size_t(j)];
            if ((y - d.y) * (y - d.y) + (x - d.x) * (x - d.x) <= d.radius * d.radius) value += 40 + 12 * ((j + c) % 7);
        }
        return std::clamp<std::int64_t>(value + step(key, i, 24), 0, 255);
    });
}

Tensor literal(const json& descriptor, const tensorfile::Shape& shape) {
    const json& data = member(descriptor, "data");
    const std::string dtype = member(descriptor, "dtype").get<std::string>();
    const auto list = [&]<class T>(T) {
        std::vector<T> values;
        for (const json& one : data) values.push_back(T(realNumber(one)));
        return Tensor::from(shape, values);
    };
    if (dtype == "f64") return list(double());
    if (dtype == "i64") return list(std::int64_t());
    if (dtype == "i32") return list(std::int32_t());
    if (dtype == "u8") return list(std::uint8_t());
    throw Error(ErrorKind::Format, {"values of dtype {dtype}", {{"dtype", dtype}}});
}

}  // namespace

Tensor modelArray(const GoldenCase& golden, const json& descriptor) {
    const std::string kind = member(descriptor, "kind").get<std::string>();
    if (kind == "tensor") return tensorAt(golden.folder, member(descriptor, "ref").get<std::string>());
    const tensorfile::Shape shape = wholeNumbers(member(descriptor, "shape"));
    if (kind == "values") return literal(descriptor, shape);
    const auto key = std::uint64_t(wholeNumber(member(descriptor, "key")));
    if (kind == "u") return filled<float>(shape, [&](std::uint64_t i) { return u(key, i); });
    if (kind == "unit") return filled<float>(shape, [&](std::uint64_t i) { return (u(key, i) + 1) / 2; });
    if (kind == "u8") return filled<std::uint8_t>(shape, [&](std::uint64_t i) { return step(key, i, 256); });
    if (kind == "scene8") return scene(key, shape);
    throw Error(ErrorKind::Format, {"unknown input {kind}", {{"kind", kind}}});
}

}  // namespace fovea::parity

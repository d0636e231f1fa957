#include "parity/recipes.h"

#include <numeric>

#include "support/hash_uniform.h"

namespace fovea::parity {

using tensorfile::Tensor;

std::uint64_t bits(std::uint64_t key, std::uint64_t i) { return test::hashBits(key, i); }

double u(std::uint64_t key, std::uint64_t i) { return test::hashUniform(key, i); }

double e01(std::uint64_t key, std::uint64_t i) { return (double(bits(key, i) >> 12) + 0.5) * 0x1p-52; }

namespace {

std::int64_t extent(const json& recipe, const char* key) {
    const std::int64_t value = wholeNumber(member(recipe, key));
    if (value < 0 || value > std::int64_t(1) << 28)
        throw Error(ErrorKind::Format, {"{key} cannot be {value}", {{"key", key}, {"value", std::to_string(value)}}});
    return value;
}

std::vector<float> clusterFeatures(const json& recipe, std::int64_t count, std::int64_t dim) {
    const std::uint64_t key = std::uint64_t(wholeNumber(member(recipe, "key")));
    const std::int64_t clusters = wholeNumber(member(recipe, "clusters"));
    if (clusters < 1) throw Error(ErrorKind::Format, "cluster_features needs at least one cluster");
    const double noise = realNumber(member(recipe, "noise"));
    std::vector<float> values;
    values.reserve(std::size_t(count * dim));
    for (std::int64_t n = 0; n < count; ++n)
        for (std::int64_t d = 0; d < dim; ++d)
            values.push_back(float(2 * u(key, std::uint64_t(n % clusters * dim + d)) +
                                   noise * u(key + 1, std::uint64_t(n * dim + d))));
    return values;
}

std::vector<float> axisFeatures(const json& recipe, std::int64_t count, std::int64_t dim) {
    const json& rows = member(recipe, "rows");
    if (!rows.is_array() || std::int64_t(rows.size()) != count)
        throw Error(ErrorKind::Format, "axis_features needs one row entry per item");
    std::vector<float> values(std::size_t(count * dim), 0.0f);
    for (std::int64_t n = 0; n < count; ++n) {
        const json& row = rows[std::size_t(n)];
        const std::int64_t column = row.is_array() && row.size() == 2 ? wholeNumber(row[0]) : -1;
        if (column < 0 || column >= dim)
            throw Error(ErrorKind::Format, {"axis_features row {row}", {{"row", row.dump()}}});
        values[std::size_t(n * dim + column)] = float(realNumber(row[1]));
    }
    return values;
}

Tensor inlineMatrix(const json& rows) {
    std::vector<float> values;
    for (const json& row : rows)
        for (const json& value : row) values.push_back(float(realNumber(value)));
    const std::int64_t count = std::int64_t(rows.size());
    return Tensor::from({count, count > 0 ? std::int64_t(values.size()) / count : 0}, values);
}

}  // namespace

Tensor featureMatrix(const GoldenCase& golden, const json& input) {
    if (isTensorReference(input)) {
        const Tensor stored = tensorAt(golden.folder, input.get<std::string>());
        return Tensor::from(stored.shape, stored.toFloat());
    }
    if (input.is_array()) return inlineMatrix(input);
    const json& recipe = member(input, "recipe");
    const std::int64_t count = extent(input, "count"), dim = extent(input, "dim");
    if (recipe == "cluster_features") return Tensor::from({count, dim}, clusterFeatures(input, count, dim));
    if (recipe == "axis_features") return Tensor::from({count, dim}, axisFeatures(input, count, dim));
    throw Error(ErrorKind::Format, {"unknown recipe {recipe}", {{"recipe", recipe.dump()}}});
}

json inputCheck(const Tensor& tensor) {
    const std::vector<double> values = tensor.toDouble();
    if (values.empty()) return {{"shape", tensor.shape}, {"sum", 0}};
    return {{"shape", tensor.shape},
            {"sum", std::accumulate(values.begin(), values.end(), 0.0)},
            {"first", values.front()},
            {"third", values[values.size() / 3]},
            {"last", values.back()}};
}

}  // namespace fovea::parity

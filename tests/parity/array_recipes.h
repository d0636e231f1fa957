#pragma once
#include <string>
#include <vector>

#include "data/volume.h"
#include "parity/golden_case.h"

// Inputs of the nnU-Net fixtures, made from a few numbers as their README says.
namespace fovea::parity {

// Kinds uniform, randint, cells and sum with `then`, or a tensor reference. Evaluated in double, cast to
// `dtype` (float32 without one) at the end. Throws Error(Format) for another recipe, naming it.
tensorfile::Tensor makeArray(const GoldenCase& golden, const json& recipe);

// The channels of an array (C, z, y, x) or (C, y, x), the latter of depth 1, and back with `dims` spatial axes.
template <class T>
std::vector<Volume<T>> channelsOf(const tensorfile::Tensor& array) {
    const tensorfile::Shape& s = array.shape;
    if (s.size() != 3 && s.size() != 4)
        throw Error(ErrorKind::Format, {"{shape} is no image with channels", {{"shape", tensorfile::toString(s)}}});
    const Index n{s.size() == 4 ? s[1] : 1, s[s.size() - 2], s.back()};
    const std::vector<double> values = array.toDouble();
    std::vector<Volume<T>> channels;
    for (auto at = values.begin(); at != values.end(); at += n.count()) {
        Volume<T>& channel = channels.emplace_back(n);
        for (std::int64_t i = 0; i < n.count(); ++i) channel.data()[i] = T(at[i]);
    }
    return channels;
}

template <class T>
tensorfile::Tensor arrayOf(const std::vector<Volume<T>>& channels, int dims) {
    const Index n = channels.at(0).shape();
    tensorfile::Shape shape{std::int64_t(channels.size()), n.z, n.y, n.x};
    if (dims == 2) shape.erase(shape.begin() + 1);
    std::vector<T> values;
    for (const Volume<T>& channel : channels) values.insert(values.end(), channel.begin(), channel.end());
    return tensorfile::Tensor::from(shape, values);
}

// Numbers per spatial axis (2 or 3 of them) as z, y, x with `fill` for a missing z.
Index indexOf(const json& numbers, std::int64_t fill);
Vec3 vectorOf(const json& numbers, double fill);

}  // namespace fovea::parity

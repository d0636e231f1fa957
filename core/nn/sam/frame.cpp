#include "nn/sam/frame.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "data/image_resize.h"

namespace fovea::nn::sam {

namespace {

constexpr double means[] = {123.675, 116.28, 103.53}, deviations[] = {58.395, 57.12, 57.375};

void checkPlanes(const Volume<std::uint8_t>& planes, std::int64_t height, std::int64_t width) {
    if (planes.shape() == Index{3, height, width}) return;
    throw Error(ErrorKind::Input,
                Text(FOVEA_TR("This image has {have} planes and pixels, not {want}. Choose an image "
                              "with three colours."),
                     {{"have", toString(planes.shape())}, {"want", toString(Index{3, height, width})}}));
}

}  // namespace

Frame frameOf(std::int64_t height, std::int64_t width, std::int64_t side) {
    if (height < 1 || width < 1 || side < 1)
        throw Error(ErrorKind::Input, Text(FOVEA_TR("There is nothing to see in an image of {height} × {width} pixels. "
                                                    "Choose another one."),
                                           {{"height", std::to_string(height)}, {"width", std::to_string(width)}}));
    const double scale = double(side) / double(std::max(height, width));
    const auto scaled = [&](std::int64_t extent) {
        return std::max<std::int64_t>(1, std::int64_t(std::floor(double(extent) * scale + 0.5)));
    };
    return {height, width, scaled(height), scaled(width), side};
}

Volume<std::uint8_t> fitted(const Volume<std::uint8_t>& rgb, const Frame& frame) {
    checkPlanes(rgb, frame.height, frame.width);
    return resized(rgb, frame.contentHeight, frame.contentWidth);
}

at::Tensor normalised(const Volume<std::uint8_t>& planes, const Frame& frame, at::ScalarType type) {
    checkPlanes(planes, frame.contentHeight, frame.contentWidth);
    at::Tensor input = at::zeros({1, 3, frame.side, frame.side}, type);
    const at::Tensor pixels = at::from_blob(const_cast<std::uint8_t*>(planes.data()),
                                            {1, 3, frame.contentHeight, frame.contentWidth}, at::kByte);
    const auto perColour = [&](const double(&values)[3]) {
        return at::tensor(at::ArrayRef<double>(values), at::kDouble).to(type).reshape({1, 3, 1, 1});
    };
    input.narrow(2, 0, frame.contentHeight)
        .narrow(3, 0, frame.contentWidth)
        .copy_((pixels.to(type) - perColour(means)) / perColour(deviations));
    return input;
}

at::Tensor inFrame(const at::Tensor& points, const Frame& frame) {
    const double scale[] = {double(frame.contentWidth) / double(frame.width),
                            double(frame.contentHeight) / double(frame.height)};
    return (points.to(at::kDouble) * at::tensor(at::ArrayRef<double>(scale), at::kDouble)).to(at::kFloat);
}

at::Tensor atImageSize(const at::Tensor& logits, const Frame& frame) {
    // One plane after the other: ATen turns several to channels last and back, which costs more than the interpolation.
    const at::Tensor planes = logits.reshape({-1, 1, logits.size(2), logits.size(3)});
    const at::Tensor whole = at::upsample_bilinear2d(planes, {frame.side, frame.side}, false);
    at::Tensor content = whole.narrow(2, 0, frame.contentHeight).narrow(3, 0, frame.contentWidth);
    if (frame.contentHeight != frame.height || frame.contentWidth != frame.width)
        content = at::upsample_bilinear2d(content, {frame.height, frame.width}, false);
    return content.reshape({logits.size(0), logits.size(1), frame.height, frame.width});
}

}  // namespace fovea::nn::sam

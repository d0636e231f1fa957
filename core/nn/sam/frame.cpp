#include "nn/sam/frame.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/for_each_cpu.h"
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

// Where the first `count` of `out` samples lie between `in` ones (the bilinear rule of at::upsample_bilinear2d without
// aligned corners).
struct Places {
    std::vector<std::int32_t> low, high;
    std::vector<float> share;  // of `high`
};
Places placesOf(std::int64_t in, std::int64_t out, std::int64_t count) {
    Places places;
    const float scale = float(in) / float(out);
    for (std::int64_t i = 0; i < count; ++i) {
        const float at = std::max(0.0F, scale * (float(i) + 0.5F) - 0.5F);
        const auto low = std::min(std::int32_t(at), std::int32_t(in - 1));
        places.low.push_back(low);
        places.high.push_back(std::min(low + 1, std::int32_t(in - 1)));
        places.share.push_back(at - float(low));
    }
    return places;
}

FOVEA_FOR_EACH_CPU void mixColumns(const float* row, const Places& places, float* out) {
    const std::int32_t *low = places.low.data(), *high = places.high.data();
    const float* share = places.share.data();
    for (std::size_t i = 0; i < places.share.size(); ++i)
        out[i] = (1 - share[i]) * row[low[i]] + share[i] * row[high[i]];
}

FOVEA_FOR_EACH_CPU void mixRows(const float* low, const float* high, float share, std::int64_t count, float* out) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = (1 - share) * low[i] + share * high[i];
}

struct Counts {
    std::int64_t certain = 0, possible = 0;
};
FOVEA_FOR_EACH_CPU Counts cutRow(const float* low, const float* high, float share, std::int64_t count,
                                 std::uint8_t* out) {
    std::int32_t certain = 0, possible = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const float v = (1 - share) * low[i] + share * high[i];
        out[i] = v > 0;
        certain += v > 1, possible += v > -1;
    }
    return {certain, possible};
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
    const at::Tensor perAxis = at::tensor(at::ArrayRef<double>(scale), at::kDouble).to(points.device());
    return (points.to(at::kDouble) * perAxis).to(at::kFloat);
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

ImageMasks cutAtImageSize(const at::Tensor& logits, const Frame& frame) {
    const at::Tensor maps = logits.to(at::kCPU, at::kFloat).contiguous();
    const std::int64_t h = maps.size(2), w = maps.size(3), planes = maps.size(0) * maps.size(1);
    const std::int64_t height = frame.height, width = frame.width;
    const bool twice = frame.contentHeight != height || frame.contentWidth != width;
    const Places columns = placesOf(w, frame.side, frame.contentWidth),
                 rows = placesOf(h, frame.side, frame.contentHeight);
    const Places imageColumns = placesOf(frame.contentWidth, width, width);
    const Places imageRows = placesOf(frame.contentHeight, height, height);
    const Places& lastRows = twice ? imageRows : rows;

    ImageMasks result{at::empty({maps.size(0), maps.size(1), height, width}, at::kByte),
                      at::empty({maps.size(0), maps.size(1)}, at::kDouble)};
    std::vector<float> wide(std::size_t(h * width));  // the rows of a map, as wide as the image
    for (std::int64_t p = 0; p < planes; ++p) {
        const float* map = maps.const_data_ptr<float>() + p * h * w;
        std::uint8_t* mask = result.masks.mutable_data_ptr<std::uint8_t>() + p * height * width;
        at::parallel_for(0, h, 1, [&](std::int64_t begin, std::int64_t end) {
            std::vector<float> inContent(std::size_t(frame.contentWidth));
            for (std::int64_t y = begin; y < end; ++y) {
                mixColumns(map + y * w, columns, twice ? inContent.data() : wide.data() + y * width);
                if (twice) mixColumns(inContent.data(), imageColumns, wide.data() + y * width);
            }
        });
        std::atomic<std::int64_t> certain = 0, possible = 0;
        at::parallel_for(0, height, 1, [&](std::int64_t begin, std::int64_t end) {
            // The two rows of the frame between which a row of the image lies: one odd, one even.
            std::vector<float> mixed[2];
            std::int32_t made[2] = {-1, -1};
            const auto row = [&](std::int32_t y) -> const float* {
                if (!twice) return wide.data() + y * width;
                std::vector<float>& slot = mixed[y % 2];
                if (made[y % 2] == y) return slot.data();
                slot.resize(std::size_t(width));
                mixRows(wide.data() + rows.low[std::size_t(y)] * width, wide.data() + rows.high[std::size_t(y)] * width,
                        rows.share[std::size_t(y)], width, slot.data());
                made[y % 2] = y;
                return slot.data();
            };
            Counts sum;
            for (std::int64_t y = begin; y < end; ++y) {
                const auto i = std::size_t(y);
                const Counts one =
                    cutRow(row(lastRows.low[i]), row(lastRows.high[i]), lastRows.share[i], width, mask + y * width);
                sum.certain += one.certain, sum.possible += one.possible;
            }
            certain += sum.certain, possible += sum.possible;
        });
        result.stability.mutable_data_ptr<double>()[p] =
            possible == 0 ? std::numeric_limits<double>::quiet_NaN() : double(certain) / double(possible);
    }
    return result;
}

}  // namespace fovea::nn::sam

#include "nn/sam/windows.h"

#include <ATen/ops/cat.h>

namespace fovea::nn::sam {

namespace {

std::int64_t countOf(std::int64_t extent, std::int64_t side) { return (extent + side - 1) / side; }

at::Tensor filledUp(const at::Tensor& map, const at::Tensor& fill, std::int64_t axis, std::int64_t extent) {
    auto shape = map.sizes().vec();
    if (shape[std::size_t(axis)] == extent) return map;
    shape[std::size_t(axis)] = extent - shape[std::size_t(axis)];
    return at::cat({map, fill.to(map.scalar_type()).expand(shape)}, axis);
}

}  // namespace

at::Tensor cutWindows(const at::Tensor& map, const at::Tensor& fill, std::int64_t side) {
    const std::int64_t b = map.size(0), c = map.size(3);
    const std::int64_t rows = countOf(map.size(1), side), columns = countOf(map.size(2), side);
    const at::Tensor whole = filledUp(filledUp(map, fill, 2, columns * side), fill, 1, rows * side);
    return whole.reshape({b, rows, side, columns, side, c})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({b * rows * columns, side, side, c});
}

at::Tensor joinWindows(const at::Tensor& windows, std::int64_t batch, std::int64_t height, std::int64_t width) {
    const std::int64_t side = windows.size(1), c = windows.size(3);
    const std::int64_t rows = countOf(height, side), columns = countOf(width, side);
    return windows.reshape({batch, rows, columns, side, side, c})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({batch, rows * side, columns * side, c})
        .narrow(1, 0, height)
        .narrow(2, 0, width);
}

}  // namespace fovea::nn::sam

#include "nn/sam/windows.h"

#include <ATen/ops/empty.h>

namespace fovea::nn::sam {

namespace {

std::int64_t countOf(std::int64_t extent, std::int64_t side) { return (extent + side - 1) / side; }

at::Tensor filledUp(const at::Tensor& map, const at::Tensor& fill, std::int64_t height, std::int64_t width) {
    const std::int64_t b = map.size(0), h = map.size(1), w = map.size(2), c = map.size(3);
    if (h == height && w == width) return map;
    at::Tensor whole = at::empty({b, height, width, c}, map.options());
    whole.narrow(1, 0, h).narrow(2, 0, w).copy_(map);
    whole.narrow(1, 0, h).narrow(2, w, width - w).copy_(fill);
    whole.narrow(1, h, height - h).copy_(fill);
    return whole;
}

}  // namespace

at::Tensor cutWindows(const at::Tensor& map, const at::Tensor& fill, std::int64_t side) {
    const std::int64_t b = map.size(0), c = map.size(3);
    const std::int64_t rows = countOf(map.size(1), side), columns = countOf(map.size(2), side);
    return filledUp(map, fill, rows * side, columns * side)
        .reshape({b, rows, side, columns, side, c})
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

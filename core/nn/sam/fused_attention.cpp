#include "nn/sam/fused_attention.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/_softmax.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "nn/guards.h"
#include "nn/linear.h"

namespace fovea::nn::sam {

namespace {

constexpr std::int64_t scoresAtOnce = 1 << 18;  // 1 MiB of float32: measured on a map of 64 × 64 cells

// To each score the term of its key's row and the one of its column.
template <class T>
void add(T* scores, const T* byRow, const T* byColumn, std::int64_t queries, std::int64_t rows, std::int64_t columns) {
    for (std::int64_t q = 0; q < queries; ++q, byRow += rows, byColumn += columns)
        for (std::int64_t y = 0; y < rows; ++y, scores += columns)
            for (std::int64_t x = 0; x < columns; ++x) scores[x] += byRow[y] + byColumn[x];
}

}  // namespace

at::Tensor fusedAttention(const at::Tensor& qkv, const at::Tensor& rowTerm, const at::Tensor& columnTerm,
                          std::int64_t heads) {
    const std::int64_t b = qkv.size(0), h = qkv.size(1), w = qkv.size(2), cells = h * w, d = qkv.size(3) / 3 / heads;
    const std::int64_t most = std::clamp<std::int64_t>(scoresAtOnce / cells, 1, cells);
    const std::int64_t parts = (cells + most - 1) / most;
    const at::Tensor all = qkv.reshape({b, cells, 3, heads, d}).permute({2, 0, 3, 1, 4});  // 3, B, heads, cells, d
    const at::Tensor queries = (all[0] * (1 / std::sqrt(double(d)))).contiguous(), keys = all[1].contiguous(),
                     values = all[2].transpose(2, 3).contiguous();  // B, heads, d, cells
    const at::ScalarType type = qkv.scalar_type(), exact = type == at::kDouble ? at::kDouble : at::kFloat;
    const at::Tensor byRow = rowTerm.to(exact).contiguous(), byColumn = columnTerm.to(exact).contiguous();
    at::Tensor result = at::empty({b, cells, heads, d}, qkv.options());

    AT_DISPATCH_FLOATING_TYPES(exact, "fusedAttention", [&] {
        at::parallel_for(0, b * heads * parts, 1, [&](std::int64_t begin, std::int64_t end) {
            const NoGrad off(false);
            for (std::int64_t i = begin; i < end; ++i) {
                const std::int64_t image = i / parts / heads, head = i / parts % heads, first = i % parts * most;
                const std::int64_t count = std::min(most, cells - first),
                                   query = (image * heads + head) * cells + first;
                at::Tensor scores = affine(queries[image][head].narrow(0, first, count), keys[image][head]).to(exact);
                add(scores.mutable_data_ptr<scalar_t>(), byRow.const_data_ptr<scalar_t>() + query * h,
                    byColumn.const_data_ptr<scalar_t>() + query * w, count, h, w);
                at::_softmax_out(scores, scores, 1, false);  // row by row, in place
                result[image]
                    .narrow(0, first, count)
                    .select(1, head)
                    .copy_(affine(scores.to(type), values[image][head]));
            }
        });
    });
    return result.view({b, h, w, heads * d});
}

}  // namespace fovea::nn::sam

#include "nn/sam/fused_attention.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>

#include <algorithm>
#include <cmath>

#include "nn/guards.h"

namespace fovea::nn::sam {

namespace {

constexpr std::int64_t scoresAtOnce = 1 << 18;  // 1 MiB of float32

// Sums of a term for each row and one for each column of keys.
template <class T>
void fill(T* scores, const T* byRow, const T* byColumn, std::int64_t queries, std::int64_t rows, std::int64_t columns) {
    for (std::int64_t q = 0; q < queries; ++q, byRow += rows, byColumn += columns)
        for (std::int64_t y = 0; y < rows; ++y, scores += columns)
            for (std::int64_t x = 0; x < columns; ++x) scores[x] = byRow[y] + byColumn[x];
}

}  // namespace

at::Tensor fusedAttention(const at::Tensor& qkv, const at::Tensor& rowTerm, const at::Tensor& columnTerm,
                          std::int64_t heads) {
    const std::int64_t b = qkv.size(0), h = qkv.size(1), w = qkv.size(2), cells = h * w, d = qkv.size(3) / 3 / heads;
    const std::int64_t most = std::clamp<std::int64_t>(scoresAtOnce / cells, 1, cells);
    const std::int64_t parts = (cells + most - 1) / most;
    const at::Tensor all = qkv.contiguous().view({b, cells, 3, heads, d});
    const at::Tensor byRow = rowTerm.contiguous(), byColumn = columnTerm.contiguous();
    at::Tensor result = at::empty({b, cells, heads, d}, qkv.options());

    AT_DISPATCH_FLOATING_TYPES(qkv.scalar_type(), "fusedAttention", [&] {
        at::parallel_for(0, b * heads * parts, 1, [&](std::int64_t begin, std::int64_t end) {
            const NoGrad off(false);
            const at::Tensor buffer = at::empty({most, cells}, qkv.options());
            for (std::int64_t i = begin; i < end; ++i) {
                const std::int64_t image = i / parts / heads, head = i / parts % heads, first = i % parts * most;
                const std::int64_t count = std::min(most, cells - first),
                                   query = (image * heads + head) * cells + first;
                const auto part = [&](std::int64_t which) { return all[image].select(1, which).select(1, head); };
                at::Tensor scores = buffer.narrow(0, 0, count);
                fill(scores.mutable_data_ptr<scalar_t>(), byRow.const_data_ptr<scalar_t>() + query * h,
                     byColumn.const_data_ptr<scalar_t>() + query * w, count, h, w);
                scores.addmm_(part(0).narrow(0, first, count), part(1).t(), 1, 1 / std::sqrt(double(d)));
                scores.sub_(scores.amax({1}, true)).exp_();
                at::Tensor y = result[image].narrow(0, first, count).select(1, head);
                at::mm_out(y, scores, part(2));
                y.div_(scores.sum({1}, true));
            }
        });
    });
    return result.view({b, h, w, heads * d});
}

}  // namespace fovea::nn::sam

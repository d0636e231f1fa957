#include "nn/sam/fused_attention.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/_softmax.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "nn/guards.h"
#include "nn/linear.h"
#include "nn/sam/online_attention.h"

namespace fovea::nn::sam {

namespace {

constexpr std::int64_t scoresAtOnce = 1 << 18;  // 1 MiB of float32: measured on a map of 64 × 64 cells
constexpr std::int64_t queriesAtOnce = 96;      // with their sums and a tile of scores, 72 KiB there

// To each score the term of its key's row and the one of its column.
template <class T>
void add(T* scores, const T* byRow, const T* byColumn, std::int64_t queries, std::int64_t rows, std::int64_t columns) {
    for (std::int64_t q = 0; q < queries; ++q, byRow += rows, byColumn += columns)
        for (std::int64_t y = 0; y < rows; ++y, scores += columns)
            for (std::int64_t x = 0; x < columns; ++x) scores[x] += byRow[y] + byColumn[x];
}

struct Sizes {
    std::int64_t images, heads, rows, columns, depth;
    std::int64_t cells() const { return rows * columns; }
};

// Calls visit(image, head, first query, count) on all cores.
template <class Visit>
void forQueries(const Sizes& n, std::int64_t atOnce, const Visit& visit) {
    const std::int64_t parts = (n.cells() + atOnce - 1) / atOnce;
    at::parallel_for(0, n.images * n.heads * parts, 1, [&](std::int64_t begin, std::int64_t end) {
        const NoGrad off(false);
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t first = i % parts * atOnce;
            visit(i / parts / n.heads, i / parts % n.heads, first, std::min(atOnce, n.cells() - first));
        }
    });
}

// All scores of some queries after the other. Queries, keys and values are (B, heads, cells, d), the terms dense;
// result (B, cells, heads, d).
void attendWhole(const Sizes& n, const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                 const at::Tensor& byRow, const at::Tensor& byColumn, at::Tensor& result) {
    const at::Tensor dense = keys.contiguous(), turned = values.transpose(2, 3).contiguous();
    const at::ScalarType type = queries.scalar_type(), exact = byRow.scalar_type();
    AT_DISPATCH_FLOATING_TYPES(exact, "fusedAttention", [&] {
        forQueries(n, std::clamp<std::int64_t>(scoresAtOnce / n.cells(), 1, n.cells()),
                   [&](std::int64_t image, std::int64_t head, std::int64_t first, std::int64_t count) {
                       const std::int64_t query = (image * n.heads + head) * n.cells() + first;
                       at::Tensor scores =
                           affine(queries[image][head].narrow(0, first, count), dense[image][head]).to(exact);
                       add(scores.mutable_data_ptr<scalar_t>(), byRow.const_data_ptr<scalar_t>() + query * n.rows,
                           byColumn.const_data_ptr<scalar_t>() + query * n.columns, count, n.rows, n.columns);
                       at::_softmax_out(scores, scores, 1, false);  // row by row, in place
                       result[image]
                           .narrow(0, first, count)
                           .select(1, head)
                           .copy_(affine(scores.to(type), turned[image][head]));
                   });
    });
}

// The same in float32, a tile of keys after the other.
void attendOnline(const Sizes& n, const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                  const at::Tensor& byRow, const at::Tensor& byColumn, at::Tensor& result) {
    const KeyTiles tiles = keyTiles(n.rows, n.columns);
    const std::int64_t together = tiles.rows * n.columns;
    // Zeros after the last cell, and after each tile's.
    at::Tensor turned = at::constant_pad_nd(keys, {0, 0, 0, tiles.count * together - n.cells()});
    turned = turned.reshape({n.images, n.heads, tiles.count, together, n.depth}).transpose(3, 4);
    turned = at::constant_pad_nd(turned, {0, tiles.width - together}).contiguous();
    const at::Tensor dense = values.contiguous();
    const auto of = [](const at::Tensor& all, std::int64_t head) {
        return all.const_data_ptr<float>() + head * all.stride(1);
    };
    forQueries(n, queriesAtOnce, [&](std::int64_t image, std::int64_t head, std::int64_t first, std::int64_t count) {
        const std::int64_t i = image * n.heads + head;
        onlineAttention(
            {n.rows, n.columns, n.depth, of(queries, i), of(turned, i), of(dense, i), of(byRow, i), of(byColumn, i)},
            first, count, result.mutable_data_ptr<float>() + ((image * n.cells() + first) * n.heads + head) * n.depth,
            n.heads * n.depth);
    });
}

}  // namespace

at::Tensor fusedAttention(const at::Tensor& qkv, const at::Tensor& rowTerm, const at::Tensor& columnTerm,
                          std::int64_t heads) {
    const Sizes n{qkv.size(0), heads, qkv.size(1), qkv.size(2), qkv.size(3) / 3 / heads};
    const at::Tensor all =
        qkv.reshape({n.images, n.cells(), 3, heads, n.depth}).permute({2, 0, 3, 1, 4});  // 3, B, heads, cells, d
    const at::ScalarType type = qkv.scalar_type(), exact = type == at::kDouble ? at::kDouble : at::kFloat;
    const at::Tensor byRow = rowTerm.to(exact).contiguous(), byColumn = columnTerm.to(exact).contiguous();
    const at::Tensor queries = (all[0] * (1 / std::sqrt(double(n.depth)))).contiguous();
    at::Tensor result = at::empty({n.images, n.cells(), heads, n.depth}, qkv.options());
    const bool online = type == at::kFloat && suitsOnlineAttention(n.depth);
    (online ? attendOnline : attendWhole)(n, queries, all[1], all[2], byRow, byColumn, result);
    return result.view({n.images, n.rows, n.columns, heads * n.depth});
}

}  // namespace fovea::nn::sam

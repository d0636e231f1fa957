#include "nn/sam/online_attention.h"

// GCC 12 takes the undefined operands inside of these instructions for a mistake (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace fovea::nn::sam {

namespace {

#define FOVEA_AVX512 [[gnu::target("avx512f")]]

constexpr std::int64_t lanes = 16;
// Queries whose sums are in registers at once, beside four vectors of a tile: 24 of the 32 that there are.
constexpr std::int64_t group = 6;
constexpr int most = 4;

// Vectors of c (group × V) += a (group × steps) · b (steps × V), rows so many numbers apart.
template <int V>
FOVEA_AVX512 void addProduct(const float* a, std::int64_t aRow, const float* b, std::int64_t bRow, std::int64_t steps,
                             float* c, std::int64_t cRow) {
    __m512 sums[group][V];
    for (int q = 0; q < group; ++q)
        for (int v = 0; v < V; ++v) sums[q][v] = _mm512_loadu_ps(c + q * cRow + v * lanes);
    for (std::int64_t k = 0; k < steps; ++k, b += bRow) {
        __m512 row[V];
        for (int v = 0; v < V; ++v) row[v] = _mm512_loadu_ps(b + v * lanes);
        for (int q = 0; q < group; ++q) {
            const __m512 one = _mm512_set1_ps(a[q * aRow + k]);
            for (int v = 0; v < V; ++v) sums[q][v] = _mm512_fmadd_ps(one, row[v], sums[q][v]);
        }
    }
    for (int q = 0; q < group; ++q)
        for (int v = 0; v < V; ++v) _mm512_storeu_ps(c + q * cRow + v * lanes, sums[q][v]);
}

// The same for any number of columns, of which b and c have equally many.
void addProduct(const float* a, std::int64_t aRow, const float* b, std::int64_t steps, float* c, std::int64_t columns) {
    std::int64_t x = 0;
    for (; x + most * lanes <= columns; x += most * lanes)
        addProduct<most>(a, aRow, b + x, columns, steps, c + x, columns);
    for (; x < columns; x += lanes) addProduct<1>(a, aRow, b + x, columns, steps, c + x, columns);
}

// eˣ for x ≤ 0 to about two units in the last place; what float32 has no normal number for becomes its smallest one.
FOVEA_AVX512 __m512 exponential(__m512 x) {
    x = _mm512_max_ps(_mm512_set1_ps(-87), x);  // in this order NaN stays
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504F)), _MM_FROUND_TO_NEAREST_INT);
    // ln 2 in two parts, so that n of them leave no error behind.
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375F), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4F), r);
    __m512 sum = _mm512_set1_ps(1.0F / 720);
    for (const float c : {1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F})
        sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(c));
    return _mm512_scalef_ps(sum, n);
}

// The first `count` lanes.
FOVEA_AVX512 __mmask16 lanesOf(std::int64_t count) {
    return count >= lanes ? __mmask16(0xffff) : __mmask16((1U << unsigned(count)) - 1);
}

// Scores of one query and the keys in `rows` rows of a tile become weights relative to the largest score so far, of
// what lies beyond them 0; returns what the sums of before have to be multiplied with.
FOVEA_AVX512 float weigh(float* scores, std::int64_t rows, std::int64_t columns, std::int64_t width, const float* byRow,
                         const float* byColumn, float& largest, float& sum) {
    __m512 top = _mm512_set1_ps(largest);
    for (std::int64_t y = 0; y < rows; ++y) {
        const __m512 rowTerm = _mm512_set1_ps(byRow[y]);
        for (std::int64_t x = 0; x < columns; x += lanes) {
            const __mmask16 part = lanesOf(columns - x);
            float* at = scores + y * columns + x;
            const __m512 term = _mm512_add_ps(rowTerm, _mm512_maskz_loadu_ps(part, byColumn + x));
            const __m512 score = _mm512_add_ps(_mm512_maskz_loadu_ps(part, at), term);
            _mm512_mask_storeu_ps(at, part, score);
            top = _mm512_mask_max_ps(top, part, top, score);
        }
    }
    const float before = largest;
    largest = _mm512_reduce_max_ps(top);
    top = _mm512_set1_ps(largest);
    __m512 added = _mm512_setzero_ps();
    for (std::int64_t x = 0; x < width; x += lanes) {
        const __mmask16 part = lanesOf(std::max<std::int64_t>(rows * columns - x, 0));
        const __m512 weight = _mm512_maskz_mov_ps(part, exponential(_mm512_sub_ps(_mm512_loadu_ps(scores + x), top)));
        _mm512_storeu_ps(scores + x, weight);
        added = _mm512_add_ps(added, weight);
    }
    const float kept = before == largest ? 1 : std::exp(before - largest);
    sum = sum * kept + _mm512_reduce_add_ps(added);
    return kept;
}

FOVEA_AVX512 void scale(float* values, std::int64_t count, float by) {
    for (std::int64_t i = 0; i < count; i += lanes)
        _mm512_storeu_ps(values + i, _mm512_mul_ps(_mm512_loadu_ps(values + i), _mm512_set1_ps(by)));
}

#undef FOVEA_AVX512

}  // namespace

KeyTiles keyTiles(std::int64_t rows, std::int64_t columns) {
    const std::int64_t together = std::clamp<std::int64_t>(most * lanes / columns, 1, rows);
    return {together, (rows + together - 1) / together, (together * columns + lanes - 1) / lanes * lanes};
}

bool suitsOnlineAttention(std::int64_t depth) {
    static const bool can = __builtin_cpu_supports("avx512f") != 0;
    return can && depth % lanes == 0;
}

void onlineAttention(const AttentionHead& head, std::int64_t first, std::int64_t count, float* result,
                     std::int64_t stride) {
    const KeyTiles tiles = keyTiles(head.rows, head.columns);
    const std::int64_t d = head.depth, w = tiles.width, padded = (count + group - 1) / group * group;
    std::vector<float> queries(std::size_t(padded * d)), sums(std::size_t(padded * d)), scores(std::size_t(padded * w));
    std::vector<float> largest(std::size_t(count), -INFINITY), total(std::size_t(count), 0.0F);
    std::copy_n(head.queries + first * d, count * d, queries.begin());
    for (std::int64_t tile = 0; tile < tiles.count; ++tile) {
        const std::int64_t y = tile * tiles.rows, rows = std::min(tiles.rows, head.rows - y);
        // First all scores, then all sums: a core's nearest cache holds a tile's keys or its values, not both.
        std::fill(scores.begin(), scores.end(), 0.0F);
        for (std::int64_t q = 0; q < padded; q += group)
            addProduct(queries.data() + q * d, d, head.keys + tile * d * w, d, scores.data() + q * w, w);
        for (std::int64_t q = 0; q < count; ++q) {
            const std::int64_t cell = first + q;
            const float kept =
                weigh(scores.data() + q * w, rows, head.columns, w, head.byRow + cell * head.rows + y,
                      head.byColumn + cell * head.columns, largest[std::size_t(q)], total[std::size_t(q)]);
            if (kept != 1) scale(sums.data() + q * d, d, kept);
        }
        for (std::int64_t q = 0; q < padded; q += group)
            addProduct(scores.data() + q * w, w, head.values + y * head.columns * d, rows * head.columns,
                       sums.data() + q * d, d);
    }
    for (std::int64_t q = 0; q < count; ++q)
        for (std::int64_t i = 0; i < d; ++i)
            result[q * stride + i] = sums[std::size_t(q * d + i)] / total[std::size_t(q)];
}

}  // namespace fovea::nn::sam

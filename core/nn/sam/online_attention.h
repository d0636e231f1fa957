#pragma once
#include <cstdint>

// Attention whose softmax is made as the keys go by: nothing but one tile of scores is in memory, which stays in the
// cache of the processor's core (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax").
namespace fovea::nn::sam {

// One head of one map of rows × columns cells, each array dense. The terms of a key's row and column are added to the
// scores, as SAM's relative positions ask.
struct AttentionHead {
    std::int64_t rows = 0, columns = 0, depth = 0;
    const float* queries = nullptr;   // cells, depth; scaled
    const float* keys = nullptr;      // tiles, depth, width of a tile
    const float* values = nullptr;    // cells, depth
    const float* byRow = nullptr;     // cells, rows
    const float* byColumn = nullptr;  // cells, columns
};

// Keys that are looked at together: whole rows of the map, about 64 cells. What there is more of in the last tile, and
// in each to make its width whole vectors, is never looked at, but must be numbers.
struct KeyTiles {
    std::int64_t rows = 0, count = 0, width = 0;
};
KeyTiles keyTiles(std::int64_t rows, std::int64_t columns);

// Whether this processor can (AVX-512), and the depth is whole vectors of it.
bool suitsOnlineAttention(std::int64_t depth);

// What the queries [first, first + count) get, `stride` numbers apart. Thread-safe.
void onlineAttention(const AttentionHead& head, std::int64_t first, std::int64_t count, float* result,
                     std::int64_t stride);

}  // namespace fovea::nn::sam

#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace fovea {

// A voxel position or an extent. Axis order z, y, x everywhere in core; 2D is 1 × H × W.
struct Index {
    std::int64_t z = 0, y = 0, x = 0;

    std::int64_t& operator[](int axis) { return axis == 0 ? z : axis == 1 ? y : x; }
    std::int64_t operator[](int axis) const { return axis == 0 ? z : axis == 1 ? y : x; }
    // Product of the three; the number of voxels when this is an extent.
    std::int64_t count() const { return z * y * x; }
    friend bool operator==(const Index&, const Index&) = default;
    friend auto operator<=>(const Index&, const Index&) = default;  // lexicographic z, y, x
    friend Index operator+(Index a, Index b) { return {a.z + b.z, a.y + b.y, a.x + b.x}; }
    friend Index operator-(Index a, Index b) { return {a.z - b.z, a.y - b.y, a.x - b.x}; }
};

// Physical size in µm, or any real triple in z, y, x.
struct Vec3 {
    double z = 0, y = 0, x = 0;
    double& operator[](int axis) { return axis == 0 ? z : axis == 1 ? y : x; }
    double operator[](int axis) const { return axis == 0 ? z : axis == 1 ? y : x; }
    friend bool operator==(const Vec3&, const Vec3&) = default;
};

// Half-open: begin ≤ v < end on each axis.
struct Box {
    Index begin, end;

    static Box of(Index extent) { return {{0, 0, 0}, extent}; }
    Index extent() const { return end - begin; }
    bool empty() const { return begin.z >= end.z || begin.y >= end.y || begin.x >= end.x; }
    std::int64_t count() const { return empty() ? 0 : extent().count(); }
    bool contains(Index v) const {
        return v.z >= begin.z && v.z < end.z && v.y >= begin.y && v.y < end.y && v.x >= begin.x && v.x < end.x;
    }
    bool contains(const Box& b) const { return b.empty() || (contains(b.begin) && contains(b.end - Index{1, 1, 1})); }
    bool overlaps(const Box& b) const { return !intersected(b).empty(); }
    Box intersected(const Box& b) const {
        return {{std::max(begin.z, b.begin.z), std::max(begin.y, b.begin.y), std::max(begin.x, b.begin.x)},
                {std::min(end.z, b.end.z), std::min(end.y, b.end.y), std::min(end.x, b.end.x)}};
    }
    // Smallest box holding both; an empty one adds nothing.
    Box united(const Box& b) const {
        if (empty()) return b;
        if (b.empty()) return *this;
        return {{std::min(begin.z, b.begin.z), std::min(begin.y, b.begin.y), std::min(begin.x, b.begin.x)},
                {std::max(end.z, b.end.z), std::max(end.y, b.end.y), std::max(end.x, b.end.x)}};
    }
    Box grown(Index margin) const { return {begin - margin, end + margin}; }
    Box shifted(Index by) const { return {begin + by, end + by}; }
    friend bool operator==(const Box&, const Box&) = default;
};

// "Z0:Z1,Y0:Y1,X0:X1". parseBox throws Error(Input); an empty part of a bound ("5:") means that `extent`'s own.
std::string toString(const Box& box);
Box parseBox(const std::string& text, Index extent);
// "20 × 1024 × 1024"
std::string toString(Index extent);

// Calls f(v) for every voxel of `box`, in C order.
template <class F>
void forEachVoxel(const Box& box, F&& f) {
    for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
        for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
            for (std::int64_t x = box.begin.x; x < box.end.x; ++x) f(Index{z, y, x});
}

// Calls f(box) for a regular grid of tiles (at most `tile` large) that covers `box`, in C order.
template <class F>
void forEachTile(const Box& box, Index tile, F&& f) {
    for (std::int64_t z = box.begin.z; z < box.end.z; z += tile.z)
        for (std::int64_t y = box.begin.y; y < box.end.y; y += tile.y)
            for (std::int64_t x = box.begin.x; x < box.end.x; x += tile.x)
                f(Box{{z, y, x},
                      {std::min(z + tile.z, box.end.z), std::min(y + tile.y, box.end.y),
                       std::min(x + tile.x, box.end.x)}});
}

}  // namespace fovea

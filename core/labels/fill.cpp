#include "labels/fill.h"

#include <unordered_map>
#include <vector>

namespace fovea::labels {

namespace {

constexpr std::int64_t largest = std::int64_t(1) << 28;

// Tiles of labels read when first asked for.
class TileReader {
  public:
    TileReader(const LabelLayer& layer, const Box& bounds) : layer_(layer), bounds_(bounds) {
        const Index n = bounds.extent();
        tile_ = {std::min<std::int64_t>(n.z, 16), std::min<std::int64_t>(n.y, 64), std::min<std::int64_t>(n.x, 64)};
        grid_ = {(n.z + tile_.z - 1) / tile_.z, (n.y + tile_.y - 1) / tile_.y, (n.x + tile_.x - 1) / tile_.x};
        tiles_.resize(std::size_t(grid_.count()));
    }

    std::int32_t at(Index v) {
        const Index r = v - bounds_.begin;
        const Index t{r.z / tile_.z, r.y / tile_.y, r.x / tile_.x};
        Volume<std::int32_t>& tile = tiles_[std::size_t((t.z * grid_.y + t.y) * grid_.x + t.x)];
        const Index o{t.z * tile_.z, t.y * tile_.y, t.x * tile_.x};
        if (tile.empty()) tile = layer_.read(Box{o, o + tile_}.shifted(bounds_.begin).intersected(bounds_));
        return tile[r - o];
    }

  private:
    const LabelLayer& layer_;
    Box bounds_;
    Index tile_, grid_;
    std::vector<Volume<std::int32_t>> tiles_;
};

}  // namespace

ObjectId pick(const LabelLayer& layer, Index at) { return Box::of(layer.shape()).contains(at) ? layer.at(at) : 0; }

Stamp fill(const LabelLayer& layer, Index seed, const Box& wanted) {
    const Box bounds = wanted.intersected(Box::of(layer.shape()));
    if (bounds.empty() || !bounds.contains(seed)) return {};
    if (bounds.count() > largest)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("Filling inside {box} would look at too many voxels. Choose a smaller box."),
                     {{"box", toString(bounds)}}});
    TileReader labels(layer, bounds);
    const std::int32_t wantedLabel = labels.at(seed);
    Volume<std::uint8_t> mask(bounds.extent());
    std::vector<Index> waiting;
    Box reached;
    const auto visit = [&](Index v) {
        if (!bounds.contains(v)) return;
        std::uint8_t& seen = mask[v - bounds.begin];
        if (seen || labels.at(v) != wantedLabel) return;
        seen = 1;
        waiting.push_back(v);
        reached = reached.united({v, v + Index{1, 1, 1}});
    };
    visit(seed);
    while (!waiting.empty()) {
        const Index v = waiting.back();
        waiting.pop_back();
        for (int axis = 0; axis < 3; ++axis)
            for (const int step : {-1, 1}) {
                Index next = v;
                next[axis] += step;
                visit(next);
            }
    }
    return {reached.begin, crop(mask, reached.shifted(Index{} - bounds.begin))};
}

Stamp fillSlice(const LabelLayer& layer, Index seed, int axis) {
    Box slice = Box::of(layer.shape());
    slice.begin[axis] = seed[axis];
    slice.end[axis] = seed[axis] + 1;
    return fill(layer, seed, slice);
}

}  // namespace fovea::labels

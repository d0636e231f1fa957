#include "segment/section_masks.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "measure/components.h"
#include "segment/holes.h"

namespace fovea::segment {

namespace {

std::uint8_t at(const SectionMask& mask, std::int64_t y, std::int64_t x) {
    const Index n = mask.box.extent();
    return mask.pixels[std::size_t((y - mask.box.begin.y) * n.x + x - mask.box.begin.x)];
}

// f(y, x) for every pixel of the mask inside `part`.
template <class F>
void forEachPixel(const SectionMask& mask, const Box& part, F&& f) {
    const Box box = mask.box.intersected(part);
    for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
        for (std::int64_t x = box.begin.x; x < box.end.x; ++x)
            if (at(mask, y, x) != 0) f(y, x);
}

std::int64_t areaIn(const SectionMask& mask, const Box& part) {
    std::int64_t area = 0;
    forEachPixel(mask, part, [&](std::int64_t, std::int64_t) { ++area; });
    return area;
}

double iouIn(const SectionMask& a, const SectionMask& b, const Box& part) {
    if (!a.box.intersected(part).overlaps(b.box)) return 0;
    std::int64_t shared = 0;
    forEachPixel(a, b.box.intersected(part), [&](std::int64_t y, std::int64_t x) { shared += at(b, y, x); });
    return shared == 0 ? 0 : double(shared) / double(areaIn(a, part) + areaIn(b, part) - shared);
}

SectionMask united(const std::vector<const SectionMask*>& pieces) {
    SectionMask result = *pieces.front();
    for (const SectionMask* piece : pieces) {
        result.box = result.box.united(piece->box);
        result.score = std::max(result.score, piece->score);
    }
    const Index n = result.box.extent(), begin = result.box.begin;
    result.pixels.assign(std::size_t(n.count()), 0);
    for (const SectionMask* piece : pieces)
        forEachPixel(*piece, piece->box, [&](std::int64_t y, std::int64_t x) {
            result.pixels[std::size_t((y - begin.y) * n.x + x - begin.x)] = 1;
        });
    return result;
}

bool better(const SectionMask& a, const SectionMask& b) { return a.score > b.score; }

// The best whole mask, or all pieces together.
SectionMask standsFor(std::vector<const SectionMask*> same) {
    std::stable_sort(same.begin(), same.end(), [](const SectionMask* a, const SectionMask* b) {
        return a->cut != b->cut ? b->cut : better(*a, *b);
    });
    return same.front()->cut ? united(same) : *same.front();
}

}  // namespace

std::int64_t areaOf(const SectionMask& mask) {
    return std::accumulate(mask.pixels.begin(), mask.pixels.end(), std::int64_t(0));
}

std::int64_t sharedPixels(const SectionMask& a, const SectionMask& b) {
    std::int64_t shared = 0;
    forEachPixel(a, b.box, [&](std::int64_t y, std::int64_t x) { shared += at(b, y, x); });
    return shared;
}

std::vector<SectionMask> masksOf(const Volume<std::int32_t>& labels, Index origin, const std::vector<double>& scores) {
    const Index n = labels.shape();
    std::vector<SectionMask> masks(scores.size());
    const auto forEach = [&](auto&& f) {
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x)
                if (const std::int32_t id = labels(0, y, x); id != 0)
                    f(masks[std::size_t(id - 1)], origin + Index{0, y, x});
    };
    forEach([](SectionMask& mask, Index v) { mask.box = mask.box.united({v, v + Index{1, 1, 1}}); });
    for (std::size_t i = 0; i < masks.size(); ++i) {
        masks[i].pixels.assign(std::size_t(masks[i].box.count()), 0);
        masks[i].score = scores[i];
    }
    forEach([](SectionMask& mask, Index v) {
        const Index in = v - mask.box.begin;
        mask.pixels[std::size_t(in.y * mask.box.extent().x + in.x)] = 1;
    });
    std::erase_if(masks, [](const SectionMask& mask) { return mask.pixels.empty(); });
    return masks;
}

std::vector<SectionMask> joinTiles(const std::vector<TileMasks>& tiles, double minIou) {
    struct Entry {
        const SectionMask* mask;
        std::size_t tile;
    };
    std::vector<Entry> all;
    for (std::size_t t = 0; t < tiles.size(); ++t)
        for (const SectionMask& mask : tiles[t].masks) all.push_back({&mask, t});
    std::vector<std::size_t> parent(all.size());
    std::iota(parent.begin(), parent.end(), std::size_t(0));
    const auto root = [&](std::size_t i) {
        while (parent[i] != i) i = parent[i] = parent[parent[i]];
        return i;
    };
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t j = i + 1; j < all.size(); ++j) {
            if (all[i].tile == all[j].tile || !all[i].mask->box.overlaps(all[j].mask->box)) continue;
            const Box both = tiles[all[i].tile].tile.intersected(tiles[all[j].tile].tile);
            if (iouIn(*all[i].mask, *all[j].mask, both) < minIou) continue;
            const std::size_t a = root(i), b = root(j);
            parent[std::max(a, b)] = std::min(a, b);
        }
    std::map<std::size_t, std::vector<const SectionMask*>> groups;
    for (std::size_t i = 0; i < all.size(); ++i) groups[root(i)].push_back(all[i].mask);
    std::vector<SectionMask> joined;
    for (auto& item : groups) joined.push_back(standsFor(std::move(item.second)));
    return joined;
}

std::vector<SectionMask> withoutRepeats(std::vector<SectionMask> masks, const RepeatRules& rules) {
    std::stable_sort(masks.begin(), masks.end(), better);
    std::vector<SectionMask> kept;
    std::vector<std::int64_t> areas;
    for (SectionMask& mask : masks) {
        const std::int64_t area = areaOf(mask);
        bool repeats = area == 0;
        for (std::size_t k = 0; k < kept.size() && !repeats; ++k) {
            if (!kept[k].box.overlaps(mask.box)) continue;
            const auto shared = double(sharedPixels(mask, kept[k]));
            repeats = shared > rules.mostIou * (double(area + areas[k]) - shared) ||
                      shared > rules.mostInside * double(std::min(area, areas[k]));
        }
        if (repeats) continue;
        areas.push_back(area);
        kept.push_back(std::move(mask));
    }
    return kept;
}

void keepLargestPiece(SectionMask& mask) {
    if (mask.pixels.empty()) return;
    const measure::Components pieces =
        measure::connectedComponents(Volume<std::uint8_t>(mask.box.extent(), mask.pixels), 8);
    const std::int32_t largest = pieces.largest();
    for (std::size_t i = 0; i < mask.pixels.size(); ++i)
        mask.pixels[i] = mask.pixels[i] != 0 && pieces.labels.data()[i] == largest;
}

Volume<std::int32_t> paintLastOnTop(const std::vector<SectionMask>& masks, Index shape) {
    Volume<std::int32_t> labels(shape);
    for (std::size_t i = 0; i < masks.size(); ++i)
        forEachPixel(masks[i], labels.box(),
                     [&](std::int64_t y, std::int64_t x) { labels(0, y, x) = std::int32_t(i + 1); });
    return labels;
}

Volume<std::int32_t> paintMasks(const std::vector<SectionMask>& masks, Index shape, std::int64_t minSize) {
    Volume<std::int32_t> labels(shape);
    std::vector<std::int64_t> left(masks.size() + 1);  // pixels by id
    for (std::size_t i = 0; i < masks.size(); ++i)
        forEachPixel(masks[i], labels.box(), [&](std::int64_t y, std::int64_t x) {
            if (labels(0, y, x) != 0) return;
            labels(0, y, x) = std::int32_t(i + 1);
            ++left[i + 1];
        });
    for (std::int32_t& id : labels)
        if (left[std::size_t(id)] < minSize) id = 0;
    for (std::size_t i = 0; i < masks.size(); ++i) {
        if (left[i + 1] == 0 || left[i + 1] < minSize) continue;
        std::vector<std::int32_t> voxels;
        forEachPixel(masks[i], labels.box(),
                     [&](std::int64_t y, std::int64_t x) { voxels.push_back(std::int32_t(labels.offset(0, y, x))); });
        const std::size_t own = voxels.size();
        fillHoles(voxels, shape);
        for (std::size_t v = own; v < voxels.size(); ++v)
            if (labels.data()[voxels[v]] == 0) labels.data()[voxels[v]] = std::int32_t(i + 1);
    }
    return labels;
}

}  // namespace fovea::segment

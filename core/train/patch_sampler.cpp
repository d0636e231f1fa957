#include "train/patch_sampler.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "train/patch_geometry.h"

namespace fovea::train {

namespace {

Volume<std::uint8_t> readWeight(const TrainCase& one, const Box& box) {
    if (!one.weight) return Volume<std::uint8_t>(box.extent(), 255);
    return one.weight->readAs<std::uint8_t>(box);
}

// The largest part of `box` that holds `location` and does not overlap `held`. The location lies outside `held`.
Box cut(const Box& box, const Box& held, Index location) {
    if (!box.overlaps(held)) return box;
    Box best;
    for (int axis = 0; axis < 3; ++axis)
        for (bool below : {true, false}) {
            Box part = box;
            (below ? part.end : part.begin)[axis] = below ? held.begin[axis] : held.end[axis];
            if (part.contains(location) && part.count() > best.count()) best = part;
        }
    return best;
}

// Beyond the image there is nothing: grey value 0, certainly background.
void blankOutside(SampleArrays& arrays, const Box& image, double certainty) {
    const Index n = arrays.target.shape();
    if (image.contains(Box::of(n))) return;
    std::int64_t i = 0;
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x, ++i) {
                if (image.contains(Index{z, y, x})) continue;
                for (Volume<float>& channel : arrays.channels) channel.data()[i] = 0;
                arrays.target.data()[i] = 0;
                arrays.weight.data()[i] = float(certainty);
            }
}

void checkCase(const TrainCase& one, std::size_t channels) {
    const ImageInfo& info = one.image->info();
    if (std::size_t(info.channels) != channels || one.norms.size() != channels)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} has {n} channels, the plan was made for {want}. Plan again for these images."),
                     {{"path", info.path}, {"n", std::to_string(info.channels)}, {"want", std::to_string(channels)}}});
    for (const ImagePtr& other : {one.labels, one.weight})
        if (other && !(other->info().shape() == info.shape()))
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("{other} is {a} voxels, the image {path} is {b}. Use labels made for this image."),
                         {{"other", other->info().path},
                          {"a", toString(other->info().shape())},
                          {"path", info.path},
                          {"b", toString(info.shape())}}});
}

}  // namespace

PatchSampler::PatchSampler(std::vector<TrainSource> sources, SamplerOptions options, Job& job)
    : sources_(std::move(sources)), options_(options) {
    const TrainCase* first = nullptr;
    for (const TrainSource& source : sources_) {
        Indices indices;
        for (const TrainCase& one : source.cases) {
            if (!first) first = &one;
            checkCase(one, first->norms.size());
            Indexed indexed = scan(one, job);
            if (indexed.cells.empty()) continue;
            const Cell& last = indexed.cells.back();
            known_ += last.known;
            foreground_ += last.foreground;
            if (last.foreground > 0) indices.foreground.push_back(indexed);
            indices.known.push_back(std::move(indexed));
        }
        indices_.push_back(std::move(indices));
    }
    if (known_ == 0)
        throw Error(ErrorKind::Input,
                    FOVEA_TR("There is nothing to learn from: no place outside the test boxes is annotated or "
                             "believed. Annotate a patch and mark it complete."));
}

PatchSampler::Indexed PatchSampler::scan(const TrainCase& one, Job& job) {
    const Index shape = one.image->info().shape();
    const std::int64_t edge = shape.count() > (16 << 20) ? 64 : 16;
    Indexed indexed{&one, {}};
    std::int64_t known = 0, foreground = 0;
    // Rows of cells are read at once: fewer, larger reads.
    forEachTile(Box::of(shape), {1, edge, 16 * edge}, [&](const Box& row) {
        job.check();
        std::vector<Box> tiles;
        forEachTile(row, {1, edge, edge}, [&](const Box& tile) {
            for (const Box& held : one.held)
                if (held.overlaps(tile)) return;
            tiles.push_back(tile);
        });
        for (std::size_t i = 0; i < tiles.size();) {
            std::size_t last = i;  // neighbours are joined into one read
            while (last + 1 < tiles.size() && tiles[last + 1].begin.x == tiles[last].end.x) ++last;
            const Box run{tiles[i].begin, tiles[last].end};
            const Volume<std::uint8_t> weight = readWeight(one, run);
            const bool any = std::any_of(weight.begin(), weight.end(), [](std::uint8_t w) { return w > 0; });
            const Volume<std::int32_t> labels = any ? one.labels->readAs<std::int32_t>(run) : Volume<std::int32_t>();
            for (; i <= last; ++i) {
                if (!any) continue;
                std::int64_t k = 0, f = 0;
                const Box tile = tiles[i].shifted(Index{} - run.begin);
                for (std::int64_t y = 0; y < tile.end.y; ++y)
                    for (std::int64_t x = tile.begin.x; x < tile.end.x; ++x)
                        if (weight(0, y, x) > 0) ++k, f += labels(0, y, x) > 0;
                if (k > 0) indexed.cells.push_back({tiles[i], known += k, foreground += f});
            }
        }
    });
    return indexed;
}

Index PatchSampler::locate(const Indexed& indexed, bool foreground, Rng& rng) const {
    const auto count = [&](const Cell& cell) { return foreground ? cell.foreground : cell.known; };
    const std::int64_t pick = rng.below(count(indexed.cells.back()));
    const auto cell = std::partition_point(indexed.cells.begin(), indexed.cells.end(),
                                           [&](const Cell& c) { return count(c) <= pick; });
    std::int64_t left = pick - (cell == indexed.cells.begin() ? 0 : count(*(cell - 1)));
    const Volume<std::uint8_t> weight = readWeight(*indexed.one, cell->box);
    const Volume<std::int32_t> labels =
        foreground ? indexed.one->labels->readAs<std::int32_t>(cell->box) : Volume<std::int32_t>();
    std::int64_t i = 0;
    for (; i < weight.size(); ++i)
        if (weight.data()[i] > 0 && (!foreground || labels.data()[i] > 0) && left-- == 0) break;
    const Index n = weight.shape();
    return cell->box.begin + Index{i / (n.y * n.x), i / n.x % n.y, i % n.x};
}

Box PatchSampler::place(const TrainCase& one, Index location, Rng& rng) const {
    const Index patch = options_.patch, shape = one.image->info().shape();
    const Box* focus = nullptr;
    for (const Box& box : one.focus)
        if (box.contains(location)) focus = &box;
    Box box;
    for (int attempt = 0; attempt < 8; ++attempt) {
        for (int axis = 0; axis < 3; ++axis) {
            std::int64_t start = location[axis] - rng.below(patch[axis]);
            if (focus && focus->extent()[axis] >= patch[axis])
                start = std::clamp(start, focus->begin[axis], focus->end[axis] - patch[axis]);
            else if (focus)
                start = std::clamp(start, focus->end[axis] - patch[axis], focus->begin[axis]);
            if (shape[axis] >= patch[axis])
                start = std::clamp<std::int64_t>(start, 0, shape[axis] - patch[axis]);
            else
                start = (shape[axis] - patch[axis]) / 2;
            box.begin[axis] = start;
        }
        box.end = box.begin + patch;
        if (std::none_of(one.held.begin(), one.held.end(), [&](const Box& held) { return held.overlaps(box); })) break;
    }
    return box;
}

Box PatchSampler::placeAnywhere(const TrainCase& one, std::optional<Index> location, Rng& rng) const {
    const Index patch = options_.patch, window = augmentGeometry(patch, patch.z > 1 ? 3 : 2).initialPatch;
    const StartRange range = startRange(one.image->info().shape(), window, patch);
    Index start = location ? startAround(*location, range, window) : range.lower;
    if (!location)
        for (int a = 0; a < 3; ++a) start[a] += rng.below(range.upper[a] - range.lower[a] + 1);
    return centreBox(window, patch).shifted(start);
}

SampleArrays PatchSampler::readWindow(const TrainCase& one, const Box& window, Index location, double certainty) const {
    Box readable = window.intersected(Box::of(one.image->info().shape()));
    for (const Box& held : one.held) readable = cut(readable, held, location);
    const Volume<std::uint8_t> weight = readWeight(one, readable);
    const Volume<std::uint8_t> target = classTargets(one.labels->readAs<std::int32_t>(readable), weight, options_.rule);

    const Index n = window.extent();
    SampleArrays arrays{{}, Volume<std::uint8_t>(n), Volume<float>(n)};
    const Index to = readable.begin - window.begin;
    copyBox(target, target.box(), arrays.target, to);
    const Index m = readable.extent();
    for (std::int64_t z = 0; z < m.z; ++z)
        for (std::int64_t y = 0; y < m.y; ++y)
            for (std::int64_t x = 0; x < m.x; ++x)
                arrays.weight(to.z + z, to.y + y, to.x + x) = float(weight(z, y, x) / 255.0 * certainty);
    std::vector<std::int64_t> columns(std::size_t(n.x));
    for (std::int64_t x = 0; x < n.x; ++x) columns[x] = reflected(x - to.x, m.x);
    for (std::size_t c = 0; c < one.norms.size(); ++c) {
        Volume<float> grey = one.image->readAs<float>(readable, int(c));
        plan::normalise(grey.data(), grey.size(), one.norms[c]);
        Volume<float> channel(n);
        for (std::int64_t z = 0; z < n.z; ++z)
            for (std::int64_t y = 0; y < n.y; ++y) {
                const float* row = grey.data() + grey.offset(reflected(z - to.z, m.z), reflected(y - to.y, m.y), 0);
                for (std::int64_t x = 0; x < n.x; ++x) channel(z, y, x) = row[columns[x]];
            }
        arrays.channels.push_back(std::move(channel));
    }
    if (options_.placement == Placement::Anywhere)
        blankOutside(arrays, Box::of(one.image->info().shape()).shifted(Index{} - window.begin), certainty);
    return arrays;
}

bool PatchSampler::aroundForeground(std::uint64_t index) const {
    const double f = options_.foreground;
    if (options_.placement == Placement::Anywhere)
        return std::int64_t(index % std::uint64_t(options_.batch)) >=
               options_.batch - forcedForeground(options_.batch, f);
    // Spread evenly over the samples: of 4 in a row with share 0.5, exactly 2.
    return std::floor(double(index + 1) * f) > std::floor(double(index) * f);
}

SampleArrays PatchSampler::sample(std::uint64_t index) const {
    Rng rng(options_.seed, index);
    double total = 0;
    for (std::size_t s = 0; s < sources_.size(); ++s) total += indices_[s].known.empty() ? 0 : sources_[s].share;
    double pick = rng.uniform(0, total);
    std::size_t s = 0;
    while (indices_[s].known.empty() || (s + 1 < sources_.size() && pick >= sources_[s].share)) {
        if (!indices_[s].known.empty()) pick -= sources_[s].share;
        if (s + 1 == sources_.size()) break;
        ++s;
    }
    while (indices_[s].known.empty()) --s;  // rounding at the end of the last source
    const bool foreground = aroundForeground(index) && !indices_[s].foreground.empty();
    const std::vector<Indexed>& cases = foreground ? indices_[s].foreground : indices_[s].known;
    const Indexed& indexed = cases[std::size_t(rng.below(std::int64_t(cases.size())))];

    const TrainCase& one = *indexed.one;
    const bool anywhere = options_.placement == Placement::Anywhere;
    // Where all is known, a place needs no known voxel.
    const bool free = anywhere && !foreground && !one.weight && one.held.empty();
    const std::optional<Index> location = free ? std::nullopt : std::optional(locate(indexed, foreground, rng));
    const Box box = anywhere ? placeAnywhere(one, location, rng) : place(one, *location, rng);
    const SpatialDraw draw = drawSpatial(options_.augment, options_.patch, rng);
    const Index margin =
        spatialMargin(draw, options_.patch) + (options_.rule.boundary ? options_.rule.radius : Index{0, 0, 0});
    const SampleArrays window = readWindow(one, box.grown(margin), location.value_or(box.begin), sources_[s].certainty);
    SampleArrays sample = applySpatial(window, options_.patch, draw, options_.augment.labels);
    const auto grey = drawIntensity(options_.augment, sample.channels.size(), rng);
    for (std::size_t c = 0; c < grey.size(); ++c) applyIntensity(sample.channels[c], grey[c], rng);
    return sample;
}

}  // namespace fovea::train

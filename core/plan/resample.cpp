#include "plan/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <limits>
#include <vector>

#include "base/for_each_cpu.h"
#include "base/parallel.h"
#include "plan/spline.h"

namespace fovea::plan {

namespace {

constexpr int lanes = LineResampler::lanes;
constexpr std::int64_t slabVoxels = 1 << 20;  // of input read at once: small enough to stay in the cache
constexpr float infinity = std::numeric_limits<float>::infinity();

struct Range {
    float low = infinity, high = -infinity;
    void add(Range r) { low = std::min(low, r.low), high = std::max(high, r.high); }
};
constexpr Range everything{-infinity, infinity};

FOVEA_FOR_EACH_CPU Range rangeOf(const float* values, std::int64_t count) {
    float low[lanes], high[lanes];
    std::fill_n(low, lanes, infinity), std::fill_n(high, lanes, -infinity);
    const auto add = [&](float value, int lane) {
        low[lane] = value < low[lane] ? value : low[lane];
        high[lane] = value > high[lane] ? value : high[lane];
    };
    std::int64_t i = 0;
    for (; i + lanes <= count; i += lanes)
        for (int lane = 0; lane < lanes; ++lane) add(values[i + lane], lane);
    for (; i < count; ++i) add(values[i], 0);
    return {*std::min_element(low, low + lanes), *std::max_element(high, high + lanes)};
}

// Lines of one axis: `lanes` neighbours, `across` apart, of samples `along` apart.
void gather(const float* from, std::int64_t along, std::int64_t across, std::int64_t count, int width, double* to) {
    constexpr std::int64_t tile = 16;  // both sides of a turned tile fit into the nearest cache
    for (std::int64_t begin = 0; begin < count; begin += tile) {
        const std::int64_t end = std::min(begin + tile, count);
        if (across == 1) {
            for (std::int64_t i = begin; i < end; ++i)
                for (int lane = 0; lane < width; ++lane) to[i * lanes + lane] = from[i * along + lane];
        } else {
            for (int lane = 0; lane < width; ++lane)
                for (std::int64_t i = begin; i < end; ++i) to[i * lanes + lane] = from[lane * across + i * along];
        }
    }
}

void scatter(const double* from, std::int64_t count, int width, const Range* limits, std::int64_t along,
             std::int64_t across, float* to) {
    const auto limited = [&](std::int64_t i, int lane) {
        const double value = from[i * lanes + lane];
        return float(value < limits[lane].low    ? double(limits[lane].low)
                     : value > limits[lane].high ? double(limits[lane].high)
                                                 : value);
    };
    if (across == 1) {
        for (std::int64_t i = 0; i < count; ++i)
            for (int lane = 0; lane < width; ++lane) to[i * along + lane] = limited(i, lane);
    } else {
        for (int lane = 0; lane < width; ++lane)
            for (std::int64_t i = 0; i < count; ++i) to[lane * across + i * along] = limited(i, lane);
    }
}

LineResampler& ownLines() {
    thread_local LineResampler lines;
    return lines;
}

using Plane = std::vector<float>;

class ImageResampler {
  public:
    ImageResampler(const Resampling& r, const PlaneReader<float>& read, const PlaneWriter<float>& write, Job& job,
                   std::int64_t bytes)
        : from_(r.from),
          to_(r.to),
          separate_(r.separate),
          read_(read),
          write_(write),
          job_(job),
          bytes_(bytes),
          axes_{sampler(r, 0), sampler(r, 1), sampler(r, 2)} {
        for (int axis = 2; axis >= 0; --axis)
            if (axes_[axis].filters() && separate_ != axis) lastFilter_ = axis;
    }

    void run() {
        if (from_ == to_) return copy();
        if (lastFilter_ >= 0 && separate_ != 0) findLimits();
        const std::int64_t chunk = outputsAtOnce();
        for (std::int64_t begin = 0; begin < to_.z; begin += chunk) {
            const std::int64_t end = std::min(begin + chunk, to_.z);
            makePlanes(begin, end);
            emit(begin, end);
            job_.progress(double(end), double(to_.z));
        }
    }

  private:
    static AxisSampler sampler(const Resampling& r, int axis) {
        return {r.from[axis], r.to[axis], r.separate == axis ? r.rule.orderAcross : r.rule.order};
    }
    std::int64_t slabPlanes() const { return std::max<std::int64_t>(1, slabVoxels / (from_.y * from_.x)); }
    bool blends() const { return !axes_[0].keeps() && axes_[0].taps > 1; }

    void copy() {
        std::vector<float> slab;
        for (std::int64_t z = 0; z < from_.z; z += slabPlanes()) {
            const std::int64_t end = std::min(z + slabPlanes(), from_.z);
            slab.resize(std::size_t((end - z) * from_.y * from_.x));
            job_.check();
            read_(z, end, slab.data());
            write_(z, end, slab.data());
        }
    }

    // As many as can be held beside the planes they are made of.
    std::int64_t outputsAtOnce() const {
        if (!blends()) return 1;
        const std::int64_t planes = std::max<std::int64_t>(1, bytes_ / (to_.y * to_.x * std::int64_t(sizeof(float))));
        const double perOutput = 1 + double(from_.z) / double(to_.z);
        const double spare = double(planes - 2 * AxisSampler::halo - 4);
        return std::clamp<std::int64_t>(std::int64_t(spare / perOutput), std::min<std::int64_t>(8, to_.z), to_.z);
    }

    // The range of the whole channel, or of every slice across the separate axis 1 or 2.
    void findLimits() {
        limits_.assign(std::size_t(separate_ ? from_[*separate_] : 1), Range{});
        std::vector<float> slab;
        for (std::int64_t z = 0; z < from_.z; z += slabPlanes()) {
            const std::int64_t count = std::min(slabPlanes(), from_.z - z), rows = count * from_.y;
            slab.resize(std::size_t(rows * from_.x));
            job_.check();
            read_(z, z + count, slab.data());
            for (std::int64_t row = 0; row < rows; ++row) {
                const float* values = slab.data() + row * from_.x;
                if (separate_ == 2)
                    for (std::int64_t x = 0; x < from_.x; ++x) limits_[std::size_t(x)].add({values[x], values[x]});
                else
                    limits_[separate_ ? std::size_t(row % from_.y) : 0].add(rangeOf(values, from_.x));
            }
        }
    }

    // Where the results of an axis are cut: position (input or output, as the axes done so far have it) on the
    // separate axis of this lane.
    Range limit(int axis, Index at) const {
        if (axis != lastFilter_) return everything;
        if (!separate_) return limits_[0];
        if (separate_ == 0) return planeLimit_[std::size_t(at.z)];
        const int s = *separate_;
        const bool picked = s > axis && !axes_[s].keeps();
        return limits_[std::size_t(picked ? axes_[s].first[std::size_t(at[s])] : at[s])];
    }

    struct Lines {
        const float* values;
        std::int64_t along, across;  // steps from sample to sample and from line to line
    };
    // `width` lines of `axis` side by side along `step`, the first at `at`.
    void block(int axis, Index at, int step, int width, Lines source, float* target, std::int64_t acrossOut) const {
        const AxisSampler& sampler = axes_[axis];
        LineResampler& lines = ownLines();
        lines.prepare(sampler, {0, sampler.from}, {0, sampler.to});
        gather(source.values, source.along, source.across, sampler.from, width, lines.samples());
        lines.run();
        Range limits[lanes];
        for (int lane = 0; lane < width; ++lane, ++at[step]) limits[lane] = limit(axis, at);
        scatter(lines.results(), sampler.to, width, limits, source.along, acrossOut, target);
    }

    // `count` planes from `first` on, resampled in-plane, are appended to held_.
    void process(std::int64_t first, std::int64_t count) {
        raw_.resize(std::size_t(count * from_.y * from_.x));
        job_.check();
        read_(first, first + count, raw_.data());
        if (separate_ == 0 && lastFilter_ >= 0) findPlaneLimits(count);
        const std::size_t base = held_.size();
        for (std::int64_t z = 0; z < count; ++z) held_.push_back(freshPlane());
        alongY(count, axes_[2].keeps() ? raw_.data() : alongX(count), base);
    }

    void findPlaneLimits(std::int64_t count) {
        const std::int64_t plane = from_.y * from_.x;
        planeLimit_.resize(std::size_t(count));
        parallelFor(count, job_,
                    [&](std::int64_t z) { planeLimit_[std::size_t(z)] = rangeOf(raw_.data() + z * plane, plane); });
    }

    // raw_ to rows of the wanted length.
    const float* alongX(std::int64_t count) {
        const std::int64_t ny = from_.y, blocks = (ny + lanes - 1) / lanes;
        turned_.resize(std::size_t(count * ny * to_.x));
        parallelFor(count * blocks, job_, [&](std::int64_t i) {
            const std::int64_t z = i / blocks, y = i % blocks * lanes, row = z * ny + y;
            block(2, {z, y, 0}, 1, int(std::min<std::int64_t>(lanes, ny - y)),
                  {raw_.data() + row * from_.x, 1, from_.x}, turned_.data() + row * to_.x, to_.x);
        });
        return turned_.data();
    }

    void alongY(std::int64_t count, const float* rows, std::size_t base) {
        const std::int64_t plane = from_.y * to_.x, blocks = (to_.x + lanes - 1) / lanes;
        if (axes_[1].keeps()) {
            for (std::int64_t z = 0; z < count; ++z)
                std::copy(rows + z * plane, rows + (z + 1) * plane, held_[base + std::size_t(z)].data());
            return;
        }
        parallelFor(count * blocks, job_, [&](std::int64_t i) {
            const std::int64_t z = i / blocks, x = i % blocks * lanes;
            block(1, {z, 0, x}, 2, int(std::min<std::int64_t>(lanes, to_.x - x)), {rows + z * plane + x, to_.x, 1},
                  held_[base + std::size_t(z)].data() + x, 1);
        });
    }

    Plane freshPlane() {
        if (spare_.empty()) return Plane(std::size_t(to_.y * to_.x));
        Plane plane = std::move(spare_.back());
        spare_.pop_back();
        return plane;
    }

    // Whether any output reads this plane of the input.
    bool wanted(std::int64_t z) const {
        if (axes_[0].keeps() || axes_[0].taps > 1) return true;
        return std::binary_search(axes_[0].first.begin(), axes_[0].first.end(), z);
    }

    // held_ becomes the in-plane results that outputs [begin, end) are made of.
    void makePlanes(std::int64_t begin, std::int64_t end) {
        const SampleRange need = axes_[0].reach(begin, end);
        while (!held_.empty() && heldFrom_ < need.begin) {
            if (!held_.front().empty()) spare_.push_back(std::move(held_.front()));
            held_.pop_front();
            ++heldFrom_;
        }
        if (held_.empty()) heldFrom_ = need.begin;
        std::int64_t z = heldFrom_ + std::int64_t(held_.size());
        while (z < need.end) {
            std::int64_t count = 0;
            const std::int64_t most = std::min(slabPlanes(), from_.z - z);
            while (count < most && wanted(z + count) && (count == 0 || readsAhead() || z + count < need.end)) ++count;
            if (count == 0)
                held_.emplace_back();
            else
                process(z, count);
            z = heldFrom_ + std::int64_t(held_.size());
        }
    }
    // Planes beyond what is needed now are read with it: slabs keep all threads busy.
    bool readsAhead() const { return !blends(); }

    void emit(std::int64_t begin, std::int64_t end) {
        if (!blends()) {
            for (std::int64_t z = begin; z < end; ++z) {
                const std::int64_t source = axes_[0].keeps() ? z : axes_[0].first[std::size_t(z)];
                write_(z, z + 1, held_[std::size_t(source - heldFrom_)].data());
            }
            return;
        }
        const std::int64_t plane = to_.y * to_.x, blocks = (to_.x + lanes - 1) / lanes;
        const SampleRange window{heldFrom_, heldFrom_ + std::int64_t(held_.size())};
        out_.resize(std::size_t((end - begin) * plane));
        parallelFor(to_.y * blocks, job_, [&](std::int64_t i) {
            const std::int64_t y = i / blocks, x = i % blocks * lanes;
            const int width = int(std::min<std::int64_t>(lanes, to_.x - x));
            LineResampler& lines = ownLines();
            lines.prepare(axes_[0], window, {begin, end});
            double* samples = lines.samples();
            for (const Plane& held : held_) {
                const float* values = held.data() + y * to_.x + x;
                for (int lane = 0; lane < width; ++lane) samples[lane] = values[lane];
                samples += lanes;
            }
            lines.run();
            Range limits[lanes];
            for (int lane = 0; lane < width; ++lane) limits[lane] = limit(0, {0, y, x + lane});
            scatter(lines.results(), end - begin, width, limits, plane, 1, out_.data() + y * to_.x + x);
        });
        write_(begin, end, out_.data());
    }

    Index from_, to_;
    std::optional<int> separate_;
    const PlaneReader<float>& read_;
    const PlaneWriter<float>& write_;
    Job& job_;
    std::int64_t bytes_;
    std::array<AxisSampler, 3> axes_;
    int lastFilter_ = -1;            // the cubic axis that is done last: axes are done 2, 1, 0
    std::vector<Range> limits_;      // of the channel, or by slice across axis 1 or 2
    std::vector<Range> planeLimit_;  // of the planes in raw_, with separate axis 0
    std::vector<float> raw_, turned_, out_;
    std::deque<Plane> held_;  // planes heldFrom_ … resampled in-plane; empty where no output reads it
    std::int64_t heldFrom_ = 0;
    std::vector<Plane> spare_;
};

}  // namespace

std::optional<int> separateAxis(Vec3 current, Vec3 wanted, std::optional<bool> forced) {
    const auto most = [](Vec3 s) { return std::max({s.z, s.y, s.x}); };
    const auto uneven = [&](Vec3 s) { return most(s) / std::min({s.z, s.y, s.x}) > 3; };
    if (forced ? !*forced : !uneven(current) && !uneven(wanted)) return {};
    const Vec3 grid = forced || uneven(current) ? current : wanted;
    std::optional<int> coarse;
    for (int axis = 0; axis < 3; ++axis) {
        if (most(grid) / grid[axis] != 1) continue;
        if (coarse) return {};
        coarse = axis;
    }
    return coarse;
}

Index resampledShape(Index shape, Vec3 current, Vec3 wanted) {
    Index result;
    for (int axis = 0; axis < 3; ++axis) {
        const double size = std::nearbyint(current[axis] / wanted[axis] * double(shape[axis]));
        if (!(size < 1e12))
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("The spacing {from} cannot be resampled to {to}. Check the spacing of the image."),
                         {{"from", std::to_string(current[axis])}, {"to", std::to_string(wanted[axis])}}});
        result[axis] = std::max<std::int64_t>(1, std::int64_t(size));
    }
    return result;
}

Resampling resampling(Index from, Vec3 current, Index to, Vec3 wanted, const ResampleRule& rule) {
    return {from, to, separateAxis(current, wanted, rule.separateForced), rule};
}

void resampleImage(const Resampling& resampling, const PlaneReader<float>& read, const PlaneWriter<float>& write,
                   Job& job, std::int64_t bytes) {
    const int across = resampling.separate.value_or(0);
    const bool blends = resampling.rule.orderAcross != 0 && resampling.from[across] != resampling.to[across];
    if (across == 0 || resampling.rule.order != 3 || !blends)
        return ImageResampler(resampling, read, write, job, bytes).run();
    // Slices are cut to their range before they are blended, and axis 1 or 2 would be blended first.
    Resampling slices = resampling, blend = resampling;
    slices.to[across] = blend.from[across] = resampling.from[across];
    for (int axis = 0; axis < 3; ++axis)
        if (axis != across) blend.from[axis] = resampling.to[axis];
    blend.rule.order = 0;
    Volume<float> held(slices.to);
    ImageResampler(slices, read, planesInto(held), job, bytes).run();
    ImageResampler(blend, planesOf(held), write, job, bytes).run();
}

Volume<float> resampled(const Volume<float>& image, const Resampling& resampling, Job& job) {
    Volume<float> result(resampling.to);
    resampleImage(resampling, planesOf(image), planesInto(result), job);
    return result;
}

}  // namespace fovea::plan

#include <algorithm>
#include <array>
#include <vector>

#include "base/parallel.h"
#include "plan/resample.h"
#include "plan/spline.h"

namespace fovea::plan {

namespace {

// What one output of a linear axis reads; a nearest axis has weight 1 on one sample.
struct Spot {
    std::int64_t low = 0, high = 0, nearest = 0;
    double weightLow = 1, weightHigh = 0;
};

std::vector<Spot> spots(std::int64_t from, std::int64_t to, int order) {
    const AxisSampler nearest(from, to, 0), sampler(from, to, order);
    std::vector<Spot> result(static_cast<std::size_t>(to));
    for (std::int64_t i = 0; i < to; ++i) {
        Spot& spot = result[std::size_t(i)];
        spot = {sampler.low(i), sampler.high(i), nearest.low(i)};
        if (order == 0) continue;
        spot.weightLow = sampler.weights[std::size_t(2 * i)], spot.weightHigh = sampler.weights[std::size_t(2 * i + 1)];
        if (spot.weightHigh == 0) spot.high = spot.low;
    }
    return result;
}

// Labels around an output and how much of each: at most 8 corners.
template <class T>
class Vote {
  public:
    void add(T label, double weight) {
        for (int i = 0; i < count_; ++i)
            if (labels_[i] == label) {
                weights_[i] += weight;
                return;
            }
        labels_[count_] = label;
        weights_[count_++] = weight;
    }
    // The label with most weight; of equal ones `favourite` if it is among them, else the smallest.
    T winner(const T* favourite) const {
        const double most = *std::max_element(weights_, weights_ + count_);
        T best{};
        bool found = false;
        for (int i = 0; i < count_; ++i) {
            if (weights_[i] != most) continue;
            if (favourite && labels_[i] == *favourite) return labels_[i];
            if (!found || labels_[i] < best) best = labels_[i];
            found = true;
        }
        return best;
    }

  private:
    T labels_[8];
    double weights_[8];
    int count_ = 0;
};

template <class T>
class LabelResampler {
  public:
    LabelResampler(const Resampling& r, const PlaneReader<T>& read, const PlaneWriter<T>& write, Job& job)
        : r_(r), read_(read), write_(write), job_(job) {
        if (r.rule.order > 1 || (r.separate && r.rule.orderAcross != 0))
            throw Error(ErrorKind::Unsupported,
                        FOVEA_TR("Labels are resampled with order 0 or 1, and with 0 across slices. Change the orders "
                                 "of resampling_fn_seg_kwargs in the plans."));
        for (int axis = 0; axis < 3; ++axis)
            spots_[axis] = spots(r.from[axis], r.to[axis], r.separate == axis ? 0 : r.rule.order);
    }

    void run(std::int64_t bytes) {
        const std::int64_t plane = r_.from.y * r_.from.x, planeOut = r_.to.y * r_.to.x;
        const double perOutput = double(planeOut) + double(plane) * double(r_.from.z) / double(r_.to.z);
        const std::int64_t most = std::min<std::int64_t>(bytes / std::int64_t(sizeof(T)), slabVoxels);
        const std::int64_t chunk = std::clamp<std::int64_t>(std::int64_t(double(most) / perOutput), 1, r_.to.z);
        std::vector<T> source, target;
        for (std::int64_t begin = 0; begin < r_.to.z; begin += chunk) {
            const std::int64_t end = std::min(begin + chunk, r_.to.z);
            first_ = spots_[0][std::size_t(begin)].low;
            const std::int64_t last = spots_[0][std::size_t(end - 1)].high + 1;
            source.resize(std::size_t((last - first_) * plane));
            target.resize(std::size_t((end - begin) * planeOut));
            job_.check();
            read_(first_, last, source.data());
            parallelFor((end - begin) * r_.to.y, job_, [&](std::int64_t i) {
                row(source.data(), begin + i / r_.to.y, i % r_.to.y, target.data() + i * r_.to.x);
            });
            write_(begin, end, target.data());
            job_.progress(double(end), double(r_.to.z));
        }
    }

  private:
    static constexpr std::int64_t slabVoxels = 1 << 22;

    // A row of the input and its share in a row of results.
    struct Source {
        const T* labels;
        double weight;
    };

    void row(const T* source, std::int64_t z, std::int64_t y, T* out) const {
        const Spot &sz = spots_[0][std::size_t(z)], &sy = spots_[1][std::size_t(y)];
        const auto at = [&](std::int64_t zz, std::int64_t yy) {
            return source + ((zz - first_) * r_.from.y + yy) * r_.from.x;
        };
        Source rows[4];
        int count = 0;
        const auto add = [&](std::int64_t zz, std::int64_t yy, double weight) {
            if (weight != 0) rows[count++] = {at(zz, yy), weight};
        };
        add(sz.low, sy.low, sz.weightLow * sy.weightLow), add(sz.low, sy.high, sz.weightLow * sy.weightHigh);
        add(sz.high, sy.low, sz.weightHigh * sy.weightLow), add(sz.high, sy.high, sz.weightHigh * sy.weightHigh);
        const T* nearest = at(sz.nearest, sy.nearest);
        for (std::int64_t x = 0; x < r_.to.x; ++x) {
            const Spot& sx = spots_[2][std::size_t(x)];
            const T label = rows[0].labels[sx.low];
            bool same = true;
            for (int i = 0; i < count; ++i) same &= rows[i].labels[sx.low] == label && rows[i].labels[sx.high] == label;
            out[x] = same ? label : vote(rows, count, sx, r_.rule.nearestBreaksTies ? nearest + sx.nearest : nullptr);
        }
    }

    // Corner by corner in C order: a tie is one of these sums, to the last bit.
    static T vote(const Source* rows, int count, const Spot& spot, const T* favourite) {
        Vote<T> vote;
        for (int i = 0; i < count; ++i) {
            vote.add(rows[i].labels[spot.low], rows[i].weight * spot.weightLow);
            vote.add(rows[i].labels[spot.high], rows[i].weight * spot.weightHigh);
        }
        return vote.winner(favourite);
    }

    const Resampling& r_;
    const PlaneReader<T>& read_;
    const PlaneWriter<T>& write_;
    Job& job_;
    std::array<std::vector<Spot>, 3> spots_;
    std::int64_t first_ = 0;  // plane of the input that the slab in memory begins with
};

}  // namespace

template <class T>
void resampleLabels(const Resampling& resampling, const PlaneReader<T>& read, const PlaneWriter<T>& write, Job& job,
                    std::int64_t bytes) {
    LabelResampler<T>(resampling, read, write, job).run(bytes);
}

template <class T>
Volume<T> resampledLabels(const Volume<T>& labels, const Resampling& resampling, Job& job) {
    Volume<T> result(resampling.to);
    resampleLabels<T>(resampling, planesOf(labels), planesInto(result), job);
    return result;
}

template void resampleLabels(const Resampling&, const PlaneReader<std::int16_t>&, const PlaneWriter<std::int16_t>&,
                             Job&, std::int64_t);
template void resampleLabels(const Resampling&, const PlaneReader<std::int32_t>&, const PlaneWriter<std::int32_t>&,
                             Job&, std::int64_t);
template Volume<std::int16_t> resampledLabels(const Volume<std::int16_t>&, const Resampling&, Job&);
template Volume<std::int32_t> resampledLabels(const Volume<std::int32_t>&, const Resampling&, Job&);

}  // namespace fovea::plan

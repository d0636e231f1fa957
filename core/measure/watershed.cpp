#include "measure/watershed.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "base/parallel.h"
#include "base/parallel_parts.h"
#include "measure/components.h"

namespace fovea::measure {
namespace {

constexpr std::int32_t closed = std::numeric_limits<std::int32_t>::min();  // outside the mask
constexpr std::int32_t several = closed;                                   // seeds in one piece of it
constexpr std::int64_t batch = std::int64_t(1) << 16;                      // voxels that a thread takes at a time …
constexpr std::int64_t flooded = std::int64_t(1) << 18;                    // … and floods

std::uint32_t sortable(float value) {
    if (std::isnan(value)) return 0xFFFFFFFFu;
    const auto bits = std::bit_cast<std::uint32_t>(value == 0 ? 0.0f : value);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

struct Range {
    float lowest = std::numeric_limits<float>::infinity(), highest = -lowest;
    void add(float value) {
        if (std::isfinite(value)) lowest = std::min(lowest, value), highest = std::max(highest, value);
    }
    void add(const Range& other) {
        lowest = std::min(lowest, other.lowest), highest = std::max(highest, other.highest);
    }
};

// Voxels waiting to spread, lowest value first, oldest first among equals: in buckets of values close to one another,
// each put in order when it is the lowest. Most pushes only append. Integer: counts voxels.
template <class Integer>
class Waiting {
  public:
    explicit Waiting(const Range& range)
        : lowest_(range.lowest),
          scale_(range.highest > range.lowest ? float(bucketCount - 1) / (range.highest - range.lowest) : 0) {}
    bool empty() const { return words_ == 0; }
    void push(float value, Integer at) {
        const std::size_t b = bucketOf(value);
        Bucket& bucket = buckets_[b];
        bucket.entries.push_back({sortable(value), age_++, at});
        if (bucket.ordered) std::push_heap(bucket.entries.begin(), bucket.entries.end(), later);
        bits_[b / 64] |= std::uint64_t(1) << b % 64;
        words_ |= std::uint64_t(1) << b / 64;
    }
    Integer pop() {
        const auto word = std::size_t(std::countr_zero(words_));
        const auto bit = std::size_t(std::countr_zero(bits_[word]));
        Bucket& bucket = buckets_[word * 64 + bit];
        if (!std::exchange(bucket.ordered, true)) std::make_heap(bucket.entries.begin(), bucket.entries.end(), later);
        std::pop_heap(bucket.entries.begin(), bucket.entries.end(), later);
        const Integer at = bucket.entries.back().at;
        bucket.entries.pop_back();
        if (bucket.entries.empty()) {
            bucket.ordered = false;
            bits_[word] &= ~(std::uint64_t(1) << bit);
            if (bits_[word] == 0) words_ &= ~(std::uint64_t(1) << word);
        }
        return at;
    }

  private:
    static constexpr std::size_t bucketCount = 64 * 64;  // as many as two levels of bits count
    struct Entry {
        std::uint32_t value;
        Integer age, at;
    };
    struct Bucket {
        std::vector<Entry> entries;
        bool ordered = false;  // a heap
    };
    static bool later(const Entry& a, const Entry& b) { return a.value != b.value ? a.value > b.value : a.age > b.age; }
    std::size_t bucketOf(float value) const {
        const float b = (value - lowest_) * scale_;
        if (std::isnan(b)) return value == -std::numeric_limits<float>::infinity() ? 0 : bucketCount - 1;
        return std::size_t(std::clamp(b, 0.0F, float(bucketCount - 1)));
    }

    float lowest_, scale_;
    Integer age_ = 0;
    std::uint64_t words_ = 0;               // bit = a word of bits_ that is not 0
    std::array<std::uint64_t, 64> bits_{};  // bit = a bucket that is not empty
    std::vector<Bucket> buckets_{bucketCount};
};

// To a neighbour: its offset, and the walls of the volume it may not lie behind.
struct Step {
    std::int64_t offset;
    unsigned walls;
};
std::vector<Step> stepsOf(Index shape, int connectivity) {
    const bool flat = connectivity == 4 || connectivity == 8, faces = connectivity == 4 || connectivity == 6;
    std::vector<Step> steps;
    for (std::int64_t dz = -1; dz <= 1; ++dz)
        for (std::int64_t dy = -1; dy <= 1; ++dy)
            for (std::int64_t dx = -1; dx <= 1; ++dx) {
                const std::int64_t axes = dz * dz + dy * dy + dx * dx;
                if (axes == 0 || (faces && axes != 1) || (flat && dz != 0)) continue;
                steps.push_back({(dz * shape.y + dy) * shape.x + dx, (dz < 0 ? 1U : 0) | (dz > 0 ? 2U : 0) |
                                                                         (dy < 0 ? 4U : 0) | (dy > 0 ? 8U : 0) |
                                                                         (dx < 0 ? 16U : 0) | (dx > 0 ? 32U : 0)});
            }
    return steps;
}

// The walls that a voxel lies at.
template <class Integer>
unsigned wallsAt(Integer at, Index shape) {
    const auto nx = Integer(shape.x), ny = Integer(shape.y), nz = Integer(shape.z);
    const Integer row = at / nx, x = at % nx, y = row % ny, z = row / ny;
    return (z == 0 ? 1U : 0) | (z + 1 == nz ? 2U : 0) | (y == 0 ? 4U : 0) | (y + 1 == ny ? 8U : 0) |
           (x == 0 ? 16U : 0) | (x + 1 == nx ? 32U : 0);
}

// Hands the wish to stop on and nothing else.
class Silent : public Job {
  public:
    explicit Silent(const Job& job) : job_(job) {}
    bool cancelled() const override { return job_.cancelled(); }

  private:
    const Job& job_;
};

class Watershed {
  public:
    Watershed(const Volume<float>& landscape, const Volume<std::int32_t>& seeds, int connectivity, Job& job)
        : landscape_(landscape),
          seeds_(seeds),
          shape_(landscape.shape()),
          steps_(stepsOf(shape_, connectivity)),
          job_(job) {}

    // `pieces`: of the mask, by the same connectivity.
    Volume<std::int32_t> run(Components pieces) {
        labels_ = std::move(pieces.labels);
        labels_.geometry = landscape_.geometry;
        findOnly(pieces.sizes.size());
        findStarts();
        parallelStretches(labels_.size(), batch, job_, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                std::int32_t& label = labels_.data()[i];
                const std::int32_t only = only_[std::size_t(label)];
                label = only == several ? seeds_.data()[i] : label != 0 ? only : closed;
            }
        });
        floodAll(pieces.sizes);
        parallelStretches(labels_.size(), batch, job_, [&](std::int64_t begin, std::int64_t end) {
            std::replace(labels_.begin() + begin, labels_.begin() + end, closed, 0);
        });
        return std::move(labels_);
    }

  private:
    struct Start {
        std::int32_t piece;
        std::int64_t at;
    };
    void findOnly(std::size_t pieces);
    void findStarts();
    bool besideUnseeded(std::int64_t at, unsigned walls) const {
        return std::any_of(steps_.begin(), steps_.end(), [&](const Step& step) {
            const std::int64_t next = at + step.offset;
            return (step.walls & walls) == 0 && labels_.data()[next] != 0 && seeds_.data()[next] == 0;
        });
    }
    void floodAll(const std::vector<std::int64_t>& sizes);
    template <class Integer>
    void flood(std::size_t firstPiece, std::size_t lastPiece, Job& job);

    const Volume<float>& landscape_;
    const Volume<std::int32_t>& seeds_;
    const Index shape_;
    const std::vector<Step> steps_;
    Job& job_;
    Volume<std::int32_t> labels_;          // the pieces of the mask until all starts are found
    std::vector<std::int32_t> only_;       // by piece: the only seed in it, 0 or `several`
    Range range_;                          // where there are several
    std::vector<std::int64_t> starts_;     // by piece, then in C order
    std::vector<std::size_t> firstStart_;  // by piece, one more at the end
};

// One seed alone takes all of its piece; nothing has to be flooded there.
void Watershed::findOnly(std::size_t pieces) {
    only_.assign(pieces + 1, 0);
    parallelStretches(labels_.size(), batch, job_, [&](std::int64_t begin, std::int64_t end) {
        std::int32_t lastPiece = 0, lastSeed = 0;
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int32_t piece = labels_.data()[i], seed = seeds_.data()[i];
            if (piece == 0 || seed == 0 || (piece == lastPiece && seed == lastSeed)) continue;
            lastPiece = piece, lastSeed = seed;
            const std::atomic_ref<std::int32_t> only(only_[std::size_t(piece)]);
            std::int32_t before = 0;
            if (!only.compare_exchange_strong(before, seed) && before != seed) only = several;
        }
    });
}

// Seeds that something can spread from.
void Watershed::findStarts() {
    struct Rows {
        Range range;
        std::vector<Start> starts;
    };
    const std::int64_t rows = shape_.z * shape_.y, perBatch = std::max<std::int64_t>(1, batch / shape_.x);
    std::vector<Rows> found(std::size_t((rows + perBatch - 1) / perBatch));
    parallelStretches(rows, perBatch, job_, [&](std::int64_t begin, std::int64_t end) {
        Rows& here = found[std::size_t(begin / perBatch)];
        for (std::int64_t row = begin; row < end; ++row)
            for (std::int64_t x = 0, i = row * shape_.x; x < shape_.x; ++x, ++i) {
                const std::int32_t piece = labels_.data()[i];
                if (only_[std::size_t(piece)] != several) continue;
                here.range.add(landscape_.data()[i]);
                if (seeds_.data()[i] != 0 && besideUnseeded(i, wallsAt(i, shape_))) here.starts.push_back({piece, i});
            }
    });
    firstStart_.assign(only_.size(), 0);
    for (const Rows& some : found) {
        range_.add(some.range);
        for (const Start& start : some.starts) ++firstStart_[std::size_t(start.piece)];
    }
    std::partial_sum(firstStart_.begin(), firstStart_.end(), firstStart_.begin());
    starts_.resize(firstStart_.back());
    std::vector<std::size_t> next = firstStart_;
    for (const Rows& some : found)
        for (const Start& start : some.starts) starts_[next[std::size_t(start.piece - 1)]++] = start.at;
}

void Watershed::floodAll(const std::vector<std::int64_t>& sizes) {
    std::vector<std::size_t> firstPiece{0};
    std::int64_t voxels = 0;
    for (std::size_t piece = 0; piece < sizes.size(); ++piece) {
        if (only_[piece + 1] == several) voxels += sizes[piece];
        if (voxels >= flooded || piece + 1 == sizes.size()) firstPiece.push_back(piece + 1), voxels = 0;
    }
    const bool small = labels_.size() < std::numeric_limits<std::uint32_t>::max();  // divides faster
    Silent silent(job_);
    forParts(std::int64_t(firstPiece.size()) - 1, silent, [&](std::int64_t i, Job& part) {
        const std::size_t first = firstPiece[std::size_t(i)], last = firstPiece[std::size_t(i) + 1];
        small ? flood<std::uint32_t>(first, last, part) : flood<std::uint64_t>(first, last, part);
    });
}

template <class Integer>
void Watershed::flood(std::size_t firstPiece, std::size_t lastPiece, Job& job) {
    Waiting<Integer> waiting(range_);
    std::int64_t done = 0;
    for (std::size_t piece = firstPiece; piece < lastPiece; ++piece) {
        for (std::size_t k = firstStart_[piece]; k < firstStart_[piece + 1]; ++k)
            waiting.push(landscape_.data()[starts_[k]], Integer(starts_[k]));
        while (!waiting.empty()) {
            if ((++done & 0xFFFF) == 0) job.check();
            const Integer at = waiting.pop();
            const unsigned walls = wallsAt(at, shape_);
            for (const Step& step : steps_) {
                if ((step.walls & walls) != 0) continue;
                const std::int64_t next = std::int64_t(at) + step.offset;
                if (labels_.data()[next] != 0) continue;
                labels_.data()[next] = labels_.data()[at];
                waiting.push(landscape_.data()[next], Integer(next));
            }
        }
    }
}

}  // namespace

Volume<std::int32_t> watershed(const Volume<float>& landscape, const Volume<std::int32_t>& seeds,
                               const Volume<std::uint8_t>& mask, int connectivity, Job& job) {
    const Index shape = landscape.shape();
    if (seeds.shape() != shape || (!mask.empty() && mask.shape() != shape))
        throw Error(ErrorKind::Input,
                    FOVEA_TR("Landscape, seeds and mask of a watershed differ in shape; give volumes of one shape."));
    if (connectivity != 4 && connectivity != 8 && connectivity != 6 && connectivity != 26)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("A watershed over {value} neighbours is not offered; use 6 or 26, or 4 or 8 within "
                              "slices."),
                     {{"value", std::to_string(connectivity)}}});
    if (landscape.empty()) return Volume<std::int32_t>(shape);
    return Watershed(landscape, seeds, connectivity, job)
        .run(connectedComponents(mask.empty() ? Volume<std::uint8_t>(shape, 1) : mask, connectivity, false, job));
}

}  // namespace fovea::measure

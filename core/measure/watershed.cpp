#include "measure/watershed.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "measure/components.h"

namespace fovea::measure {
namespace {

std::uint32_t sortable(float value) {
    if (std::isnan(value)) return 0xFFFFFFFFu;
    const auto bits = std::bit_cast<std::uint32_t>(value == 0 ? 0.0f : value);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

// Voxels waiting to spread, lowest value first, oldest first among equals: in buckets of values close to one another,
// each put in order when it is the lowest. Most pushes only append.
class Waiting {
  public:
    Waiting(float lowest, float highest)
        : lowest_(lowest), scale_(highest > lowest ? float(bucketCount - 1) / (highest - lowest) : 0) {}
    bool empty() const { return words_ == 0; }
    void push(float value, std::int64_t at) {
        const std::size_t b = bucketOf(value);
        Bucket& bucket = buckets_[b];
        bucket.entries.push_back({sortable(value), age_++, at});
        if (bucket.ordered) std::push_heap(bucket.entries.begin(), bucket.entries.end(), later);
        bits_[b / 64] |= std::uint64_t(1) << b % 64;
        words_ |= std::uint64_t(1) << b / 64;
    }
    std::int64_t pop() {
        const auto word = std::size_t(std::countr_zero(words_));
        const auto bit = std::size_t(std::countr_zero(bits_[word]));
        Bucket& bucket = buckets_[word * 64 + bit];
        if (!std::exchange(bucket.ordered, true)) std::make_heap(bucket.entries.begin(), bucket.entries.end(), later);
        std::pop_heap(bucket.entries.begin(), bucket.entries.end(), later);
        const std::int64_t at = bucket.entries.back().at;
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
        std::uint64_t age;
        std::int64_t at;
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
    std::uint64_t age_ = 0, words_ = 0;     // bit = a word of bits_ that is not 0
    std::array<std::uint64_t, 64> bits_{};  // bit = a bucket that is not empty
    std::vector<Bucket> buckets_{bucketCount};
};

constexpr std::int32_t closed = std::numeric_limits<std::int32_t>::min();  // outside the mask

// A seed's voxel and the piece of the mask that it lies in.
struct Start {
    std::int32_t piece;
    std::int64_t at;
};

// To a neighbour: its offset, and the walls of the volume it may not lie behind.
struct Step {
    std::int64_t offset;
    unsigned walls;
};
std::vector<Step> stepsOf(Index shape, int connectivity) {
    std::vector<Step> steps;
    for (std::int64_t dz = -1; dz <= 1; ++dz)
        for (std::int64_t dy = -1; dy <= 1; ++dy)
            for (std::int64_t dx = -1; dx <= 1; ++dx) {
                const std::int64_t axes = dz * dz + dy * dy + dx * dx;
                if (axes == 0 || (connectivity == 6 && axes != 1)) continue;
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

}  // namespace

Volume<std::int32_t> watershed(const Volume<float>& landscape, const Volume<std::int32_t>& seeds,
                               const Volume<std::uint8_t>& mask, int connectivity, Job& job) {
    const Index shape = landscape.shape();
    if (seeds.shape() != shape || (!mask.empty() && mask.shape() != shape))
        throw Error(ErrorKind::Input,
                    FOVEA_TR("Landscape, seeds and mask of a watershed differ in shape; give volumes of one shape."));
    if (connectivity != 6 && connectivity != 26)
        throw Error(ErrorKind::Input, {FOVEA_TR("A watershed over {value} neighbours is not offered; use 6 or 26."),
                                       {{"value", std::to_string(connectivity)}}});
    float lowest = std::numeric_limits<float>::infinity(), highest = -lowest;
    for (const float v : landscape)
        if (std::isfinite(v)) lowest = std::min(lowest, v), highest = std::max(highest, v);
    Waiting waiting(lowest, highest);
    Volume<std::int32_t> labels(shape);
    labels.geometry = landscape.geometry;
    // The pieces of a mask don't touch: one after the other they give the same, and each stays in the caches.
    std::vector<Start> starts;
    {
        const Volume<std::int32_t> pieces =
            mask.empty() ? Volume<std::int32_t>() : connectedComponents(mask, connectivity, false, job).labels;
        for (std::int64_t i = 0; i < labels.size(); ++i) {
            const std::int32_t piece = mask.empty() ? 1 : pieces.data()[i];
            if (piece == 0)
                labels.data()[i] = closed;
            else if (seeds.data()[i] != 0)
                labels.data()[i] = seeds.data()[i], starts.push_back({piece, i});
        }
    }
    std::stable_sort(starts.begin(), starts.end(), [](const Start& a, const Start& b) { return a.piece < b.piece; });
    const std::vector<Step> steps = stepsOf(shape, connectivity);
    const bool small = labels.size() <= std::numeric_limits<std::uint32_t>::max();  // divides faster
    std::int64_t done = 0;
    for (auto start = starts.begin(); start != starts.end();) {
        for (const std::int32_t piece = start->piece; start != starts.end() && start->piece == piece; ++start)
            waiting.push(landscape.data()[start->at], start->at);
        while (!waiting.empty()) {
            if ((++done & 0xFFFF) == 0) job.check();
            const std::int64_t at = waiting.pop();
            const unsigned walls = small ? wallsAt(std::uint32_t(at), shape) : wallsAt(at, shape);
            for (const Step& step : steps) {
                if ((step.walls & walls) != 0) continue;
                const std::int64_t next = at + step.offset;
                if (labels.data()[next] != 0) continue;
                labels.data()[next] = labels.data()[at];
                waiting.push(landscape.data()[next], next);
            }
        }
    }
    std::replace(labels.begin(), labels.end(), closed, 0);
    return labels;
}

}  // namespace fovea::measure

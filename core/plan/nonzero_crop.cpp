#include "plan/nonzero_crop.h"

#include <algorithm>
#include <bit>

#include "base/parallel.h"

namespace fovea::plan {

namespace {

constexpr int wordBits = BitMask::wordBits;

// Bits [begin, end) of one word.
std::uint64_t span(std::int64_t begin, std::int64_t end) {
    const std::uint64_t all = ~std::uint64_t(0);
    return (end < wordBits ? all >> (wordBits - end) : all) & (all << begin);
}

// Calls f(word, bits) for the words of a row that [begin, end) touches.
template <class F>
void forEachWord(std::int64_t begin, std::int64_t end, F&& f) {
    for (std::int64_t w = begin / wordBits; w * wordBits < end; ++w)
        f(w,
          span(std::max(begin - w * wordBits, std::int64_t(0)), std::min<std::int64_t>(end - w * wordBits, wordBits)));
}

// Spreads "outside" over the voxels that are not set, row by row: a row is looked at again when a neighbour changed.
class Flood {
  public:
    explicit Flood(const BitMask& mask) : mask_(mask), outside_(mask.shape()), shape_(mask.shape()) {}

    BitMask run(Job& job) {
        waiting_.assign(std::size_t(shape_.z * shape_.y), 1);
        for (std::int64_t z = 0; z < shape_.z; ++z)
            for (std::int64_t y = 0; y < shape_.y; ++y) visit(z, y);
        while (!rows_.empty()) {
            job.check();
            std::vector<std::int64_t> now;
            now.swap(rows_);
            for (const std::int64_t row : now) visit(row / shape_.y, row % shape_.y);
        }
        return std::move(outside_);
    }

  private:
    bool onBorder(std::int64_t z, std::int64_t y) const {
        return z == 0 || y == 0 || z == shape_.z - 1 || y == shape_.y - 1;
    }
    // Bits of the neighbouring rows' outside in word w.
    std::uint64_t beside(std::int64_t z, std::int64_t y, std::int64_t w) const {
        if (onBorder(z, y)) return ~std::uint64_t(0);
        return outside_.row(z - 1, y)[w] | outside_.row(z + 1, y)[w] | outside_.row(z, y - 1)[w] |
               outside_.row(z, y + 1)[w];
    }
    void enqueue(std::int64_t z, std::int64_t y) {
        if (z < 0 || y < 0 || z >= shape_.z || y >= shape_.y) return;
        char& waiting = waiting_[std::size_t(z * shape_.y + y)];
        if (!waiting) rows_.push_back(z * shape_.y + y);
        waiting = 1;
    }

    void visit(std::int64_t z, std::int64_t y) {
        waiting_[std::size_t(z * shape_.y + y)] = 0;
        std::uint64_t* const out = outside_.row(z, y);
        const std::uint64_t* const set = mask_.row(z, y);
        bool changed = false;
        // Stretches of voxels that are not set: one outside voxel in it and all are.
        for (std::int64_t begin = nextClear(set, 0); begin < shape_.x;) {
            const std::int64_t end = nextSet(set, begin);
            bool reached = begin == 0 || end == shape_.x;
            std::uint64_t missing = 0;
            forEachWord(begin, end, [&](std::int64_t w, std::uint64_t bits) {
                missing |= bits & ~out[w];
                reached = reached || (bits & (out[w] | beside(z, y, w))) != 0;
            });
            if (reached && missing) {
                forEachWord(begin, end, [&](std::int64_t w, std::uint64_t bits) { out[w] |= bits; });
                changed = true;
            }
            begin = nextClear(set, end);
        }
        if (!changed) return;
        enqueue(z - 1, y), enqueue(z + 1, y), enqueue(z, y - 1), enqueue(z, y + 1);
    }

    // The first x ≥ from whose bit is set (or not), else the row's length.
    std::int64_t nextSet(const std::uint64_t* row, std::int64_t from) const { return next(row, from, 0); }
    std::int64_t nextClear(const std::uint64_t* row, std::int64_t from) const {
        return next(row, from, ~std::uint64_t(0));
    }
    std::int64_t next(const std::uint64_t* row, std::int64_t from, std::uint64_t flip) const {
        if (from >= shape_.x) return shape_.x;
        std::int64_t w = from / wordBits;
        std::uint64_t bits = (row[w] ^ flip) & (~std::uint64_t(0) << (from % wordBits));
        while (bits == 0 && ++w < mask_.rowWords()) bits = row[w] ^ flip;
        return bits == 0 ? shape_.x : std::min(w * wordBits + std::countr_zero(bits), shape_.x);
    }

    const BitMask& mask_;
    BitMask outside_;
    Index shape_;
    std::vector<char> waiting_;
    std::vector<std::int64_t> rows_;
};

}  // namespace

std::int64_t BitMask::count(const Box& box) const {
    std::int64_t result = 0;
    for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
        for (std::int64_t y = box.begin.y; y < box.end.y; ++y) {
            const std::uint64_t* const words = row(z, y);
            forEachWord(box.begin.x, box.end.x,
                        [&](std::int64_t w, std::uint64_t bits) { result += std::popcount(words[w] & bits); });
        }
    return result;
}

bool BitMask::full(std::int64_t z, std::int64_t y, std::int64_t begin, std::int64_t end) const {
    std::uint64_t missing = 0;
    const std::uint64_t* const words = row(z, y);
    forEachWord(begin, end, [&](std::int64_t w, std::uint64_t bits) { missing |= bits & ~words[w]; });
    return missing == 0;
}

void fillHoles(BitMask& mask, Job& job) {
    const Index n = mask.shape();
    if (std::min({n.z, n.y, n.x}) <= 2) return;
    const BitMask outside = Flood(mask).run(job);
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            forEachWord(0, n.x,
                        [&](std::int64_t w, std::uint64_t bits) { mask.row(z, y)[w] = bits & ~outside.row(z, y)[w]; });
}

Box boundingBox(const BitMask& mask) {
    const Index n = mask.shape();
    Box box{n, {0, 0, 0}};
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            const std::uint64_t* const words = mask.row(z, y);
            const std::uint64_t* const end = words + mask.rowWords();
            const auto isSet = [](std::uint64_t word) { return word != 0; };
            const std::uint64_t* const first = std::find_if(words, end, isSet);
            if (first == end) continue;
            const std::uint64_t* last = end - 1;
            while (*last == 0) --last;
            const std::int64_t x0 = (first - words) * wordBits + std::countr_zero(*first),
                               x1 = (last - words + 1) * wordBits - std::countl_zero(*last);
            box = Box{{std::min(box.begin.z, z), std::min(box.begin.y, y), std::min(box.begin.x, x0)},
                      {z + 1, std::max(box.end.y, y + 1), std::max(box.end.x, x1)}};
        }
    return box.empty() ? Box::of(n) : box;
}

NonzeroCrop nonzeroCrop(const ImageSource& image, Job& job) {
    const Index n = image.info().shape();
    const std::int64_t planes =
        std::max<std::int64_t>(1, (std::int64_t(1) << 24) / std::max<std::int64_t>(1, n.y * n.x));
    NonzeroCrop crop{BitMask(n), {}};
    AnyVolume slab;
    for (std::int64_t z = 0; z < n.z; z += planes)
        for (int channel = 0; channel < image.info().channels; ++channel) {
            job.check();
            const std::int64_t end = std::min(z + planes, n.z);
            image.read(0, channel, {{z, 0, 0}, {end, n.y, n.x}}, slab);
            dispatch(slab.dtype, [&]<class T>(T) {
                const T* values = slab.as<T>();
                parallelFor(end - z, job, [&](std::int64_t i) {
                    for (std::int64_t y = 0; y < n.y; ++y) crop.mask.addRow(z + i, y, values + (i * n.y + y) * n.x);
                });
            });
        }
    fillHoles(crop.mask, job);
    crop.box = boundingBox(crop.mask);
    return crop;
}

}  // namespace fovea::plan

#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/image_source.h"

// nnU-Net's crop to what is not zero (spec nnunet.md section 1.4).
namespace fovea::plan {

// One bit per voxel, rows padded to whole words, so that rows can be written by different threads.
class BitMask {
  public:
    static constexpr int wordBits = 64;

    BitMask() = default;
    explicit BitMask(Index shape)
        : shape_(shape),
          rowWords_((shape.x + wordBits - 1) / wordBits),
          words_(std::size_t(shape.z * shape.y * rowWords_), 0) {}

    Index shape() const { return shape_; }
    std::int64_t rowWords() const { return rowWords_; }
    std::uint64_t* row(std::int64_t z, std::int64_t y) { return words_.data() + (z * shape_.y + y) * rowWords_; }
    const std::uint64_t* row(std::int64_t z, std::int64_t y) const { return const_cast<BitMask*>(this)->row(z, y); }
    bool at(std::int64_t z, std::int64_t y, std::int64_t x) const {
        return row(z, y)[x / wordBits] >> (x % wordBits) & 1;
    }
    bool at(Index v) const { return at(v.z, v.y, v.x); }
    // Adds the voxels of a row that are not 0; NaN is not 0.
    template <class T>
    void addRow(std::int64_t z, std::int64_t y, const T* values) {
        std::uint64_t* const words = row(z, y);
        for (std::int64_t begin = 0; begin < shape_.x; begin += wordBits) {
            const int count = int(std::min<std::int64_t>(wordBits, shape_.x - begin));
            std::uint64_t word = 0;
            for (int bit = 0; bit < count; ++bit) word |= std::uint64_t(values[begin + bit] != 0) << bit;
            words[begin / wordBits] |= word;
        }
    }
    std::int64_t count(const Box& box) const;
    // Whether all of [begin, end) of a row is set.
    bool full(std::int64_t z, std::int64_t y, std::int64_t begin, std::int64_t end) const;

  private:
    Index shape_;
    std::int64_t rowWords_ = 0;
    std::vector<std::uint64_t> words_;
};

// Sets the holes: voxels that are not set and from which no path over faces through such voxels leads out of the
// volume. Nothing is a hole in a volume with an axis of two voxels or fewer.
void fillHoles(BitMask& mask, Job& job);

// Tight around what is set; the whole volume when nothing is.
Box boundingBox(const BitMask& mask);

struct NonzeroCrop {
    BitMask mask;  // any channel is not 0, holes filled
    Box box;
};

// Reads every channel once, in slabs; memory: one bit per voxel. Throws Cancelled.
NonzeroCrop nonzeroCrop(const ImageSource& image, Job& job);

// What nnU-Net makes of a label: −1 where it is 0 and the mask is not set.
template <class T>
T maskedLabel(T label, bool inside) {
    return label == 0 && !inside ? T(-1) : label;
}

}  // namespace fovea::plan

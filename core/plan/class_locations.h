#pragma once
#include <cstdint>
#include <vector>

#include "data/box.h"

namespace fovea::plan {

// A label, a region's labels, or with an ignore label all that are not it (−1, 0, 1, …): voxels of any of them count.
using ClassKey = std::vector<std::int32_t>;

// A label map in stretches of equal labels, in C order: what a draw of voxels needs to know of it.
class LabelRuns {
  public:
    explicit LabelRuns(Index shape) : shape_(shape) {}
    // The next voxels of the map, whole rows.
    void append(const std::int16_t* labels, std::int64_t rows);

    // Where to sample each key from (spec nnunet.md section 4.1): of n voxels max(min(10000, n), ⌈n/100⌉) in random
    // order, drawn without replacement as NumPy's RandomState(1234) draws them, keys in order; none when n = 0. Above
    // 2^28 voxels nnU-Net's draw does not fit into memory any more: there 2^22 are drawn with replacement. Coordinates
    // of the label map's grid.
    std::vector<std::vector<Index>> draw(const std::vector<ClassKey>& keys) const;

  private:
    struct Run {
        std::int64_t begin;
        std::int16_t label;
    };
    Index shape_;
    std::int64_t size_ = 0;
    std::vector<Run> runs_;
};

}  // namespace fovea::plan

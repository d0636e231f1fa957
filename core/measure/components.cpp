#include "measure/components.h"

#include <algorithm>
#include <limits>

#include "base/parallel.h"

namespace fovea::measure {
namespace {

// A stretch of equal (or, without multiLabel, of non-zero) voxels in one row.
struct Run {
    std::int32_t begin = 0, end = 0;  // x, half-open
};

// The runs of a slab of slices with their own union-find; the parent of a run is a run of the same slab with a lower or
// equal position until slabs are joined, then a position among all runs.
template <class T>
struct Slab {
    std::int64_t firstRow = 0, lastRow = 0;  // rows z·H + y
    std::vector<Run> runs;
    std::vector<T> values;               // per run, multiLabel only
    std::vector<std::int64_t> rowBegin;  // per row, position of its first run; one more at the end
};

class Forest {
  public:
    explicit Forest(std::int64_t size) : parent_(std::size_t(size)) {
        for (std::int64_t i = 0; i < size; ++i) parent_[i] = i;
    }
    std::int64_t root(std::int64_t i) {
        while (parent_[i] != i) {
            parent_[i] = parent_[parent_[i]];
            i = parent_[i];
        }
        return i;
    }
    // The lower position becomes the root, so roots are first runs in C order.
    void join(std::int64_t a, std::int64_t b) {
        a = root(a), b = root(b);
        if (a < b)
            parent_[b] = a;
        else
            parent_[a] = b;
    }

  private:
    std::vector<std::int64_t> parent_;
};

template <class T>
class Labeller {
  public:
    // The rows of a single slice are taken for slices of one row, so that they can be cut into slabs too.
    Labeller(const Volume<T>& labels, int connectivity, bool multiLabel, Job& job)
        : labels_(labels),
          shape_(labels.shape().z == 1 ? Index{labels.shape().y, 1, labels.shape().x} : labels.shape()),
          connectivity_(labels.shape().z > 1                     ? connectivity
                        : connectivity == 4 || connectivity == 6 ? 6
                                                                 : 26),
          multi_(multiLabel),
          job_(job) {}

    Components run();

  private:
    void findRuns(Slab<T>& slab) const;
    void joinRows(Forest& forest, std::int64_t row, std::int64_t other, int reach) const;
    void joinSlab(Forest& forest, std::int64_t slab, bool inside) const;
    const Slab<T>& slabOf(std::int64_t row) const { return slabs_[std::size_t(row / rowsPerSlab_)]; }

    const Volume<T>& labels_;
    const Index shape_;
    const int connectivity_;
    const bool multi_;
    Job& job_;
    std::vector<Slab<T>> slabs_;
    std::vector<std::int64_t> firstRun_;  // per slab, position of its first run among all
    std::int64_t rowsPerSlab_ = 1;
};

template <class T>
void Labeller<T>::findRuns(Slab<T>& slab) const {
    const std::int64_t width = shape_.x;
    slab.rowBegin.reserve(std::size_t(slab.lastRow - slab.firstRow + 1));
    for (std::int64_t row = slab.firstRow; row < slab.lastRow; ++row) {
        slab.rowBegin.push_back(std::int64_t(slab.runs.size()));
        const T* v = labels_.data() + row * width;
        for (std::int64_t x = 0; x < width;) {
            if (v[x] == 0) {
                ++x;
                continue;
            }
            const std::int64_t begin = x;
            const T value = v[x];
            if (multi_)
                while (x < width && v[x] == value) ++x;
            else
                while (x < width && v[x] != 0) ++x;
            slab.runs.push_back({std::int32_t(begin), std::int32_t(x)});
            if (multi_) slab.values.push_back(value);
        }
    }
    slab.rowBegin.push_back(std::int64_t(slab.runs.size()));
}

// Joins the runs of `row` to those of an earlier row that come within `reach` voxels (0: overlap, 1: or touch
// diagonally).
template <class T>
void Labeller<T>::joinRows(Forest& forest, std::int64_t row, std::int64_t other, int reach) const {
    const Slab<T>&a = slabOf(row), &b = slabOf(other);
    const std::int64_t baseA = firstRun_[std::size_t(row / rowsPerSlab_)];
    const std::int64_t baseB = firstRun_[std::size_t(other / rowsPerSlab_)];
    std::int64_t i = a.rowBegin[std::size_t(row - a.firstRow)], j = b.rowBegin[std::size_t(other - b.firstRow)];
    const std::int64_t endI = a.rowBegin[std::size_t(row - a.firstRow + 1)];
    const std::int64_t endJ = b.rowBegin[std::size_t(other - b.firstRow + 1)];
    while (i < endI && j < endJ) {
        const Run &p = a.runs[std::size_t(i)], &q = b.runs[std::size_t(j)];
        if (p.begin < q.end + reach && q.begin < p.end + reach &&
            (!multi_ || a.values[std::size_t(i)] == b.values[std::size_t(j)]))
            forest.join(baseA + i, baseB + j);
        // The run that ends first has met all it can, except when the other one begins within reach of it.
        if (p.end < q.end)
            ++i;
        else if (q.end < p.end)
            ++j;
        else if (reach == 0)
            ++i, ++j;
        else {
            // Equal ends: each may still touch the other's successor, which begins at least one voxel after (two with
            // one value); the successors cannot touch both.
            if (i + 1 < endI && a.runs[std::size_t(i + 1)].begin == p.end &&
                (!multi_ || a.values[std::size_t(i + 1)] == b.values[std::size_t(j)]))
                forest.join(baseA + i + 1, baseB + j);
            if (j + 1 < endJ && b.runs[std::size_t(j + 1)].begin == q.end &&
                (!multi_ || b.values[std::size_t(j + 1)] == a.values[std::size_t(i)]))
                forest.join(baseA + i, baseB + j + 1);
            ++i, ++j;
        }
    }
}

// Joins rows to earlier rows: within the slab (inside), or the rows of its first slice to the slab before.
template <class T>
void Labeller<T>::joinSlab(Forest& forest, std::int64_t slab, bool inside) const {
    const std::int64_t height = shape_.y;
    const Slab<T>& s = slabs_[std::size_t(slab)];
    const bool flat = connectivity_ == 4 || connectivity_ == 8;
    const int sameSlice = connectivity_ == 8 || connectivity_ == 18 || connectivity_ == 26 ? 1 : 0;
    const int below = connectivity_ == 18 || connectivity_ == 26 ? 1 : 0;
    const std::int64_t end = inside ? s.lastRow : std::min(s.lastRow, s.firstRow + height);
    for (std::int64_t row = s.firstRow; row < end; ++row) {
        const std::int64_t y = row % height;
        const auto join = [&](std::int64_t other, int reach) {
            if ((other >= s.firstRow) == inside) joinRows(forest, row, other, reach);
        };
        if (y > 0) join(row - 1, sameSlice);
        if (flat || row < height) continue;
        if (connectivity_ >= 18 && y > 0) join(row - height - 1, connectivity_ == 26 ? 1 : 0);
        join(row - height, below);
        if (connectivity_ >= 18 && y + 1 < height) join(row - height + 1, connectivity_ == 26 ? 1 : 0);
    }
}

template <class T>
Components Labeller<T>::run() {
    const Index shape = shape_;
    Components result;
    result.labels = Volume<std::int32_t>(labels_.shape());
    result.labels.geometry = labels_.geometry;
    if (labels_.empty()) return result;
    // Whole slices per slab, so that only the first slice of a slab looks into the one before. The cut does not depend
    // on the number of threads and does not show in the result.
    const std::int64_t slices =
        std::max<std::int64_t>(1, (std::int64_t(1) << 18) / std::max<std::int64_t>(1, shape.y * shape.x));
    rowsPerSlab_ = slices * shape.y;
    const std::int64_t count = (shape.z + slices - 1) / slices;
    slabs_.resize(std::size_t(count));
    parallelFor(count, job_, [&](std::int64_t i) {
        slabs_[i].firstRow = i * rowsPerSlab_;
        slabs_[i].lastRow = std::min((i + 1) * rowsPerSlab_, shape.z * shape.y);
        findRuns(slabs_[i]);
    });
    std::int64_t runs = 0;
    for (const Slab<T>& slab : slabs_) {
        firstRun_.push_back(runs);
        runs += std::int64_t(slab.runs.size());
    }
    Forest forest(runs);
    parallelFor(count, job_, [&](std::int64_t i) {  // slabs touch disjoint parts of the forest
        joinSlab(forest, i, true);
    });
    for (std::int64_t i = 1; i < count; ++i) joinSlab(forest, i, false);

    std::vector<std::int32_t> ids(std::size_t(runs), 0);
    for (std::int64_t i = 0, slab = 0; i < runs; ++i) {
        while (slab + 1 < count && i >= firstRun_[slab + 1]) ++slab;
        const std::int64_t root = forest.root(i);
        if (root == i) {
            if (result.sizes.size() == std::size_t(std::numeric_limits<std::int32_t>::max()))
                throw Error(ErrorKind::Unsupported,
                            FOVEA_TR("More than 2,147,483,647 separate pieces: the mask is noise; "
                                     "smooth it or drop small objects first."));
            result.sizes.push_back(0);
            ids[i] = std::int32_t(result.sizes.size());
        } else {
            ids[i] = ids[root];
        }
        const Run& run = slabs_[slab].runs[std::size_t(i - firstRun_[slab])];
        result.sizes[std::size_t(ids[i] - 1)] += run.end - run.begin;
    }
    parallelFor(count, job_, [&](std::int64_t i) {
        const Slab<T>& slab = slabs_[i];
        for (std::int64_t row = slab.firstRow; row < slab.lastRow; ++row) {
            std::int32_t* out = result.labels.data() + row * shape.x;
            for (std::int64_t r = slab.rowBegin[row - slab.firstRow]; r < slab.rowBegin[row - slab.firstRow + 1]; ++r)
                std::fill(out + slab.runs[r].begin, out + slab.runs[r].end, ids[std::size_t(firstRun_[i] + r)]);
        }
    });
    return result;
}

}  // namespace

template <class T>
Components connectedComponents(const Volume<T>& labels, int connectivity, bool multiLabel, Job& job) {
    if (connectivity != 4 && connectivity != 8 && connectivity != 6 && connectivity != 18 && connectivity != 26)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("A connectivity of {value} does not exist; use 6, 18 or 26, or 4 or 8 within slices."),
                     {{"value", std::to_string(connectivity)}}});
    if (labels.shape().x > std::numeric_limits<std::int32_t>::max())
        throw Error(ErrorKind::Unsupported,
                    FOVEA_TR("Rows of more than 2,147,483,647 voxels cannot be labelled; cut the volume."));
    return Labeller<T>(labels, connectivity, multiLabel, job).run();
}

template Components connectedComponents(const Volume<std::uint8_t>&, int, bool, Job&);
template Components connectedComponents(const Volume<std::uint16_t>&, int, bool, Job&);
template Components connectedComponents(const Volume<std::uint32_t>&, int, bool, Job&);
template Components connectedComponents(const Volume<std::uint64_t>&, int, bool, Job&);
template Components connectedComponents(const Volume<std::int32_t>&, int, bool, Job&);
template Components connectedComponents(const Volume<std::int64_t>&, int, bool, Job&);

std::int32_t Components::largest() const {
    const auto best = std::max_element(sizes.begin(), sizes.end());
    return best == sizes.end() || *best == 0 ? 0 : std::int32_t(best - sizes.begin()) + 1;
}

std::vector<std::int32_t> Components::atLeast(std::int64_t minSize) const {
    std::vector<std::int32_t> ids;
    for (std::size_t i = 0; i < sizes.size(); ++i)
        if (sizes[i] > 0 && sizes[i] >= minSize) ids.push_back(std::int32_t(i) + 1);
    return ids;
}

void dropSmall(Components& components, std::int64_t minSize) {
    for (std::int32_t& v : components.labels)
        if (v > 0 && components.sizes[std::size_t(v - 1)] < minSize) v = 0;
    for (std::int64_t& size : components.sizes)
        if (size < minSize) size = 0;
}

Components compacted(const Components& components) {
    Components result;
    std::vector<std::int32_t> target(components.sizes.size() + 1, 0);
    for (std::size_t i = 0; i < components.sizes.size(); ++i)
        if (components.sizes[i] > 0) {
            result.sizes.push_back(components.sizes[i]);
            target[i + 1] = std::int32_t(result.sizes.size());
        }
    result.labels = Volume<std::int32_t>(components.labels.shape());
    result.labels.geometry = components.labels.geometry;
    for (std::int64_t i = 0; i < result.labels.size(); ++i)
        result.labels.data()[i] = target[std::size_t(components.labels.data()[i])];
    return result;
}

}  // namespace fovea::measure

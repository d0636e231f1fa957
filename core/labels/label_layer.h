#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "data/image_source.h"
#include "labels/object_table.h"

namespace fovea::labels {

// Voxels along x that were all `before` and became all `after`.
struct VoxelRun {
    Index start;
    std::int32_t length = 0;
    std::int32_t before = 0, after = 0;
    friend bool operator==(const VoxelRun&, const VoxelRun&) = default;
};

// What a write did to each label (0 included): voxels won or lost, and the boxes of both.
struct LabelTally {
    struct Entry {
        std::int64_t voxels = 0;
        Box added, removed;
    };
    std::map<ObjectId, Entry> entries;
    Box box;  // of all voxels that changed
    void add(const Index& start, std::int64_t length, ObjectId before, ObjectId after);
    void merge(const LabelTally& other);
};

// Runs, in z, y, x order, that turn `before` into `after`; both lie at `origin`.
std::vector<VoxelRun> difference(Index origin, const Volume<std::int32_t>& before, const Volume<std::int32_t>& after);

// Labels being edited: an immutable base + a sparse OpenVDB overlay (active = edited, active 0 = erased, inactive = ask
// the base). Cost follows the stroke, never the volume. read() is thread-safe against the one writing thread (the
// owner's).
class LabelLayer {
  public:
    // base: integer image of the same shape, or none. Throws Error(Input) for another shape, Error(Unsupported) for
    // fractions or several channels.
    LabelLayer(Index shape, Geometry geometry, ImagePtr base = nullptr);
    ~LabelLayer();
    LabelLayer(LabelLayer&&) noexcept;
    LabelLayer& operator=(LabelLayer&&) noexcept;
    // An independent copy: the same base, the overlay duplicated (cost follows the edits).
    LabelLayer copy() const;

    Index shape() const;
    const Geometry& geometry() const;
    std::int32_t at(Index v) const;
    // Labels inside `box`, which must lie inside the volume. What the base throws passes through.
    Volume<std::int32_t> read(const Box& box) const;
    // Every write is given back as runs (before/after), the currency of undo. Only EditSession calls these.
    std::vector<VoxelRun> write(const Box& box, const Volume<std::int32_t>& values);
    // Writes `after` of each run in order, or, backward, `before` of each in reverse order. The tally counts what
    // really changed; where a voxel was never edited before, the run's word on what it was is taken.
    LabelTally apply(const std::vector<VoxelRun>& runs, bool forward);
    // Makes the voxels of these runs edited ones without changing them, so that apply() counts exactly.
    void touch(const std::vector<VoxelRun>& runs);
    void setBase(ImagePtr base);
    ImagePtr base() const;
    // The edited voxels (before = 0, after = label), and their replacement by others. For base swaps and compaction.
    std::vector<VoxelRun> overlay() const;
    void setOverlay(const std::vector<VoxelRun>& runs);
    // Boxes of 8³ leaves with edited voxels, cut to the volume.
    std::vector<Box> editedLeaves() const;
    // Rises with every change; tiles composed from an older one are stale.
    std::uint64_t version() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::labels

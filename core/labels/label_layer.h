#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "data/image_source.h"
#include "labels/object_table.h"

namespace fovea::labels {

// A run of voxels along x with what they were and what they became.
struct VoxelRun {
    Index start;
    std::vector<std::int32_t> before, after;  // equal length
};

// Labels being edited: an immutable base + a sparse OpenVDB overlay (active = edited, active 0 = erased, inactive = ask the
// base). Cost follows the stroke, never the volume. read() is thread-safe against the one writing thread (the owner's).
class LabelLayer {
  public:
    LabelLayer(Index shape, Geometry geometry, ImagePtr base = nullptr);  // base: integer image of the same shape, or none
    ~LabelLayer();

    Index shape() const;
    const Geometry& geometry() const;
    std::int32_t at(Index v) const;
    // Labels inside `box` (clipped by the caller to the volume).
    Volume<std::int32_t> read(const Box& box) const;
    // Every write is given back as runs (before/after), the currency of undo. Only EditSession calls these.
    std::vector<VoxelRun> write(const Box& box, const Volume<std::int32_t>& values);
    void apply(const std::vector<VoxelRun>& runs, bool forward);
    void setBase(ImagePtr base);
    ImagePtr base() const;
    // Boxes of 8³ leaves that differ from the base, for compaction and snapshots.
    std::vector<Box> editedLeaves() const;
    // Rises with every change; tiles composed from an older one are stale.
    std::uint64_t version() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::labels

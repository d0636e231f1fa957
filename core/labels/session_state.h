#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "labels/edit_session.h"
#include "labels/label_edit.h"
#include "labels/label_layer.h"

namespace fovea::labels {

// Smallest box and count of one object inside `region`, read tile by tile.
std::pair<Box, std::int64_t> measure(const LabelLayer& layer, ObjectId id, const Box& region);
// Runs that turn voxels of `id` inside `region` into `to`. Tile by tile.
std::vector<VoxelRun> recolour(const LabelLayer& layer, ObjectId id, const Box& region, ObjectId to);
// Makes the box of a row that lost voxels the smallest one. Boxes with faces of over 2²⁰ voxels are left as they are.
void shrink(const LabelLayer& layer, ObjectId id, Box& box);
// True when `inner` reaches a face of `box`: what lay in `inner` may have held the face up.
bool touchesFace(const Box& inner, const Box& box);

// What a session holds apart from its history: voxels, rows, complete patches, base. Changes only by whole edits,
// forward or backward; the same code runs for a first edit, for undo, redo and for replay at opening. Thread: the
// owner's, but for reading the layers.
class SessionState {
  public:
    SessionState(Index shape, Geometry geometry, BaseResolver resolve);

    LabelLayer layer, marks;
    ObjectTable rows;
    std::vector<Box> patches;
    std::int64_t nextId = 1;  // one above every id ever used, which may be the largest there is

    const std::string& basePath() const { return basePath_; }
    // Throws what opening throws; nothing has changed then.
    void setBase(const std::string& path);
    // Keeps an image under its path, so that swapping back needs no opening.
    void know(const std::string& path, ImagePtr image);
    // True when this path stands for another image already.
    bool knows(const std::string& path, const ImagePtr& other) const;
    ImagePtr known(const std::string& path) const;  // null when no image stands for this path
    // While replaying, bases are only remembered by path; openBase() opens the last one.
    void deferBase(bool defer) { deferred_ = defer; }
    void openBase();

    // The tally does not cover a base change. `exact`: don't trust what runs say was there before (after damage).
    LabelTally apply(const LabelEdit& edit, bool forward, bool exact = false);
    // Shrinks boxes of objects that lost voxels on the border of their box.
    void tighten();

    // What compaction and the journal's first entry store. Decoding throws Error(Format) and changes nothing then.
    void encodeStart(class ByteWriter& writer) const;
    void decodeStart(class ByteReader& reader);

  private:
    ImagePtr open(const std::string& path);
    void applyRows(const LabelEdit& edit, bool forward);
    void applyTally(const LabelTally& tally);

    BaseResolver resolve_;
    std::map<std::string, ImagePtr> bases_;
    std::string basePath_;
    bool deferred_ = false;
    std::set<ObjectId> loose_;
};

}  // namespace fovea::labels

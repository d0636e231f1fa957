#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "labels/label_layer.h"

namespace fovea::labels {

// What changed, for views: redraw `box`, rows `objects`.
struct Change {
    Box box;                          // empty when no voxel changed
    std::vector<ObjectId> objects;
    bool everything = false;          // base swapped, session opened
};

struct HistoryEntry {
    Text title;
    std::int64_t unixMs = 0;
    bool undone = false;
};

// The only way to change anything a person decided. Each public edit is one undo step: voxel runs, table rows, patches, a
// base change. Steps are appended to a journal (fsync within 1 s on its own thread) and undo and redo are journal entries
// too, so both survive a restart and a kill. Frozen objects are protected here and nowhere else.
// Thread: all calls from the owner's thread.
class EditSession {
  public:
    // Opens <folder>/journal and objects.json, creating what is missing. `base` may be null (nothing found yet).
    // Throws Error(Format) when the journal's header is not ours; a torn last entry is dropped, a damaged one skipped and
    // listed in problems().
    EditSession(const std::filesystem::path& folder, Index shape, Geometry geometry, ImagePtr base, const ObjectTable& objects);
    ~EditSession();

    const LabelLayer& layer() const;
    const ObjectTable& objects() const;
    const std::vector<Box>& completePatches() const;   // "nothing missed here"
    const std::vector<std::string>& problems() const;
    ObjectId newId() const;                            // one above every id ever used

    // Writes `id` (0 = erase) where mask ≠ 0, except into frozen objects other than `id` and, when `protectAll`, into any
    // other object. Creates the row of a new id (its source from `source`). Returns how many voxels changed.
    std::int64_t paint(const Text& title, Index origin, const Volume<std::uint8_t>& mask, ObjectId id,
                       const std::string& source, bool protectAll = false);
    // Replaces the voxels of `id` inside the mask's box by the mask (a committed prompt preview). Same protections.
    std::int64_t replaceObject(const Text& title, Index origin, const Volume<std::uint8_t>& mask, ObjectId id,
                               const std::string& source, int clicks);
    // Strokes of many dabs as one undo step: everything between is one step; nesting is not allowed.
    void beginStep(const Text& title);
    void endStep();

    void setState(const std::vector<ObjectId>& ids, State state);   // verdicts; WrongShape and NothingHere also erase voxels
    void setNote(ObjectId id, const std::string& note);
    void setClass(const std::vector<ObjectId>& ids, const std::string& cls);
    void addTime(ObjectId id, double seconds);                      // not an undo step
    void remove(ObjectId id);                                       // voxels and row
    void setPatchComplete(const Box& patch, bool complete);
    // A new prediction replaces everything not frozen: one journal entry. Rows of `objects` are matched to old ones by the
    // caller; frozen objects keep voxels and rows.
    void swapBase(ImagePtr base, const std::string& basePath, const ObjectTable& objects);
    // Simulated annotator: inside `box` the labels become `truth` (ids remapped to fresh ones), rows Accepted, patch complete.
    void adoptTruth(const Box& box, const Volume<std::int32_t>& truth);

    bool canUndo() const;
    bool canRedo() const;
    void undo();
    void redo();
    std::vector<HistoryEntry> history(int most = 200) const;   // newest first
    std::int64_t journalPosition() const;                      // entries so far, what a snapshot refers to
    // Blocks until everything is on disk. Throws Error when the journal cannot be written (disk full): edits stay in memory.
    void flush();
    // Empty while all is well, else why the journal cannot be written now.
    std::string saveProblem() const;

    void onChange(std::function<void(const Change&)> f);       // called on the owner's thread after every change

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::labels

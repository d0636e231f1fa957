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
    Box box;  // empty when no voxel changed
    std::vector<ObjectId> objects;
    bool everything = false;  // base swapped, session opened
};

struct HistoryEntry {
    Text title;
    std::int64_t unixMs = 0;
    bool undone = false;
};

// Opens the labels below the edited voxels by the path given to swapBase() (made absolute). Absent: zarr::open.
using BaseResolver = std::function<ImagePtr(const std::string&)>;

struct SessionOptions {
    BaseResolver resolve = {};
    bool lookOnly = false;                                  // never writes; other sessions may have the folder open
    std::uint64_t memoryBudget = std::uint64_t(512) << 20;  // bytes of undo steps held in memory, the rest is read back
    int compactEvery = 200;                                 // edits; also every 5 minutes and at closing
};

// The only way to change anything a person decided. Each public edit is one undo step: voxel runs, table rows, patches,
// a base change. Steps are appended to a journal (fsync within 1 s on its own thread) and undo and redo are journal
// entries too, so both survive a restart and a kill. Frozen objects are protected here and nowhere else. Thread: all
// calls from the owner's thread.
class EditSession {
  public:
    // Opens <folder>/journal, creating it (and the folder) when missing, beside it `compact` (the state at a journal
    // position, so that opening is fast) and objects.json (rows for people and tools; never read). `base` may be null
    // (nothing found yet); `objects` are its rows (labels::tableOf). Once the journal holds edits, what it says wins
    // over both: its base is taken from `base` when the paths agree, else opened; basePath() tells which it is. A base
    // that cannot be opened is listed in problems() and `base` stands in for it. Throws Error(Format) when the
    // journal's header is not ours, Error(Input) when it is of another shape; a torn last entry is dropped, a damaged
    // one skipped and listed in problems(). A folder that cannot be written opens to look only.
    EditSession(const std::filesystem::path& folder, Index shape, Geometry geometry, ImagePtr base,
                const ObjectTable& objects, SessionOptions options = {});
    ~EditSession();

    const LabelLayer& layer() const;
    const LabelLayer& marks() const;  // where rejected objects were: value = their id
    std::string basePath() const;     // as given to swapBase() or the first base's own; empty = none
    bool readOnly() const;            // every edit throws Error(Input)
    const ObjectTable& objects() const;
    const std::vector<Box>& completePatches() const;  // "nothing missed here"
    const std::vector<std::string>& problems() const;
    ObjectId newId() const;  // one above every id ever used; throws Error(Input) where that is the largest there is

    // Writes `id` (0 = erase) where mask ≠ 0, except into frozen objects other than `id` and, when `protectAll`, into
    // any other object (erasing ignores protectAll). Creates the row of a new id (its source from `source`). An object
    // without voxels left loses its row. Returns how many voxels changed. Throws Error(Input) when `id` itself is
    // frozen. The mask may reach out of the volume.
    std::int64_t paint(const Text& title, Index origin, const Volume<std::uint8_t>& mask, ObjectId id,
                       const std::string& source, bool protectAll = false);
    // Replaces the voxels of `id` inside the mask's box by the mask (a committed prompt preview). Same protections.
    std::int64_t replaceObject(const Text& title, Index origin, const Volume<std::uint8_t>& mask, ObjectId id,
                               const std::string& source, int clicks);
    // Strokes of many dabs as one undo step: everything between is one step; nesting is not allowed.
    void beginStep(const Text& title);
    void endStep();

    // Verdicts; ids without a row are left out. WrongShape and NothingHere also take the voxels out (the row stays,
    // marks() remembers the place), any other state brings them back where nothing is now. Accepted becomes Fixed when
    // a person changed voxels of the object.
    void setState(const std::vector<ObjectId>& ids, State state);
    void setNote(ObjectId id, const std::string& note);
    void setClass(const std::vector<ObjectId>& ids, const std::string& cls);
    void addTime(ObjectId id, double seconds);  // not an undo step
    void remove(ObjectId id);                   // voxels and row; throws Error(Input) when frozen
    void setPatchComplete(const Box& patch, bool complete);
    // A new prediction replaces everything not frozen: one journal entry. Rows of `objects` are matched to old ones by
    // the caller; frozen and rejected objects keep voxels and rows, complete patches keep their labels. `objects` must
    // have a row (with its box) for every id of `base`. Not inside beginStep/endStep. Undo needs the old base: every
    // base has a path of its own that keeps its content (else Error(Input)). What opening throws passes through,
    // unchanged.
    void swapBase(const ImagePtr& base, const std::string& basePath, const ObjectTable& objects);
    // The labels that lie below steps of this session under this path, to go back to them; null when none do.
    ImagePtr knownBase(const std::string& basePath) const;
    // Simulated annotator: inside `box` the labels become `truth` (ids remapped to fresh ones) except where frozen
    // objects are; rows Accepted, patch complete. Cost follows the box. Throws Error(Input) when `truth` is of another
    // shape.
    void adoptTruth(const Box& box, const Volume<std::int32_t>& truth);

    // An open step is closed first. Undo of a swap throws what opening the other base throws, a step that cannot be
    // read back from a damaged journal Error(Format); nothing has changed then.
    bool canUndo() const;
    bool canRedo() const;
    void undo();
    void redo();
    std::vector<HistoryEntry> history(int most = 200) const;  // newest first
    std::int64_t journalPosition() const;                     // entries so far, what a snapshot refers to
    // Blocks until everything is on disk; on any thread. Throws Error when the journal cannot be written (disk full):
    // edits stay in memory.
    void flush() const;
    // Writes the compact copy now (done by itself every 200 edits, 5 minutes, and at closing).
    void compact();
    // Empty while all is well, else why the journal cannot be written now.
    std::string saveProblem() const;

    void onChange(std::function<void(const Change&)> f);  // called on the owner's thread after every change

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::labels

#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "labels/brush.h"
#include "labels/edit_session.h"
#include "labels/journal.h"
#include "labels/session_state.h"

namespace fovea::labels {

// One undo step: its entry in the journal, and its bytes while they are held in memory.
struct Step {
    EditHead head;
    std::uint64_t offset = 0;
    std::uint32_t size = 0;                     // of the frame
    std::shared_ptr<const std::string> framed;  // null: on disk alone
};

struct EditSession::Impl {
    std::filesystem::path folder;
    Index shape;
    SessionOptions options;
    SessionState state;
    std::unique_ptr<JournalWriter> writer;  // null: to look only
    std::vector<std::string> problems;
    std::vector<Step> steps;
    std::size_t done = 0;  // steps[done…] are undone
    std::int64_t entries = 0, nextNumber = 1;
    std::uint64_t held = 0;  // bytes of steps in memory
    std::size_t firstHeld = 0;
    std::int64_t lastCompact = 0;
    std::chrono::steady_clock::time_point compactTime = std::chrono::steady_clock::now();
    bool stepOpen = false;
    LabelEdit step;
    std::function<void(const Change&)> listener;

    Impl(const std::filesystem::path& folder_, Index shape_, Geometry geometry, SessionOptions options_);

    // session_open.cpp
    void open(const ImagePtr& base, const ObjectTable& objects);
    void start(const ImagePtr& base, const ObjectTable& objects);
    // Returns the end of the good part of the journal.
    std::uint64_t replay(const ImagePtr& base);
    void replayEntry(const JournalEntry& entry, bool apply, bool exact);
    void openBase(const ImagePtr& instead);
    void note(const Text& problem);
    // Journal offset the compact copy stands for, when it is good and that offset is one of `offsets`.
    std::optional<std::uint64_t> loadCompact(const std::vector<std::uint64_t>& offsets);
    void compact();
    void compactWhenDue();
    std::string stored(const std::string& path) const;    // relative to the folder where that is possible
    std::string resolved(const std::string& path) const;  // and back

    // edit_session.cpp
    void requireWritable() const;
    void record(EntryKind kind, const std::string& payload);
    // Applies an edit, makes it (or a part of) an undo step, tells the listener.
    LabelTally commit(LabelEdit edit);
    void finishStep(LabelEdit edit);
    void dropEmpty(LabelEdit& edit);
    void travel(bool forward);
    LabelEdit load(const Step& step) const;
    void trimMemory();
    void announce(const LabelEdit& edit, const LabelTally& tally);

    // session_edits.cpp
    // Paint (and, with `replace`, take away what the stamp's box holds of `id` beside it).
    std::int64_t paint(const Text& title, const Stamp& stamp, ObjectId id, const std::string& source, bool protectAll,
                       bool replace, int clicks);
    bool frozen(ObjectId id) const;
    void requireThawed(ObjectId id) const;
    // Rows of objects that lose voxels in these runs are marked as edited; the row of `id` is made or reopened.
    void noteHand(LabelEdit& edit, ObjectId id, const std::string& source) const;
    int newColour(ObjectId id, const std::vector<VoxelRun>& runs) const;
    void takeOut(LabelEdit& edit, const Object& row) const;
    void bringBack(LabelEdit& edit, const Object& row) const;
    // session_swap.cpp
    LabelEdit swapped(ImagePtr base, const std::string& path, const ObjectTable& objects);
};

std::int64_t nowMs();

}  // namespace fovea::labels

#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "labels/label_layer.h"

namespace fovea::labels {

// A row before and after; absent = there is no such row. Voxel count and box inside are not restored from here but
// follow the voxels, unless the edit changes the base.
struct RowChange {
    ObjectId id = 0;
    std::optional<Object> before, after;
};

// Another base below the edited voxels. Paths as the session stores them, empty = no base.
struct BaseChange {
    std::string before, after;
    std::vector<VoxelRun> overlayBefore, overlayAfter;
};

// One undo step as pure data.
struct LabelEdit {
    std::int64_t number = 0;  // rises by one with each step of a session
    std::int64_t unixMs = 0;
    Text title;
    std::vector<VoxelRun> labels;
    std::vector<VoxelRun> marks;  // where rejected objects were (value = their id)
    std::vector<RowChange> rows;
    std::optional<std::pair<std::vector<Box>, std::vector<Box>>> patches;  // complete patches before and after
    std::optional<BaseChange> base;

    bool empty() const { return labels.empty() && marks.empty() && rows.empty() && !patches && !base; }
    // This step, then `more`, as one.
    void append(LabelEdit more);
    // Adds a row change; one of the same id is continued.
    void change(RowChange row);
};

// The part of a stored box that lies in the volume; an empty one is Box{}.
Box insideOf(const Box& box, Index shape);

// Entries of the journal: what follows the frame.
enum class EntryKind : std::uint64_t { Start = 1, Edit, Undo, Redo, Time };

std::string encode(const LabelEdit& edit);
// What a history needs to know, without decoding voxels.
struct EditHead {
    std::int64_t number = 0, unixMs = 0;
    Text title;
};
// Both throw Error(Format) for bytes that are not an edit of a volume of this shape.
EditHead decodeHead(std::string_view payload);
LabelEdit decodeEdit(std::string_view payload, Index shape);

}  // namespace fovea::labels

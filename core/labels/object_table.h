#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/box.h"
#include "data/image_source.h"

namespace fovea::labels {

using ObjectId = std::int32_t;

// WrongShape (X): out of the labels, ignored in training. NothingHere (Shift+X): background. AcceptedUnseen: by
// threshold.
enum class State { ToReview, Accepted, Fixed, AcceptedUnseen, Unsure, WrongShape, NothingHere };
const char* name(State state);               // "to-review", "accepted", … as stored
State stateByName(const std::string& name);  // throws Error(Format)
// Accepted, Fixed: no tool, prompt or prediction changes their voxels.
bool isFrozen(State state);
// WrongShape, NothingHere: the row stays as a seed, its voxels are taken out of the labels.
bool isRejected(State state);

// An object is more than voxels.
struct Object {
    ObjectId id = 0;
    State state = State::ToReview;
    std::string cls;     // class name, empty = the project's first
    std::string source;  // "classical", "round 1", "hand"
    double score = 0;    // 0..1 of whatever made it
    Box box;             // smallest box of its voxels (of what was taken out, when rejected). Only objects whose box
                         // has faces of over a million voxels may keep a larger one after erasing
    std::int64_t voxels = 0;
    int colour = 0;      // slot 0..11, chosen at birth, never changed by the program
    double seconds = 0;  // active time spent by the person
    int clicks = 0;
    std::string note;
    bool edited = false;  // a person changed voxels of it: accepting it gives Fixed
    Box erased;           // box of all that a person took away from it by hand; empty = nothing
    friend bool operator==(const Object&, const Object&) = default;
};

nlohmann::json toJson(const Object& object);
Object objectFromJson(const nlohmann::json& json);  // throws Error(Format)

// Ascending by id.
using ObjectTable = std::map<ObjectId, Object>;

nlohmann::json toJson(const ObjectTable& table);        // an array of rows
ObjectTable tableFromJson(const nlohmann::json& json);  // throws Error(Format)

// Slot of a new object: (7 · id) mod 12, or the next one not in `taken` (bit i = slot i is used by an object that
// touches it).
int colourSlot(ObjectId id, unsigned taken);
// Gives the objects `ids` slots in ascending order, so that objects touching (6-neighbours) inside `labels` differ
// where possible. Rows of `table` not in `ids` keep theirs.
void assignColours(ObjectTable& table, const std::vector<ObjectId>& ids, const Volume<std::int32_t>& labels);

// Rows of a label image (channel 0, any integer type): boxes, voxel counts, colours; all to review, made by `source`.
// Streams slab by slab; memory follows one slab and the number of objects. Throws Error(Input) for ids that do not fit
// 32 bits.
ObjectTable tableOf(const ImageSource& labels, const std::string& source, Job& job);

// Labels of an integer image inside `box` as int32. Throws Error(Input) for negative ids and ids beyond 2³¹ − 1,
// Error(Unsupported) for an image that is not of integers. Thread-safe as the image is.
Volume<std::int32_t> readLabels(const ImageSource& labels, const Box& box);

}  // namespace fovea::labels

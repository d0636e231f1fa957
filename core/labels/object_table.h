#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/box.h"

namespace fovea::labels {

using ObjectId = std::int32_t;

// WrongShape (X): out of the labels, ignored in training. NothingHere (Shift+X): background. AcceptedUnseen: by threshold.
enum class State { ToReview, Accepted, Fixed, AcceptedUnseen, Unsure, WrongShape, NothingHere };
const char* name(State state);               // "to-review", "accepted", … as stored
State stateByName(const std::string& name);  // throws Error(Format)
// Accepted, Fixed: no tool, prompt or prediction changes their voxels.
bool isFrozen(State state);

// An object is more than voxels.
struct Object {
    ObjectId id = 0;
    State state = State::ToReview;
    std::string cls;          // class name, empty = the project's first
    std::string source;       // "classical", "round 1", "hand"
    double score = 0;         // 0..1 of whatever made it
    Box box;                  // bounding box of its voxels; may be larger after erasing until recounted
    std::int64_t voxels = 0;
    int colour = 0;           // slot 0..11, chosen at birth, never changed by the program
    double seconds = 0;       // active time spent by the person
    int clicks = 0;
    std::string note;
    friend bool operator==(const Object&, const Object&) = default;
};

nlohmann::json toJson(const Object& object);
Object objectFromJson(const nlohmann::json& json);  // throws Error(Format)

// Ascending by id.
using ObjectTable = std::map<ObjectId, Object>;

}  // namespace fovea::labels

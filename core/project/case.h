#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/volume.h"

namespace fovea::project {

// A place that is only ever scored. `guarded` is `box` with what is left out around it.
struct CheckBox {
    Box box, guarded;
    friend bool operator==(const CheckBox&, const CheckBox&) = default;
};

nlohmann::json toJson(const std::vector<CheckBox>& boxes);  // [{"box": …, "guarded": …}]
std::vector<CheckBox> checkFromJson(const nlohmann::json& json);

// One image (and time point) of a project. Images are referenced, never copied.
struct Case {
    std::string id;    // from the file name, unique: folder name and label in the window
    std::string path;  // absolute, or relative to the project folder when inside it
    int timepoint = 0;
    std::vector<std::string> channelNames;  // empty = as in the file
    std::optional<Vec3> spacing;            // µm, overrides the file's
    Index shape;
    DType dtype = DType::U8;
    int channels = 1;
    std::string identity;       // see imageIdentity()
    std::int64_t modified = 0;  // of the file, s since 1970; a change only triggers the identity check
    std::optional<Box> test;    // held out: never learned from, only scored
    std::int64_t guard = 0;     // voxels around `test` left out of everything
    // Drawn by the first query: a person labels them, nothing learns from them, every round is scored on them.
    std::vector<CheckBox> check;
};

nlohmann::json toJson(const Case& c);
Case caseFromJson(const nlohmann::json& json);  // throws Error(Format)

// Case id for an image path: the file name without its suffixes, only letters, digits, '.', '_' and '-'.
std::string caseName(const std::string& path);

}  // namespace fovea::project

#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/image_source.h"
#include "zarr/zarr_array.h"

namespace fovea::zarr {

// What "multiscales" of an OME-Zarr group says about its first image.
struct OmeLevel {
    std::string path;                        // inside the group, checked not to leave it
    Vec3 spacing{1, 1, 1}, origin{0, 0, 0};  // µm
};

struct OmeImage {
    AxisMap axes;
    std::vector<OmeLevel> levels;
    bool spacingKnown = false;
    bool axesGiven = false;  // false before version 0.3: then the dimensions of the arrays decide
    std::vector<std::string> channelNames;
};

// `attributes` is the group's .zattrs. Throws Error(Format | Unsupported) naming `where`.
OmeImage parseOme(const nlohmann::json& attributes, const std::filesystem::path& where);

// A path inside of a group, as a file of that group names it: relative, not empty, without "..". Throws
// Error(Format) naming `where`.
std::string safePath(const nlohmann::json& value, const std::filesystem::path& where);

// .zattrs of an image with these levels; shapes and spacings as in `info`.
struct OmeLevelText {
    std::string path;
    Vec3 spacing, origin;
};
nlohmann::json omeAttributes(const std::string& name, const std::vector<OmeLevelText>& levels, bool channels,
                             bool known, const std::vector<std::string>& channelNames, bool labels);

}  // namespace fovea::zarr

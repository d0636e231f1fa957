#pragma once
#include <filesystem>
#include <string>

#include "io/formats.h"

// How projects of these tests open their images.
inline fovea::ImagePtr openImage(const std::string& path, int timepoint, const std::filesystem::path& cache) {
    return fovea::io::open(path, {.timepoint = timepoint, .cache = cache});
}

#pragma once
#include <optional>
#include <string>
#include <vector>

#include "data/image_source.h"

namespace fovea::project {

// SHA-256 (hex) over file size, shape, dtype, channels, first and last MiB of the file and 64 sampled blocks of 4 KiB.
// For folders (Zarr, series) the bytes are those of the files in name order, sizes of all and content of at most 64 of
// them.
std::string imageIdentity(const std::string& path, const ImageInfo& info);

// A name for what a file, folder or pattern holds now, another one once it changes: from the bytes where they are few
// (16 MiB in all), else from names, sizes and times of change. "none" when there is nothing.
std::string contentStamp(const std::string& path);

// Seconds since 1970 of the newest change of the file, or of the folder's own entry; 0 when it cannot be told.
std::int64_t modifiedAt(const std::string& path);

// `image` with another spacing and other channel names.
ImagePtr withDetails(ImagePtr image, const std::optional<Vec3>& spacing, const std::vector<std::string>& channelNames);

}  // namespace fovea::project

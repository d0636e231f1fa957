#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/image_source.h"

namespace fovea::io {

struct OpenOptions {
    int timepoint = 0;
    std::filesystem::path cache;  // folder for decoded copies of formats that cannot stream; empty = decode into memory
};

struct FormatInfo {
    std::string id;                     // "tiff"
    Text title;                         // "TIFF, ImageJ and OME-TIFF"
    std::vector<std::string> suffixes;  // ".tif", …
    bool reads = true, writes = false, streams = false;
};

// Every format known, in the order readers are asked.
const std::vector<FormatInfo>& formats();

// One file, a Zarr folder, a folder of numbered equal-sized pictures (a series), or a glob pattern of such.
// Throws Error: Missing (no such file), Format (damaged, with the place), Unsupported (with the way out).
ImagePtr open(const std::string& path, const OpenOptions& options = {});

// What one argument of the user means: several independent images (a folder of differently sized or unnumbered
// pictures) or one. Returns paths that open() takes, in natural order.
std::vector<std::string> resolve(const std::string& path);

// Writes one channel. The format follows the suffix (.tif .nrrd .nii .nii.gz .mha .mrc .zarr .png-series folder; .png
// for one section of whole numbers up to 65535).
// Written beside the target and renamed. Throws Error(Unsupported) naming what the format cannot hold.
struct WriteOptions {
    bool labels = false;
    bool compress = true;
};
void write(const std::filesystem::path& path, const ImageSource& image, const WriteOptions& options, Job& job);

}  // namespace fovea::io

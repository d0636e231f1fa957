#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/volume.h"

namespace fovea::io {

// How the pages of a TIFF make up an image: page of (t, c, z), where a page of several samples holds that many
// channels.
struct TiffLayout {
    int timepoints = 1, channels = 1, slices = 1;  // channels count pages, not samples
    std::vector<std::int64_t> pages;               // [t][c][z]
    Geometry geometry;
    std::vector<std::string> channelNames;
    const char* format = "tiff";
    std::int64_t page(int t, int c, int z) const {
        return pages[std::size_t((std::int64_t(t) * channels + c) * slices + z)];
    }
};

// What the first page's description and resolution say; each returns nothing when it is not of its kind.
struct TiffHints {
    std::string description;
    double xResolution = 0, yResolution = 0;  // pixels per unit
    std::int64_t pages = 1;                   // directories of the first one's kind
    int samples = 1;
    std::string path;
};

// "ImageJ=1.53…": channels fastest, then slices, then frames. `images` counts planes also where the file has one
// directory.
struct ImageJ {
    std::int64_t images = 1;
    int channels = 1, slices = 1, frames = 1;
    Geometry geometry;
};
std::optional<ImageJ> parseImageJ(const TiffHints& hints);
std::optional<TiffLayout> imageJLayout(const TiffHints& hints);

// OME-XML, first image of the file. Throws Error(Format) for XML that is not well-formed or contradicts the file and
// Error(Unsupported) where the planes lie in several files.
std::optional<TiffLayout> omeLayout(const TiffHints& hints);

// tifffile's {"shape": […]}: leading axes of a stack.
std::optional<TiffLayout> shapedLayout(const TiffHints& hints);

// One slice per page.
TiffLayout plainLayout(const TiffHints& hints);

// True for three finite numbers above 0: what factors and units of a header multiply to may be neither.
bool isSpacing(const Vec3& spacing);

// µm per unit of length ("nm", "micron", "µm", "mm", …); nothing for "pixel" and unknown words.
std::optional<double> micrometresPer(const std::string& unit);

}  // namespace fovea::io

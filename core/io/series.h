#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "data/image_source.h"

namespace fovea::io {

// What the header of a PNG or single-page TIFF says.
struct PictureInfo {
    std::int64_t height = 0, width = 0;
    DType dtype = DType::U8;
    int channels = 1;
    int pages = 1;
    bool bilevel = false;  // one bit; values 0 and 1 once read
    bool sameKind(const PictureInfo& other) const {
        return height == other.height && width == other.width && dtype == other.dtype && channels == other.channels &&
               pages == 1 && other.pages == 1;
    }
};

bool isPicture(const std::filesystem::path& path);  // by suffix: .png, .tif, .tiff
// Throws Error(Missing | Format | Unsupported).
PictureInfo peekPicture(const std::filesystem::path& path);

// Pictures of equal size, type and channels as one volume, z in the given order. One picture is a volume of one
// section. Where bilevel pages stand among 8-bit ones, their 1 becomes 255 (white). Throws Error(Input) naming the
// picture that differs.
ImagePtr openSeries(const std::vector<std::filesystem::path>& files, const std::string& name);

// True for two or more pictures of one kind whose names differ in one number.
bool isSeries(const std::vector<std::filesystem::path>& files);

// Visible pictures, image files and Zarr folders of a folder, in natural order.
std::vector<std::filesystem::path> imagesIn(const std::filesystem::path& folder);
// Files that match a pattern with * and ?, in natural order.
std::vector<std::filesystem::path> matching(const std::string& pattern);

}  // namespace fovea::io

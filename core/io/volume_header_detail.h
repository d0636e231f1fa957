#pragma once
#include "base/error.h"
#include "io/volume_header.h"

// Shared by the header parsers (one source per format).
namespace fovea::io::header {

[[noreturn]] void fail(ErrorKind kind, const std::filesystem::path& path, const std::string& why, const char* remedy);
constexpr const char* kCopyAgain = "Copy it again from its source.";

// First bytes of a file (fewer when it is shorter), gunzipped when it starts like gzip.
std::string firstBytes(const std::filesystem::path& path, std::size_t count);

// A data file named by a header: must lie in the header's folder or below. Throws Error(Format | Missing).
std::filesystem::path dataFile(const std::filesystem::path& headerPath, const std::string& name);

// Sizes are ≥ 1 and few; the promised bytes fit what is there after `offset`, times `ratio` for compressed data.
void checkSizes(const std::filesystem::path& path, const VolumeHeader& header, double ratio);

// Best case of deflate.
constexpr double kDeflateRatio = 1040;

VolumeHeader readNrrd(const std::filesystem::path& path);
VolumeHeader readNifti(const std::filesystem::path& path);
VolumeHeader readMeta(const std::filesystem::path& path);
VolumeHeader readMrc(const std::filesystem::path& path);

}  // namespace fovea::io::header

#pragma once
#include <filesystem>

#include "io/formats.h"
#include "io/volume_header.h"

namespace fovea::io {

// NRRD, NIfTI, MetaImage and MRC. Geometry and compressed pixels come from ITK; uncompressed pixels are read by box.
// What must be decoded whole is kept in memory, or as OME-Zarr in options.cache (found again by path, size and time of
// change). Throws Error(Missing | Format | Unsupported | Input).
ImagePtr openVolume(const std::filesystem::path& path, VolumeFormat format, const OpenOptions& options);

// Writes one volume with its geometry. `format` is Nrrd, Nifti, Meta or Mrc. Throws Error(Unsupported) for a type the
// format cannot hold and Error(Input) when the file cannot be written.
void writeVolume(const std::filesystem::path& path, VolumeFormat format, const AnyVolume& volume, bool compress);

// A PNG as {channels, height, width} of uint8 or uint16; palettes give their indices, grey below 8 bits is stretched to
// 0 … 255.
AnyVolume readPng(const std::filesystem::path& path);
// {1, height, width} of uint8 or uint16.
void writePng(const std::filesystem::path& path, const AnyVolume& picture, bool compress);

}  // namespace fovea::io

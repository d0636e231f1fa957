#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "data/volume.h"

namespace fovea::io {

enum class VolumeFormat { Nrrd, Nifti, Meta, Mrc };

// What the header of an NRRD, NIfTI, MetaImage or MRC file promises, read without its pixels and checked against the
// bytes on disk: afterwards it is safe to allocate what it says. `sizes` runs from the fastest axis (x) on.
struct VolumeHeader {
    std::vector<std::int64_t> sizes;
    DType dtype = DType::U8;
    bool half = false;   // float16 in the file, float32 here
    int valueBytes = 1;  // in the file
    bool plain = false;  // values lie in `data` from `offset` on in order, perhaps deflated
    bool swapped = false;
    bool deflated = false;   // zlib or gzip from `offset` on
    std::uint64_t skip = 0;  // bytes before the values once inflated
    std::filesystem::path data;
    std::uint64_t offset = 0;
    std::optional<double> micrometres;  // per unit of length, where the header names one
    std::optional<Geometry> geometry;   // where the header parser knows it (MRC)

    bool raw() const { return plain && !deflated; }  // can be read by box
    std::int64_t values() const;
    std::int64_t extent(std::size_t axis) const { return axis < sizes.size() ? sizes[axis] : 1; }
};

// Throws Error(Format | Unsupported).
VolumeHeader readHeader(const std::filesystem::path& path, VolumeFormat format);

// Inflates `deflated` data; `keep` gets the values as they lie in the file, or is null when only their being whole
// matters. Throws Error(Format) when their end is missing or their checksum wrong: MetaIO and the NIfTI library take
// what is there without a word.
void inflate(const VolumeHeader& header, std::vector<std::byte>* keep);

}  // namespace fovea::io

#pragma once
#include "data/volume.h"
#include "io/tiff_file.h"

namespace fovea::io {

// Type in memory of the page's values.
DType dtypeOf(const TiffPage& page);

// Unpacks `rows` × `cols` pixels of `samples` interleaved samples as libtiff hands them out (native byte order, rows
// padded to bytes) into `out`, sample after sample: [sample][row][col] of dtypeOf(page).
void unpack(const TiffPage& page, const std::byte* packed, std::int64_t rows, std::int64_t cols, int samples,
            std::byte* out);

// Bytes of one packed row of `cols` pixels.
std::int64_t packedRow(const TiffPage& page, std::int64_t cols, int samples);

}  // namespace fovea::io

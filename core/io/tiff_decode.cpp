#include "io/tiff_decode.h"

#include <cstring>

#include "zarr/half.h"

namespace fovea::io {

namespace {

// The value of `bits` bits that starts `at` bits into `row`, most significant first.
std::uint32_t bitsAt(const std::byte* row, std::int64_t at, int bits) {
    std::uint64_t value = 0;
    const std::int64_t first = at / 8, last = (at + bits - 1) / 8;
    for (std::int64_t i = first; i <= last; ++i) value = value << 8 | std::uint64_t(row[i]);
    value >>= (last + 1) * 8 - (at + bits);
    return std::uint32_t(value & ((std::uint64_t(1) << bits) - 1));
}

template <class T>
void unpackBits(const TiffPage& page, const std::byte* row, std::int64_t cols, int samples, std::int64_t plane,
                T* out) {
    for (std::int64_t x = 0; x < cols; ++x)
        for (int s = 0; s < samples; ++s) out[s * plane + x] = T(bitsAt(row, (x * samples + s) * page.bits, page.bits));
}

// Three-byte values lie with their most significant byte first; where libtiff turns the byte order, with the least.
void unpackTriples(const std::byte* row, std::int64_t cols, int samples, std::int64_t plane, std::uint32_t* out) {
    for (std::int64_t x = 0; x < cols; ++x)
        for (int s = 0; s < samples; ++s) {
            const std::byte* v = row + (x * samples + s) * 3;
            out[s * plane + x] = std::uint32_t(v[0]) | std::uint32_t(v[1]) << 8 | std::uint32_t(v[2]) << 16;
        }
}

template <class T>
void unpackWhole(const std::byte* row, std::int64_t cols, int samples, std::int64_t plane, T* out) {
    if (samples == 1) {
        std::memcpy(out, row, std::size_t(cols) * sizeof(T));
        return;
    }
    for (std::int64_t x = 0; x < cols; ++x)
        for (int s = 0; s < samples; ++s)
            std::memcpy(out + s * plane + x, row + (x * samples + s) * std::int64_t(sizeof(T)), sizeof(T));
}

void unpackHalf(const std::byte* row, std::int64_t cols, int samples, std::int64_t plane, float* out) {
    for (std::int64_t x = 0; x < cols; ++x)
        for (int s = 0; s < samples; ++s) {
            std::uint16_t half;
            std::memcpy(&half, row + (x * samples + s) * 2, 2);
            out[s * plane + x] = zarr::halfToFloat(half);
        }
}

}  // namespace

DType dtypeOf(const TiffPage& page) {
    if (page.sampleFormat == SAMPLEFORMAT_IEEEFP) return page.bits == 64 ? DType::F64 : DType::F32;
    const bool isSigned = page.sampleFormat == SAMPLEFORMAT_INT;
    if (page.bits <= 8) return isSigned ? DType::I8 : DType::U8;
    if (page.bits <= 16) return isSigned ? DType::I16 : DType::U16;
    if (page.bits <= 32) return isSigned ? DType::I32 : DType::U32;
    return isSigned ? DType::I64 : DType::U64;
}

std::int64_t packedRow(const TiffPage& page, std::int64_t cols, int samples) {
    return (cols * samples * page.bits + 7) / 8;
}

void unpack(const TiffPage& page, const std::byte* packed, std::int64_t rows, std::int64_t cols, int samples,
            std::byte* out) {
    const std::int64_t step = packedRow(page, cols, samples), plane = rows * cols;
    const bool whole = page.bits == 8 || page.bits == 16 || page.bits == 32 || page.bits == 64;
    fovea::dispatch(dtypeOf(page), [&]<class T>(T) {
        T* to = reinterpret_cast<T*>(out);
        for (std::int64_t y = 0; y < rows; ++y) {
            const std::byte* row = packed + y * step;
            T* line = to + y * cols;
            if constexpr (std::is_same_v<T, float>) {
                if (page.bits == 16)
                    unpackHalf(row, cols, samples, plane, line);
                else
                    unpackWhole(row, cols, samples, plane, line);
            } else if (whole) {
                unpackWhole(row, cols, samples, plane, line);
            } else if constexpr (std::is_same_v<T, std::uint32_t>) {
                if (page.bits == 24 && page.swapped)
                    unpackTriples(row, cols, samples, plane, line);
                else
                    unpackBits(page, row, cols, samples, plane, line);
            } else {
                unpackBits(page, row, cols, samples, plane, line);
            }
        }
    });
}

}  // namespace fovea::io

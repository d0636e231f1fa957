#include "labels/run_codec.h"

#include <array>

namespace fovea::labels {

namespace {

[[noreturn]] void damaged() { throw Error(ErrorKind::Format, FOVEA_TR("An entry of the journal does not decode.")); }

// Slicing by four (Kounavis, Berry 2005): four tables, four bytes a step.
constexpr auto tables = [] {
    std::array<std::array<std::uint32_t, 256>, 4> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t c = i;
        for (int k = 0; k < 8; ++k) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
        t[0][i] = c;
    }
    for (std::uint32_t i = 0; i < 256; ++i)
        for (std::size_t k = 1; k < 4; ++k) t[k][i] = t[0][t[k - 1][i] & 0xff] ^ (t[k - 1][i] >> 8);
    return t;
}();

}  // namespace

void ByteWriter::number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(char(value | 0x80));
    bytes_.push_back(char(value));
}

void ByteWriter::signedNumber(std::int64_t value) { number((std::uint64_t(value) << 1) ^ std::uint64_t(value >> 63)); }

void ByteWriter::text(std::string_view text) {
    number(text.size());
    bytes_.append(text);
}

void ByteWriter::runs(const std::vector<VoxelRun>& runs) {
    number(runs.size());
    VoxelRun last;
    for (const VoxelRun& run : runs) {
        for (int axis = 0; axis < 3; ++axis) signedNumber(run.start[axis] - last.start[axis]);
        number(std::uint64_t(run.length));
        signedNumber(std::int64_t(run.before) - last.before);
        signedNumber(std::int64_t(run.after) - last.after);
        last = run;
    }
}

std::uint64_t ByteReader::number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (bytes_.empty()) damaged();
        const auto byte = std::uint8_t(bytes_.front());
        bytes_.remove_prefix(1);
        value |= std::uint64_t(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
    damaged();
}

std::int64_t ByteReader::signedNumber() {
    const std::uint64_t value = number();
    return std::int64_t(value >> 1) ^ -std::int64_t(value & 1);
}

std::string_view ByteReader::text() {
    const std::uint64_t size = number();
    if (size > bytes_.size()) damaged();
    const std::string_view result = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return result;
}

std::vector<VoxelRun> ByteReader::runs(Index shape) {
    const std::uint64_t count = number();
    if (count > bytes_.size() / 6) damaged();  // a run takes at least six bytes
    std::vector<VoxelRun> result;
    result.reserve(count);
    VoxelRun run;
    const auto step = [this](std::int64_t from, std::int64_t limit) {
        const std::int64_t delta = signedNumber();
        if (delta < -limit || delta > limit || from + delta < 0 || from + delta >= limit) damaged();
        return from + delta;
    };
    constexpr std::int64_t labels = std::int64_t(1) << 31;
    for (std::uint64_t i = 0; i < count; ++i) {
        for (int axis = 0; axis < 3; ++axis) run.start[axis] = step(run.start[axis], shape[axis]);
        const std::uint64_t length = number();
        if (length == 0 || length > std::uint64_t(shape.x - run.start.x)) damaged();
        run.length = std::int32_t(length);
        run.before = std::int32_t(step(run.before, labels));
        run.after = std::int32_t(step(run.after, labels));
        result.push_back(run);
    }
    return result;
}

std::uint32_t crc32(std::string_view bytes) {
    std::uint32_t c = 0xffffffffu;
    std::size_t i = 0;
    const auto at = [&](std::size_t k) { return std::uint32_t(std::uint8_t(bytes[k])); };
    for (; i + 4 <= bytes.size(); i += 4) {
        c ^= at(i) | at(i + 1) << 8 | at(i + 2) << 16 | at(i + 3) << 24;
        c = tables[3][c & 0xff] ^ tables[2][c >> 8 & 0xff] ^ tables[1][c >> 16 & 0xff] ^ tables[0][c >> 24];
    }
    for (; i < bytes.size(); ++i) c = tables[0][(c ^ at(i)) & 0xff] ^ (c >> 8);
    return ~c;
}

}  // namespace fovea::labels

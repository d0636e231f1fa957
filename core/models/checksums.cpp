#include "models/checksums.h"

#include <algorithm>

#include "base/file.h"
#include "tensorfile/byte_file.h"

namespace fovea::models {

namespace {

constexpr std::uint64_t pieceBytes = std::uint64_t(4) << 20;

template <class Take>
void readInPieces(const std::filesystem::path& path, const char* what, Job& job, Take&& take) {
    const tensorfile::ByteFile file(path);
    for (std::uint64_t at = 0; at < file.size(); at += pieceBytes) {
        job.check();
        take(file.read(at, std::min(pieceBytes, file.size() - at)));
        job.progress(double(std::min(at + pieceBytes, file.size())), double(file.size()), what);
    }
}

}  // namespace

std::string Digest::str() const {
    if (!sha256.empty()) return "sha256 " + sha256;
    if (!md5.empty()) return "md5 " + md5;
    return xxh128.empty() ? "" : "xxh128 " + xxh128;
}

bool contradicts(const Digest& found, const Digest& wanted) {
    const auto differs = [](const std::string& one, const std::string& begin) {
        return !one.empty() && !one.starts_with(begin);
    };
    return differs(found.sha256, wanted.sha256) || differs(found.md5, wanted.md5) ||
           differs(found.xxh128, wanted.xxh128);
}

bool identifies(const Digest& found, const Digest& wanted) {
    const auto both = [](const std::string& one, const std::string& other) { return !one.empty() && !other.empty(); };
    const bool any =
        both(found.sha256, wanted.sha256) || both(found.md5, wanted.md5) || both(found.xxh128, wanted.xxh128);
    return any && !contradicts(found, wanted);
}

void Checksums::add(const void* bytes, std::size_t size) {
    sha256_.add(bytes, size);
    md5_.add(bytes, size);
    xxh128_.add(bytes, size);
}

Digest Checksums::digest() { return {sha256_.hex(), md5_.hex(), xxh128_.hex()}; }

Digest digestOf(const std::filesystem::path& path, Job& job) {
    Checksums sums;
    readInPieces(path, FOVEA_TR("Checking"), job,
                 [&](const std::string& piece) { sums.add(piece.data(), piece.size()); });
    return sums.digest();
}

Digest copyTo(const std::filesystem::path& target, const std::filesystem::path& path, Job& job) {
    Checksums sums;
    file::Appender copy(target);
    readInPieces(path, FOVEA_TR("Copying and checking"), job, [&](const std::string& piece) {
        sums.add(piece.data(), piece.size());
        copy.append(piece);
    });
    copy.sync();
    return sums.digest();
}

}  // namespace fovea::models

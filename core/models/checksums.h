#pragma once
#include <cstddef>
#include <filesystem>
#include <string>

#include "base/hash.h"
#include "base/job.h"
#include "models/xxh128.h"

namespace fovea::models {

// The hashes of one file, lower-case hex digits. As an expectation, what is not given is empty, and may be the first
// digits only.
struct Digest {
    std::string sha256, md5, xxh128;

    bool empty() const { return sha256.empty() && md5.empty() && xxh128.empty(); }
    // "md5 01ec64…" of the first one given, for people.
    std::string str() const;
};

// Whether a hash that `wanted` gives and this build can compute is another one in `found`,
bool contradicts(const Digest& found, const Digest& wanted);
// or there is one, and all are the same.
bool identifies(const Digest& found, const Digest& wanted);

// All of them at once, in one pass.
class Checksums {
  public:
    void add(const void* bytes, std::size_t size);
    Digest digest();  // once

  private:
    Sha256 sha256_;
    Md5 md5_;
    Xxh128 xxh128_;
};

// Of a whole file. Throws Error(Missing), Cancelled.
Digest digestOf(const std::filesystem::path& path, Job& job);
// The same while the file is copied to `target`, which must not be there yet. Throws also as file::Appender.
Digest copyTo(const std::filesystem::path& target, const std::filesystem::path& path, Job& job);

}  // namespace fovea::models

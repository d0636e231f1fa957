#pragma once
#include <filesystem>

namespace fovea::io {

// A file that a library writes itself: under another name in the target's folder (same suffix), renamed over the target
// by commit(), deleted when that never comes. After a crash the old or the new content is there.
class StagedFile {
  public:
    explicit StagedFile(const std::filesystem::path& target);
    ~StagedFile();
    StagedFile(const StagedFile&) = delete;
    StagedFile& operator=(const StagedFile&) = delete;
    const std::filesystem::path& path() const { return path_; }
    // Throws Error(Input) when the bytes do not reach the disk.
    void commit();

  private:
    std::filesystem::path target_, path_;
};

}  // namespace fovea::io

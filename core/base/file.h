#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

// All writing to disk goes through here: temp, fsync, rename. Every error names the file, the reason and a remedy.
namespace fovea::file {

namespace fs = std::filesystem;

// Whole file as bytes. Error(Missing) when absent, Error(Format) when larger than `limit`.
std::string read(const fs::path& path, std::uint64_t limit = std::uint64_t(4) << 30);
// Parsed JSON; Error(Format) names file and position. At most 256 MB.
nlohmann::json readJson(const fs::path& path);
nlohmann::ordered_json readOrderedJson(const fs::path& path);  // keeps the order of keys

// Replaces `path` atomically: written beside it, fsynced, renamed. After a crash the old or the new content is there.
void write(const fs::path& path, std::string_view bytes);
// The same for content that lies in several places, in this order.
void write(const fs::path& path, std::span<const std::string_view> parts);
// Two-space indent, trailing newline.
void writeJson(const fs::path& path, const nlohmann::json& json);
// As write(), without fsync: for chunks of a folder that commitFolder() syncs at the end.
void writeQuick(const fs::path& path, std::string_view bytes);

// Renames a finished folder over `target` (an older one is moved away and deleted), syncing both parents.
void commitFolder(const fs::path& staged, const fs::path& target);
// Creates the folder and its parents.
void makeFolder(const fs::path& path);
// Deletes file or tree; absent is fine.
void remove(const fs::path& path);
void copy(const fs::path& from, const fs::path& to);
// Renames a file on the same disk, over one that is there.
void move(const fs::path& from, const fs::path& to);
// True when a file can be created in this folder.
bool writable(const fs::path& folder);
// Free bytes on the disk that holds `path`.
std::uint64_t freeBytes(const fs::path& path);

// Append-only file (journals). Not thread-safe.
class Appender {
  public:
    explicit Appender(const fs::path& path);
    ~Appender();
    Appender(const Appender&) = delete;
    Appender& operator=(const Appender&) = delete;
    // All or nothing: on a failed write (disk full) the file is cut back to its length before, then Error is thrown.
    void append(std::string_view bytes);
    void sync();
    std::uint64_t size() const { return size_; }

  private:
    int fd_ = -1;
    std::uint64_t size_ = 0;
    fs::path path_;
};

// A fresh folder under the system's temp folder, deleted with its content at the end of scope.
class TempFolder {
  public:
    TempFolder();
    ~TempFolder();
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

}  // namespace fovea::file

#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/box.h"

namespace fovea::labels {

// The file: "FOVEAJNL", version (u32), shape (3 × i64), CRC of these; then frames: mark "FJE1", length (u32), CRC-32 of
// the payload (u32), payload. Little-endian. It only ever grows; what a frame says is label_edit's matter.

// A payload with its frame, ready to be appended.
std::string frame(const std::string& payload);
constexpr std::size_t frameHead = 12;

struct JournalEntry {
    std::uint64_t offset = 0;  // of the frame
    std::uint32_t size = 0;    // of the frame
    std::string payload;
};

// Reads from the start. Damaged stretches with good entries behind them are skipped and listed; what follows the last
// good entry is a torn tail.
class JournalReader {
  public:
    // Throws Error(Format) when the header is not ours or of a newer version, Error(Input) when it is of another shape.
    // A file cut off inside its header counts as empty: end() is 0.
    JournalReader(const std::filesystem::path& path, Index shape);
    ~JournalReader();
    std::optional<JournalEntry> next();
    // Continues at this entry.
    void seek(std::uint64_t offset);
    // Behind the last good entry read so far; 0 when there is not even a header.
    std::uint64_t end() const;
    struct Hole {
        std::uint64_t begin, end;
    };
    const std::vector<Hole>& holes() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// The payload of one entry, read back. Throws Error(Format) when it is not what was written.
std::string readEntry(const std::filesystem::path& path, std::uint64_t offset, std::uint32_t size);

// Appends on a thread of its own, in order, fsync after each group and at most 1 s after append(). What cannot be
// written stays in memory and is tried again every second.
class JournalWriter {
  public:
    // `end`: length of the good part of the file, which is cut to it; 0 = a new journal (its header is queued).
    JournalWriter(const std::filesystem::path& path, Index shape, std::uint64_t end);
    // Makes a last attempt to write what is left.
    ~JournalWriter();

    // Thread-safe. Returns the offset that the frame has or will have.
    std::uint64_t append(std::shared_ptr<const std::string> framed);
    // Replaces a file once everything appended so far is on disk. A failure is logged: the journal alone is enough.
    void replaceLater(const std::filesystem::path& path, std::string bytes);
    // Length of the file once everything appended is written.
    std::uint64_t queued() const;
    // Offset up to which everything is fsynced.
    std::uint64_t durable() const;
    // Waits until everything is on disk; throws Error when an attempt failed.
    void flush();
    // Empty, or why the last attempt failed.
    std::string problem() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::labels

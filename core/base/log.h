#pragma once
#include <string>
#include <string_view>

// Log lines go to stderr (and to a file when asked), never to stdout: stdout belongs to results. Thread-safe.
namespace fovea::log {

enum class Level { Debug, Info, Warning, Error };

void write(Level level, std::string_view line);
inline void debug(std::string_view line) { write(Level::Debug, line); }
inline void info(std::string_view line) { write(Level::Info, line); }
inline void warning(std::string_view line) { write(Level::Warning, line); }
inline void error(std::string_view line) { write(Level::Error, line); }

// Lines below `level` are dropped. Default: Info.
void setLevel(Level level);
// Also write to this file (rotated at 5 MB, three kept).
void toFile(const std::string& path);

}  // namespace fovea::log

#pragma once
#include <cstdint>
#include <string>

#include "data/box.h"

// Bytes of the journal file, shared by its reader and its writer.
namespace fovea::labels {

inline constexpr char journalMagic[] = "FOVEAJNL";
inline constexpr char frameMagic[] = "FJE1";
inline constexpr std::uint32_t journalVersion = 1;
inline constexpr std::uint64_t largestPayload = std::uint64_t(1) << 31;

std::string journalHeader(Index shape);
void putU32(std::string& bytes, std::uint32_t value);
std::uint32_t getU32(const char* bytes);

}  // namespace fovea::labels

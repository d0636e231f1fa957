#pragma once
#include <string>

#include "base/error.h"

namespace fovea::tensorfile {

// Why a checkpoint container is not read (spec models.md section 6).
enum class Refusal {
    UnsafeGlobal,   // names something that runs programs
    StorageSize,    // a storage has another size than claimed
    Bounds,         // a tensor lies outside its storage, or its sizes cannot be right
    Dtype,          // unknown or contradicting element type
    MissingRecord,  // a storage that is not there
    Truncated,
    Crc,
    Compressed,
    ByteOrder,
    Path,       // record names that leave their folder
    Ambiguous,  // two things of one name
    NoPickle,
    NoTensors,
    Pickle,  // not a sound pickle
    Limits,  // larger or deeper than any checkpoint
    BadMagic,
    Empty,
    Unsupported
};

const char* name(Refusal reason);  // "unsafe-global", "storage-size", …

// "{path} is not read: {why} ({reason}). {remedy}"
class RefusedFile : public Error {
  public:
    RefusedFile(const std::string& path, Refusal reason, const std::string& why);
    Refusal reason() const noexcept { return reason_; }

  private:
    Refusal reason_;
};

}  // namespace fovea::tensorfile

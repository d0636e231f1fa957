#pragma once
#include <exception>
#include <string>
#include <vector>

#include "base/text.h"

namespace fovea {

// What a caller can do about it. Input: fix what was given. Missing: a file or artifact is not there. Format: a file is
// damaged or not what its name says. Unsupported: well-formed, but not handled here. Internal: a bug.
enum class ErrorKind { Input, Missing, Format, Unsupported, Device, Memory, Remote, Plugin, Internal };

const char* name(ErrorKind kind);

// The only exception type that leaves a room (beside Cancelled). Says what happened, why, and what to do; outer context
// is pushed on while the stack unwinds. Foreign exceptions are translated where the library is called.
class Error : public std::exception {
  public:
    Error(ErrorKind kind, Text text);

    // Adds what was being done, outermost last: catch (Error& e) { e.context(…); throw; }
    Error& context(Text text);

    ErrorKind kind() const noexcept { return kind_; }
    // Innermost first.
    const std::vector<Text>& chain() const noexcept { return chain_; }
    // Innermost sentence, then "(while …)" for each context.
    const char* what() const noexcept override { return what_.c_str(); }

  private:
    ErrorKind kind_;
    std::vector<Text> chain_;
    std::string what_;
};

// Thrown by Job::check(). Outside the Error tree: never shown as an error.
struct Cancelled {};

}  // namespace fovea

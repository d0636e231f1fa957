#pragma once
#include <string>

#include "base/error.h"

namespace fovea::test {

// What an Error of this kind says; else a sentence that tells what happened instead.
template <class F>
std::string refusal(ErrorKind kind, F&& f) {
    try {
        f();
    } catch (const Error& error) {
        return error.kind() == kind ? error.what() : std::string("another kind: ") + error.what();
    }
    return "nothing was refused";
}

}  // namespace fovea::test

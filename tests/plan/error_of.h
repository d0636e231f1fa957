#pragma once
#include <string>

#include "base/error.h"

namespace fovea {

// What f() is refused with; empty when it is not.
template <class F>
std::string errorOf(F&& f) {
    try {
        f();
    } catch (const Error& e) {
        return e.what();
    }
    return {};
}

}  // namespace fovea

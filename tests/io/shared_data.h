#pragma once
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "base/error.h"

namespace fovea::test {

// The folder of real images beside the repository; may be absent.
inline std::filesystem::path sharedData() {
    const char* given = std::getenv("FOVEA_SHARED");
    return (given && *given ? std::filesystem::path(given)
                            : std::filesystem::path(FOVEA_SOURCE_DIR) / ".." / "shared") /
           "data";
}

// True when f throws an Error of this kind whose text holds `part`; else prints what happened.
inline bool failsWith(const std::function<void()>& f, ErrorKind kind, const std::string& part = "") {
    try {
        f();
    } catch (const Error& e) {
        if (e.kind() == kind && std::string(e.what()).find(part) != std::string::npos) return true;
        qWarning("got %s: %s", name(e.kind()), e.what());
        return false;
    }
    qWarning("no error");
    return false;
}

}  // namespace fovea::test

#pragma once
#include <exception>

#include "base/log.h"

namespace fovea::app {

// A program's main whose uncaught exceptions are logged: exit status 1.
inline int guarded(int (*run)(int, char**), int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        log::error(error.what());
        return 1;
    }
}

}  // namespace fovea::app

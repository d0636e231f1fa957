#include "environment.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

namespace fovea::app {

namespace {

// True when it had to be changed.
bool set(const char* name, const std::string& value) {
    const char* now = std::getenv(name);
    if (now && value == now) return false;
    ::setenv(name, value.c_str(), 1);
    return true;
}

}  // namespace

void settleEnvironment(int, char** argv, int threads) {
    std::signal(SIGXFSZ, SIG_IGN);
    if (std::getenv("FOVEA_RESTARTED")) {
        ::unsetenv("FOVEA_RESTARTED");  // not for children
        return;
    }
    bool changed = std::getenv("OMP_WAIT_POLICY") ? false : set("OMP_WAIT_POLICY", "PASSIVE");
    if (threads > 0) changed = set("OMP_NUM_THREADS", std::to_string(threads)) || changed;
    if (!changed) return;
    ::setenv("FOVEA_RESTARTED", "1", 1);
    ::execv("/proc/self/exe", argv);
    ::unsetenv("FOVEA_RESTARTED");
}

}  // namespace fovea::app

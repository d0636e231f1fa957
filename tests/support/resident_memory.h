#pragma once
#include <unistd.h>

#include <cstdint>
#include <fstream>

namespace fovea::test {

// What this process holds in memory now, in MiB.
inline std::int64_t residentMib() {
    std::ifstream in("/proc/self/statm");
    std::int64_t size = 0, pages = 0;
    in >> size >> pages;
    return pages * ::sysconf(_SC_PAGESIZE) >> 20;
}

}  // namespace fovea::test

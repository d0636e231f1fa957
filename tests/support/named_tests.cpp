#include "support/named_tests.h"

#include <cstdio>
#include <cstring>
#include <exception>

namespace fovea::test {

namespace {
struct Failed {
    std::string what;
};
}  // namespace

void fail(const char* file, int line, const std::string& what) {
    throw Failed{std::string(file) + ":" + std::to_string(line) + ": " + what};
}

}  // namespace fovea::test

// Runs every test, or those named on the command line. Exit status 1 if one failed.
int main(int argc, char** argv) {
    using namespace fovea::test;
    int passed = 0, failed = 0, skipped = 0;
    for (const NamedTest& test : tests()) {
        bool wanted = argc < 2;
        for (int i = 1; i < argc; ++i) wanted = wanted || std::strcmp(argv[i], test.name) == 0;
        if (!wanted) continue;
        try {
            test.run();
            ++passed;
            std::printf("PASS   %s\n", test.name);
        } catch (const Skipped& skip) {
            ++skipped;
            std::printf("SKIP   %s: %s\n", test.name, skip.why.c_str());
        } catch (const Failed& failure) {
            ++failed;
            std::printf("FAIL   %s\n       %s\n", test.name, failure.what.c_str());
        } catch (const std::exception& error) {
            ++failed;
            std::printf("FAIL   %s\n       exception: %s\n", test.name, error.what());
        }
        std::fflush(stdout);
    }
    std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed == 0 && passed + skipped > 0 ? 0 : 1;
}

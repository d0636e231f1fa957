#pragma once
#include <cmath>
#include <string>
#include <vector>

// Tests as a list of named functions, for rooms that must also be tested where there is no Qt.
// A test file defines `std::vector<fovea::test::NamedTest> fovea::test::tests()`; named_tests.cpp holds main().
namespace fovea::test {

struct NamedTest {
    const char* name;
    void (*run)();
};

// Provided by the test file.
std::vector<NamedTest> tests();

// Counts as "skipped" in the output; throw through SKIP("why").
struct Skipped {
    std::string why;
};

void fail(const char* file, int line, const std::string& what);

}  // namespace fovea::test

#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) fovea::test::fail(__FILE__, __LINE__, "false: " #condition); \
    } while (false)
#define CHECK_NEAR(a, b, tolerance)                                                                      \
    do {                                                                                                 \
        const double check_a = double(a), check_b = double(b);                                           \
        if (!(std::abs(check_a - check_b) <= (tolerance)))                                               \
            fovea::test::fail(__FILE__, __LINE__,                                                        \
                              #a " = " + std::to_string(check_a) + ", want " + std::to_string(check_b)); \
    } while (false)
#define CHECK_THROWS(statement, ExceptionType)                                                                 \
    do {                                                                                                       \
        bool check_thrown = false;                                                                             \
        try {                                                                                                  \
            statement;                                                                                         \
        } catch (const ExceptionType&) {                                                                       \
            check_thrown = true;                                                                               \
        }                                                                                                      \
        if (!check_thrown) fovea::test::fail(__FILE__, __LINE__, #statement " did not throw " #ExceptionType); \
    } while (false)
#define SKIP(why) \
    throw fovea::test::Skipped { why }

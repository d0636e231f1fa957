#pragma once
#include <string>

#include "parity/golden_case.h"

namespace fovea::parity {

struct Verdict {
    bool passed = true;
    std::string worst;     // output with the largest share of its allowance used
    double deviation = 0;  // |got − want| there
    double share = -1;     // of what is allowed; above 1: failed
    std::string why;       // when failed: the first reason

    // Takes in how far an output is off. False when that is more than allowed; the caller says how it failed.
    bool within(const std::string& output, double off, double allowed);
    void fail(const std::string& reason);
};

// Every expected output of the case beside what was computed, by the rules of the manifest: "exact", {abs, rel}
// (|got − want| ≤ abs + rel·|want| element by element, NaN matches NaN), {ulp_float16}, {…, fraction, where} (only that
// share of the elements, where a stored array is not 0), "info" = not compared; "<stem>_abs" and "<stem>_rel" hold for
// all names that begin with the stem, "abs" and "rel" for the rest. What was computed but is not expected is ignored;
// what is expected and was not computed fails.
Verdict compare(const GoldenCase& golden, const Values& computed);

}  // namespace fovea::parity

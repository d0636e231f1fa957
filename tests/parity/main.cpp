#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "parity/compare.h"
#include "parity/kinds.h"
#include "parity/model_compare.h"
#include "parity/torch_arrays.h"

using namespace fovea;
using namespace fovea::parity;

namespace {

// The verdict on one case; whatever goes wrong is a failure that says so.
Verdict judge(const GoldenCase& golden) {
    const auto kind =
        std::find_if(kinds().begin(), kinds().end(), [&](const Kind& k) { return golden.kind == k.name; });
    Verdict verdict;
    verdict.passed = false;
    if (kind == kinds().end()) {
        verdict.why = "unknown kind";
        return verdict;
    }
    try {
        if (kind->judge != nullptr) return kind->judge(golden);
        if (isModelCase(golden)) return compareModel(golden, kind->run(golden));
        GoldenCase ruled = golden;
        if (kind->rules != nullptr) ruled.tolerance.update(kind->rules(golden));
        return compare(ruled, kind->run(golden));
    } catch (const std::exception& error) {
        verdict.why = error.what();
    } catch (...) {
        verdict.why = "an unknown exception";
    }
    return verdict;
}

void print(const GoldenCase& golden, const Verdict& verdict) {
    std::printf("%s  %-28s %-24s", verdict.passed ? "pass" : "FAIL", golden.id.c_str(), golden.kind.c_str());
    if (!verdict.worst.empty()) {
        std::printf("  worst %s %.3g", verdict.worst.c_str(), verdict.deviation);
        if (verdict.share <= 1 && verdict.share > 0) std::printf(" (%.2g of what is allowed)", verdict.share);
    }
    if (!verdict.passed) std::printf("  %s", verdict.why.c_str());
    std::printf("\n");
    std::fflush(stdout);
}

std::filesystem::path defaultShared() {
    const char* shared = std::getenv("FOVEA_SHARED");
    return shared != nullptr && *shared != '\0' ? shared : "../shared";
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Compares Fovea's numbers with stored ones of other programs.");
    std::vector<std::string> folders, wanted;
    std::string shared = defaultShared().string(), precision = "f32", device = "cpu";
    app.add_option("DIR", folders, "Folders with manifest.json in or below them")->required();
    app.add_option("--kind", wanted, "Only cases of this kind (repeatable)")->take_all();
    app.add_option("--shared", shared, "Folder that the inputs of cases are named relative to")->capture_default_str();
    app.add_option("--precision", precision, "Arithmetic of the networks: f32, as in use, or f64")
        ->check(CLI::IsMember({"f32", "f64"}));
    app.add_option("--device", device, "Where networks compute: cpu, cuda or cuda:N")->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    try {
        device = chosenDevice(device);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
    int passed = 0, failed = 0;
    const auto fail = [&](const std::string& what) {
        std::printf("FAIL  %s\n", what.c_str());
        ++failed;
    };
    std::vector<std::string> seen;
    for (const std::string& folder : folders) {
        std::vector<GoldenCase> cases;
        try {
            cases = casesBelow(folder, shared);
        } catch (const std::exception& error) {
            fail(error.what());
        }
        for (GoldenCase& golden : cases) {
            golden.precision = precision;
            golden.device = device;
            if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), golden.kind) == wanted.end()) continue;
            seen.push_back(golden.kind);
            const Verdict verdict = judge(golden);
            print(golden, verdict);
            ++(verdict.passed ? passed : failed);
        }
    }
    for (const std::string& kind : wanted)
        if (std::find(seen.begin(), seen.end(), kind) == seen.end()) fail("there is no case of kind " + kind);
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "bench/bench.h"

using namespace fovea;
using namespace fovea::bench;

namespace {

int availableCpus() {
    cpu_set_t set;
    return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

// Pins the process to the first `threads` of its CPUs and tells the thread pools.
void limitThreads(int threads) {
    cpu_set_t now, fewer;
    CPU_ZERO(&fewer);
    if (::sched_getaffinity(0, sizeof now, &now) == 0) {
        for (int cpu = 0, left = threads; cpu < CPU_SETSIZE && left > 0; ++cpu)
            if (CPU_ISSET(cpu, &now)) CPU_SET(cpu, &fewer), --left;
        ::sched_setaffinity(0, sizeof fewer, &fewer);
    }
    const std::string count = std::to_string(threads);
    for (const char* name :
         {"OMP_NUM_THREADS", "BLOSC_NTHREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS", "VTK_SMP_MAX_THREADS"})
        ::setenv(name, count.c_str(), 1);
}

bool wanted(const std::string& name, bool always, const std::vector<std::string>& patterns, bool all) {
    if (patterns.empty()) return always || all;
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        const bool prefix = !pattern.empty() && pattern.back() == '*';
        return prefix ? name.compare(0, pattern.size() - 1, pattern, 0, pattern.size() - 1) == 0 : name == pattern;
    });
}

// Returns the exit status.
int runCase(const std::string& bench, const Case& one, const Settings& settings) {
    try {
        Run run(bench, one.name, settings);
        one.run(run);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s/%s: %s\n", bench.c_str(), one.name, error.what());
        return 1;
    }
}

// In a process of its own, so that its peak memory is its own.
int runApart(const std::string& bench, const Case& one, const Settings& settings) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(runCase(bench, one, settings));
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Measures Fovea beside its peers: one JSON line per case on stdout.");
    std::string name;
    std::vector<std::string> patterns;
    Settings settings;
    settings.threads = availableCpus();
    bool all = false, list = false;
    std::string inputs, data, dump;
    app.add_option("BENCH", name, "What to measure; without it, all are listed");
    app.add_option("--case", patterns, "Only this case (repeatable; a prefix ending in * is allowed)")->take_all();
    app.add_option("--threads", settings.threads, "CPUs the process is pinned to")->check(CLI::Range(1, 1024));
    app.add_option("--repeat", settings.repeat, "Timed runs; the best counts")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--inputs", inputs, "Folder of arrays both sides read; filled when absent")->envname("BENCH_INPUTS");
    app.add_option("--data", data, "The shared data folder")->envname("BENCH_DATA");
    app.add_option("--dump", dump, "Write inputs and outputs of model cases here");
    app.add_option("--device", settings.device, "Where networks compute: cpu, cuda or cuda:N")->capture_default_str();
    app.add_flag("--all", all, "Also the cases that are long or large");
    app.add_flag("--list", list, "List the cases");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (!inputs.empty()) settings.inputs = inputs;
    settings.data = data;
    settings.dump = dump;

    int found = 0, bad = 0;
    std::vector<std::pair<std::string, Case>> chosen;
    for (const Bench& bench : benches()) {
        if (!name.empty() && name != bench.name) continue;
        ++found;
        for (const Case& one : bench.cases) {
            if (list || name.empty())
                std::printf("%-12s %-32s %s%s\n", bench.name, one.name, one.always ? "" : "(--all) ", one.title);
            else if (wanted(one.name, one.always, patterns, all))
                chosen.emplace_back(bench.name, one);
        }
    }
    if (found == 0) {
        std::fprintf(stderr, "There is no bench %s; --list shows them.\n", name.c_str());
        return 2;
    }
    if (list || name.empty()) return 0;
    if (chosen.empty()) {
        std::fprintf(stderr, "No such case; --list shows them.\n");
        return 2;
    }
    limitThreads(settings.threads);
    for (const auto& [bench, one] : chosen)
        bad += chosen.size() == 1 ? runCase(bench, one, settings) : runApart(bench, one, settings);
    return bad == 0 ? 0 : 1;
}

#include "bench/bench.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/file.h"
#include "tensorfile/npy.h"

namespace fovea::bench {

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

// A line "VmRSS:  123 kB" of /proc/self/status, in MiB.
double statusMib(const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.compare(0, key.size() + 1, key + ":") == 0) return std::atof(line.c_str() + key.size() + 1) / 1024;
    return 0;
}

// Restarts the kernel's high-water mark; where that is refused the peak covers the whole process.
bool resetPeak() {
    std::ofstream refs("/proc/self/clear_refs");
    refs << "5" << std::flush;
    return bool(refs);
}

double cpuSeconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) * 1e-6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double load() {
    double value = 0;
    return ::getloadavg(&value, 1) == 1 ? value : 0;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Six significant digits, as the other side prints them.
double rounded(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.6g", value);
    return std::atof(text);
}

}  // namespace

void Run::measure(const std::function<void()>& work, const std::function<Facts()>& facts,
                  const std::function<void()>& setup) {
    time(work, facts, setup, 1, std::max(1, settings_.repeat));
}

void Run::measureOnce(const std::function<void()>& work, const std::function<Facts()>& facts) {
    time(work, facts, {}, 0, 1);
}

void Run::time(const std::function<void()>& work, const std::function<Facts()>& facts,
               const std::function<void()>& setup, int warmup, int repeat) {
    for (int i = 0; i < warmup; ++i) {
        if (setup) setup();
        work();
    }
    const double loadBefore = load(), before = statusMib("VmRSS");
    const bool ownPeak = resetPeak();
    std::vector<double> wall, cpu;
    for (int i = 0; i < repeat; ++i) {
        if (setup) setup();
        const double cpuStart = cpuSeconds();
        const auto start = std::chrono::steady_clock::now();
        work();
        wall.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        cpu.push_back(cpuSeconds() - cpuStart);
    }
    const double peak = statusMib("VmHWM"), best = *std::min_element(wall.begin(), wall.end());
    const Facts said = facts();
    ordered_json line = {{"bench", bench_},
                         {"case", name_},
                         {"seconds", rounded(best)},
                         {"seconds_median", rounded(median(wall))},
                         {"cpu_seconds", rounded(*std::min_element(cpu.begin(), cpu.end()))},
                         {"runs", wall.size()},
                         {"warmup", warmup},
                         {"threads", settings_.threads},
                         {"rss_before_mib", std::lround(before)},
                         {"rss_peak_mib", std::lround(peak)},
                         {"rss_peak_is", ownPeak ? "of the timed part" : "of the process"},
                         {"load1", rounded(std::round(std::max(loadBefore, load()) * 100) / 100)}};
    for (const auto& [unit, amount] : said.rates.items()) line["rates"][unit] = rounded(amount.get<double>() / best);
    if (!said.work.empty()) line["work"] = said.work;
    if (!said.check.is_null()) line["check"] = said.check;
    if (!said.note.empty()) line["note"] = said.note;
    print(line);
}

void Run::skip(const std::string& why) {
    print({{"bench", bench_}, {"case", name_}, {"threads", settings_.threads}, {"skipped", why}});
}

tensorfile::Tensor Run::cached(const std::string& name, const std::function<tensorfile::Tensor()>& make) {
    const std::filesystem::path path = settings_.inputs / (name + ".npy");
    if (!std::filesystem::exists(path)) {
        file::makeFolder(settings_.inputs);
        tensorfile::writeNpy(path, make());
    }
    return tensorfile::readNpy(path);
}

void Run::print(const ordered_json& line) {
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
}

}  // namespace fovea::bench

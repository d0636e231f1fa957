#pragma once
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tensorfile/tensor.h"

namespace fovea::bench {

struct Settings {
    int threads = 1;
    int repeat = 3;
    std::filesystem::path inputs = "bench_inputs";  // arrays both sides read
    std::filesystem::path data;                     // the shared data folder; empty when not given
    std::filesystem::path dump;                     // where model cases leave inputs and outputs; empty = nowhere
    std::string device = "cpu";                     // where networks compute
};

// What a measurement says about itself beside its times.
struct Facts {
    std::string work;      // what was done, with sizes
    nlohmann::json check;  // small facts the other side must reproduce
    nlohmann::json rates;  // {unit: amount per run}; divided by the best time
    std::string note;
};

// Handed to a case: makes its input untimed, then measures and prints one JSON line.
class Run {
  public:
    Run(std::string bench, std::string name, const Settings& settings)
        : bench_(std::move(bench)), name_(std::move(name)), settings_(settings) {}

    const Settings& settings() const { return settings_; }
    // Times `work` (best of settings().repeat after one run to warm up). `setup` runs untimed before each; `facts` is
    // asked once, after the last.
    void measure(const std::function<void()>& work, const std::function<Facts()>& facts,
                 const std::function<void()>& setup = {});
    // The same, once and without a run to warm up: for what takes long.
    void measureOnce(const std::function<void()>& work, const std::function<Facts()>& facts);
    // Says why a case could not run; nothing is measured.
    void skip(const std::string& why);
    // inputs/<name>.npy; made by `make` and kept there when it is absent.
    tensorfile::Tensor cached(const std::string& name, const std::function<tensorfile::Tensor()>& make);

  private:
    void time(const std::function<void()>& work, const std::function<Facts()>& facts,
              const std::function<void()>& setup, int warmup, int repeat);
    void print(const nlohmann::ordered_json& line);

    std::string bench_, name_;
    Settings settings_;
};

struct Case {
    const char* name;
    const char* title;
    void (*run)(Run& run);
    bool always = true;  // false: only with --all or by name
};

struct Bench {
    const char* name;
    std::vector<Case> cases;
};

// All benches, in benches.cpp.
const std::vector<Bench>& benches();

}  // namespace fovea::bench

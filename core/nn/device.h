#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fovea::nn {

// The one place that loads CUDA and asks torch about it. The order matters: torch freezes "no CUDA" for the process
// when it is asked before libtorch_cuda.so is open. Torch-free header; thread-safe.

struct DeviceInfo {
    std::string name;              // "cpu", "cuda:0"
    std::string model;             // "NVIDIA H200", "AVX512"
    std::uint64_t totalBytes = 0;  // of the device's memory
    bool gpu = false;
};

struct DeviceMemory {
    std::uint64_t freeBytes = 0, totalBytes = 0;
    std::uint64_t allocatedBytes = 0, peakBytes = 0;  // by this process; 0 on the CPU
};

// What this machine has, fastest first; the CPU is always the last. CUDA is loaded at the first call.
const std::vector<DeviceInfo>& devices();
// "" and "auto": the first one; "cuda" = "cuda:0". Throws Error(Device) naming what is there.
DeviceInfo findDevice(const std::string& wanted = "auto");
// Why there is no GPU, for --version and the device chip; empty when there is one.
std::string whyNoGpu();

DeviceMemory deviceMemory(const std::string& name);
void resetPeak(const std::string& name);
// Gives cached blocks back to the driver; nothing on the CPU.
void emptyCache(const std::string& name);
// Waits until queued work is done, for timing; nothing on the CPU.
void synchronise(const std::string& name);

// Whether this processor multiplies bfloat16 numbers by instructions of its own (AVX512-BF16, AMX).
bool fastBfloat16();

// Cores this process may use, at least 1.
int hardwareThreads();
// "2.11.0"
std::string torchVersion();

}  // namespace fovea::nn

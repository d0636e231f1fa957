#include "nn/device.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/Version.h>
#include <ATen/core/ivalue.h>
#include <ATen/cpu/Utils.h>
#include <dlfcn.h>
#include <sched.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "nn/torch_errors.h"

namespace fovea::nn {

namespace {

namespace fs = std::filesystem;

struct Found {
    std::vector<DeviceInfo> devices;
    std::string why;  // there is no GPU
};

std::string firstLine(const fs::path& path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    return line;
}

std::uint64_t memInfo(const std::string& key) {
    std::ifstream in("/proc/meminfo");
    std::string name, rest;
    std::uint64_t kilobytes = 0;
    while (in >> name >> kilobytes) {
        if (name == key + ":") return kilobytes * 1024;
        std::getline(in, rest);
    }
    return 0;
}

// A container may allow less than the machine has.
std::uint64_t machineMemory() {
    const std::uint64_t total = memInfo("MemTotal");
    std::istringstream limit(firstLine("/sys/fs/cgroup/memory.max"));
    std::uint64_t bytes = 0;
    return limit >> bytes && bytes > 0 ? std::min(bytes, total) : total;
}

bool driverPresent() {
    if (fs::exists("/dev/nvidiactl") || fs::exists("/dev/dxg")) return true;
    for (int i = 0; i < 16; ++i)
        if (fs::exists("/dev/nvidia" + std::to_string(i))) return true;
    return false;
}

// Folder of the libtorch_cpu.so in use: CUDA must come from the same wheel.
std::string torchFolder() {
    void* torch = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
    char origin[4096] = "";
    if (torch == nullptr || dlinfo(torch, RTLD_DI_ORIGIN, origin) != 0) return {};
    dlclose(torch);
    return origin;
}

std::string cudaModel(int index) {
    std::vector<fs::path> folders;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc/driver/nvidia/gpus", ignored))
        folders.push_back(entry.path());
    std::sort(folders.begin(), folders.end());
    if (std::size_t(index) >= folders.size()) return "CUDA";
    const std::string line = firstLine(folders[std::size_t(index)] / "information");  // "Model: \t\t NVIDIA H200"
    const auto at = line.find_first_not_of(" \t", line.find(':') + 1);
    return line.starts_with("Model:") && at != std::string::npos ? line.substr(at) : "CUDA";
}

void addCuda(Found& found) {
    if (!driverPresent()) {
        found.why = "no NVIDIA driver on this machine";
        return;
    }
    const std::string library = torchFolder() + "/libtorch_cuda.so";
    if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
        const char* reason = dlerror();
        found.why = reason != nullptr ? reason : "libtorch_cuda.so could not be loaded";
        return;
    }
    try {
        const auto count = int(torch::cuda::device_count());
        for (int i = 0; i < count; ++i) {
            DeviceInfo info{"cuda:" + std::to_string(i), cudaModel(i), 0, true};
            info.totalBytes = at::accelerator::getMemoryInfo(c10::DeviceIndex(i)).second;
            found.devices.push_back(info);
        }
        if (count == 0) found.why = "the NVIDIA driver reports no GPU";
        at::globalContext().setBenchmarkCuDNN(true);  // patches of one shape come again and again
    } catch (const c10::Error& e) {
        found.devices.clear();
        found.why = e.what_without_backtrace();
    }
}

const Found& found() {
    static const Found once = [] {
        Found result;
        addCuda(result);
        result.devices.push_back({"cpu", at::get_cpu_capability(), machineMemory(), false});
        return result;
    }();
    return once;
}

c10::DeviceIndex indexOf(const DeviceInfo& info) {
    return c10::DeviceIndex(std::stoi(info.name.substr(info.name.find(':') + 1)));
}

}  // namespace

Error translate(const c10::Error& error) {
    const std::string what = error.what_without_backtrace();
    const bool memory = dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
                        what.find("not enough memory") != std::string::npos ||
                        what.find("can't allocate memory") != std::string::npos;
    if (memory)
        return Error(
            ErrorKind::Memory,
            Text(FOVEA_TR("There is not enough memory for this step: {reason}. Choose a smaller patch or batch, or "
                          "another device."),
                 {{"reason", what}}));
    return Error(ErrorKind::Internal, Text(FOVEA_TR("The network could not be run: {reason}"), {{"reason", what}}));
}

const std::vector<DeviceInfo>& devices() { return found().devices; }
std::string whyNoGpu() { return found().why; }

DeviceInfo findDevice(const std::string& wanted) {
    const auto& all = devices();
    if (wanted.empty() || wanted == "auto") return all.front();
    std::string there;
    for (const DeviceInfo& info : all) {
        if (info.name == wanted || (wanted == "cuda" && info.name == "cuda:0")) return info;
        there += (there.empty() ? "" : ", ") + info.name;
    }
    const std::string reason = whyNoGpu().empty() ? "" : " (" + whyNoGpu() + ")";
    throw Error(ErrorKind::Device,
                Text(FOVEA_TR("There is no device \"{device}\" here{reason}. Choose one of: {there}."),
                     {{"device", wanted}, {"reason", reason}, {"there", there}}));
}

DeviceMemory deviceMemory(const std::string& name) {
    const DeviceInfo info = findDevice(name);
    DeviceMemory memory;
    memory.totalBytes = info.totalBytes;
    if (!info.gpu) {
        memory.freeBytes = std::min(memInfo("MemAvailable"), info.totalBytes);
        return memory;
    }
    return translated([&] {
        const auto stats = at::accelerator::getDeviceStats(indexOf(info));
        memory.freeBytes = at::accelerator::getMemoryInfo(indexOf(info)).first;
        memory.allocatedBytes = std::uint64_t(stats.allocated_bytes[0].current);
        memory.peakBytes = std::uint64_t(stats.allocated_bytes[0].peak);
        return memory;
    });
}

void resetPeak(const std::string& name) {
    const DeviceInfo info = findDevice(name);
    if (info.gpu) translated([&] { at::accelerator::resetPeakStats(indexOf(info)); });
}

void emptyCache(const std::string& name) {
    if (findDevice(name).gpu) translated([] { at::accelerator::emptyCache(); });
}

void synchronise(const std::string& name) {
    const DeviceInfo info = findDevice(name);
    if (info.gpu) translated([&] { at::accelerator::synchronizeDevice(indexOf(info)); });
}

bool fastBfloat16() {
    static const bool fast = [] {
        const auto has = at::cpu::get_cpu_capabilities();
        return std::ranges::any_of(std::initializer_list<const char*>{"avx512_bf16", "amx_bf16"},
                                   [&](const char* name) {
                                       const auto found = has.find(name);
                                       return found != has.end() && found->second.isBool() && found->second.toBool();
                                   });
    }();
    return fast;
}

int hardwareThreads() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return std::max(1, CPU_COUNT(&set));
}

std::string torchVersion() { return TORCH_VERSION; }

}  // namespace fovea::nn

#pragma once
#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>

#include <string>

#include "nn/compute.h"

namespace fovea::nn {

// torch's device for a name of devices(), checked. Throws Error(Device).
c10::Device torchDevice(const std::string& name);

// Scoped settings of the calling thread. All of them put back what was there.
class AutocastGuard {
  public:
    // Autocast to bfloat16 or float16 when compute.dtype says so; otherwise switches autocast off.
    AutocastGuard(c10::Device device, const Compute& compute);
    ~AutocastGuard();
    AutocastGuard(const AutocastGuard&) = delete;
    AutocastGuard& operator=(const AutocastGuard&) = delete;

  private:
    c10::DeviceType device_;
    bool before_;
    c10::ScalarType dtypeBefore_;
};

// Parallel regions opened by this thread use n threads; n ≤ 0 changes nothing.
class ThreadsGuard {
  public:
    explicit ThreadsGuard(int n);
    ~ThreadsGuard();
    ThreadsGuard(const ThreadsGuard&) = delete;
    ThreadsGuard& operator=(const ThreadsGuard&) = delete;

  private:
    int before_;
};

// No gradients inside.
using NoGrad = c10::AutoGradMode;  // NoGrad off(false);

}  // namespace fovea::nn

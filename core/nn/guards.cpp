#include "nn/guards.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>

#include "nn/device.h"

namespace fovea::nn {

c10::Device torchDevice(const std::string& name) { return c10::Device(findDevice(name).name); }

AutocastGuard::AutocastGuard(c10::Device device, const Compute& compute)
    : device_(device.type()),
      before_(at::autocast::is_autocast_enabled(device_)),
      dtypeBefore_(at::autocast::get_autocast_dtype(device_)) {
    at::autocast::set_autocast_enabled(device_, compute.dtype != "float32");
    at::autocast::set_autocast_dtype(device_, compute.dtype == "float16" ? at::kHalf : at::kBFloat16);
    at::autocast::increment_nesting();
}

AutocastGuard::~AutocastGuard() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_dtype(device_, dtypeBefore_);
    at::autocast::set_autocast_enabled(device_, before_);
}

ThreadsGuard::ThreadsGuard(int n) : before_(at::get_num_threads()) {
    if (n > 0) at::set_num_threads(n);
}

ThreadsGuard::~ThreadsGuard() { at::set_num_threads(before_); }

}  // namespace fovea::nn

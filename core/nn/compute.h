#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/job.h"
#include "nn/topology.h"

namespace fovea::nn {

// How a network is run: chosen once by timing, kept in the plan, reused by resume and by runs with another seed.
// Torch-free.
struct Compute {
    std::string dtype = "float32";  // "float32", or "bfloat16", "float16" = autocast with float32 weights
    bool channelsLast = false;
    int threads = 1;  // of the calling thread's parallel regions
    friend bool operator==(const Compute&, const Compute&) = default;
};

nlohmann::json toJson(const Compute& compute);
Compute computeFromJson(const nlohmann::json& json);  // throws Error(Format)

struct TimedCompute {
    Compute compute;
    double seconds = 0;  // one step (forward, or forward + backward) with `batch` patches
};

// How a published network is run where nothing was timed: in half precision on a GPU, in float32 on a processor.
Compute computeOfPublished(const std::string& device, int threads);
// The same of an image encoder, which bears bfloat16 where a processor has it.
Compute computeOfEncoder(const std::string& device, int threads);

// Times one step of the network for each combination of precision and layout that the device has, and returns the
// fastest; float16, which needs its gradients scaled, only where bfloat16 is clearly slower. `patch` has topology.dims
// entries. `threads` = 0 means as many as the machine has. Throws Error(Memory) when no combination fits.
TimedCompute chooseCompute(const Topology& topology, const std::vector<std::int64_t>& patch, std::int64_t batch,
                           bool training, const std::string& device, int threads, Job& job);

}  // namespace fovea::nn

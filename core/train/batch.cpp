#include "train/batch.h"

#include <torch/types.h>

#include <algorithm>
#include <cstring>

#include "nn/guards.h"
#include "nn/weights.h"

namespace fovea::train {

Batch collate(const std::vector<SampleArrays>& samples, int dims, bool pinned) {
    const Index n = samples.front().target.shape();
    const std::int64_t b = std::int64_t(samples.size()), channels = std::int64_t(samples.front().channels.size());
    std::vector<std::int64_t> space =
        dims == 2 ? std::vector<std::int64_t>{n.y, n.x} : std::vector<std::int64_t>{n.z, n.y, n.x};
    std::vector<std::int64_t> flat{b}, full{b, channels};
    flat.insert(flat.end(), space.begin(), space.end());
    full.insert(full.end(), space.begin(), space.end());
    const auto fresh = [pinned](const std::vector<std::int64_t>& shape, at::ScalarType type) {
        return torch::empty(shape, at::TensorOptions(type).pinned_memory(pinned));
    };
    Batch batch{fresh(full, torch::kFloat32), fresh(flat, torch::kUInt8), fresh(flat, torch::kFloat32)};
    float* image = batch.image.data_ptr<float>();
    std::uint8_t* target = batch.target.data_ptr<std::uint8_t>();
    float* weight = batch.weight.data_ptr<float>();
    for (const SampleArrays& sample : samples) {
        for (const Volume<float>& channel : sample.channels) {
            std::memcpy(image, channel.data(), std::size_t(channel.size()) * sizeof(float));
            image += channel.size();
        }
        target = std::copy_n(sample.target.data(), sample.target.size(), target);
        std::memcpy(weight, sample.weight.data(), std::size_t(sample.weight.size()) * sizeof(float));
        weight += sample.weight.size();
    }
    return batch;
}

Batch moved(const Batch& batch, const std::string& device, const nn::Compute& compute) {
    const c10::Device to = nn::torchDevice(device);
    const auto there = [&to](const at::Tensor& tensor) { return tensor.to(to, /*non_blocking=*/true); };
    return {nn::placed(there(batch.image), compute), there(batch.target).to(torch::kInt64), there(batch.weight)};
}

}  // namespace fovea::train

#include "train/batch.h"

#include <torch/types.h>

#include <cstring>

#include "nn/guards.h"
#include "nn/weights.h"

namespace fovea::train {

Batch collate(const std::vector<SampleArrays>& samples, int dims) {
    const Index n = samples.front().target.shape();
    const std::int64_t b = std::int64_t(samples.size()), channels = std::int64_t(samples.front().channels.size());
    std::vector<std::int64_t> space =
        dims == 2 ? std::vector<std::int64_t>{n.y, n.x} : std::vector<std::int64_t>{n.z, n.y, n.x};
    std::vector<std::int64_t> flat{b}, full{b, channels};
    flat.insert(flat.end(), space.begin(), space.end());
    full.insert(full.end(), space.begin(), space.end());
    Batch batch{torch::empty(full, torch::kFloat32), torch::empty(flat, torch::kInt64),
                torch::empty(flat, torch::kFloat32)};
    float* image = batch.image.data_ptr<float>();
    std::int64_t* target = batch.target.data_ptr<std::int64_t>();
    float* weight = batch.weight.data_ptr<float>();
    for (const SampleArrays& sample : samples) {
        for (const Volume<float>& channel : sample.channels) {
            std::memcpy(image, channel.data(), std::size_t(channel.size()) * sizeof(float));
            image += channel.size();
        }
        for (std::int64_t i = 0; i < sample.target.size(); ++i) *target++ = sample.target.data()[i];
        std::memcpy(weight, sample.weight.data(), std::size_t(sample.weight.size()) * sizeof(float));
        weight += sample.weight.size();
    }
    return batch;
}

Batch moved(const Batch& batch, const std::string& device, const nn::Compute& compute) {
    const c10::Device to = nn::torchDevice(device);
    return {nn::placed(batch.image.to(to), compute), batch.target.to(to), batch.weight.to(to)};
}

}  // namespace fovea::train

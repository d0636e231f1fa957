#include "parity/torch_arrays.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "nn/device.h"
#include "nn/guards.h"
#include "parity/array_recipes.h"
#include "parity/recipes.h"

namespace fovea::parity {

namespace {

template <class T>
at::Tensor copied(const std::vector<T>& values, const tensorfile::Shape& shape) {
    return torch::tensor(at::ArrayRef<T>(values), torch::CppTypeToScalarType<T>::value).view(shape);
}

template <class T>
tensorfile::Tensor stored(const at::Tensor& tensor) {
    const at::Tensor plain = tensor.detach().to(torch::kCPU, torch::CppTypeToScalarType<T>::value).contiguous();
    const T* values = plain.data_ptr<T>();
    return tensorfile::Tensor::from(tensor.sizes().vec(), std::vector<T>(values, values + plain.numel()));
}

void fillHashed(at::Tensor tensor, const std::string& name, std::uint64_t key) {
    std::vector<double> values(std::size_t(tensor.numel()));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double r = u(key, i);
        values[i] = tensor.dim() > 1           ? r * std::sqrt(3.0 * double(tensor.size(0)) / double(tensor.numel()))
                    : name.ends_with("weight") ? 1 + 0.25 * r
                                               : 0.1 * r;
    }
    tensor.copy_(copied(values, tensor.sizes().vec()));
}

}  // namespace

c10::Device deviceOf(const GoldenCase& golden) { return nn::torchDevice(golden.device); }

std::string chosenDevice(const std::string& wanted) {
    const std::string name = nn::findDevice(wanted).name;
    at::globalContext().setAllowTF32CuDNN(false);
    return name;
}

at::Tensor toTorch(const tensorfile::Tensor& array) {
    return array.type <= tensorfile::ElementType::I64 ? copied(array.toInt(), array.shape)
                                                      : copied(array.toFloat(), array.shape);
}

tensorfile::Tensor fromTorch(const at::Tensor& tensor) {
    if (!tensor.is_floating_point()) return stored<std::int64_t>(tensor);
    return tensor.scalar_type() == torch::kFloat64 ? stored<double>(tensor) : stored<float>(tensor);
}

at::Tensor madeTensor(const GoldenCase& golden, const json& recipe) {
    return toTorch(makeArray(golden, recipe)).to(deviceOf(golden));
}

nn::UNet hashedNetwork(const json& config, const json& weights) {
    if (member(weights, "recipe") != "hash")
        throw Error(ErrorKind::Format, {"unknown weights {recipe}", {{"recipe", weights.dump()}}});
    nn::UNet unet(nn::topologyFromArchitecture(member(config, "architecture"),
                                               wholeNumber(member(config, "input_channels")),
                                               wholeNumber(member(config, "output_channels"))));
    nn::State state = nn::stateOf(*unet);
    std::sort(state.begin(), state.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const torch::NoGradGuard off;
    std::uint64_t key = std::uint64_t(wholeNumber(member(weights, "key_base")));
    for (auto& [name, tensor] : state) fillHashed(tensor, name, key++);
    return unet;
}

}  // namespace fovea::parity

#include "parity/model_torch.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "base/hash.h"
#include "parity/model_inputs.h"
#include "parity/recipes.h"
#include "parity/torch_arrays.h"

namespace fovea::parity {

namespace {

using tensorfile::ElementType;

at::Tensor hashed(const std::string& name, const at::Tensor& like, std::uint64_t key) {
    at::Tensor tensor = torch::zeros(like.sizes(), like.is_floating_point() ? torch::kFloat32 : like.scalar_type());
    if (!like.is_floating_point()) return tensor;
    const auto n = std::uint64_t(tensor.numel());
    const bool about1 = name.ends_with("running_var") || (tensor.dim() == 1 && name.ends_with("weight"));
    const double scale = about1 ? 0.25 : tensor.dim() <= 1 ? 0.1 : std::sqrt(3.0 * double(tensor.size(0)) / double(n));
    auto* values = tensor.data_ptr<float>();
    for (std::uint64_t i = 0; i < n; ++i) values[i] = float((about1 ? 1 : 0) + scale * u(key, i));
    return tensor;
}

void check(const json& stated, const nn::State& state, bool withSum) {
    std::int64_t elements = 0;
    double sum = 0;
    std::string names;
    for (const auto& [name, tensor] : state) {
        elements += tensor.numel();
        sum += tensor.to(torch::kFloat64).sum().item<double>();
        names += (names.empty() ? "" : "\n") + name;
    }
    const json own = {{"count", state.size()}, {"elements", elements}, {"names_sha256", sha256(names)}};
    for (const auto& [key, value] : own.items())
        if (member(stated, key.c_str()) != value)
            throw Error(ErrorKind::Format, {"the network has {key} {own}, the case {stated}",
                                            {{"key", key}, {"own", value.dump()}, {"stated", stated[key].dump()}}});
    const double want = realNumber(member(stated, "sum"));
    if (withSum && std::abs(sum - want) > 1e-9 * double(elements))
        throw Error(ErrorKind::Format, {"the weights sum to {own}, not {stated}",
                                        {{"own", std::to_string(sum)}, {"stated", std::to_string(want)}}});
}

}  // namespace

c10::ScalarType precisionOf(const GoldenCase& golden) {
    return golden.precision == "f64" ? torch::kFloat64 : torch::kFloat32;
}

at::Tensor sameTorch(const tensorfile::Tensor& array) {
    const auto copied = [&](c10::ScalarType type) {
        at::Tensor tensor = torch::empty(array.shape, type);
        if (!array.bytes.empty()) std::memcpy(tensor.data_ptr(), array.bytes.data(), array.bytes.size());
        return tensor;
    };
    switch (array.type) {
        case ElementType::F32:
            return copied(torch::kFloat32);
        case ElementType::F64:
            return copied(torch::kFloat64);
        case ElementType::I64:
            return copied(torch::kInt64);
        case ElementType::I32:
            return copied(torch::kInt32);
        case ElementType::U8:
            return copied(torch::kUInt8);
        default:
            throw Error(ErrorKind::Format, {"an array of {type}", {{"type", tensorfile::name(array.type)}}});
    }
}

at::Tensor modelInput(const GoldenCase& golden, const char* name) {
    const at::Tensor array = sameTorch(modelArray(golden, golden.input(name)));
    return (array.is_floating_point() ? array.to(precisionOf(golden)) : array).to(deviceOf(golden));
}

nn::State hashedState(const GoldenCase& golden, nn::State like, const std::set<std::string>& kept) {
    const json& weights = member(golden.entry, "weights");
    if (member(weights, "recipe") != "hash/1")
        throw Error(ErrorKind::Format, {"unknown weights {recipe}", {{"recipe", weights["recipe"].dump()}}});
    std::sort(like.begin(), like.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const json overridden = weights.value("override", json::object());
    std::uint64_t key = 0;
    for (auto& [name, tensor] : like) {
        const std::uint64_t own = key++;
        if (kept.contains(name)) continue;
        tensor =
            overridden.contains(name) ? sameTorch(modelArray(golden, overridden[name])) : hashed(name, tensor, own);
    }
    check(weights, like, overridden.empty());
    return like;
}

void hashWeights(const GoldenCase& golden, torch::nn::Module& module, const std::set<std::string>& kept) {
    const torch::NoGradGuard off;
    nn::State own = nn::stateOf(module);
    const nn::State values = hashedState(golden, own, kept);
    std::sort(own.begin(), own.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < own.size(); ++i) own[i].second.copy_(values[i].second);
    module.to(deviceOf(golden), precisionOf(golden));
    module.eval();
}

}  // namespace fovea::parity

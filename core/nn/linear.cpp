#include "nn/linear.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

#include <optional>
#include <vector>

namespace fovea::nn {

namespace {

// ATen's operator on oneDNN: x·Wᵀ + b and what follows, by name.
using OnednnLinear = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                                std::string_view, c10::List<std::optional<at::Scalar>>,
                                std::optional<std::string_view>);

// Weights as it wants them for so many rows.
using OnednnReorder = at::Tensor(const at::Tensor&, std::optional<c10::SymInt>);

template <class Signature>
std::optional<c10::TypedOperatorHandle<Signature>> operatorNamed(const char* name) {
    const auto handle = c10::Dispatcher::singleton().findSchema({name, ""});
    if (!handle || !handle->hasKernelForDispatchKey(c10::DispatchKey::CPU)) return std::nullopt;
    return handle->typed<Signature>();
}

// Null in builds of LibTorch without oneDNN.
const c10::TypedOperatorHandle<OnednnLinear>* onednnLinear() {
    static const auto found = operatorNamed<OnednnLinear>("mkldnn::_linear_pointwise");
    return found ? &*found : nullptr;
}
const c10::TypedOperatorHandle<OnednnReorder>* onednnReorder() {
    static const auto found = operatorNamed<OnednnReorder>("mkldnn::_reorder_linear_weight");
    return found ? &*found : nullptr;
}

constexpr std::int64_t fewRows = 64;  // from here on the product outweighs what a call of oneDNN costs

bool suits(const torch::Tensor& x, const torch::Tensor& weight) {
    return x.is_cpu() && x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat && x.dim() > 1 &&
           x.size(-1) == weight.size(1) && x.numel() >= fewRows * x.size(-1) &&
           !(c10::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad())) &&
           !at::autocast::is_autocast_enabled(at::kCPU) && onednnLinear();
}

torch::Tensor compute(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                      std::string_view after) {
    return onednnLinear()->call(x.contiguous(), weight, bias.defined() ? std::optional(bias) : std::nullopt, after,
                                c10::List<std::optional<at::Scalar>>(), "none");
}

}  // namespace

torch::Tensor affine(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias) {
    return suits(x, weight) ? compute(x, weight, bias, "none") : at::linear(x, weight, bias);
}

torch::Tensor affineGelu(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias) {
    return suits(x, weight) ? compute(x, weight, bias, "gelu") : at::gelu(affine(x, weight, bias));
}

torch::Tensor affineEach(const torch::Tensor& x, const torch::Tensor& weights) {
    if (x.size(0) == 0 || !suits(x[0], weights[0])) return at::matmul(x, weights.transpose(1, 2));
    std::vector<torch::Tensor> products;
    for (std::int64_t i = 0; i < x.size(0); ++i) products.push_back(compute(x[i], weights[i], {}, "none"));
    return at::stack(products);
}

torch::Tensor forProducts(const torch::Tensor& x) {
    const c10::DeviceType device = x.device().type();
    return at::autocast::is_autocast_enabled(device) ? x.to(at::autocast::get_autocast_dtype(device)) : x;
}

torch::Tensor LinearImpl::forward(const torch::Tensor& x) {
    return packed_.defined() ? computePacked(x, "none") : affine(x, weight, bias);
}

torch::Tensor LinearImpl::gelu(const torch::Tensor& x) {
    return packed_.defined() ? computePacked(x, "gelu") : affineGelu(x, weight, bias);
}

torch::Tensor LinearImpl::computePacked(const torch::Tensor& x, std::string_view after) {
    return compute(x.to(packedType_), packed_, bias, after);
}

void LinearImpl::pack(at::ScalarType type) {
    if (!weight.is_cpu() || !onednnLinear() || !onednnReorder()) return;
    const c10::AutoGradMode off(false);
    packedType_ = type;
    packed_ = onednnReorder()->call(weight.to(type), std::nullopt);
    if (bias.defined()) bias.set_data(bias.to(type));
    weight.set_data(at::empty({0}, weight.options()));
}

void packLinears(torch::nn::Module& module, at::ScalarType type) {
    module.apply([type](torch::nn::Module& part) {
        if (auto* linear = part.as<LinearImpl>()) linear->pack(type);
    });
}

}  // namespace fovea::nn

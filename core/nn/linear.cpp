#include "nn/linear.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <c10/core/GradMode.h>

#include <optional>

namespace fovea::nn {

namespace {

// ATen's operator on oneDNN: x·Wᵀ + b and what follows, by name.
using OnednnLinear = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                                std::string_view, c10::List<std::optional<at::Scalar>>,
                                std::optional<std::string_view>);

// Null in builds of LibTorch without oneDNN.
const c10::TypedOperatorHandle<OnednnLinear>* onednnLinear() {
    static const auto found = []() -> std::optional<c10::TypedOperatorHandle<OnednnLinear>> {
        const auto handle = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
        if (!handle || !handle->hasKernelForDispatchKey(c10::DispatchKey::CPU)) return std::nullopt;
        return handle->typed<OnednnLinear>();
    }();
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

torch::Tensor LinearImpl::forward(const torch::Tensor& x) { return affine(x, weight, bias); }

torch::Tensor LinearImpl::gelu(const torch::Tensor& x) { return affineGelu(x, weight, bias); }

}  // namespace fovea::nn

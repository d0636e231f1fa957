#include "train/optimizer.h"

#include <torch/torch.h>

#include <map>

namespace fovea::train {

namespace {

// The fused steps walk through memory: all tensors of a parameter must lie as it does.
at::Tensor likeLaidOut(const at::Tensor& tensor, const at::Tensor& like) {
    return tensor.strides() == like.strides() ? tensor : torch::empty_like(like).copy_(tensor);
}

}  // namespace

Optimizer::Optimizer(Named parameters, OptimizerOptions options)
    : parameters_(std::move(parameters)), options_(options), first_(parameters_.size()), second_(parameters_.size()) {}

void Optimizer::zeroGrad() {
    for (auto& [name, p] : parameters_) p.mutable_grad() = at::Tensor();
}

std::vector<at::Tensor> Optimizer::gradients() const {
    std::vector<at::Tensor> all;
    for (const auto& [name, p] : parameters_)
        if (p.grad().defined()) all.push_back(p.grad());
    return all;
}

at::Tensor Optimizer::clip(double most, double scale) {
    const torch::NoGradGuard off;
    const std::vector<at::Tensor> all = gradients();
    if (all.empty()) return torch::zeros({});
    const at::Tensor norm = torch::stack(at::_foreach_norm(all, 2)).norm(2) / scale;
    const at::Tensor factor = (most / (norm + 1e-6)).clamp_max(1) / scale;
    // Asking a GPU whether there is anything to do takes longer than doing it.
    if (norm.is_cpu() && factor.item<double>() == 1) return norm;
    at::_foreach_mul_(all, factor);
    return norm;
}

void Optimizer::step(double learningRate) {
    const torch::NoGradGuard off;
    ++steps_;
    // Apart: matrices and vectors where only the former decay, and those that move for the first time.
    for (const bool matrices : {true, false})
        for (const bool moved : {true, false}) stepSome(learningRate, matrices, moved);
}

void Optimizer::stepSome(double learningRate, bool matrices, bool moved) {
    const bool sgd = options_.method == Method::Sgd;
    std::vector<at::Tensor> parameters, gradients, first, second;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const at::Tensor& p = parameters_[i].second;
        if (!p.grad().defined() || (p.dim() > 1) != matrices || first_[i].defined() != moved) continue;
        if (!moved) first_[i] = torch::zeros_like(p);
        if (!moved && !sgd) second_[i] = torch::zeros_like(p);
        parameters.push_back(p);
        gradients.push_back(likeLaidOut(p.grad(), p));
        first.push_back(first_[i]);
        if (!sgd) second.push_back(second_[i]);
    }
    if (parameters.empty()) return;
    const double decay = options_.decayVectors || matrices ? options_.weightDecay : 0;
    if (sgd) {
        at::_fused_sgd_(parameters, gradients, first, decay, options_.momentum, learningRate, /*dampening=*/0,
                        /*nesterov=*/true, /*maximize=*/false, /*is_first_step=*/!moved);
        return;
    }
    const at::Tensor taken = torch::full({}, double(steps_), parameters.front().options().dtype(torch::kFloat32));
    at::_fused_adamw_(parameters, gradients, first, second, {}, std::vector(parameters.size(), taken), learningRate,
                      options_.beta1, options_.beta2, decay, options_.epsilon, /*amsgrad=*/false, /*maximize=*/false);
}

Optimizer::Named Optimizer::state() const {
    Named state;
    const bool sgd = options_.method == Method::Sgd;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const std::string& name = parameters_[i].first;
        if (first_[i].defined()) state.emplace_back(name + (sgd ? ".momentum" : ".mean"), first_[i]);
        if (second_[i].defined()) state.emplace_back(name + ".square", second_[i]);
    }
    return state;
}

void Optimizer::restore(const Named& state, std::int64_t steps) {
    const std::map<std::string, at::Tensor> byName(state.begin(), state.end());
    const auto find = [&](const std::string& name, const at::Tensor& like) {
        const auto at = byName.find(name);
        return at == byName.end() ? at::Tensor() : torch::empty_like(like).copy_(at->second);
    };
    const bool sgd = options_.method == Method::Sgd;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const auto& [name, p] = parameters_[i];
        first_[i] = find(name + (sgd ? ".momentum" : ".mean"), p);
        second_[i] = sgd ? at::Tensor() : find(name + ".square", p);
    }
    steps_ = steps;
}

}  // namespace fovea::train

#include "train/optimizer.h"

#include <torch/torch.h>

#include <cmath>
#include <map>

namespace fovea::train {

Optimizer::Optimizer(Named parameters, OptimizerOptions options)
    : parameters_(std::move(parameters)), options_(options), first_(parameters_.size()), second_(parameters_.size()) {}

void Optimizer::zeroGrad() {
    for (auto& [name, p] : parameters_) p.mutable_grad() = at::Tensor();
}

double Optimizer::clip(double most) {
    std::vector<at::Tensor> norms;
    for (const auto& [name, p] : parameters_)
        if (p.grad().defined()) norms.push_back(p.grad().norm(2));
    if (norms.empty()) return 0;
    const double norm = torch::stack(norms).norm(2).item<double>();
    const double scale = most / (norm + 1e-6);
    if (scale < 1)
        for (auto& [name, p] : parameters_)
            if (p.grad().defined()) p.mutable_grad().mul_(scale);
    return norm;
}

void Optimizer::stepSgd(std::size_t i, double learningRate) {
    at::Tensor& p = parameters_[i].second;
    const double decay = options_.decayVectors || p.dim() > 1 ? options_.weightDecay : 0;
    const at::Tensor grad = decay != 0 ? p.grad().add(p, decay) : p.grad();
    if (!first_[i].defined())
        first_[i] = grad.clone();
    else
        first_[i].mul_(options_.momentum).add_(grad);
    p.add_(grad.add(first_[i], options_.momentum), -learningRate);
}

void Optimizer::stepAdam(std::size_t i, double learningRate) {
    at::Tensor& p = parameters_[i].second;
    const at::Tensor grad = p.grad();
    if (!first_[i].defined()) first_[i] = torch::zeros_like(p), second_[i] = torch::zeros_like(p);
    if (options_.decayVectors || p.dim() > 1) p.mul_(1 - learningRate * options_.weightDecay);
    first_[i].mul_(options_.beta1).add_(grad, 1 - options_.beta1);
    second_[i].mul_(options_.beta2).addcmul_(grad, grad, 1 - options_.beta2);
    const double t = double(steps_);
    const double scale1 = 1 - std::pow(options_.beta1, t), scale2 = std::sqrt(1 - std::pow(options_.beta2, t));
    p.addcdiv_(first_[i], second_[i].sqrt().div_(scale2).add_(options_.epsilon), -learningRate / scale1);
}

void Optimizer::step(double learningRate) {
    const torch::NoGradGuard off;
    ++steps_;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        if (!parameters_[i].second.grad().defined()) continue;
        options_.method == Method::Sgd ? stepSgd(i, learningRate) : stepAdam(i, learningRate);
    }
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
        return at == byName.end() ? at::Tensor() : at->second.to(like.device()).clone();
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

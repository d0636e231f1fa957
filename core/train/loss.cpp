#include "train/loss.h"

#include <torch/torch.h>

#include <cmath>
#include <numeric>

namespace fovea::train {

namespace {

constexpr double smooth = 1e-5, least = 1e-8;

// Nearest-exact to the size of `like` (its axes from 2 on). source (B, …).
at::Tensor resized(const at::Tensor& source, const at::Tensor& like) {
    if (source.sizes().slice(1) == like.sizes().slice(2)) return source;
    at::Tensor result = source;
    for (std::int64_t axis = 1; axis < source.dim(); ++axis) {
        const std::int64_t from = source.size(axis), to = like.size(axis + 1);
        std::vector<std::int64_t> index(to);
        for (std::int64_t i = 0; i < to; ++i)
            index[i] = std::min(from - 1, std::int64_t((double(i) + 0.5) * double(from) / double(to)));
        result = result.index_select(axis, torch::tensor(index, torch::kInt64).to(source.device()));
    }
    return result;
}

std::vector<std::int64_t> spatialAxes(const at::Tensor& x, bool batch) {
    std::vector<std::int64_t> axes(x.dim() - 2);
    std::iota(axes.begin(), axes.end(), 2);
    if (batch) axes.insert(axes.begin(), 0);
    return axes;
}

at::Tensor diceTerm(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight, bool batchDice) {
    const at::Tensor probability = logits.softmax(1);
    at::Tensor truth = torch::zeros_like(probability).scatter_(1, target.unsqueeze(1), 1);
    const at::Tensor w = weight.defined() ? weight.unsqueeze(1).to(logits.scalar_type()) : at::Tensor();
    if (w.defined()) truth = truth * w;
    const std::vector<std::int64_t> axes = spatialAxes(logits, batchDice);
    const at::Tensor shared = (probability * truth).sum(axes);
    const at::Tensor predicted = (w.defined() ? probability * w : probability).sum(axes), present = truth.sum(axes);
    const at::Tensor dice = (2 * shared + smooth) / (present + predicted + smooth).clamp_min(least);
    const at::Tensor foreground = dice.slice(-1, 1).mean(-1);  // (B) or scalar
    if (!w.defined()) return -foreground.mean();
    // Dice is a ratio: half-believed voxels would count in full. Scaled by the mean certainty of what is known.
    const at::Tensor sum = w.sum(axes).squeeze(-1), known = (w > 0).sum(axes).squeeze(-1).to(w.scalar_type());
    const at::Tensor certainty = torch::where(known > 0, sum / known.clamp_min(1), torch::ones_like(sum));
    return -(foreground * certainty).mean();
}

at::Tensor crossEntropyTerm(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight) {
    if (!weight.defined()) return torch::nn::functional::cross_entropy(logits, target);
    using torch::nn::functional::CrossEntropyFuncOptions;
    const at::Tensor each =
        torch::nn::functional::cross_entropy(logits, target, CrossEntropyFuncOptions().reduction(torch::kNone));
    const at::Tensor w = weight.to(logits.scalar_type());
    return (each * w).sum() / (w > 0).sum().to(w.scalar_type()).clamp_min(1);
}

}  // namespace

at::Tensor diceCeLoss(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight,
                      const LossOptions& options) {
    const at::Tensor x = logits.scalar_type() == torch::kFloat64 ? logits : logits.to(torch::kFloat32);
    return crossEntropyTerm(x, target, weight) + diceTerm(x, target, weight, options.batchDice);
}

std::vector<double> deepSupervisionWeights(std::size_t stages) {
    const std::size_t heads = stages > 1 ? stages - 1 : 1;
    std::vector<double> weights(heads);
    for (std::size_t h = 0; h < heads; ++h) weights[h] = std::ldexp(1.0, -int(h));
    if (heads > 1) weights.back() = 0;
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (double& w : weights) w /= sum;
    return weights;
}

std::vector<std::vector<double>> deepSupervisionScales(const std::vector<std::vector<std::int64_t>>& strides) {
    std::vector<std::vector<double>> scales;
    std::vector<double> scale(strides.empty() ? 0 : strides[0].size(), 1.0);
    for (std::size_t s = 0; s + 1 < strides.size(); ++s) {
        for (std::size_t a = 0; a < scale.size(); ++a) scale[a] /= double(strides[s][a]);
        scales.push_back(scale);
    }
    return scales;
}

at::Tensor deepSupervisionLoss(const std::vector<at::Tensor>& heads, const at::Tensor& target, const at::Tensor& weight,
                               const std::vector<double>& headWeights, const LossOptions& options) {
    at::Tensor total;
    for (std::size_t h = 0; h < heads.size() && h < headWeights.size(); ++h) {
        if (headWeights[h] == 0) continue;
        const at::Tensor w = weight.defined() ? resized(weight, heads[h]) : weight;
        const at::Tensor loss = headWeights[h] * diceCeLoss(heads[h], resized(target, heads[h]), w, options);
        total = total.defined() ? total + loss : loss;
    }
    return total;
}

at::Tensor withoutDoubted(const at::Tensor& weight, const at::Tensor& logits, const at::Tensor& target, double sure) {
    const torch::NoGradGuard off;
    const at::Tensor own = logits.detach().to(torch::kFloat32).softmax(1).gather(1, target.unsqueeze(1)).squeeze(1);
    return weight.masked_fill((weight < 1).logical_and(own < sure), 0);
}

at::Tensor countsPerClass(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight) {
    const std::int64_t classes = logits.size(1);
    const at::Tensor known = weight.defined() ? weight > 0 : torch::ones_like(target, torch::kBool);
    const at::Tensor predicted = logits.argmax(1).masked_select(known), truth = target.masked_select(known);
    const at::Tensor pairs =
        torch::bincount(truth * classes + predicted, {}, classes * classes).view({classes, classes});
    const at::Tensor tp = pairs.diagonal();
    return torch::stack({tp, pairs.sum(0) - tp, pairs.sum(1) - tp}, 1);
}

double polyLearningRate(double initial, std::int64_t step, std::int64_t steps, double exponent) {
    return initial * std::pow(1 - double(step) / double(steps), exponent);
}

}  // namespace fovea::train

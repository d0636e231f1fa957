#include "train/loss.h"

#include <torch/torch.h>

#include <cmath>
#include <numeric>

namespace fovea::train {

namespace {

constexpr double smooth = 1e-5, least = 1e-8;

// nearestExact(), where the labels lie: nobody waits for a copy.
at::Tensor nearest(std::int64_t from, std::int64_t to, c10::Device device) {
    const double ratio = float(from) / float(to);
    const at::Tensor middles = torch::arange(to, at::TensorOptions(torch::kFloat64).device(device)) + 0.5;
    return (middles * ratio).to(torch::kFloat32).to(torch::kInt64).clamp_max(from - 1);
}

// Nearest-exact to the spatial size (the axes from 2 on) of `like`. source (B, …) or (B, K, …).
at::Tensor resized(const at::Tensor& source, const at::Tensor& like) {
    const std::int64_t shift = like.dim() - source.dim();
    at::Tensor result = source;
    for (std::int64_t axis = 2; axis < like.dim(); ++axis) {
        const std::int64_t from = source.size(axis - shift), to = like.size(axis);
        if (from == to) continue;
        result = result.index_select(axis - shift, nearest(from, to, source.device()));
    }
    return result;
}

at::Tensor single(const at::Tensor& logits) {
    return logits.scalar_type() == torch::kFloat64 ? logits : logits.to(torch::kFloat32);
}

at::Tensor oneHot(const at::Tensor& target, const at::Tensor& like) {
    return torch::zeros_like(like).scatter_(1, target.unsqueeze(1), 1);
}

std::vector<std::int64_t> spatialAxes(const at::Tensor& x, bool batch) {
    std::vector<std::int64_t> axes(x.dim() - 2);
    std::iota(axes.begin(), axes.end(), 2);
    if (batch) axes.insert(axes.begin(), 0);
    return axes;
}

// probability, truth (B, K, …); the mean over channels from `first` on.
at::Tensor diceTerm(const at::Tensor& probability, at::Tensor truth, const at::Tensor& weight, std::int64_t first,
                    bool batchDice) {
    const at::Tensor w = weight.defined() ? weight.unsqueeze(1).to(probability.scalar_type()) : at::Tensor();
    if (w.defined()) truth = truth * w;
    const std::vector<std::int64_t> axes = spatialAxes(probability, batchDice);
    const at::Tensor shared = (probability * truth).sum(axes);
    const at::Tensor predicted = (w.defined() ? probability * w : probability).sum(axes), present = truth.sum(axes);
    const at::Tensor dice = (2 * shared + smooth) / (present + predicted + smooth).clamp_min(least);
    const at::Tensor foreground = dice.slice(-1, first).mean(-1);  // (B) or scalar
    if (!w.defined()) return -foreground.mean();
    // Dice is a ratio: half-believed voxels would count in full. Scaled by the mean certainty of what is known.
    const at::Tensor sum = w.sum(axes).squeeze(-1), known = (w > 0).sum(axes).squeeze(-1).to(w.scalar_type());
    const at::Tensor certainty = torch::where(known > 0, sum / known.clamp_min(1), torch::ones_like(sum));
    return -(foreground * certainty).mean();
}

// Sum of `each` × weight over the number of voxels that are known; each (B, …) or (B, K, …).
at::Tensor meanOverKnown(const at::Tensor& each, const at::Tensor& weight) {
    const at::Tensor w = weight.to(each.scalar_type());
    const at::Tensor sum = each.dim() > w.dim() ? (each * w.unsqueeze(1)).sum() : (each * w).sum();
    return sum / (w > 0).sum().to(w.scalar_type()).clamp_min(1);
}

at::Tensor crossEntropyTerm(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight) {
    if (!weight.defined()) return torch::nn::functional::cross_entropy(logits, target);
    using torch::nn::functional::CrossEntropyFuncOptions;
    return meanOverKnown(
        torch::nn::functional::cross_entropy(logits, target, CrossEntropyFuncOptions().reduction(torch::kNone)),
        weight);
}

at::Tensor binaryTerm(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight) {
    if (!weight.defined()) return torch::binary_cross_entropy_with_logits(logits, target);
    return meanOverKnown(torch::binary_cross_entropy_with_logits(logits, target, {}, {}, at::Reduction::None), weight);
}

std::vector<ClassCounts> listed(const at::Tensor& tp, const at::Tensor& fp, const at::Tensor& fn) {
    const at::Tensor all = torch::stack({tp, fp, fn}, 1).to(torch::kCPU, torch::kFloat64).contiguous();
    std::vector<ClassCounts> counts;
    const double* row = all.data_ptr<double>();
    for (std::int64_t k = 0; k < all.size(0); ++k, row += 3) counts.push_back({row[0], row[1], row[2]});
    return counts;
}

}  // namespace

at::Tensor diceCeLoss(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight,
                      const LossOptions& options) {
    const at::Tensor x = single(logits);
    return crossEntropyTerm(x, target, weight) +
           diceTerm(x.softmax(1), oneHot(target, x), weight, 1, options.batchDice);
}

at::Tensor diceBceLoss(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight,
                       const LossOptions& options) {
    const at::Tensor x = single(logits), truth = target.to(x.scalar_type());
    return binaryTerm(x, truth, weight) + diceTerm(x.sigmoid(), truth, weight, 0, options.batchDice);
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

std::vector<at::Tensor> atHeads(const at::Tensor& full, const std::vector<at::Tensor>& heads) {
    std::vector<at::Tensor> result;
    for (const at::Tensor& head : heads) result.push_back(full.defined() ? resized(full, head) : full);
    return result;
}

at::Tensor deepSupervisionLoss(const std::vector<at::Tensor>& heads, const std::vector<at::Tensor>& targets,
                               const std::vector<at::Tensor>& weights, const std::vector<double>& headWeights,
                               const LossOptions& options) {
    at::Tensor total;
    for (std::size_t h = 0; h < heads.size() && h < headWeights.size(); ++h) {
        if (headWeights[h] == 0) continue;
        const at::Tensor w = weights.empty() ? at::Tensor() : weights[h];
        const auto lossOf = options.regions ? diceBceLoss : diceCeLoss;
        const at::Tensor loss = headWeights[h] * lossOf(heads[h], targets[h], w, options);
        total = total.defined() ? total + loss : loss;
    }
    return total;
}

at::Tensor withoutDoubted(const at::Tensor& weight, const at::Tensor& logits, const at::Tensor& target, double sure) {
    const torch::NoGradGuard off;
    const at::Tensor own = logits.detach().to(torch::kFloat32).softmax(1).gather(1, target.unsqueeze(1)).squeeze(1);
    return weight.masked_fill((weight < 1).logical_and(own < sure), 0);
}

std::vector<ClassCounts> countsPerClass(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight) {
    const std::int64_t classes = logits.size(1);
    const at::Tensor known = weight.defined() ? weight > 0 : torch::ones_like(target, torch::kBool);
    const at::Tensor predicted = logits.argmax(1).masked_select(known), truth = target.masked_select(known);
    const at::Tensor pairs =
        torch::bincount(truth * classes + predicted, {}, classes * classes).view({classes, classes});
    const at::Tensor tp = pairs.diagonal();
    return listed(tp, pairs.sum(0) - tp, pairs.sum(1) - tp);
}

std::vector<ClassCounts> countsPerRegion(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight) {
    const at::Tensor known = weight.defined() ? (weight > 0).unsqueeze(1) : torch::ones({1}, torch::kBool);
    const at::Tensor predicted = (single(logits).sigmoid() > 0.5).logical_and(known.to(logits.device()));
    const at::Tensor truth = target.to(torch::kBool).logical_and(known.to(logits.device()));
    const auto count = [&](const at::Tensor& which) { return which.sum(spatialAxes(logits, true)); };
    const at::Tensor tp = count(predicted.logical_and(truth));
    return listed(tp, count(predicted) - tp, count(truth) - tp);
}

double polyLearningRate(double initial, std::int64_t step, std::int64_t steps, double exponent) {
    return initial * std::pow(1 - double(step) / double(steps), exponent);
}

}  // namespace fovea::train

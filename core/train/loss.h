#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "train/scores.h"

// nnU-Net's loss and schedules (spec sections 4.5 to 4.7), reading a certainty per voxel.
namespace fovea::train {

struct LossOptions {
    bool batchDice = true;  // Dice sums over the batch before the ratio, else per sample
    bool regions = false;   // overlapping regions with a sigmoid each; else classes with one softmax
};

// Softmax cross-entropy plus soft Dice of the foreground classes. logits (B, K, …) any float type, target (B, …) int64
// in [0, K), weight (B, …) float32 in 0…1: 0 = ignored, 1 = nnU-Net's loss, between = counts that much less; undefined
// = all 1. Everything ignored gives a Dice term without gradient; logits that are no number give a loss that is none,
// which runLoop() refuses. Scalar float32 (float64 for float64 logits).
at::Tensor diceCeLoss(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight,
                      const LossOptions& options);
// Binary cross-entropy plus soft Dice of all regions. target (B, K, …) 0 and 1, any type; weight as above. As nnU-Net,
// the cross-entropy is a mean over voxels and regions without weights and, with them, a sum over regions of means over
// what is known.
at::Tensor diceBceLoss(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight,
                       const LossOptions& options);

// Per head (stages − 1 of them, full resolution first): 1, ½, ¼, …, the last 0, normalised to sum 1. One head: 1.
std::vector<double> deepSupervisionWeights(std::size_t stages);
// Size of each head relative to the patch: 1 / cumulative product of the strides of stages 0 … S−2.
std::vector<std::vector<double>> deepSupervisionScales(const std::vector<std::vector<std::int64_t>>& strides);

// `full` (targets or weights at full resolution) for each head, by nearest-exact; undefined stays undefined.
std::vector<at::Tensor> atHeads(const at::Tensor& full, const std::vector<at::Tensor>& heads);
// Sum over the heads of head weight × loss; targets and weights (or none at all) one per head. A head with weight 0 is
// left out altogether, so that its parameters get no gradient. Undefined when all are.
at::Tensor deepSupervisionLoss(const std::vector<at::Tensor>& heads, const std::vector<at::Tensor>& targets,
                               const std::vector<at::Tensor>& weights, const std::vector<double>& headWeights,
                               const LossOptions& options);

// `weight` without the voxels that are only believed (weight below 1) and that the network is sure are of another class
// (their own has less than `sure` left): pseudo-labels miss objects, and what a person taught tells where. After hard
// bootstrapping (Reed et al., 2015, arXiv 1412.6596, section 3.2), with doubt in place of the network's own answer.
at::Tensor withoutDoubted(const at::Tensor& weight, const at::Tensor& logits, const at::Tensor& target,
                          double sure = 0.3);

// True and false positives and false negatives per class from argmax; voxels with weight 0 are left out. Waits for the
// device.
std::vector<ClassCounts> countsPerClass(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight);
// The same per region, from probabilities above ½; target as for diceBceLoss().
std::vector<ClassCounts> countsPerRegion(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight);

// initial · (1 − step / steps)^exponent
double polyLearningRate(double initial, std::int64_t step, std::int64_t steps, double exponent = 0.9);

}  // namespace fovea::train

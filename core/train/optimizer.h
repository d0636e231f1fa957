#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fovea::train {

enum class Method { Sgd, AdamW };

struct OptimizerOptions {
    Method method = Method::AdamW;
    double weightDecay = 1e-2;  // SGD: added to the gradient; AdamW: decoupled
    double momentum = 0.99;     // SGD, Nesterov
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
    bool decayVectors = true;  // false: none on tensors of one dimension (MAE's recipe)
};

// SGD with Nesterov momentum as torch has it (nnU-Net's), and AdamW (Loshchilov, Hutter 2019), by ATen's fused steps:
// one walk through memory. Its whole state is a list of named tensors and a resumed run continues bit by bit. A
// parameter without gradient is skipped: no decay, no momentum.
class Optimizer {
  public:
    using Named = std::vector<std::pair<std::string, at::Tensor>>;

    Optimizer(Named parameters, OptimizerOptions options);

    void zeroGrad();
    // Divides all gradients by `scale`, that of the loss they are of, and scales them so that their common L2 norm is
    // at most `most` (infinity: whatever it is). Returns the norm before, a scalar on the device, so that nobody waits.
    at::Tensor clip(double most, double scale = 1);
    void step(double learningRate);

    // "<name>.momentum", "<name>.mean", "<name>.square" of the parameters that have moved; sharing storage.
    Named state() const;
    // From state() of an equal network; `steps` = number of steps taken before.
    void restore(const Named& state, std::int64_t steps);
    std::int64_t steps() const { return steps_; }

  private:
    std::vector<at::Tensor> gradients() const;
    void stepSome(double learningRate, bool matrices, bool moved);

    Named parameters_;
    OptimizerOptions options_;
    std::vector<at::Tensor> first_, second_;  // undefined until the first step; second_ for AdamW alone
    std::int64_t steps_ = 0;
};

}  // namespace fovea::train

#include "train/optimizer.h"

#include <torch/torch.h>

#include <limits>

#include "nn/torch_test.h"
#include "train/loss_scale.h"

using namespace fovea;
using namespace fovea::test;
using namespace fovea::train;

namespace {

void adamLikeTorch() {
    torch::manual_seed(3);
    torch::Tensor mine = torch::randn({4, 3}).requires_grad_(), theirs = mine.detach().clone().requires_grad_();
    Optimizer optimizer({{"p", mine}}, {Method::AdamW, 0.05});
    torch::optim::AdamW reference({theirs}, torch::optim::AdamWOptions(1e-2).weight_decay(0.05));
    for (int step = 0; step < 5; ++step) {
        const torch::Tensor grad = torch::randn({4, 3});
        mine.mutable_grad() = grad.clone(), theirs.mutable_grad() = grad.clone();
        optimizer.step(1e-2);
        reference.step();
    }
    CHECK(torch::allclose(mine, theirs, 1e-6, 1e-7));
}

// Weights in another layout, as networks in channels last have them, and a state that was read from a file.
void layoutChangesNothing() {
    torch::manual_seed(5);
    for (const Method method : {Method::Sgd, Method::AdamW}) {
        const torch::Tensor start = torch::randn({6, 5, 3, 3});
        torch::Tensor plain = start.clone().requires_grad_();
        torch::Tensor last = start.contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
        Optimizer one({{"p", plain}}, {method}), other({{"p", last}}, {method});
        for (int step = 0; step < 4; ++step) {
            const torch::Tensor grad = torch::randn_like(start);
            plain.mutable_grad() = grad.clone(), last.mutable_grad() = grad.clone();
            if (step == 2) {
                Optimizer::Named stored;
                for (const auto& [name, tensor] : other.state()) stored.emplace_back(name, tensor.contiguous());
                other.restore(stored, other.steps());
            }
            one.step(1e-2);
            other.step(1e-2);
        }
        CHECK(torch::allclose(plain, last, 0, 1e-7));
    }
}

void vectorsNeedNotDecay() {
    torch::Tensor matrix = torch::ones({2, 2}).requires_grad_(), vector = torch::ones({3}).requires_grad_();
    OptimizerOptions options{Method::AdamW, 0.5};
    options.decayVectors = false;
    Optimizer optimizer({{"matrix", matrix}, {"vector", vector}}, options);
    matrix.mutable_grad() = torch::zeros({2, 2}), vector.mutable_grad() = torch::zeros({3});
    optimizer.step(0.1);
    CHECK(torch::allclose(matrix, torch::full({2, 2}, 0.95)));
    CHECK(torch::equal(vector, torch::ones({3})));
}

void withoutGradientNothingMoves() {
    torch::Tensor moves = torch::ones({2, 2}).requires_grad_(), rests = torch::ones({2, 2}).requires_grad_();
    Optimizer optimizer({{"moves", moves}, {"rests", rests}}, {Method::Sgd, 0.1});
    moves.mutable_grad() = torch::ones({2, 2});
    optimizer.step(0.1);
    CHECK(torch::equal(rests, torch::ones({2, 2})) && !torch::equal(moves, rests));
    CHECK(optimizer.state().size() == 1);
    rests.mutable_grad() = torch::ones({2, 2});  // its first step is the other's second
    optimizer.step(0.1);
    CHECK(optimizer.state().size() == 2 && rests[0][0].item<double>() < 1);
}

void clipsAndUnscales() {
    torch::Tensor p = torch::zeros({2}).requires_grad_();
    Optimizer optimizer({{"p", p}}, {Method::Sgd});
    const auto clipped = [&](double most, double scale) {
        p.mutable_grad() = torch::tensor({3.0, 4.0}) * scale;
        CHECK_NEAR(optimizer.clip(most, scale).item<double>(), 5, 1e-5);
        return p.grad().norm().item<double>();
    };
    CHECK_NEAR(clipped(1, 1), 1, 1e-5);
    CHECK_NEAR(clipped(12, 1), 5, 1e-5);
    CHECK_NEAR(clipped(1, 65536), 1, 1e-5);
    CHECK_NEAR(clipped(std::numeric_limits<double>::infinity(), 65536), 5, 1e-5);
}

void scaleFollowsTheGradients() {
    LossScale scale;
    CHECK(scale.value() == 65536 && !scale.update(false) && scale.value() == 32768);
    for (int i = 0; i < 1999; ++i) CHECK(scale.update(true));
    LossScale resumed;
    resumed.restore(scale.state());
    CHECK(resumed.value() == 32768 && resumed.update(true) && resumed.value() == 65536);
}

}  // namespace

std::vector<NamedTest> fovea::test::tests() {
    return {{"AdamW like torch", adamLikeTorch},
            {"layout changes nothing", layoutChangesNothing},
            {"vectors need not decay", vectorsNeedNotDecay},
            {"without gradient nothing moves", withoutGradientNothingMoves},
            {"clips and unscales", clipsAndUnscales},
            {"scale follows the gradients", scaleFollowsTheGradients}};
}

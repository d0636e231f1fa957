// Products through oneDNN are those of ATen, whatever the shape, and gradients go through as ever.
#include <ATen/ops/allclose.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>

#include "nn/guards.h"
#include "nn/linear.h"
#include "nn/torch_test.h"

using namespace fovea;
using namespace fovea::nn;

namespace {

at::Tensor values(at::IntArrayRef shape) { return at::rand(shape) - 0.5; }

bool near(const at::Tensor& a, const at::Tensor& b) { return a.sizes() == b.sizes() && at::allclose(a, b, 1e-5, 1e-6); }

void sameAsATen() {
    const NoGrad off(false);
    for (const std::vector<std::int64_t>& shape : std::vector<std::vector<std::int64_t>>{
             {1, 24}, {63, 24}, {64, 24}, {200, 24}, {2, 100, 24}, {2, 7, 9, 24}, {0, 24}, {24}}) {
        const at::Tensor x = values(shape), weight = values({10, 24}), bias = values({10});
        CHECK(near(affine(x, weight, bias), at::linear(x, weight, bias)));
        CHECK(near(affine(x, weight), at::linear(x, weight)));
        CHECK(near(affine(x.to(at::kDouble), weight.to(at::kDouble)), at::linear(x, weight).to(at::kDouble)));
    }
    const at::Tensor across = values({24, 200}).t(), weight = values({24, 10}).t();
    CHECK(near(affine(across, weight), at::linear(across, weight)));
    CHECK(affine(across, weight).equal(affine(across, weight)));
    CHECK_THROWS(affine(values({100, 23}), weight), c10::Error);
}

void eachWithItsOwn() {
    const NoGrad off(false);
    for (const std::vector<std::int64_t>& shape :
         std::vector<std::vector<std::int64_t>>{{3, 100, 24}, {1, 64, 24}, {2, 5, 24}, {0, 100, 24}}) {
        const at::Tensor x = values(shape), weights = values({shape[0], 10, 24});
        CHECK(near(affineEach(x, weights), at::matmul(x, weights.transpose(1, 2))));
    }
}

void packed() {
    const NoGrad off(false);
    for (const bool withBias : {false, true})
        for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
            Linear layer(torch::nn::LinearOptions(24, 10).bias(withBias));
            const at::Tensor weight = layer->weight.clone(), bias = withBias ? layer->bias.clone() : at::zeros({10});
            packLinears(*layer, type);
            CHECK(layer->weight.numel() == 0);
            for (const std::vector<std::int64_t>& shape :
                 std::vector<std::vector<std::int64_t>>{{1, 24}, {2, 7, 9, 24}, {300, 24}, {24}}) {
                const at::Tensor x = values(shape), y = layer(x), gelu = layer->gelu(x),
                                 want = at::linear(x, weight, bias);
                const double tolerance = type == at::kFloat ? 1e-5 : 2e-2;
                CHECK(y.scalar_type() == type && y.sizes() == want.sizes());
                CHECK(at::allclose(y.to(at::kFloat), want, tolerance, tolerance));
                CHECK(at::allclose(gelu.to(at::kFloat), at::gelu(want), tolerance, tolerance));
            }
        }
}

void forProductsAsAutocastWants() {
    const at::Tensor x = values({4, 4});
    CHECK(forProducts(x).is_same(x));
    const AutocastGuard autocast(c10::Device("cpu"), {"bfloat16", false, 1});
    CHECK(forProducts(x).scalar_type() == at::kBFloat16);
}

void layerAndGelu() {
    const NoGrad off(false);
    for (const bool withBias : {false, true}) {
        Linear layer(torch::nn::LinearOptions(24, 10).bias(withBias));
        const at::Tensor x = values({100, 24}), y = at::linear(x, layer->weight, layer->bias);
        CHECK(near(layer(x), y));
        CHECK(near(layer->gelu(x), at::gelu(y)));
        CHECK(near(layer->gelu(x.narrow(0, 0, 3)), at::gelu(y).narrow(0, 0, 3)));
    }
}

void learns() {
    Linear layer(24, 10);
    const at::Tensor x = values({100, 24});
    layer->gelu(x).sum().backward();
    CHECK(layer->weight.grad().defined() && layer->bias.grad().defined());
    const at::Tensor input = x.clone().requires_grad_();
    layer(input).sum().backward();
    CHECK(near(input.grad(), layer->weight.detach().sum(0).expand({100, 24})));
}

void autocastDecides() {
    const NoGrad off(false);
    Compute compute;
    compute.dtype = "bfloat16";
    const AutocastGuard autocast(c10::Device("cpu"), compute);
    Linear layer(24, 10);
    CHECK(layer(values({100, 24})).scalar_type() == at::kBFloat16);
}

}  // namespace

std::vector<test::NamedTest> test::tests() {
    return {{"same as ATen", sameAsATen},
            {"each with its own", eachWithItsOwn},
            {"packed", packed},
            {"for products as autocast wants", forProductsAsAutocastWants},
            {"layer and GELU", layerAndGelu},
            {"learns", learns},
            {"autocast decides", autocastDecides}};
}

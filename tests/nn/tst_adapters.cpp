#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <map>

#include "base/error.h"
#include "nn/sam/adapters.h"
#include "nn/torch_test.h"

using namespace fovea;
using namespace fovea::nn;
using namespace fovea::nn::sam;

namespace {

const std::string qkv = "image_encoder.blocks.0.attn.qkv", mlp = "image_encoder.blocks.0.mlp";

std::map<std::string, torch::Tensor> folded(const State& state) {
    const State plain = withoutAdapters(state, "file.pt");
    return {plain.begin(), plain.end()};
}

ErrorKind refused(const State& state) {
    try {
        withoutAdapters(state, "file.pt");
    } catch (const Error& e) {
        CHECK(std::string(e.what()).find("file.pt") != std::string::npos);
        return e.kind();
    }
    test::fail(__FILE__, __LINE__, "nothing was refused");
    return ErrorKind::Internal;
}

State lora() {
    return {{qkv + ".qkv_proj.weight", torch::rand({12, 4})},
            {qkv + ".qkv_proj.bias", torch::rand({12})},
            {qkv + ".w_a_linear_v.weight", torch::rand({2, 4})},
            {qkv + ".w_b_linear_v.weight", torch::rand({4, 2})}};
}

void plainStaysPlain() {
    const State state{{"a.weight", torch::rand({2})}, {"b", torch::rand({1})}};
    const State same = withoutAdapters(state, "file.pt");
    CHECK(same.size() == 2 && same[0].second.is_same(state[0].second));
}

void loraOnValues() {
    const State state = lora();
    const auto plain = folded(state);
    CHECK(plain.size() == 2 && plain.at(qkv + ".weight").scalar_type() == torch::kFloat32);
    auto wanted = state[0].second.clone();
    wanted.slice(0, 8, 12) += state[3].second.matmul(state[2].second);
    CHECK(plain.at(qkv + ".weight").allclose(wanted, 1e-5, 1e-6));
    CHECK(plain.at(qkv + ".bias").equal(state[1].second));
}

void loraOnMlp() {
    const State state{{mlp + ".mlp_layer.lin1.weight", torch::rand({6, 3})},
                      {mlp + ".mlp_layer.lin1.bias", torch::rand({6})},
                      {mlp + ".w_a_linear_1.weight", torch::rand({2, 3})},
                      {mlp + ".w_b_linear_1.weight", torch::rand({6, 2})}};
    const auto plain = folded(state);
    CHECK(plain.size() == 2);
    CHECK(
        plain.at(mlp + ".lin1.weight").allclose(state[0].second + state[3].second.matmul(state[2].second), 1e-5, 1e-6));
}

void scalesOfConvolutions() {
    const auto weight = torch::rand({3, 2, 4, 4}), bias = torch::rand({3}), scale = torch::rand({3}),
               shift = torch::rand({3});
    const auto plain =
        folded({{"p.layer.weight", weight}, {"p.layer.bias", bias}, {"p.scale", scale}, {"p.shift", shift}});
    CHECK(plain.size() == 2);
    CHECK(plain.at("p.weight")[1].allclose(weight[1] * scale[1], 1e-5, 1e-6));
    CHECK(plain.at("p.bias").allclose(bias * scale + shift, 1e-5, 1e-6));
}

void halvesAreRefused() {
    for (std::size_t left = 1; left < 3; ++left) {
        State state = lora();
        state.erase(state.begin() + std::ptrdiff_t(left));
        CHECK(refused(state) == ErrorKind::Format);
    }
    State scaled{{"p.layer.weight", torch::rand({3, 2})}, {"p.scale", torch::rand({3})}};
    CHECK(refused(scaled) == ErrorKind::Format);
    State shapes = lora();
    shapes[3].second = torch::rand({5, 2});
    CHECK(refused(shapes) == ErrorKind::Format);
}

void unfoldableMethods() {
    State state = lora();
    state.emplace_back("image_encoder.blocks.0.mlp.down_proj.weight", torch::rand({2, 4}));
    CHECK(refused(state) == ErrorKind::Unsupported);
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    at::set_num_threads(1);
    torch::manual_seed(1);
    return {{"plainStaysPlain", plainStaysPlain},
            {"loraOnValues", loraOnValues},
            {"loraOnMlp", loraOnMlp},
            {"scalesOfConvolutions", scalesOfConvolutions},
            {"halvesAreRefused", halvesAreRefused},
            {"unfoldableMethods", unfoldableMethods}};
}

#include <ATen/Parallel.h>

#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "nn/golden.h"
#include "nn/official_state.h"
#include "nn/torch_test.h"
#include "nn/unet.h"

using namespace fovea;
using namespace fovea::nn;

namespace {

Topology aniso3d() {
    Topology t;
    t.inChannels = 2, t.outChannels = 3;
    t.features = {4, 6, 8};
    t.kernels = {{1, 3, 3}, {3, 3, 3}, {3, 3, 3}};
    t.strides = {{1, 1, 1}, {1, 2, 2}, {2, 2, 2}};
    t.encoderConvs = {2, 2, 2};
    t.decoderConvs = {2, 2};
    return t;
}

Topology flat() {
    Topology t;
    t.dims = 2;
    t.features = {4, 8};
    t.kernels = {{3, 3}, {3, 3}};
    t.strides = {{1, 1}, {2, 2}};
    t.encoderConvs = {2, 2};
    t.decoderConvs = {2};
    return t;
}

Topology residual(int dims) {
    Topology t = dims == 2 ? flat() : aniso3d();
    t.encoder = EncoderKind::Residual;
    t.encoderConvs = {1, 2, 3};
    t.encoderConvs.resize(t.stages());
    t.decoderConvs.assign(t.stages() - 1, 1);
    return t;
}

Topology goldenTopology(const nlohmann::json& config) {
    return topologyFromArchitecture(config.at("architecture"), config.at("input_channels"),
                                    config.at("output_channels"));
}

void shapes3d() {
    const torch::NoGradGuard off;
    UNet unet(aniso3d());
    CHECK(unet->topology().divisor() == (std::vector<std::int64_t>{2, 4, 4}));
    const auto x = torch::rand({2, 2, 6, 20, 24});
    CHECK(unet->forward(x).sizes() == torch::IntArrayRef({2, 3, 6, 20, 24}));
    const auto heads = unet->heads(x);
    CHECK(heads.size() == 2);
    CHECK(heads[0].equal(unet->forward(x)));
    CHECK(heads[1].sizes() == torch::IntArrayRef({2, 3, 6, 10, 12}));
}

void shapes2d() {
    const torch::NoGradGuard off;
    UNet unet(flat());
    CHECK(unet->forward(torch::rand({1, 1, 2, 16})).sizes() == torch::IntArrayRef({1, 2, 2, 16}));
    CHECK_THROWS(unet->forward(torch::rand({1, 1, 15, 16})), Error);
    CHECK_THROWS(unet->forward(torch::rand({1, 3, 16, 16})), Error);
    CHECK_THROWS(unet->forward(torch::rand({1, 1, 4, 16, 16})), Error);
}

void descriptionTellsImagesApart() {
    const torch::NoGradGuard off;
    UNet unet(aniso3d());
    const auto x = torch::rand({1, 2, 4, 8, 8});
    const auto vectors = unet->describe(torch::cat({x, x, 3 * x}));
    CHECK(vectors.sizes() == torch::IntArrayRef({3, 2 * (4 + 6 + 8)}));
    CHECK(vectors[0].allclose(vectors[1]));
    CHECK(!vectors[0].allclose(vectors[2], 0.1, 0.1));
}

void residualShapes() {
    const torch::NoGradGuard off;
    UNet solid(residual(3)), flatNet(residual(2));
    const auto heads = solid->heads(torch::rand({1, 2, 2, 8, 4}));
    CHECK(heads.size() == 2 && heads[0].sizes() == torch::IntArrayRef({1, 3, 2, 8, 4}));
    CHECK(heads[1].sizes() == torch::IntArrayRef({1, 3, 2, 4, 2}));
    CHECK(flatNet->forward(torch::rand({2, 1, 2, 6})).sizes() == torch::IntArrayRef({2, 2, 2, 6}));
    CHECK(flatNet->describe(torch::rand({2, 1, 4, 4})).sizes() == torch::IntArrayRef({2, 2 * (4 + 8)}));
    CHECK_THROWS(solid->forward(torch::rand({1, 2, 3, 8, 4})), Error);
}

// A fresh residual branch adds nothing, yet learns.
void residualStartsAsShortcut() {
    UNet unet(residual(2), 3);
    for (const auto& item : unet->named_parameters())
        if (item.key().find("conv2.norm") != std::string::npos) CHECK(item.value().abs().max().item<float>() == 0);
    unet->forward(torch::rand({1, 1, 8, 8})).square().mean().backward();
    for (const auto& item : unet->named_parameters())
        if (item.key().ends_with("conv2.norm.weight")) CHECK(item.value().grad().abs().max().item<float>() > 0);
}

// A block that changes channels without a stride has no pooling before its projection.
void projectionWithoutStride() {
    Topology t = residual(2);
    t.strides[1] = {1, 1};
    const UNet unet(t);
    const auto names = unet->named_parameters().keys();
    const auto has = [&](const char* name) { return std::count(names.begin(), names.end(), name) == 1; };
    CHECK(has("encoder.stages.1.blocks.0.skip.0.conv.weight") && !has("encoder.stages.1.blocks.0.skip.0.conv.bias"));
    CHECK(!has("encoder.stages.0.blocks.0.skip.0.conv.weight"));
}

void seedsDecideWeights() {
    UNet a(flat(), 7), b(flat(), 7), c(flat(), 8);
    CHECK(a->parameters()[0].equal(b->parameters()[0]));
    CHECK(!a->parameters()[0].equal(c->parameters()[0]));
}

void learns() {
    UNet unet(flat(), 1);
    const auto x = torch::rand({1, 1, 16, 16});
    for (const auto& logits : unet->heads(x)) logits.square().mean().backward();
    for (const auto& p : unet->parameters()) CHECK(p.grad().defined());
}

void topologySurvivesJson() {
    CHECK(topologyFromJson(toJson(aniso3d())) == aniso3d());
    CHECK(topologyFromJson(toJson(residual(3))) == residual(3));
    CHECK(topologyFromJson(nlohmann::json::parse(toJson(flat()).dump())) == flat());
    auto old = toJson(flat());
    old["architecture"]["arch_kwargs"]["n_conv_per_stage"] = 2;
    old["architecture"]["arch_kwargs"]["n_conv_per_stage_decoder"] = 2;
    CHECK(topologyFromJson(old) == flat());
}

void badTopologies() {
    const auto broken = [](auto change) {
        Topology t = aniso3d();
        change(t);
        CHECK_THROWS(t.check(), Error);
        CHECK_THROWS(UNetImpl{t}, Error);
    };
    broken([](Topology& t) { t.features = {4}; });
    broken([](Topology& t) { t.features[1] = 0; });
    broken([](Topology& t) { t.kernels[0] = {2, 3, 3}; });
    broken([](Topology& t) { t.kernels[0] = {3, 3}; });
    broken([](Topology& t) { t.strides[0] = {1, 2, 2}; });
    broken([](Topology& t) { t.strides.pop_back(); });
    broken([](Topology& t) { t.decoderConvs = {2}; });
    broken([](Topology& t) { t.encoderConvs[0] = -1; });
    broken([](Topology& t) { t.dims = 1; });
    broken([](Topology& t) { t.outChannels = std::int64_t(1) << 40; });
    CHECK_THROWS(topologyFromJson(nullptr), Error);
    CHECK_THROWS(topologyFromJson({{"architecture", 3}, {"in_channels", 1}, {"out_channels", 2}}), Error);
    const auto refused = [](const char* key, const nlohmann::json& value, ErrorKind kind) {
        auto other = toJson(flat());
        (key[0] == 'n' && key[1] == 'e' ? other["architecture"] : other["architecture"]["arch_kwargs"])[key] = value;
        try {
            topologyFromJson(other);
            test::fail(__FILE__, __LINE__, std::string(key) + " was accepted");
        } catch (const Error& error) {
            CHECK(error.kind() == kind);
        }
    };
    refused("network_class_name", "somewhere.Primus", ErrorKind::Unsupported);
    refused("network_class_name", "somewhere.ResidualEncoderUNet", ErrorKind::Format);  // without n_blocks_per_stage
    refused("norm_op", "torch.nn.modules.batchnorm.BatchNorm2d", ErrorKind::Unsupported);
    refused("nonlin", nullptr, ErrorKind::Unsupported);
    refused("dropout_op", "torch.nn.Dropout2d", ErrorKind::Unsupported);
    refused("conv_bias", false, ErrorKind::Unsupported);
    refused("conv_op", "torch.nn.Conv1d", ErrorKind::Format);
}

// Names, shapes and order of real-size networks.
void goldenKeys() {
    const auto folder = test::goldenFolder("nnunet");
    int compared = 0;
    for (const auto& item : test::goldenCases(folder, "kind", "state_dict")) {
        const UNet unet(goldenTopology(item.at("config")));
        const auto& outputs = item.at("outputs");
        std::ifstream table(folder / outputs.at("table").get<std::string>());
        std::string line;
        std::size_t n = 0;
        const State state = officialState(*unet);
        for (; std::getline(table, line); ++n) {
            CHECK(n < state.size());
            std::string shape;
            for (auto s : state[n].second.sizes()) shape += (shape.empty() ? "" : ",") + std::to_string(s);
            if (line != state[n].first + "\t" + shape)
                test::fail(__FILE__, __LINE__, line + " against " + state[n].first + " " + shape);
        }
        CHECK(n == state.size() && n == outputs.at("entries").get<std::size_t>());
        std::int64_t parameters = 0;
        for (const auto& p : unet->parameters()) parameters += p.numel();
        CHECK(parameters == outputs.at("parameters").get<std::int64_t>());
        std::string names;
        for (const auto& name : optimizerOrder(*unet)) names += (names.empty() ? "" : "\n") + name;
        CHECK(sha256(names) == outputs.at("optimizer_order_sha256").get<std::string>());
        ++compared;
    }
    CHECK(compared >= 7);
}

void goldenOutputs() {
    const torch::NoGradGuard off;
    const auto folder = test::goldenFolder("nnunet");
    int compared = 0;
    for (const auto& item : test::goldenCases(folder, "kind", "network")) {
        UNet unet(goldenTopology(item.at("config")));
        test::hashWeights(*unet, item.at("config").at("weights").at("key_base").get<std::uint64_t>());
        const auto tensors =
            test::goldenTensors(folder / "networks.safetensors", item.at("id").get<std::string>() + "/");
        const auto heads = unet->heads(test::recipeTensor(item.at("inputs").at("x")));
        CHECK(heads.size() == tensors.size());
        for (std::size_t h = 0; h < heads.size(); ++h)
            CHECK(test::excess(heads[h], tensors.at("head" + std::to_string(h)), 1e-4) <= 1e-4);
        ++compared;
    }
    CHECK(compared >= 10);
}

void goldenInitialisation() {
    const auto folder = test::goldenFolder("nnunet");
    int compared = 0;
    for (const auto& item : test::goldenCases(folder, "kind", "init")) {
        const UNet unet(goldenTopology(item.at("config")), 3);
        std::map<std::string, torch::Tensor> state;
        for (const auto& entry : stateOf(*unet)) state.insert(entry);
        CHECK(state.size() == item.at("outputs").at("rows").size());
        for (const auto& row : item.at("outputs").at("rows")) {
            const auto tensor = state.at(row.at(0).get<std::string>()).detach().to(torch::kFloat64);
            CHECK(tensor.sizes() == torch::IntArrayRef(row.at(1).get<std::vector<std::int64_t>>()));
            if (row.at(4).is_null()) {
                CHECK(tensor.min().item<double>() == row.at(2).get<double>() &&
                      tensor.max().item<double>() == row.at(3).get<double>());
                continue;
            }
            const double wanted = row.at(2), n = double(tensor.numel());
            CHECK_NEAR(tensor.std().item<double>() / wanted, 1, 0.05 + 3 / std::sqrt(2 * n));
            CHECK_NEAR(tensor.mean().item<double>(), 0, 4 * wanted / std::sqrt(n));
        }
        ++compared;
    }
    CHECK(compared == 2);
}

void fileRoundTrip() {
    const torch::NoGradGuard off;
    const file::TempFolder folder;
    UNet unet(aniso3d(), 5);
    saveUNet(folder.path() / "model.safetensors", *unet, {{"plan", "abc"}});
    UNet back = loadUNet(folder.path() / "model.safetensors");
    CHECK(back->topology() == unet->topology());
    CHECK(readAbout(folder.path() / "model.safetensors").at("plan") == "abc");
    const auto x = torch::rand({1, 2, 4, 8, 8});
    CHECK(back->forward(x).equal(unet->forward(x)));
    saveState(folder.path() / "bare.safetensors", stateOf(*unet));
    CHECK_THROWS(loadUNet(folder.path() / "bare.safetensors"), Error);
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    at::set_num_threads(1);
    return {{"shapes3d", shapes3d},
            {"shapes2d", shapes2d},
            {"descriptionTellsImagesApart", descriptionTellsImagesApart},
            {"residualShapes", residualShapes},
            {"residualStartsAsShortcut", residualStartsAsShortcut},
            {"projectionWithoutStride", projectionWithoutStride},
            {"seedsDecideWeights", seedsDecideWeights},
            {"learns", learns},
            {"topologySurvivesJson", topologySurvivesJson},
            {"badTopologies", badTopologies},
            {"goldenKeys", goldenKeys},
            {"goldenOutputs", goldenOutputs},
            {"goldenInitialisation", goldenInitialisation},
            {"fileRoundTrip", fileRoundTrip}};
}

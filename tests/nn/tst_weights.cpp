#include <ATen/Parallel.h>

#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "nn/golden.h"
#include "nn/mae.h"
#include "nn/official_state.h"
#include "nn/torch_test.h"
#include "nn/unet.h"
#include "support/resident_memory.h"

using namespace fovea;
using namespace fovea::nn;

namespace {

Topology small(std::int64_t features) {
    Topology t;
    t.dims = 2;
    t.features = {features, 6};
    t.kernels = {{3, 3}, {3, 3}};
    t.strides = {{1, 1}, {2, 2}};
    t.encoderConvs = {1, 1};
    t.decoderConvs = {1};
    return t;
}

std::string errorOf(const std::function<void()>& f, ErrorKind kind) {
    try {
        f();
    } catch (const Error& e) {
        CHECK(e.kind() == kind);
        return e.what();
    }
    test::fail(__FILE__, __LINE__, "no error");
    return {};
}

bool same(const torch::nn::Module& a, const torch::nn::Module& b) {
    const State x = stateOf(a), y = stateOf(b);
    bool equal = x.size() == y.size();
    for (std::size_t i = 0; equal && i < x.size(); ++i)
        equal = x[i].first == y[i].first && x[i].second.equal(y[i].second);
    return equal;
}

void officialNamesLoad() {
    const UNet from(small(4), 1);
    UNet to(small(4), 2);
    State state = officialState(*from);
    for (auto& item : state) item.first = "module." + item.first;
    loadState(state, *to, "memory");
    CHECK(same(*from, *to));
}

void anotherNetworkIsRefused() {
    const file::TempFolder folder;
    const auto path = folder.path() / "four.safetensors";
    saveWeights(path, *UNet(small(4), 1));
    UNet wide(small(8), 2);
    const UNet untouched(small(8), 2);
    const std::string text = errorOf([&] { loadWeights(path, *wide); }, ErrorKind::Format);
    CHECK(text.find("another network") != std::string::npos && text.find(path.string()) != std::string::npos);
    CHECK(text.find("decoder.seg_layers.0.weight: file 2×4×1×1, network 2×8×1×1") != std::string::npos);
    CHECK(same(*wide, *untouched));
}

void missingAndUnexpected() {
    const UNet unet(small(4), 1);
    UNet other(small(4), 2);
    State state = stateOf(*unet);
    state.erase(state.begin());
    state.push_back({"surplus.weight", torch::zeros({2})});
    const KeyReport report = compareState(state, *other);
    CHECK(report.missing == std::vector<std::string>{"encoder.stages.0.0.convs.0.conv.weight"});
    CHECK(report.unexpected == std::vector<std::string>{"surplus.weight"});
    CHECK(report.mismatched.empty() && !report.ok());
    const std::string text = errorOf([&] { loadState(state, *other, "x"); }, ErrorKind::Format);
    CHECK(text.find("1 missing") != std::string::npos &&
          text.find("1 unexpected (surplus.weight)") != std::string::npos);
}

void halfPrecisionFilesLoad() {
    const file::TempFolder folder;
    const UNet from(small(4), 1);
    State state = stateOf(*from);
    for (auto& item : state) item.second = item.second.detach().to(torch::kBFloat16);
    saveState(folder.path() / "half.safetensors", state);
    UNet to(small(4), 2);
    loadWeights(folder.path() / "half.safetensors", *to);
    CHECK(to->parameters()[0].scalar_type() == torch::kFloat32);
    CHECK(to->parameters()[0].allclose(from->parameters()[0], 0.01, 0.01));
}

void damagedFiles() {
    const file::TempFolder folder;
    const auto path = folder.path() / "model.safetensors";
    UNet unet(small(4), 1);
    errorOf([&] { loadWeights(path, *unet); }, ErrorKind::Missing);
    saveUNet(path, *unet);
    const std::string bytes = file::read(path);
    for (std::size_t length : {std::size_t(0), std::size_t(5), std::size_t(100), bytes.size() - 1}) {
        file::write(path, bytes.substr(0, length));
        errorOf([&] { loadWeights(path, *unet); }, ErrorKind::Format);
        errorOf([&] { loadUNet(path); }, ErrorKind::Format);
    }
    saveWeights(path, *unet, {{"fovea.topology", "{\"architecture\": 3"}});
    CHECK(errorOf([&] { loadUNet(path); }, ErrorKind::Format).find(path.string()) != std::string::npos);
    for (const std::size_t depth : {101, 1'000'000}) {
        const std::string deep = std::string(depth, '[') + std::string(depth, ']');
        saveWeights(path, *unet, {{"fovea.topology", deep}, {"fovea.mae", deep}});
        for (const std::string& said :
             {errorOf([&] { loadUNet(path); }, ErrorKind::Format), errorOf([&] { loadMae(path); }, ErrorKind::Format)})
            if (said.find(path.string()) == std::string::npos || said.find("deep") == std::string::npos)
                test::fail(__FILE__, __LINE__, said.substr(0, 300));
    }
}

void savingTwiceReplaces() {
    const file::TempFolder folder;
    const auto path = folder.path() / "model.safetensors";
    saveUNet(path, *UNet(small(4), 1));
    const UNet second(small(4), 2);
    saveUNet(path, *second);
    CHECK(same(*loadUNet(path), *second));
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

// Also what lies below the network that was made of it.
void whatAFileTookGoesBack() {
    const file::TempFolder folder;
    const auto path = folder.path() / "large.safetensors";
    State written;
    for (int i = 0; i < 100; ++i) written.emplace_back(std::to_string(i), torch::full({1 << 18}, i));
    saveState(path, written);
    written.clear();
    const std::int64_t before = test::residentMib();
    State state = readState(path), network;
    for (const auto& [name, tensor] : state) network.emplace_back(name, tensor.clone());
    CHECK(test::residentMib() > before + 150);
    state.clear();
    CHECK(test::residentMib() < before + 150);
    CHECK(network.size() == 100);
}

void layoutKeepsValues() {
    const torch::NoGradGuard off;
    UNet unet(small(4), 1);
    const auto x = torch::rand({1, 1, 8, 8});
    const auto plain = unet->forward(x);
    const Compute last{"float32", true, 1};
    place(*unet, "cpu", last);
    CHECK(unet->parameters()[0].is_contiguous(at::MemoryFormat::ChannelsLast));
    CHECK(unet->forward(placed(x, last)).allclose(plain, 1e-4, 1e-5));
    const file::TempFolder folder;
    saveUNet(folder.path() / "m.safetensors", *unet);
    CHECK(loadUNet(folder.path() / "m.safetensors")->forward(x).allclose(plain, 1e-4, 1e-5));
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    at::set_num_threads(1);
    return {{"officialNamesLoad", officialNamesLoad},
            {"anotherNetworkIsRefused", anotherNetworkIsRefused},
            {"missingAndUnexpected", missingAndUnexpected},
            {"halfPrecisionFilesLoad", halfPrecisionFilesLoad},
            {"damagedFiles", damagedFiles},
            {"savingTwiceReplaces", savingTwiceReplaces},
            {"whatAFileTookGoesBack", whatAFileTookGoesBack},
            {"layoutKeepsValues", layoutKeepsValues}};
}

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "base/file.h"
#include "base/hash.h"
#include "nn/official_state.h"
#include "parity/kinds.h"
#include "parity/torch_arrays.h"

// Forward passes, state dicts and fresh weights of nnU-Net's networks.
namespace fovea::parity {

namespace {

nn::UNet freshNetwork(const GoldenCase& golden, std::uint64_t seed = 0) {
    return nn::UNet(
        nn::topologyFromArchitecture(golden.option("architecture"), wholeNumber(golden.option("input_channels")),
                                     wholeNumber(golden.option("output_channels"))),
        seed);
}

// [[name, shape], …] of a network's own tensors, by name.
json ownKeys(const nn::UNet& unet) {
    json keys = json::array();
    for (const auto& [name, tensor] : nn::stateOf(*unet)) keys.push_back({name, tensor.sizes().vec()});
    std::sort(keys.begin(), keys.end());
    return keys;
}

std::string shapeText(const at::Tensor& tensor) {
    std::string text;
    for (const std::int64_t extent : tensor.sizes()) text += (text.empty() ? "" : ",") + std::to_string(extent);
    return text;
}

json linesOf(const std::filesystem::path& path) {
    json lines = json::array();
    std::istringstream text(file::read(path));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

}  // namespace

Verdict network(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    nn::UNet unet = hashedNetwork(golden.config, golden.option("weights"));
    unet->to(deviceOf(golden));
    const at::Tensor x = madeTensor(golden, golden.input("x"));
    const auto heads = unet->heads(x);
    const std::string tensors = member(golden.outputs, "tensors").get<std::string>() + "/head";
    GoldenCase stated = golden;
    stated.outputs.erase("tensors_without_deep_supervision");  // words
    stated.outputs.erase("tensors");
    stated.tolerance = json::object();
    Values values{{"heads_with_deep_supervision", json(heads.size())},
                  {"canonical_keys", ownKeys(unet)},
                  {"state_dict_entries", json(nn::officialState(*unet).size())}};
    const auto expect = [&](const std::string& name, const at::Tensor& computed, std::size_t head) {
        stated.outputs[name] = tensors + std::to_string(head);
        stated.tolerance[name] = golden.tolerance;
        values[name] = fromTorch(computed);
    };
    for (std::size_t h = 0; h < heads.size(); ++h) expect("head" + std::to_string(h), heads[h], h);
    expect("alone", unet->forward(x), 0);
    return compare(stated, values);
}

Verdict stateDict(const GoldenCase& golden) {
    const nn::UNet unet = freshNetwork(golden);
    GoldenCase stated = golden;
    stated.outputs["table"] = linesOf(golden.folder / member(golden.outputs, "table").get<std::string>());
    stated.tolerance = json::object();
    json rows = json::array();
    for (const auto& [name, tensor] : nn::officialState(*unet)) rows.push_back(name + "\t" + shapeText(tensor));
    std::int64_t parameters = 0;
    for (const at::Tensor& p : unet->parameters()) parameters += p.numel();
    const std::vector<std::string> order = nn::optimizerOrder(*unet);
    std::string names;
    for (const std::string& name : order) names += (names.empty() ? "" : "\n") + name;
    const auto end = [&](const char* key, bool last) {
        const std::size_t count = std::min(order.size(), member(golden.outputs, key).size());
        return last ? json(std::vector(order.end() - std::ptrdiff_t(count), order.end()))
                    : json(std::vector(order.begin(), order.begin() + std::ptrdiff_t(count)));
    };
    return compare(stated, {{"table", rows},
                            {"entries", json(rows.size())},
                            {"parameters", json(parameters)},
                            {"parameter_tensors", json(order.size())},
                            {"optimizer_order_sha256", json(sha256(names))},
                            {"optimizer_order_first", end("optimizer_order_first", false)},
                            {"optimizer_order_last", end("optimizer_order_last", true)}});
}

// Rows: name, shape, expected deviation of a weight (std 0.05 + 3/√2n of it away at most, mean 4 std/√n of 0) or least
// and largest value of a vector, exactly.
Verdict freshWeights(const GoldenCase& golden) {
    const nn::UNet unet = freshNetwork(golden, 1);
    const nn::State list = nn::stateOf(*unet);
    const std::map<std::string, at::Tensor> state(list.begin(), list.end());
    json keys = json::array(), constants = json::array(), wantedConstants = json::array();
    std::vector<double> deviations, means;  // as shares of what is allowed
    for (const json& row : member(golden.outputs, "rows")) {
        keys.push_back({row.at(0), row.at(1)});
        const auto found = state.find(row[0]);
        if (found == state.end()) continue;  // ownKeys() tells
        const at::Tensor tensor = found->second.detach().to(torch::kFloat64);
        if (row.at(4).is_null()) {
            constants.push_back({tensor.min().item<double>(), tensor.max().item<double>()});
            wantedConstants.push_back({row.at(2), row.at(3)});
            continue;
        }
        const double wanted = realNumber(row.at(2)), n = double(tensor.numel());
        deviations.push_back((tensor.std().item<double>() / wanted - 1) / (0.05 + 3 / std::sqrt(2 * n)));
        means.push_back(tensor.mean().item<double>() / (4 * wanted / std::sqrt(n)));
    }
    std::sort(keys.begin(), keys.end());
    const json zeros(std::vector<double>(deviations.size(), 0.0));
    GoldenCase stated = golden;
    stated.outputs = {{"keys", keys}, {"constants", wantedConstants}, {"std", zeros}, {"mean", zeros}};
    stated.tolerance = {{"std", {{"abs", 1}}}, {"mean", {{"abs", 1}}}};
    return compare(
        stated, {{"keys", ownKeys(unet)}, {"constants", constants}, {"std", json(deviations)}, {"mean", json(means)}});
}

}  // namespace fovea::parity

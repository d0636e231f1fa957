#include "nn/nnunet_checkpoint.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "nn/official_state.h"
#include "nn/torch_errors.h"
#include "tensorfile/torch_file.h"
#include "tensorfile/torch_writer.h"

namespace fovea::nn {

namespace {

using Json = nlohmann::ordered_json;
using tensorfile::PickleDict, tensorfile::PickleList, tensorfile::PickleTuple, tensorfile::PickleValue;

const std::string momentumSuffix = ".momentum";

[[noreturn]] void damaged(const std::filesystem::path& path, const std::string& why) {
    throw Error(ErrorKind::Format, Text(FOVEA_TR("{path} is no checkpoint of nnU-Net v2, or damaged: {why}. Choose a "
                                                 "checkpoint_final.pth or checkpoint_best.pth."),
                                        {{"path", path.string()}, {"why", why}}));
}

// An entry that may be missing or None.
Json entry(const Json& values, const char* key) {
    return values.is_object() && values.contains(key) ? values[key] : Json();
}

State ownWeights(tensorfile::TorchFile& file) {
    State own;
    for (auto& [name, tensor] : readTensors(file, "network_weights/")) {
        std::string key = withoutWrappers(name);
        if (!isDuplicateKey(key)) own.emplace_back(std::move(key), tensor);
    }
    return own;
}

// The file names parameters by number: "<number>/momentum_buffer".
State readMomentum(tensorfile::TorchFile& file, const State& weights) {
    const std::vector<std::string> order = parameterOrder(weights);
    State momentum;
    for (const auto& [path, tensor] : readTensors(file, "optimizer_state/state/")) {
        const std::size_t slash = path.find('/');
        if (path.substr(slash + 1) != "momentum_buffer") continue;
        const std::string digits = path.substr(0, slash);
        const bool number =
            digits.size() < 7 && std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
        const std::size_t index = number ? std::stoul(digits) : order.size();
        if (index >= order.size())
            damaged(file.path(), "its optimiser knows a parameter " + digits.substr(0, 20) + " that is not there");
        momentum.emplace_back(order[index] + momentumSuffix, tensor);
    }
    return momentum;
}

Json parameterGroup(const Json& optimizer) {
    if (!optimizer.is_object() || !optimizer.contains("param_groups")) return {};
    Json group = optimizer.at("param_groups").at(0);
    group.erase("params");
    return group;
}

NnUNetCheckpoint fromFile(tensorfile::TorchFile& file, bool training) {
    const Json& values = file.values();
    NnUNetCheckpoint c;
    c.weights = ownWeights(file);
    c.trainer = values.at("trainer_name").get<std::string>();
    c.initArgs = values.at("init_args");
    const Json axes = entry(values, "inference_allowed_mirroring_axes");
    if (!axes.is_null()) c.mirrorAxes = axes.get<std::vector<std::int64_t>>();
    const Json epoch = entry(values, "current_epoch"), best = entry(values, "_best_ema");
    if (!epoch.is_null()) c.epoch = epoch.get<std::int64_t>();
    if (!best.is_null()) c.bestEma = best.get<double>();
    c.logging = entry(values, "logging");
    c.gradScaler = entry(values, "grad_scaler_state");
    c.optimizer = parameterGroup(entry(values, "optimizer_state"));
    if (training) c.momentum = readMomentum(file, c.weights);
    return c;
}

// Contiguous on the CPU, for as long as a file is written.
State placedForFile(const State& state) {
    State placed;
    for (const auto& [name, tensor] : state) placed.emplace_back(name, tensor.detach().to(torch::kCPU).contiguous());
    return placed;
}

PickleDict tensors(const State& state) {
    PickleDict dict;
    for (const auto& [name, tensor] : state) dict.add(name, arrayOf(tensor));
    return dict;
}

PickleDict optimizerState(const NnUNetCheckpoint& c, const State& momentum) {
    const std::vector<std::string> order = parameterOrder(c.weights);
    std::map<std::string, torch::Tensor> byName(momentum.begin(), momentum.end());
    PickleDict state, group;
    PickleList numbers;
    for (std::size_t i = 0; i < order.size(); ++i) {
        numbers.items.emplace_back(std::int64_t(i));
        const auto found = byName.find(order[i] + momentumSuffix);
        if (found == byName.end()) continue;
        PickleDict one;
        one.add("momentum_buffer", arrayOf(found->second));
        state.add(std::int64_t(i), one);
        byName.erase(found);
    }
    if (!byName.empty())
        throw Error(ErrorKind::Internal, {"no parameter belongs to {name}", {{"name", byName.begin()->first}}});
    if (c.optimizer.is_object())
        for (const auto& [key, value] : c.optimizer.items()) group.add(key, PickleValue::from(value));
    group.add("params", numbers);
    PickleDict both;
    both.add("state", state);
    both.add("param_groups", PickleList{{group}});
    return both;
}

}  // namespace

std::vector<std::string> parameterOrder(const State& weights) {
    std::vector<std::string> order;
    for (const auto& item : weights) {
        const std::string& name = item.first;
        const bool buffer =
            name.ends_with(".running_mean") || name.ends_with(".running_var") || name.ends_with(".num_batches_tracked");
        if (!buffer) order.push_back(name);
    }
    return order;
}

NnUNetCheckpoint readNnUNetCheckpoint(const std::filesystem::path& path, bool training) {
    tensorfile::TorchFile file(path);
    try {
        NnUNetCheckpoint checkpoint = fromFile(file, training);
        if (checkpoint.weights.empty()) damaged(path, "it holds no network_weights");
        return checkpoint;
    } catch (const Json::exception& error) {
        damaged(path, error.what());
    }
}

void writeNnUNetCheckpoint(const std::filesystem::path& path, const NnUNetCheckpoint& c) {
    translated([&] {
        const State weights = officialState(placedForFile(c.weights)), momentum = placedForFile(c.momentum);
        PickleValue axes;
        if (c.mirrorAxes) {
            PickleTuple tuple;
            for (const std::int64_t axis : *c.mirrorAxes) tuple.items.emplace_back(axis);
            axes = tuple;
        }
        PickleDict all;
        all.add("network_weights", tensors(weights));
        all.add("optimizer_state", optimizerState(c, momentum));
        all.add("grad_scaler_state", PickleValue::from(c.gradScaler));
        all.add("logging", PickleValue::from(c.logging));
        all.add("_best_ema", c.bestEma ? PickleValue(*c.bestEma) : PickleValue());
        all.add("current_epoch", c.epoch);
        all.add("init_args", PickleValue::from(c.initArgs));
        all.add("trainer_name", c.trainer);
        all.add("inference_allowed_mirroring_axes", axes);
        tensorfile::writeTorch(path, all);
    });
}

}  // namespace fovea::nn

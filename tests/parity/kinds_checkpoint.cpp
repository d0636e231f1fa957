#include <torch/torch.h>

#include <algorithm>

#include "nn/nnunet_checkpoint.h"
#include "nn/trained_model.h"
#include "parity/kinds.h"
#include "parity/torch_arrays.h"
#include "tensorfile/torch_file.h"
#include "train/loss.h"
#include "train/optimizer.h"

// Checkpoints of nnU-Net's own training loop: what they hold, and one step of training on from them.
namespace fovea::parity {

namespace {

using nlohmann::ordered_json;

json namesOf(const ordered_json& object) {
    json names = json::array();
    for (const auto& item : object.items()) names.push_back(item.key());
    return names;
}

json sums(const at::Tensor& tensor) {
    const at::Tensor wide = tensor.to(torch::kFloat64);
    return {{"shape", tensor.sizes().vec()},
            {"sum", wide.sum().item<double>()},
            {"abs_sum", wide.abs().sum().item<double>()}};
}

// {list name: [length, values]}; times of day are not compared.
json summaryOf(const ordered_json& logging) {
    json lists = json::object();
    for (const auto& [name, list] : logging.items())
        lists[name] = {list.size(), name.find("timestamps") == std::string::npos ? json(list) : json()};
    return lists;
}

json describeOptimizer(const nn::NnUNetCheckpoint& checkpoint) {
    const std::vector<std::string> order = nn::parameterOrder(checkpoint.weights);
    json group(checkpoint.optimizer), indices = json::array(), missing = json::array(), moments = json::object();
    group["params"] = order.size();
    const std::map<std::string, at::Tensor> momentum(checkpoint.momentum.begin(), checkpoint.momentum.end());
    for (std::size_t i = 0; i < order.size(); ++i) {
        const auto found = momentum.find(order[i] + ".momentum");
        if (found == momentum.end()) {
            missing.push_back(order[i]);
            continue;
        }
        indices.push_back(i);
        moments[order[i]] = sums(found->second)["abs_sum"];
    }
    return {{"param_groups", {group}},
            {"state_indices", indices},
            {"missing_in_state", missing},
            {"momentum_abs_sum", moments}};
}

// Records beside the numbers, sorted as the fixture has them.
json recordsOf(const tensorfile::TorchFile& file) {
    json records = json::array();
    for (const std::string& record : file.records())
        if (!record.starts_with("data/")) records.push_back(record);
    std::sort(records.begin(), records.end());
    return records;
}

json initArgsOf(const ordered_json& arguments) {
    return {{"configuration", arguments.at("configuration")},
            {"fold", arguments.at("fold")},
            {"keys", namesOf(arguments)},
            {"device", arguments.at("device")}};
}

}  // namespace

Verdict checkpoint(const GoldenCase& golden) {
    const auto path = golden.folder / golden.input("file").get<std::string>();
    const nn::NnUNetCheckpoint stored = nn::readNnUNetCheckpoint(path);
    const tensorfile::TorchFile file(path);
    json canonical = json::object();
    for (const auto& [name, tensor] : stored.weights) canonical[name] = sums(tensor);
    const auto entries = std::count_if(file.tensors().begin(), file.tensors().end(),
                                       [](const auto& entry) { return entry.first.starts_with("network_weights/"); });
    GoldenCase stated = golden;
    const json rule = {{"abs", 1e-12}, {"rel", realNumber(member(golden.tolerance, "sums_rel"))}};
    stated.tolerance = {{"canonical", rule}, {"optimizer", rule}, {"logging", {{"rel", 1e-12}}}};
    return compare(stated, {{"top_level_keys", namesOf(file.values())},
                            {"state_dict_entries", json(entries)},
                            {"canonical", canonical},
                            {"current_epoch", json(stored.epoch)},
                            {"best_ema", json(stored.bestEma.value_or(0))},
                            {"trainer_name", json(stored.trainer)},
                            {"inference_allowed_mirroring_axes", stored.mirrorAxes ? json(*stored.mirrorAxes) : json()},
                            {"init_args", initArgsOf(stored.initArgs)},
                            {"logging", summaryOf(stored.logging)},
                            {"grad_scaler_state", json(stored.gradScaler)},
                            {"optimizer", describeOptimizer(stored)},
                            {"zip_entries", recordsOf(file)},
                            {"pickle_globals", json(file.globals())}});
}

Verdict resumeStep(const GoldenCase& golden) {
    const auto folder = golden.folder / golden.option("model").get<std::string>();
    const std::string fold = golden.option("fold").is_string() ? golden.option("fold").get<std::string>()
                                                               : std::to_string(wholeNumber(golden.option("fold")));
    const nn::NnUNetCheckpoint stored = nn::readNnUNetCheckpoint(folder / ("fold_" + fold) / "checkpoint_final.pth");
    nn::UNet unet = nn::loadTrainedModel(folder, {fold}, "checkpoint_final.pth").networks.front();
    train::Optimizer::Named parameters;
    for (const auto& item : unet->named_parameters()) parameters.emplace_back(item.key(), item.value());
    train::Optimizer optimizer(parameters, {train::Method::Sgd, stored.optimizer.at("weight_decay").get<double>(),
                                            stored.optimizer.at("momentum").get<double>()});
    optimizer.restore(stored.momentum, 1);

    const auto heads = unet->heads(madeTensor(golden, golden.input("batch")));
    const std::vector<double> headWeights = train::deepSupervisionWeights(unet->topology().stages());
    const train::LossOptions options{false};
    at::Tensor loss = torch::zeros({});
    for (std::size_t h = 0; h < heads.size(); ++h) {
        if (headWeights[h] == 0) continue;
        const at::Tensor target = madeTensor(golden, golden.input("targets").at(h)).squeeze(1);
        loss = loss + headWeights[h] * train::diceCeLoss(heads[h], target, {}, options);
    }
    loss.backward();
    optimizer.clip(12);
    optimizer.step(realNumber(golden.option("lr")));

    GoldenCase stated = golden;
    const std::string prefix = member(golden.outputs, "tensors").get<std::string>() + "/";
    stated.outputs = {{"loss", member(golden.outputs, "loss")}};
    stated.tolerance = {{"loss", {{"abs", member(golden.tolerance, "loss_abs")}}},
                        {"default", {{"abs", member(golden.tolerance, "weight_abs")}}}};
    Values values{{"loss", json(loss.item<double>())}};
    for (const auto& [name, tensor] : parameters) {
        stated.outputs[name] = prefix + name;
        values[name] = fromTorch(tensor);
    }
    return compare(stated, values);
}

}  // namespace fovea::parity

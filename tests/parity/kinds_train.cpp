#include <torch/torch.h>

#include "parity/kinds.h"
#include "parity/torch_arrays.h"
#include "train/loss.h"
#include "train/optimizer.h"

namespace fovea::parity {

namespace {

using namespace train;

// A label map as the loss wants it: classes or region channels, and what is known.
struct Target {
    at::Tensor classes, weight;
};

Target targetOf(const GoldenCase& golden, const json& recipe) {
    const json ignore = golden.config.value("ignore_label", json());
    at::Tensor labels = madeTensor(golden, recipe).squeeze(1);
    Target target;
    if (!ignore.is_null()) target.weight = (labels != wholeNumber(ignore)).to(torch::kFloat32);
    if (golden.config.value("regions", json()).is_array()) {
        std::vector<at::Tensor> channels;
        for (const json& region : golden.config["regions"])
            channels.push_back(torch::isin(labels, torch::tensor(wholeNumbers(region), labels.options())));
        target.classes = torch::stack(channels, 1);
    } else {
        target.classes = target.weight.defined() ? labels * target.weight.to(torch::kInt64) : labels;
    }
    return target;
}

LossOptions lossOptions(const GoldenCase& golden) {
    const json& loss = golden.option("loss");
    if (loss != "DC_and_CE" && loss != "DC_and_BCE")
        throw Error(ErrorKind::Format, {"unknown loss {loss}", {{"loss", loss.dump()}}});
    return {golden.option("batch_dice").get<bool>(), loss == "DC_and_BCE"};
}

at::Tensor lossOver(const GoldenCase& golden, const std::vector<at::Tensor>& heads, const json& recipes,
                    const std::vector<double>& weights) {
    std::vector<at::Tensor> targets, known;
    for (const json& recipe : recipes) {
        const Target target = targetOf(golden, recipe);
        targets.push_back(target.classes);
        known.push_back(target.weight);
    }
    return deepSupervisionLoss(heads, targets, known, weights, lossOptions(golden));
}

Values loss(const GoldenCase& golden) {
    const at::Tensor logits = madeTensor(golden, golden.input("logits")).requires_grad_();
    const at::Tensor value = lossOver(golden, {logits}, json::array({golden.input("target")}), {1});
    value.backward();
    return {{"loss", json(value.item<double>())}, {"grad", fromTorch(logits.grad())}};
}

Values lossDeep(const GoldenCase& golden) {
    std::vector<at::Tensor> heads;
    for (const json& recipe : golden.input("logits")) heads.push_back(madeTensor(golden, recipe).requires_grad_());
    const at::Tensor value =
        lossOver(golden, heads, golden.input("target"), golden.option("weights").get<std::vector<double>>());
    value.backward();
    Values values = {{"loss", json(value.item<double>())}};
    for (std::size_t h = 0; h < heads.size(); ++h)
        if (heads[h].grad().defined()) values["grad" + std::to_string(h)] = fromTorch(heads[h].grad());
    return values;
}

Values dsWeights(const GoldenCase& golden) {
    json rows = json::array();
    for (const json& stages : golden.input("n_stages"))
        rows.push_back({{"n_stages", stages}, {"weights", deepSupervisionWeights(std::size_t(wholeNumber(stages)))}});
    return {{"rows", rows}};
}

Values dsScales(const GoldenCase& golden) {
    json rows = json::array();
    for (const json& strides : golden.input("strides"))
        rows.push_back({{"strides", strides}, {"scales", deepSupervisionScales(strides)}});
    return {{"rows", rows}};
}

Values counts(const GoldenCase& golden) {
    const at::Tensor logits = madeTensor(golden, golden.input("logits"));
    const Target target = targetOf(golden, golden.input("target"));
    const auto countsOf = golden.config.value("regions", json()).is_array() ? countsPerRegion : countsPerClass;
    json tp = json::array(), fp = json::array(), fn = json::array();
    for (const ClassCounts& c : countsOf(logits, target.classes, target.weight))
        tp.push_back(c.tp), fp.push_back(c.fp), fn.push_back(c.fn);
    return {{"tp", tp}, {"fp", fp}, {"fn", fn}};
}

Values polyLr(const GoldenCase& golden) {
    json rates = json::array();
    for (const json& row : golden.input("rows"))
        rates.push_back(polyLearningRate(realNumber(golden.option("initial_lr")), wholeNumber(member(row, "epoch")),
                                         wholeNumber(member(row, "max_epochs")),
                                         realNumber(golden.option("exponent"))));
    return {{"lr", rates}};
}

OptimizerOptions sgdOptions(const json& config) {
    OptimizerOptions options{Method::Sgd};
    options.weightDecay = realNumber(member(config, "weight_decay"));
    options.momentum = realNumber(member(config, "momentum"));
    return options;
}

// The reference ran in float64.
Values trainSteps(const GoldenCase& golden) {
    const json& recipe = golden.option("optimizer");
    nn::UNet unet = hashedNetwork(golden.config, golden.option("weights"));
    unet->to(deviceOf(golden), torch::kFloat64);
    Optimizer::Named parameters;
    for (const auto& item : unet->named_parameters()) parameters.emplace_back(item.key(), item.value());
    Optimizer optimizer(parameters, sgdOptions(recipe));
    Values values;
    json losses = json::array(), norms = json::array(), rates = json::array(), still = json::array();
    for (std::size_t step = 0; step < golden.input("batches").size(); ++step) {
        optimizer.zeroGrad();
        const auto heads = unet->heads(madeTensor(golden, golden.input("batches")[step]).to(torch::kFloat64));
        const at::Tensor value = lossOver(golden, heads, golden.input("targets").at(step),
                                          golden.option("ds_weights").get<std::vector<double>>());
        value.backward();
        losses.push_back(value.item<double>());
        norms.push_back(optimizer.clip(realNumber(member(recipe, "clip_grad_norm"))).item<double>());
        rates.push_back(polyLearningRate(0.01, std::int64_t(step), 1000));
        optimizer.step(rates.back());
        for (const auto& [name, p] : parameters) values["step" + std::to_string(step + 1) + "/" + name] = fromTorch(p);
    }
    for (const auto& [name, moment] : optimizer.state())
        values["momentum/" + name.substr(0, name.size() - std::string(".momentum").size())] = fromTorch(moment);
    for (const auto& [name, p] : parameters)
        if (!values.contains("momentum/" + name)) still.push_back(name);
    values["losses"] = losses;
    values["grad_norm_before_clip"] = norms;
    values["lr"] = rates;
    values["parameters_without_update"] = still;
    return values;
}

json weightRules(const GoldenCase& golden) {
    const json rule = {{"abs", member(golden.tolerance, "weight_abs")}};
    return {{"step", rule}, {"momentum", rule}, {"lr", {{"rel", 1e-12}}}};
}

Values sgdClip(const GoldenCase& golden) {
    Optimizer::Named parameters;
    std::vector<at::Tensor> grads;
    for (const json& recipe : golden.input("params"))
        parameters.emplace_back(std::string("p").append(std::to_string(parameters.size())),
                                madeTensor(golden, recipe).to(torch::kFloat64).requires_grad_());
    for (const json& recipe : golden.input("grads")) grads.push_back(madeTensor(golden, recipe).to(torch::kFloat64));
    Optimizer optimizer(parameters, sgdOptions(golden.config));
    Values values;
    json norms = json::array();
    for (std::size_t step = 1; step <= golden.outputs.at("norms").size(); ++step) {
        for (std::size_t i = 0; i < grads.size(); ++i) parameters[i].second.mutable_grad() = grads[i] * double(step);
        norms.push_back(optimizer.clip(realNumber(golden.option("clip_grad_norm"))).item<double>());
        optimizer.step(realNumber(golden.option("lr")));
        for (const auto& [name, p] : parameters) values["step" + std::to_string(step) + "/" + name] = fromTorch(p);
    }
    values["norms"] = norms;
    return values;
}

Values movingDice(const GoldenCase& golden) {
    MovingDice moving;
    json ema = json::array(), best = json::array();
    for (const json& dice : golden.input("mean_fg_dice")) {
        best.push_back(moving.add(realNumber(dice)));
        ema.push_back(*moving.value());
    }
    return {{"ema", ema}, {"is_new_best", best}};
}

Values onlineDice(const GoldenCase& golden) {
    std::vector<std::vector<ClassCounts>> batches(golden.input("tp").size());
    for (std::size_t b = 0; b < batches.size(); ++b)
        for (std::size_t k = 0; k < golden.input("tp")[b].size(); ++k)
            batches[b].push_back({realNumber(golden.input("tp")[b][k]), realNumber(golden.input("fp").at(b).at(k)),
                                  realNumber(golden.input("fn").at(b).at(k))});
    const std::vector<double> dice = pseudoDice(batches);
    return {{"dice_per_class", dice}, {"mean", json(meanOfKnown(dice))}};
}

}  // namespace

std::vector<Kind> trainKinds() {
    return {{"loss", loss},
            {"loss_ds", lossDeep},
            {"ds_weights", dsWeights},
            {"ds_scales", dsScales},
            {"tp_fp_fn", counts},
            {"poly_lr", polyLr},
            {.name = "train_steps", .run = trainSteps, .rules = weightRules},
            {"sgd_clip", sgdClip},
            {"ema", movingDice},
            {"pseudo_dice", onlineDice}};
}

}  // namespace fovea::parity

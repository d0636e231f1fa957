// Loss, schedules and optimiser against nnU-Net's own numbers, and what certainty does to the loss.
#include <torch/torch.h>

#include "nn/golden.h"
#include "nn/torch_test.h"
#include "nn/unet.h"
#include "train/loss.h"
#include "train/optimizer.h"

namespace {

using namespace fovea;
using namespace fovea::test;
using namespace fovea::train;
using nlohmann::json;

// Recipe "cells" (constant blocks) and constant targets; (B, …) int64, the channel axis dropped.
torch::Tensor targetTensor(const json& recipe) {
    const auto shape = recipe.at("shape").get<std::vector<std::int64_t>>();
    torch::Tensor target = torch::empty(shape, torch::kInt64);
    if (recipe.at("kind") != "cells") return target.fill_(recipe.at("offset").get<double>()).squeeze(1);
    const auto cell = recipe.at("cell").get<std::vector<std::int64_t>>();
    const std::uint64_t key = recipe.at("key");
    const double n = recipe.at("n"), low = recipe.at("low"), step = recipe.at("step");
    auto* values = target.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < target.numel(); ++i) {
        std::int64_t rest = i, coarse = 0, stride = 1;
        for (std::size_t a = shape.size(); a-- > 0;) {
            coarse += rest % shape[a] / cell[a] * stride;
            stride *= (shape[a] + cell[a] - 1) / cell[a];
            rest /= shape[a];
        }
        values[i] = std::int64_t(low + step * std::floor((hashUniform(key, std::uint64_t(coarse)) + 1) / 2 * n));
    }
    return target.squeeze(1);
}

// The ignore label becomes weight 0; a target of its own value would not be a class.
torch::Tensor takeIgnored(torch::Tensor& target, const json& config) {
    const json ignore = config.value("ignore_label", json());
    if (ignore.is_null()) return {};
    const torch::Tensor known = target != ignore.get<std::int64_t>();
    target = target * known;
    return known.to(torch::kFloat32);
}

void checkGradient(const torch::Tensor& logits, const torch::Tensor& want, const json& tolerance) {
    const torch::Tensor got = logits.grad().defined() ? logits.grad() : torch::zeros_like(logits);
    CHECK(excess(got, want, tolerance.at("grad_rel")) <= tolerance.at("grad_abs").get<double>());
}

void goldenLoss() {
    const auto folder = goldenFolder("nnunet");
    int checked = 0;
    for (const json& one : goldenCases(folder, "kind", "loss")) {
        if (one.at("config").at("loss") != "DC_and_CE") continue;
        torch::Tensor logits = recipeTensor(one.at("inputs").at("logits")).requires_grad_();
        torch::Tensor target = targetTensor(one.at("inputs").at("target"));
        const torch::Tensor weight = takeIgnored(target, one.at("config"));
        const torch::Tensor loss = diceCeLoss(logits, target, weight, {one.at("config").at("batch_dice").get<bool>()});
        CHECK_NEAR(loss.item<double>(), one.at("outputs").at("loss").get<double>(),
                   one.at("tolerance").at("loss_abs").get<double>());
        loss.backward();
        const auto want = goldenTensors(folder / "losses.safetensors", one.at("id").get<std::string>() + "/");
        checkGradient(logits, want.at("grad"), one.at("tolerance"));
        ++checked;
    }
    CHECK(checked == 10);
}

void goldenDeepSupervision() {
    const auto folder = goldenFolder("nnunet");
    for (const json& one : goldenCases(folder, "kind", "loss_ds")) {
        std::vector<torch::Tensor> heads;
        for (const json& recipe : one.at("inputs").at("logits")) heads.push_back(recipeTensor(recipe).requires_grad_());
        std::vector<torch::Tensor> targets;
        for (const json& recipe : one.at("inputs").at("target")) targets.push_back(targetTensor(recipe));
        const torch::Tensor loss =
            deepSupervisionLoss(heads, targets, {}, one.at("config").at("weights").get<std::vector<double>>(), {false});
        CHECK_NEAR(loss.item<double>(), one.at("outputs").at("loss").get<double>(), 2e-6);
        loss.backward();
        const auto want = goldenTensors(folder / "losses.safetensors", one.at("id").get<std::string>() + "/");
        checkGradient(heads[0], want.at("grad0"), one.at("tolerance"));
        checkGradient(heads[1], want.at("grad1"), one.at("tolerance"));
        CHECK(!heads[2].grad().defined());
    }
    for (const json& one : goldenCases(folder, "kind", "ds_weights"))
        for (const json& row : one.at("outputs").at("rows")) {
            const auto got = deepSupervisionWeights(row.at("n_stages"));
            CHECK(got.size() == row.at("weights").size());
            for (std::size_t i = 0; i < got.size(); ++i)
                CHECK_NEAR(got[i], row.at("weights").at(i).get<double>(), 1e-12);
        }
    for (const json& one : goldenCases(folder, "kind", "ds_scales"))
        for (const json& row : one.at("outputs").at("rows"))
            CHECK(deepSupervisionScales(row.at("strides")) == row.at("scales").get<std::vector<std::vector<double>>>());
    CHECK(deepSupervisionWeights(2) == std::vector<double>{1.0});
}

void goldenSchedule() {
    for (const json& one : goldenCases(goldenFolder("nnunet"), "kind", "poly_lr"))
        for (std::size_t i = 0; i < one.at("inputs").at("rows").size(); ++i) {
            const json& row = one.at("inputs").at("rows").at(i);
            const double want = one.at("outputs").at("lr").at(i);
            CHECK_NEAR(polyLearningRate(0.01, row.at("epoch"), row.at("max_epochs")), want, want * 1e-12);
        }
}

void goldenCounts() {
    for (const json& one : goldenCases(goldenFolder("nnunet"), "kind", "tp_fp_fn")) {
        const auto counts = countsPerClass(recipeTensor(one.at("inputs").at("logits")),
                                           targetTensor(one.at("inputs").at("target")), {});
        const json& want = one.at("outputs");
        CHECK(counts.size() == want.at("tp").size());
        for (std::size_t k = 0; k < counts.size(); ++k)
            CHECK(counts[k].tp == want.at("tp").at(k) && counts[k].fp == want.at("fp").at(k) &&
                  counts[k].fn == want.at("fn").at(k));
    }
}

void goldenSgd() {
    const auto folder = goldenFolder("nnunet");
    for (const json& one : goldenCases(folder, "kind", "sgd_clip")) {
        Optimizer::Named parameters;
        std::vector<torch::Tensor> grads;
        for (std::size_t i = 0; i < one.at("inputs").at("params").size(); ++i) {
            parameters.emplace_back("p" + std::to_string(i),
                                    recipeTensor(one.at("inputs").at("params").at(i)).requires_grad_());
            grads.push_back(recipeTensor(one.at("inputs").at("grads").at(i)));
        }
        Optimizer optimizer(parameters, {Method::Sgd, 3e-5, 0.99});
        for (int step = 0; step < 3; ++step) {
            for (std::size_t i = 0; i < grads.size(); ++i) parameters[i].second.mutable_grad() = grads[i] * (1 + step);
            const double norm = one.at("outputs").at("norms").at(step);
            CHECK_NEAR(optimizer.clip(12).item<double>(), norm, norm * 1e-5);
            optimizer.step(0.01);
            const auto want = goldenTensors(folder / "losses.safetensors",
                                            one.at("id").get<std::string>() + "/step" + std::to_string(step + 1) + "/");
            for (const auto& [name, p] : parameters) CHECK(excess(p.detach(), want.at(name), 0) <= 1e-6);
        }
    }
}

void goldenTrainSteps() {
    const auto folder = goldenFolder("nnunet");
    int checked = 0;
    for (const json& one : goldenCases(folder, "kind", "train_steps")) {
        const json& config = one.at("config");
        if (config.at("architecture").at("network_class_name").get<std::string>().find("PlainConvUNet") ==
            std::string::npos)
            continue;
        nn::UNet unet(nn::topologyFromArchitecture(config.at("architecture"), config.at("input_channels"),
                                                   config.at("output_channels")));
        hashWeights(*unet, config.at("weights").at("key_base"));
        unet->to(torch::kFloat64);
        Optimizer::Named parameters;
        for (const auto& item : unet->named_parameters()) parameters.emplace_back(item.key(), item.value());
        Optimizer optimizer(parameters, {Method::Sgd, 3e-5, 0.99});
        for (std::size_t step = 0; step < one.at("inputs").at("batches").size(); ++step) {
            optimizer.zeroGrad();
            torch::Tensor target = targetTensor(one.at("inputs").at("targets").at(step).at(0));
            const torch::Tensor weight = takeIgnored(target, config);
            const auto heads = unet->heads(recipeTensor(one.at("inputs").at("batches").at(step)).to(torch::kFloat64));
            const auto loss = deepSupervisionLoss(heads, atHeads(target, heads), atHeads(weight, heads),
                                                  config.at("ds_weights").get<std::vector<double>>(),
                                                  {config.at("batch_dice").get<bool>()});
            CHECK_NEAR(loss.item<double>(), one.at("outputs").at("losses").at(step).get<double>(), 5e-5);
            loss.backward();
            const double norm = one.at("outputs").at("grad_norm_before_clip").at(step);
            CHECK_NEAR(optimizer.clip(12).item<double>(), norm, norm * 1e-3);
            optimizer.step(one.at("outputs").at("lr").at(step));
            const auto want = goldenTensors(folder / "losses.safetensors",
                                            one.at("id").get<std::string>() + "/step" + std::to_string(step + 1) + "/");
            int compared = 0;
            for (const auto& [name, p] : parameters)
                if (want.contains(name)) {
                    CHECK(excess(p.detach(), want.at(name), 0) <= 5e-5);
                    ++compared;
                }
            CHECK(compared == int(parameters.size()));
        }
        for (const auto& [name, moved] : optimizer.state()) CHECK(name.find("seg_layers.0.") == std::string::npos);
        ++checked;
    }
    CHECK(checked == 2);
}

// A weight of 0 hides a voxel: whatever logits and target say there changes neither loss nor gradient elsewhere.
void ignoredVoxelsDoNotMatter() {
    torch::manual_seed(1);
    const torch::Tensor weight = (torch::rand({2, 6, 5}) > 0.5).to(torch::kFloat32);
    const torch::Tensor target = torch::randint(0, 3, {2, 6, 5}), other = torch::randint(0, 3, {2, 6, 5});
    const torch::Tensor hidden = weight == 0;
    for (bool batchDice : {false, true}) {
        torch::Tensor a = torch::randn({2, 3, 6, 5});
        torch::Tensor b = torch::where(hidden.unsqueeze(1), torch::randn_like(a) * 9, a).clone();
        a.requires_grad_(), b.requires_grad_();
        const auto lossA = diceCeLoss(a, target, weight, {batchDice});
        const auto lossB = diceCeLoss(b, torch::where(hidden, other, target), weight, {batchDice});
        CHECK(lossA.item<float>() == lossB.item<float>());
        lossA.backward(), lossB.backward();
        CHECK(torch::equal(a.grad(), b.grad()));
        CHECK(a.grad().masked_select(hidden.unsqueeze(1)).abs().max().item<float>() == 0);
    }
}

void doubtedVoxelsAreLeftOut() {
    // One voxel each: believed and doubted, believed and agreed, believed and unsure, certain and doubted, unknown.
    const torch::Tensor target = torch::tensor({1, 1, 1, 1, 1}, torch::kInt64).view({1, 5});
    const torch::Tensor weight = torch::tensor({0.5f, 0.5f, 0.5f, 1.f, 0.f}).view({1, 5});
    const torch::Tensor margin = torch::tensor({-2.f, 2.f, 0.f, -2.f, -2.f}).view({1, 1, 5});  // of the target's logit
    const torch::Tensor logits = torch::cat({torch::zeros_like(margin), margin}, 1).requires_grad_();
    const torch::Tensor left = withoutDoubted(weight, logits, target);
    CHECK(torch::equal(left, torch::tensor({0.f, 0.5f, 0.5f, 1.f, 0.f}).view({1, 5})));
    CHECK(!left.requires_grad());
}

void believedVoxelsCountLess() {
    torch::manual_seed(2);
    torch::Tensor logits = torch::randn({2, 3, 6, 5}).requires_grad_();
    const torch::Tensor target = torch::randint(0, 3, {2, 6, 5}), ones = torch::ones({2, 6, 5});
    const double full = diceCeLoss(logits, target, {}, {true}).item<double>();
    CHECK_NEAR(diceCeLoss(logits, target, ones, {true}).item<double>(), full, 1e-6);
    CHECK_NEAR(diceCeLoss(logits, target, ones * 0.25, {true}).item<double>(), full * 0.25, 1e-4);
    const auto nothing = diceCeLoss(logits, target, ones * 0, {false});
    nothing.backward();
    CHECK(logits.grad().abs().max().item<double>() == 0);
}

void regionsWithNothingKnownOrAbsent() {
    torch::manual_seed(4);
    torch::Tensor logits = torch::randn({2, 3, 6, 5}).requires_grad_();
    torch::Tensor target = torch::randint(0, 2, {2, 3, 6, 5}, torch::kBool);
    target.select(1, 2).fill_(false);  // a region that never occurs
    for (bool batchDice : {false, true}) {
        const auto loss = diceBceLoss(logits, target, {}, {batchDice, true});
        loss.backward();
        CHECK(std::isfinite(loss.item<float>()) && logits.grad().isfinite().all().item<bool>());
        logits.mutable_grad() = torch::Tensor();
        const auto nothing = diceBceLoss(logits, target, torch::zeros({2, 6, 5}), {batchDice, true});
        CHECK(nothing.item<float>() == -1);
        nothing.backward();
        CHECK(logits.grad().abs().max().item<double>() == 0);
    }
    const auto counts = countsPerRegion(logits, target, torch::zeros({2, 6, 5}));
    CHECK(counts.size() == 3 && counts[0].tp + counts[0].fp + counts[0].fn == 0);
    const auto all = countsPerRegion(logits, target, {});
    CHECK(all[2].tp == 0 && all[2].fn == 0 && all[0].tp + all[0].fn == target.select(1, 0).sum().item<double>());
}

// With a mask, nnU-Net adds the regions' cross-entropies up instead of averaging them (spec section 4.6).
void maskedRegionsAreSummed() {
    torch::manual_seed(5);
    const torch::Tensor logits = torch::randn({1, 3, 4, 4}), target = torch::randint(0, 2, {1, 3, 4, 4});
    const double bce = torch::binary_cross_entropy_with_logits(logits, target.to(torch::kFloat32)).item<double>();
    const double plain = diceBceLoss(logits, target, {}, {true, true}).item<double>();
    const double masked = diceBceLoss(logits, target, torch::ones({1, 4, 4}), {true, true}).item<double>();
    CHECK_NEAR(masked - plain, 2 * bce, 1e-5);
}

void absentClassesStayFinite() {
    torch::Tensor logits = torch::zeros({1, 4, 1, 1}).requires_grad_();  // one voxel, one class of four
    for (bool batchDice : {false, true}) {
        const auto loss = diceCeLoss(logits, torch::zeros({1, 1, 1}, torch::kInt64), {}, {batchDice});
        loss.backward();
        CHECK(std::isfinite(loss.item<float>()) && logits.grad().isfinite().all().item<bool>());
    }
}

void scoresLeaveOutWhatNeverOccurs() {
    const auto dice = pseudoDice({{{1, 1, 0}, {0, 0, 0}}, {{2, 0, 1}, {0, 0, 0}}});
    CHECK_NEAR(dice[0], 0.75, 1e-12);
    CHECK(std::isnan(dice[1]) && meanOfKnown(dice) == dice[0]);
    CHECK(pseudoDice({}).empty() && std::isnan(meanOfKnown({})));
    MovingDice moving;
    CHECK(!moving.value() && moving.add(0.5) && !moving.add(0.4) && moving.add(0.9));
    CHECK_NEAR(*moving.value(), 0.9 * (0.9 * 0.5 + 0.1 * 0.4) + 0.09, 1e-12);
}

}  // namespace

std::vector<NamedTest> fovea::test::tests() {
    torch::set_num_threads(1);
    return {{"golden loss", goldenLoss},
            {"golden deep supervision", goldenDeepSupervision},
            {"golden schedule", goldenSchedule},
            {"golden counts", goldenCounts},
            {"golden SGD", goldenSgd},
            {"golden training steps", goldenTrainSteps},
            {"ignored voxels do not matter", ignoredVoxelsDoNotMatter},
            {"doubted voxels are left out", doubtedVoxelsAreLeftOut},
            {"believed voxels count less", believedVoxelsCountLess},
            {"regions with nothing known or absent", regionsWithNothingKnownOrAbsent},
            {"masked regions are summed", maskedRegionsAreSummed},
            {"absent classes stay finite", absentClassesStayFinite},
            {"scores leave out what never occurs", scoresLeaveOutWhatNeverOccurs}};
}

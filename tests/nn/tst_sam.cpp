#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <cmath>
#include <tuple>

#include "base/error.h"
#include "base/file.h"
#include "nn/golden.h"
#include "nn/guards.h"
#include "nn/sam/checkpoint.h"
#include "nn/sam/frame.h"
#include "nn/sam/fused_attention.h"
#include "nn/torch_test.h"

using namespace fovea;
using namespace fovea::nn;
using namespace fovea::nn::sam;

namespace {

SamConfig tiny(std::int64_t width = 24) {
    VitConfig vit;
    vit.imageSize = 64, vit.patchSize = 8, vit.width = width, vit.depth = 2, vit.heads = 2;
    vit.window = 3, vit.globalBlocks = {1}, vit.outChannels = 16;
    PromptConfig prompts;
    prompts.imageSize = 64, prompts.patchSize = 8, prompts.width = 16, prompts.heads = 4;
    prompts.mlpHidden = 20, prompts.iouHidden = 12;
    return {vit, prompts};
}

Sam filled(const SamConfig& config) {
    Sam sam(config);
    test::hashWeights(*sam, 0);
    sam->eval();
    return sam;
}

struct Session {
    Sam sam = filled(tiny());
    torch::Tensor embedding = sam->embed(torch::rand({1, 3, 64, 64}));
    torch::Tensor positions = sam->promptEncoder()->densePositions();

    MaskPrediction predict(const Prompts& prompts) { return sam->predict(embedding, positions, prompts); }
};

// The message of the error of this kind that f throws.
template <class F>
std::string refusal(ErrorKind kind, F&& f) {
    try {
        f();
    } catch (const Error& e) {
        if (e.kind() != kind) test::fail(__FILE__, __LINE__, std::string("another kind: ") + e.what());
        return e.what();
    }
    test::fail(__FILE__, __LINE__, "nothing was refused");
    return {};
}

void contains(const std::string& text, const std::string& part) {
    if (text.find(part) == std::string::npos) test::fail(__FILE__, __LINE__, "\"" + part + "\" is not in: " + text);
}

// Names and shapes of a full-size model without memory behind them.
State listed(const std::string& file) {
    const auto path = test::goldenFolder("models/tiny").parent_path() / "keys" / file;
    const nlohmann::json tree = file::readJson(path);
    State state;
    for (const auto& row : tree.at("keys"))
        state.emplace_back(row.at(0).get<std::string>(), torch::empty(row.at(1).get<std::vector<std::int64_t>>(),
                                                                      torch::TensorOptions().device(torch::kMeta)));
    return state;
}

void publishedModelsAreRecognised() {
    for (const std::string name : {"vit_b", "vit_l", "vit_h"}) {
        const SamConfig config = samConfig(listed("sam_" + name + ".json"), name);
        CHECK(config.name() == name);
        const auto found = std::get<VitConfig>(config.encoder), wanted = std::get<VitConfig>(samNamed(name).encoder);
        CHECK(found.depth == wanted.depth && found.heads == wanted.heads && found.window == wanted.window);
        CHECK(found.globalBlocks == wanted.globalBlocks && found.imageSize == 1024 && found.mlpRatio == 4);
        CHECK(config.prompts.mlpHidden == 2048 && config.prompts.multimasks == 3 && config.prompts.iouDepth == 3);
    }
    const SamConfig mobile = samConfig(listed("mobile_sam_vit_t.json"), "vit_t");
    const auto found = std::get<TinyVitConfig>(mobile.encoder), wanted = TinyVitConfig();
    CHECK(mobile.name() == "vit_t" && mobile.prompts.grid() == 64);
    CHECK(found.widths == wanted.widths && found.depths == wanted.depths && found.windows == wanted.windows);
    CHECK(std::equal(found.heads.begin() + 1, found.heads.end(), wanted.heads.begin() + 1));
}

void publishedNamesAreOurs() {
    for (const auto& [file, name] : {std::pair("sam_vit_b.json", "vit_b"), {"mobile_sam_vit_t.json", "vit_t"}}) {
        const KeyReport report = compareState(listed(file), *Sam(samNamed(name)));
        if (!report.ok()) test::fail(__FILE__, __LINE__, std::string(name) + ": " + report.str());
    }
    for (const std::string variant : {"resample", "transpose"}) {
        const State state = listed("micro_sam_decoder_" + variant + ".json");
        const UnetrConfig config = unetrConfig(state, variant);
        CHECK((config.upsampling == Upsampling::Transpose) == (variant == "transpose"));
        CHECK(compareState(state, *UnetrDecoder(config)).ok());
    }
}

void containersOfMicroSam() {
    const auto folder = test::goldenFolder("models/containers");
    for (const char* file : {"micro_sam_training.pt", "micro_sam_export.pt"}) {
        const SamState state = readSamState(folder / file);
        CHECK(state.decoder && !state.decoder->empty());
        for (const auto& [name, tensor] : state.model)
            if (!name.starts_with("image_encoder.") && !name.starts_with("prompt_encoder.") &&
                !name.starts_with("mask_decoder."))
                test::fail(__FILE__, __LINE__, name);
    }
    CHECK(!readSamState(folder / "mobile_sam.pt").decoder);
    CHECK(loadSam(folder / "sam_t128.pth")->config().imageSize() == 128);
}

void savedModelsLoad() {
    const file::TempFolder folder;
    Session session;
    saveWeights(folder.path() / "sam.safetensors", *session.sam);
    Sam again = loadSam(folder.path() / "sam.safetensors");
    CHECK(again->config().name() == "vit");
    CHECK(again->embed(torch::zeros({1, 3, 64, 64})).equal(session.sam->embed(torch::zeros({1, 3, 64, 64}))));
}

void filesOfAnotherRole() {
    const file::TempFolder folder;
    const auto model = folder.path() / "sam.safetensors", decoder = folder.path() / "decoder.safetensors";
    saveWeights(model, *filled(tiny()));
    UnetrConfig small;
    small.embedding = 16, small.features = {16, 8, 4, 4};
    saveWeights(decoder, *UnetrDecoder(small));
    contains(refusal(ErrorKind::Format, [&] { loadSam(decoder); }), "decoder.safetensors does not hold a model");
    contains(refusal(ErrorKind::Format, [&] { loadUnetr(model); }), "an instance decoder");
    Sam wider(tiny(32));
    contains(refusal(ErrorKind::Format, [&] { loadWeights(model, *wider); }), "of another shape");
    State damaged = stateOf(*filled(tiny()));
    std::erase_if(damaged, [](const auto& item) { return item.first == "image_encoder.blocks.1.mlp.lin2.bias"; });
    saveState(model, damaged);
    contains(refusal(ErrorKind::Format, [&] { loadSam(model); }), "image_encoder.blocks.1.mlp.lin2.bias");
}

void impossibleSizes() {
    State state = stateOf(*filled(tiny()));
    for (auto& [name, tensor] : state)
        if (name.ends_with("rel_pos_h")) tensor = torch::zeros({5, 0});
    refusal(ErrorKind::Format, [&] {
        const file::TempFolder folder;
        saveState(folder.path() / "m.safetensors", state);
        loadSam(folder.path() / "m.safetensors");
    });
    VitConfig vit;
    vit.heads = 7;
    refusal(ErrorKind::Input, [&] { VitEncoder encoder(vit); });
    refusal(ErrorKind::Input, [&] { samNamed("vit_x"); });
    Session session;
    refusal(ErrorKind::Input, [&] { session.sam->embed(torch::zeros({1, 3, 64, 60})); });
    refusal(ErrorKind::Input, [&] { session.sam->embed(torch::zeros({1, 1, 64, 64})); });
}

// Maps smaller than a window, of one cell, and no multiples of it.
void oddMaps() {
    for (const auto& [rows, columns] : {std::pair(1, 1), {1, 9}, {5, 3}, {14, 14}, {15, 29}}) {
        const Cells map{rows, columns};
        for (const std::int64_t window : {0, 4}) {
            Block block(12, 3, 2, window, map);
            test::hashWeights(*block, 7);
            const auto x = torch::rand({2, rows, columns, 12});
            const auto y = block(x);
            CHECK(y.sizes() == x.sizes() && y.isfinite().all().item<bool>());
            CHECK(block(x.slice(0, 1, 2)).allclose(y.slice(0, 1, 2), 1e-4, 1e-5));
        }
    }
}

// What inference and training compute is the same.
void withAndWithoutGradients() {
    for (const std::int64_t window : {0, 4}) {
        Block block(12, 3, 2, window, Cells{6, 9});
        test::hashWeights(*block, 3);
        const auto x = torch::rand({2, 6, 9, 12});
        const auto learning = block(x);
        CHECK(learning.requires_grad());
        const torch::NoGradGuard off;
        CHECK(block(x).allclose(learning, 1e-4, 1e-5));
        Block exact(12, 3, 2, window, Cells{6, 9});
        test::hashWeights(*exact, 3);
        exact->to(torch::kFloat64);
        CHECK(exact(x.to(torch::kFloat64)).to(torch::kFloat32).allclose(learning, 1e-4, 1e-5));
    }
}

// The map is no multiple of the window: cells are filled in, in the precision of the rest.
void halfPrecision() {
    const NoGrad off(false);
    Session session;
    const torch::Tensor image = torch::rand({1, 3, 64, 64}), exact = session.sam->embed(image);
    Prompts prompts;
    prompts.points = torch::full({1, 1, 2}, 20.0);
    prompts.labels = torch::ones({1, 1}, at::kLong);
    const torch::Tensor logits = session.predict(prompts).logits;
    const AutocastGuard autocast(at::kCPU, {"bfloat16", false, 1});
    CHECK((session.sam->embed(image) - exact).norm().item<double>() < 0.03 * exact.norm().item<double>());
    CHECK((session.predict(prompts).logits - logits).norm().item<double>() < 0.03 * logits.norm().item<double>());
}

void packedEncoder() {
    const NoGrad off(false);
    const torch::Tensor image = torch::rand({1, 3, 64, 64});
    Session session;
    const torch::Tensor exact = session.sam->embed(image);
    session.sam->packEncoder({"float32", false, 1});
    CHECK(session.sam->embed(image).allclose(exact, 1e-4, 1e-5));
    Session half;
    const AutocastGuard autocast(at::kCPU, {"bfloat16", false, 1});
    half.sam->packEncoder({"bfloat16", false, 1});
    CHECK((half.sam->embed(image) - exact).norm().item<double>() < 0.03 * exact.norm().item<double>());
}

void promptsOutsideTheImage() {
    const torch::NoGradGuard off;
    Session session;
    const auto points = torch::tensor({-500.0f, 20.0f, 1e6f, -3.0f}).reshape({1, 2, 2});
    const auto all =
        session.predict({points, torch::ones({1, 2}, torch::kInt64), torch::tensor({{-9.f, -9.f, 900.f, 70.f}}), {}});
    CHECK(all.logits.isfinite().all().item<bool>() && all.iou.isfinite().all().item<bool>());
}

void manyPromptsAreAsOne() {
    const torch::NoGradGuard off;
    Session session;
    const auto points = torch::rand({150, 2, 2}) * 64;
    const auto labels = torch::randint(0, 2, {150, 2}, torch::kInt64);
    const auto all = session.predict({points, labels, {}, {}});
    CHECK(all.logits.sizes() == at::IntArrayRef({150, 4, 32, 32}));
    CHECK(singleMask(all).iou.size(1) == 1 && multimasks(all).iou.size(1) == 3);
    for (const std::int64_t i : {0, 77, 149}) {
        const auto one = session.predict({points.slice(0, i, i + 1), labels.slice(0, i, i + 1), {}, {}});
        CHECK(one.logits.allclose(all.logits.slice(0, i, i + 1), 1e-3, 1e-4));
    }
    CHECK(session.predict({}).logits.size(0) == 1);
    const auto none = session.predict({torch::zeros({0, 1, 2}), torch::zeros({0, 1}, torch::kInt64), {}, {}});
    CHECK(none.logits.size(0) == 0);
}

void promptsThatDontFit() {
    const torch::NoGradGuard off;
    Session session;
    const auto two = torch::zeros({1, 2, 2});
    refusal(ErrorKind::Input, [&] { session.predict({two, {}, {}, {}}); });
    refusal(ErrorKind::Input, [&] { session.predict({two, torch::ones({1, 3}, torch::kInt64), {}, {}}); });
    refusal(ErrorKind::Input, [&] { session.predict({two, torch::ones({1, 2}), torch::zeros({2, 4}), {}}); });
    refusal(ErrorKind::Input, [&] { session.predict({{}, {}, torch::zeros({1, 5}), {}}); });
    refusal(ErrorKind::Input, [&] { session.predict({{}, {}, {}, torch::zeros({1, 1, 64, 64})}); });
}

void frames() {
    const Frame wide = frameOf(520, 704);
    CHECK(wide.contentHeight == 756 && wide.contentWidth == 1024);
    const Frame dot = frameOf(1, 1);
    CHECK(dot.contentHeight == 1024 && dot.contentWidth == 1024);
    const Frame line = frameOf(1, 9000, 64);
    CHECK(line.contentHeight == 1 && line.contentWidth == 64);
    refusal(ErrorKind::Input, [] { frameOf(0, 5); });

    const Frame frame = frameOf(2, 4, 8);
    const auto input = normalised(fitted(Volume<std::uint8_t>({3, 2, 4}, 124), frame), frame);
    CHECK(input.sizes() == at::IntArrayRef({1, 3, 8, 8}));
    CHECK_NEAR(input[0][0][0][0].item<float>(), (124 - 123.675) / 58.395, 1e-5);
    CHECK(input.slice(2, 4, 8).abs().max().item<float>() == 0);
    refusal(ErrorKind::Input, [&] { fitted(Volume<std::uint8_t>({1, 2, 4}), frame); });
    refusal(ErrorKind::Input, [&] { normalised(Volume<std::uint8_t>({3, 2, 4}), frame); });
    CHECK(inFrame(torch::tensor({{1.0, 1.0}}), frame).equal(torch::tensor({{2.0f, 2.0f}})));
    CHECK(atImageSize(torch::ones({1, 2, 4, 4}), frame).equal(torch::ones({1, 2, 2, 4})));
}

// Cut without being made whole, whatever the image's size beside the frame's.
void masksAtTheImagesSize() {
    for (const auto& [height, width] :
         std::vector<std::pair<std::int64_t, std::int64_t>>{{64, 64}, {200, 131}, {17, 40}, {1, 90}, {1, 1}}) {
        const Frame frame = frameOf(height, width, 64);
        const at::Tensor logits = 3 * torch::randn({2, 3, 16, 16});
        const at::Tensor whole = atImageSize(logits, frame);
        const ImageMasks cut = cutAtImageSize(logits, frame);
        CHECK(cut.masks.sizes() == whole.sizes());
        const at::Tensor differ = cut.masks.to(torch::kBool) != (whole > 0);
        CHECK(!differ.logical_and(whole.abs() > 1e-5).any().item<bool>());
        const at::Tensor possible = (whole > -1).sum({2, 3}), certain = (whole > 1).sum({2, 3});
        CHECK(cut.stability.allclose(certain.to(torch::kDouble) / possible, 0, 1e-12, true));
    }
    CHECK(cutAtImageSize(torch::full({1, 1, 4, 4}, -5.0), frameOf(8, 8, 8)).stability.isnan().all().item<bool>());
}

// The few beside the many give what the same rows give where both are as many.
void attentionOfFew() {
    const torch::NoGradGuard off;
    CrossAttention attention(16, 8, 2);
    for (auto& parameter : attention->parameters()) parameter.normal_(0, 0.5);
    const auto few = torch::randn({2, 3, 16}), many = torch::randn({2, 30, 16}), values = torch::randn({2, 30, 16});
    const auto repeated = attention->forward(few.repeat({1, 10, 1}), many, values);
    CHECK(attention->forward(few, many, values).allclose(repeated.narrow(1, 0, 3), 1e-4, 1e-5));
    const auto spread = attention->addedTo(values, many, few, -few);
    for (std::int64_t i = 0; i < 30; i += 3)
        CHECK((spread - values)
                  .narrow(1, i, 3)
                  .allclose(attention->forward(many.narrow(1, i, 3), few, -few), 1e-4, 1e-4));
}

// In float32 the softmax is made as keys go by where the map suits the processor's vectors: what float64 gives all at
// once, with scores that rise, fall and are far apart.
void attentionAsKeysGoBy() {
    const torch::NoGradGuard off;
    for (const auto& [rows, columns, depth] :
         {std::tuple{7, 16, 16}, {10, 32, 80}, {9, 80, 64}, {14, 14, 64}, {5, 14, 24}}) {
        const std::int64_t images = 2, heads = 3, cells = rows * columns;
        const auto double64 = torch::TensorOptions(at::kDouble);
        const auto qkv = torch::randn({images, rows, columns, 3 * heads * depth}, double64);
        auto byRow = 4 * torch::randn({images, heads, rows, columns, rows}, double64);
        const auto byColumn = 4 * torch::randn({images, heads, rows, columns, columns}, double64);
        byRow.select(4, rows - 1) += 60;  // the last row outweighs all before it,
        byRow.select(4, 1) -= 200;        // and what is next to nothing stays so
        const auto parts = qkv.reshape({images, cells, 3, heads, depth}).permute({2, 0, 3, 1, 4});
        const auto terms = (byRow.unsqueeze(-1) + byColumn.unsqueeze(-2)).reshape({images, heads, cells, cells});
        const auto scores = parts[0].matmul(parts[1].transpose(2, 3)) / std::sqrt(double(depth)) + terms;
        const auto expected =
            scores.softmax(-1).matmul(parts[2]).transpose(1, 2).reshape({images, rows, columns, heads * depth});
        CHECK(fusedAttention(qkv, byRow, byColumn, heads).allclose(expected, 1e-9, 1e-9));
        const auto found = fusedAttention(qkv.to(at::kFloat), byRow.to(at::kFloat), byColumn.to(at::kFloat), heads);
        CHECK(found.to(at::kDouble).allclose(expected, 2e-5, 2e-5));
    }
    auto broken = torch::randn({1, 3, 16, 48});
    broken.view({-1})[500] = NAN;
    CHECK(fusedAttention(broken, torch::zeros({1, 1, 3, 16, 3}), torch::zeros({1, 1, 3, 16, 16}), 1)
              .isnan()
              .any()
              .item<bool>());
}

void instanceDecoderPerImage() {
    const torch::NoGradGuard off;
    for (const Upsampling upsampling : {Upsampling::Resample, Upsampling::Transpose}) {
        UnetrConfig config;
        config.embedding = 8, config.features = {16, 8, 4, 4}, config.upsampling = upsampling;
        UnetrDecoder decoder(config);
        decoder->eval();
        const auto pair = torch::rand({2, 8, 3, 5});
        const auto both = decoder->forward(pair);
        CHECK(both.sizes() == at::IntArrayRef({2, 3, 48, 80}));
        CHECK(decoder->forward(pair.slice(0, 1, 2)).allclose(both.slice(0, 1, 2), 1e-4, 1e-5));
        CHECK(!decoder->forward(pair, Statistics::Running).allclose(both, 1e-3, 1e-3));
    }
}

void tinyVitOfOddSides() {
    const torch::NoGradGuard off;
    TinyVitConfig config;
    config.imageSize = 48, config.widths = {4, 8, 12, 320}, config.depths = {1, 1, 1, 1}, config.heads = {1, 2, 3, 4};
    config.outChannels = 6, config.classes = 3;
    TinyVitEncoder encoder(config);
    encoder->eval();
    CHECK(encoder->forward(torch::rand({2, 3, 48, 48})).sizes() == at::IntArrayRef({2, 6, 3, 3}));
    config.heads = {1, 3, 3, 4};
    refusal(ErrorKind::Input, [&] { TinyVitEncoder none(config); });
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    at::set_num_threads(1);
    torch::manual_seed(1);
    return {{"publishedModelsAreRecognised", publishedModelsAreRecognised},
            {"publishedNamesAreOurs", publishedNamesAreOurs},
            {"containersOfMicroSam", containersOfMicroSam},
            {"savedModelsLoad", savedModelsLoad},
            {"filesOfAnotherRole", filesOfAnotherRole},
            {"impossibleSizes", impossibleSizes},
            {"oddMaps", oddMaps},
            {"withAndWithoutGradients", withAndWithoutGradients},
            {"halfPrecision", halfPrecision},
            {"promptsOutsideTheImage", promptsOutsideTheImage},
            {"packedEncoder", packedEncoder},
            {"manyPromptsAreAsOne", manyPromptsAreAsOne},
            {"promptsThatDontFit", promptsThatDontFit},
            {"frames", frames},
            {"masksAtTheImagesSize", masksAtTheImagesSize},
            {"attentionOfFew", attentionOfFew},
            {"attentionAsKeysGoBy", attentionAsKeysGoBy},
            {"instanceDecoderPerImage", instanceDecoderPerImage},
            {"tinyVitOfOddSides", tinyVitOfOddSides}};
}

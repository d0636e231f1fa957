#include <ATen/Parallel.h>

#include "base/error.h"
#include "base/file.h"
#include "nn/golden.h"
#include "nn/mae.h"
#include "nn/official_mae.h"
#include "nn/torch_test.h"

using namespace fovea;
using namespace fovea::nn;

namespace {

MaeConfig tiny() {
    MaeConfig c;
    c.imageSize = 32, c.patchSize = 8;
    c.width = 24, c.depth = 2, c.heads = 3;
    c.decoderWidth = 16, c.decoderDepth = 1, c.decoderHeads = 2;
    return c;
}

// Every tensor of the case within the tolerance; `got` by the names of the manifest.
void compare(const nlohmann::json& item, const std::filesystem::path& folder, const test::Tensors& got,
             const char* precision) {
    const auto place = item.at("outputs").get<std::string>();
    const auto stored =
        test::goldenTensors(folder / place.substr(0, place.find('#')), place.substr(place.find('#') + 1));
    const double tolerance = item.at("tolerance").at(precision);
    for (const auto& [name, description] : item.at("tensors").items()) {
        if (!got.contains(name)) test::fail(__FILE__, __LINE__, "nothing compares " + name);
        const double error = test::relativeError(got.at(name), stored.at(name), description);
        const bool exact = description.at("compare") == "exact";
        // abs_tol refers to values of size one at most (sines).
        const double allowed = exact                             ? 0
                               : description.contains("abs_tol") ? description.at("abs_tol").get<double>()
                                                                 : tolerance;
        if (!(error <= allowed))
            test::fail(__FILE__, __LINE__,
                       item.at("id").get<std::string>() + " " + name + ": error " + std::to_string(error));
    }
}

// The model goldens give the fixed codes in float32; both precisions start from what the constructor made.
Mae goldenMae(const nlohmann::json& item, torch::ScalarType type) {
    Mae mae(maeConfigFromJson(item.at("config")));
    std::map<std::string, torch::Tensor> codes;
    for (const auto& [name, tensor] : stateOf(*mae))
        if (name.ends_with("pos_embed")) codes[name] = tensor.clone();
    test::hashWeights(*mae, 0);
    for (const auto& [name, tensor] : stateOf(*mae))
        if (codes.contains(name)) tensor.copy_(codes.at(name));
    mae->to(type);
    mae->eval();
    return mae;
}

void goldenFeatures() {
    const torch::NoGradGuard off;
    const auto folder = test::goldenFolder("models/tiny");
    const auto cases = test::goldenCases(folder, "arch", "mae.features");
    CHECK(cases.size() >= 2);
    for (const auto& item : cases)
        for (const auto type : {torch::kFloat32, torch::kFloat64}) {
            Mae mae = goldenMae(item, type);
            const auto image = test::recipeTensor(item.at("inputs").at("image")).to(type);
            const auto tokens = mae->tokens(image);
            std::map<std::string, torch::Tensor> state;
            for (const auto& entry : stateOf(*mae)) state.insert(entry);
            compare(item, folder,
                    {{"pos_embed", state.at("pos_embed")},
                     {"decoder_pos_embed", state.at("decoder_pos_embed")},
                     {"patches", mae->embed(image)},
                     {"tokens", tokens},
                     {"mean_pool", mae->features(image)},
                     {"cls", tokens.select(1, 0)}},
                    type == torch::kFloat32 ? "f32" : "f64");
        }
}

void goldenForward() {
    const torch::NoGradGuard off;
    const auto folder = test::goldenFolder("models/tiny");
    const auto cases = test::goldenCases(folder, "arch", "mae.forward");
    CHECK(cases.size() >= 2);
    for (const auto& item : cases)
        for (const auto type : {torch::kFloat32, torch::kFloat64}) {
            Mae mae = goldenMae(item, type);
            const auto image = test::recipeTensor(item.at("inputs").at("image")).to(type);
            const auto noise = test::recipeTensor(item.at("inputs").at("noise"));
            const double ratio = item.at("config").at("mask_ratio");
            const MaeMasked masked = mae->encode(image, noise, ratio);
            const auto prediction = mae->decode(masked.latent, masked.idsRestore);
            compare(item, folder,
                    {{"ids_shuffle", masked.idsShuffle},
                     {"ids_restore", masked.idsRestore},
                     {"mask", masked.mask},
                     {"latent", masked.latent},
                     {"target_patches", mae->patchify(image)},
                     {"pred", prediction},
                     {"loss_norm_pix", mae->loss(image, prediction, masked.mask, true).reshape({1})},
                     {"loss_plain", mae->forward(image, noise, ratio, false).reshape({1})}},
                    type == torch::kFloat32 ? "f32" : "f64");
        }
}

void goldenPositions() {
    const auto folder = test::goldenFolder("models/tiny");
    const auto cases = test::goldenCases(folder, "arch", "mae.pos_interp");
    CHECK(cases.size() >= 2);
    for (const auto& item : cases) {
        const auto codes = test::recipeTensor(item.at("inputs").at("pos_embed")).to(torch::kFloat64);
        const auto grid = item.at("config").at("new_grid").get<std::int64_t>();
        compare(item, folder, {{"pos_embed", resizePositions(codes, grid, grid)}}, "f64");
    }
}

void baseHasTheOfficialKeys() {
    const auto keys =
        file::readJson(test::goldenFolder("models/tiny").parent_path() / "keys" / "mae_vit_base_patch16.json");
    const Mae mae(MaeConfig::base());
    std::map<std::string, std::vector<std::int64_t>> wanted, got;
    for (const auto& row : keys.at("keys")) wanted[row.at(0)] = row.at(1).get<std::vector<std::int64_t>>();
    for (const auto& [name, tensor] : stateOf(*mae)) got[name] = tensor.sizes().vec();
    CHECK(got.size() == 254);
    CHECK(got == wanted);
}

void learnsWithoutTouchingPositions() {
    Mae mae(tiny(), 3);
    const auto loss = mae->forward(torch::rand({2, 3, 32, 32}), torch::rand({2, 16}));
    CHECK(loss.dim() == 0 && loss.item<double>() > 0);
    loss.backward();
    for (const auto& item : mae->named_parameters())
        CHECK(item.value().grad().defined() == !item.key().ends_with("pos_embed"));
}

void otherSizes() {
    const torch::NoGradGuard off;
    Mae mae(tiny());
    CHECK(mae->tokens(torch::rand({1, 3, 48, 16})).sizes() == torch::IntArrayRef({1, 13, 24}));
    CHECK(mae->features(torch::rand({3, 3, 8, 8})).sizes() == torch::IntArrayRef({3, 24}));
    CHECK_THROWS(mae->tokens(torch::rand({1, 3, 33, 32})), Error);
    CHECK_THROWS(mae->tokens(torch::rand({1, 1, 32, 32})), Error);
}

void inputIsScaledAndResized() {
    MaeConfig c = tiny();
    c.ranges = {{10, 20}};
    const auto x = maeInput(torch::full({1, 1, 50, 70}, 25.0), c, 32);
    CHECK(x.sizes() == torch::IntArrayRef({1, 3, 32, 32}));
    CHECK_NEAR(x[0][0][5][5].item<double>(), (1 - 0.485) / 0.229, 1e-4);
    CHECK_NEAR(x[0][2][31][31].item<double>(), (1 - 0.406) / 0.225, 1e-4);
    c.ranges = {{0, 1}, {0, 2}};
    const auto two = maeInput(torch::ones({1, 2, 1, 9}), c, 0);
    CHECK(two.sizes() == torch::IntArrayRef({1, 3, 1, 9}));
    CHECK_NEAR(two[0][1][0][0].item<double>(), (0.5 - 0.456) / 0.224, 1e-4);
    CHECK_THROWS(maeInput(torch::ones({1, 1, 8, 8}), c, 0), Error);
}

void configIsChecked() {
    const auto broken = [](auto change) {
        MaeConfig c = tiny();
        change(c);
        CHECK_THROWS(c.check(), Error);
        CHECK_THROWS(maeConfigFromJson(toJson(c)), Error);
    };
    broken([](MaeConfig& c) { c.imageSize = 33; });
    broken([](MaeConfig& c) { c.patchSize = 0; });
    broken([](MaeConfig& c) { c.heads = 5; });
    broken([](MaeConfig& c) { c.decoderWidth = 18; });
    broken([](MaeConfig& c) { c.depth = 0; });
    broken([](MaeConfig& c) { c.ranges.clear(); });
    broken([](MaeConfig& c) { c.ranges = {{5, 5}}; });
    CHECK_THROWS(maeConfigFromJson({{"img_size", "x"}}), Error);
}

void fileRoundTrip() {
    const torch::NoGradGuard off;
    const file::TempFolder folder;
    MaeConfig c = tiny();
    c.ranges = {{3, 200}};
    Mae mae(c, 9);
    saveMae(folder.path() / "mae.safetensors", *mae);
    Mae back = loadMae(folder.path() / "mae.safetensors");
    CHECK(toJson(back->config()) == toJson(c));
    const auto x = torch::rand({1, 3, 32, 32});
    CHECK(back->features(x).equal(mae->features(x)));
}

// A file of the authors with or without a decoder is a start for a network of the sizes that it tells.
void startsFromTheAuthors() {
    MaeConfig c;
    c.imageSize = 48, c.patchSize = 8;
    c.width = 128, c.depth = 2, c.heads = 2;
    c.decoderWidth = 64, c.decoderDepth = 1, c.decoderHeads = 2;
    const Mae trained(c, 5);
    const auto path = std::filesystem::temp_directory_path() / "fovea-tst-official-mae.safetensors";
    saveWeights(path, *trained);
    const OfficialMae whole(path);
    CHECK(toJson(whole.config()) == toJson(c));
    Mae copy(whole.config(), 6);
    whole.load(*copy);
    const auto same = [](const Mae& a, const Mae& b, const std::string& name) {
        const State left = stateOf(*a), right = stateOf(*b);
        const auto tensorOf = [&](const State& state) {
            return std::find_if(state.begin(), state.end(), [&](const auto& item) { return item.first == name; })
                ->second;
        };
        return tensorOf(left).equal(tensorOf(right));
    };
    CHECK(same(trained, copy, "blocks.1.mlp.fc2.weight") && same(trained, copy, "decoder_pred.weight"));

    // As published: the encoder alone, and wrapped as data-parallel training leaves it.
    State encoder;
    for (const auto& [name, tensor] : stateOf(*trained))
        if (!name.starts_with("decoder") && name != "mask_token") encoder.emplace_back("module." + name, tensor);
    saveState(path, encoder);
    const OfficialMae alone(path);
    CHECK(alone.config().width == 128 && alone.config().heads == 2 && alone.config().imageSize == 48);
    CHECK(alone.config().decoderWidth == 512 && alone.config().decoderDepth == 8);
    Mae start(alone.config(), 6);
    alone.load(*start);
    CHECK(same(trained, start, "blocks.1.mlp.fc2.weight") && same(trained, start, "cls_token"));
    CHECK(!start->decode(torch::zeros({1, 10, 128}), torch::arange(36).unsqueeze(0)).isnan().any().item<bool>());

    encoder.pop_back();
    saveState(path, encoder);
    CHECK_THROWS(OfficialMae(path).load(*start), Error);
    saveState(path, {{"image_encoder.pos_embed", torch::zeros({1})}});
    CHECK_THROWS(OfficialMae{path}, Error);
    std::filesystem::remove(path);
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    at::set_num_threads(1);
    return {{"goldenFeatures", goldenFeatures},
            {"goldenForward", goldenForward},
            {"goldenPositions", goldenPositions},
            {"baseHasTheOfficialKeys", baseHasTheOfficialKeys},
            {"learnsWithoutTouchingPositions", learnsWithoutTouchingPositions},
            {"otherSizes", otherSizes},
            {"inputIsScaledAndResized", inputIsScaledAndResized},
            {"configIsChecked", configIsChecked},
            {"fileRoundTrip", fileRoundTrip},
            {"startsFromTheAuthors", startsFromTheAuthors}};
}

#include "base/error.h"
#include "base/file.h"
#include "nn/cellsam/checkpoint.h"
#include "nn/golden.h"
#include "nn/tiny_cellsam.h"
#include "nn/torch_test.h"

using namespace fovea;
using namespace fovea::nn;
using namespace fovea::nn::cellsam;

namespace {

std::filesystem::path folder() {
    const auto path = std::filesystem::temp_directory_path() / "fovea-tst-cellsam";
    std::filesystem::create_directories(path);
    return path;
}

std::filesystem::path saved(const State& state, const char* name) {
    saveState(folder() / name, state);
    return folder() / name;
}

State tiny(bool advanced) {
    test::writeTinyCellSam(folder() / "written.safetensors", advanced);
    return readState(folder() / "written.safetensors");
}

// What a damaged or foreign file is refused with.
std::string refusal(const std::filesystem::path& path) {
    try {
        loadCellSam(path);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Format);
        return error.what();
    }
    test::fail(__FILE__, __LINE__, "it was read");
    return {};
}

// One query at a time, by the definition.
void attentionMeetsItsDefinition() {
    const torch::NoGradGuard off;
    const std::int64_t d = 4, heads = 2, h = 3, w = 5, n = 2;
    RowColumnAttention attention(d * heads, heads);
    std::map<std::string, torch::Tensor> own;
    for (const auto& [name, tensor] : stateOf(*attention)) own[name] = tensor.copy_(torch::randn(tensor.sizes()));
    const auto queryRow = torch::randn({1, n, d * heads}), queryColumn = torch::randn({1, n, d * heads});
    const auto keyRow = torch::randn({1, h, w, d * heads}), keyColumn = torch::randn({1, h, w, d * heads}),
               value = torch::randn({1, h, w, d * heads});
    const auto project = [&](const torch::Tensor& x, std::int64_t part) {
        return torch::matmul(x, own["in_proj_weight"].narrow(0, part * d * heads, d * heads).t()) +
               own["in_proj_bias"].narrow(0, part * d * heads, d * heads);
    };
    auto want = torch::zeros({n, d * heads});
    for (std::int64_t q = 0; q < n; ++q)
        for (std::int64_t k = 0; k < heads; ++k) {
            const auto head = [&](const torch::Tensor& x) { return x.narrow(-1, k * d, d); };
            const auto alongRow =
                head(project(keyRow, 2).mean(1)[0]).mv(head(project(queryRow, 0)[0][q]) / 2).softmax(0);
            const auto alongColumn =
                head(project(keyColumn, 3).mean(2)[0]).mv(head(project(queryColumn, 1)[0][q]) / 2).softmax(0);
            for (std::int64_t i = 0; i < h; ++i)
                for (std::int64_t j = 0; j < w; ++j)
                    want[q].narrow(0, k * d, d) += alongColumn[i] * alongRow[j] * head(project(value, 4)[0][i][j]);
        }
    want = torch::matmul(want, own["out_proj.weight"].t()) + own["out_proj.bias"];
    CHECK((attention(queryRow, queryColumn, keyRow, keyColumn, value)[0] - want).abs().max().item<double>() < 1e-4);
}

void ranksEveryClass() {
    const auto logits = torch::tensor({0.0, 3.0, 2.0, -1.0}).view({1, 2, 2});
    const auto boxes = torch::tensor({0.5, 0.5, 0.2, 0.4, 0.1, 0.2, 0.2, 0.2}).view({1, 2, 4});
    const RankedBoxes ranked = rankBoxes({logits, boxes}, 100);
    CHECK(ranked.scores.sizes() == torch::IntArrayRef({1, 2}));
    CHECK(ranked.classes.equal(torch::tensor({{1, 0}})));
    CHECK(ranked.boxes[0].allclose(
        torch::tensor({{40.0, 30.0, 60.0, 70.0}, {0.0, 10.0, 20.0, 30.0}}).to(torch::kFloat32)));
}

void officialNamesAndShapes() {
    const auto keys = file::readJson(test::goldenFolder("models/tiny").parent_path() / "keys" / "cellsam.json");
    const CellFinder finder(CellFinderConfig{});
    const sam::Sam segmenter(sam::samNamed("vit_b"));
    std::map<std::string, std::vector<std::int64_t>> wanted, got;
    for (const auto& row : keys.at("keys")) wanted[row.at(0)] = row.at(1).get<std::vector<std::int64_t>>();
    for (const auto& [name, tensor] : stateOf(*finder)) got["cellfinder.decode_head." + name] = tensor.sizes().vec();
    for (const auto& [name, tensor] : stateOf(*segmenter)) got["model." + name] = tensor.sizes().vec();
    CHECK(got.size() == 727);
    CHECK(got == wanted);
}

void readsItsSizesOffTheFile() {
    for (const bool advanced : {false, true}) {
        const State state = tiny(advanced);
        CellSam model = loadCellSam(saved(state, "tiny.safetensors"));
        CHECK(model.advanced == advanced);
        CHECK(model.unused.empty());
        CHECK(model.finder->config().backbone.window == 3);
        CHECK(model.finder->config().backbone.globalBlocks == std::vector<std::int64_t>{1});
        const std::map<std::string, torch::Tensor> values(state.begin(), state.end());
        for (const auto& [name, tensor] : stateOf(*model.segmenter))
            CHECK(tensor.equal(values.at((advanced ? "model_cp." : "model.") + name)));
        const torch::NoGradGuard off;
        const Detections found = model.finder->forward(torch::rand({1, 3, 64, 64}));
        CHECK(found.logits.sizes() == torch::IntArrayRef({1, 12, 2}));
        CHECK(found.boxes.isfinite().all().item<bool>());
    }
}

void saysWhatIsWrongWithAFile() {
    State state = tiny(false);
    state.emplace_back("optimizer.step", torch::zeros({1}));
    CHECK(loadCellSam(saved(state, "more.safetensors")).unused == std::vector<std::string>{"optimizer.step"});
    state.pop_back();

    State lacking = state;
    std::erase_if(lacking, [](const auto& item) { return item.first.find("norm_final_attn") != std::string::npos; });
    const std::string missing = refusal(saved(lacking, "lacking.safetensors"));
    CHECK(missing.find("norm_final_attn") != std::string::npos && missing.find("lacking") != std::string::npos);

    std::erase_if(lacking, [](const auto& item) { return item.first.starts_with("cellfinder."); });
    CHECK(refusal(saved(lacking, "sam.safetensors")).find("cellfinder.decode_head.") != std::string::npos);
    CHECK(refusal(saved({{"blocks.0.weight", torch::zeros({2})}}, "other.safetensors")).find("model.") !=
          std::string::npos);

    State bent = state;
    for (auto& [name, tensor] : bent)
        if (name == "cellfinder.decode_head.input_proj.0.0.weight") tensor = torch::zeros({1, 2});
    CHECK(refusal(saved(bent, "bent.safetensors")).find("input_proj.0.0.weight") != std::string::npos);
    for (auto& [name, tensor] : bent)
        if (name == "model.image_encoder.pos_embed") tensor = torch::zeros({1});
    CHECK(refusal(saved(bent, "bent.safetensors")).find("pos_embed") != std::string::npos);

    file::write(folder() / "models.tar.gz", "\x1f\x8b\x08 and so on");
    CHECK(refusal(folder() / "models.tar.gz").find("Unpack") != std::string::npos);
    CHECK_THROWS(loadCellSam(folder() / "nowhere.pt"), Error);
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    return {{"attentionMeetsItsDefinition", attentionMeetsItsDefinition},
            {"ranksEveryClass", ranksEveryClass},
            {"officialNamesAndShapes", officialNamesAndShapes},
            {"readsItsSizesOffTheFile", readsItsSizesOffTheFile},
            {"saysWhatIsWrongWithAFile", saysWhatIsWrongWithAFile}};
}

#include <ATen/Parallel.h>

#include <set>

#include "base/error.h"
#include "base/file.h"
#include "nn/golden.h"
#include "nn/nnunet_checkpoint.h"
#include "nn/official_state.h"
#include "nn/torch_test.h"
#include "nn/trained_model.h"
#include "tensorfile/torch_file.h"
#include "tensorfile/torch_writer.h"

using namespace fovea;
using namespace fovea::nn;

namespace {

using Json = nlohmann::ordered_json;

Topology residual2d(std::int64_t features = 4) {
    Topology t;
    t.encoder = EncoderKind::Residual;
    t.dims = 2;
    t.features = {features, 6};
    t.kernels = {{3, 3}, {3, 3}};
    t.strides = {{1, 1}, {2, 2}};
    t.encoderConvs = {1, 2};
    t.decoderConvs = {1};
    return t;
}

bool same(const State& a, const State& b) {
    bool equal = a.size() == b.size();
    for (std::size_t i = 0; equal && i < a.size(); ++i)
        equal = a[i].first == b[i].first && a[i].second.equal(b[i].second);
    return equal;
}

NnUNetCheckpoint checkpointOf(const UNet& unet, const std::string& configuration = "2d") {
    NnUNetCheckpoint c;
    c.weights = stateOf(*unet);
    for (const auto& [name, tensor] : c.weights)
        if (name.find("seg_layers.0") == std::string::npos)
            c.momentum.emplace_back(name + ".momentum", torch::rand_like(tensor));
    c.optimizer = Json::parse(R"({"lr": 0.01, "momentum": 0.99, "dampening": 0, "nesterov": true, "foreach": null})");
    c.logging = Json::parse(R"({"train_losses": [0.5, -0.25], "dice_per_class_or_region": [[0.1], [0.2]]})");
    c.bestEma = 0.75;
    c.epoch = 2;
    c.initArgs = {
        {"plans", {{"zebra", 1}, {"ape", 2}}}, {"configuration", configuration}, {"fold", 0}, {"device", "cpu"}};
    c.mirrorAxes = {0, 1};
    return c;
}

std::string errorOf(const std::function<void()>& f, ErrorKind kind) {
    try {
        f();
    } catch (const Error& e) {
        if (e.kind() != kind) test::fail(__FILE__, __LINE__, e.what());
        return e.what();
    }
    test::fail(__FILE__, __LINE__, "no error");
    return {};
}

void roundTrip() {
    const file::TempFolder folder;
    const auto path = folder.path() / "checkpoint_final.pth";
    const UNet unet(residual2d(), 3);
    const NnUNetCheckpoint before = checkpointOf(unet);
    writeNnUNetCheckpoint(path, before);
    const NnUNetCheckpoint after = readNnUNetCheckpoint(path);
    CHECK(same(before.weights, after.weights) && same(before.momentum, after.momentum));
    CHECK(after.optimizer.dump() == before.optimizer.dump() && after.logging.dump() == before.logging.dump());
    CHECK(after.initArgs.dump() == before.initArgs.dump());  // order of keys too
    CHECK(after.bestEma == 0.75 && after.epoch == 2 && after.mirrorAxes == before.mirrorAxes);
    CHECK(after.trainer == "nnUNetTrainer" && after.gradScaler.is_null());
    CHECK(readNnUNetCheckpoint(path, false).momentum.empty());
    CHECK(parameterOrder(after.weights) == optimizerOrder(*unet));
}

// As officially: every key, each number once.
void duplicatesShareStorage() {
    const file::TempFolder folder;
    const UNet unet(residual2d(), 3);
    writeNnUNetCheckpoint(folder.path() / "c.pth", checkpointOf(unet));
    const tensorfile::TorchFile file(folder.path() / "c.pth");
    std::set<std::uint32_t> storages;
    std::size_t entries = 0;
    for (const auto& [name, view] : file.tensors()) {
        storages.insert(view.storage);
        entries += name.starts_with("network_weights/") ? 1 : 0;
    }
    const std::size_t parameters = unet->parameters().size();
    CHECK(entries == officialState(*unet).size() && entries > 2 * parameters);
    CHECK(storages.size() == 2 * parameters - 2);  // one head has not moved
    CHECK(file.values().at("inference_allowed_mirroring_axes").dump() == "[0,1]");
}

void absentEntries() {
    const file::TempFolder folder;
    const UNet unet(residual2d(), 3);
    NnUNetCheckpoint c = checkpointOf(unet);
    c.mirrorAxes.reset();
    c.bestEma.reset();
    c.momentum.clear();
    writeNnUNetCheckpoint(folder.path() / "c.pth", c);
    const NnUNetCheckpoint back = readNnUNetCheckpoint(folder.path() / "c.pth");
    CHECK(!back.mirrorAxes && !back.bestEma && back.momentum.empty());
    c.momentum.emplace_back("nobody.momentum", torch::zeros({1}));
    errorOf([&] { writeNnUNetCheckpoint(folder.path() / "d.pth", c); }, ErrorKind::Internal);
    CHECK(!std::filesystem::exists(folder.path() / "d.pth"));
}

// Weights anywhere a published checkpoint puts them, with the prefixes that training tools add.
void weightsOfTorchFiles() {
    const file::TempFolder folder;
    const auto path = folder.path() / "w.pth";
    const UNet from(residual2d(), 1);
    for (const char* group : {"", "model", "state_dict", "model_state", "network_weights", "decoder_state"}) {
        tensorfile::PickleDict state, optimizer, root;
        for (const auto& [name, tensor] : officialState(*from))
            state.add("_orig_mod.module." + name, arrayOf(tensor.detach()));
        const auto other = torch::ones({2});
        optimizer.add("state", arrayOf(other));
        if (*group == '\0')
            root = state;
        else
            root.add(group, state);
        root.add("optimizer", optimizer);
        root.add("epoch", 7);
        tensorfile::writeTorch(path, root);
        UNet to(residual2d(), 2);
        if (std::string(group) == "decoder_state")
            loadState(readState(path, group), *to, path.string());
        else
            loadWeights(path, *to);
        CHECK(same(stateOf(*from), stateOf(*to)));
    }
    errorOf([&] { readState(path, "nowhere"); }, ErrorKind::Missing);
    UNet wide(residual2d(8), 2);
    const std::string text =
        errorOf([&] { loadState(readState(path, "decoder_state"), *wide, path.string()); }, ErrorKind::Format);
    CHECK(text.find("another network") != std::string::npos);
}

void damagedCheckpoints() {
    const file::TempFolder folder;
    const auto path = folder.path() / "c.pth";
    writeNnUNetCheckpoint(path, checkpointOf(UNet(residual2d(), 3)));
    const std::string bytes = file::read(path);
    for (std::size_t length = 0; length < bytes.size(); length += 997) {
        file::writeQuick(path, bytes.substr(0, length));
        CHECK(errorOf([&] { readNnUNetCheckpoint(path); }, ErrorKind::Format).find(path.string()) != std::string::npos);
    }
    const auto tensor = torch::ones({2});
    tensorfile::PickleDict state, root;
    state.add("a.weight", arrayOf(tensor));
    root.add("network_weights", state);
    tensorfile::writeTorch(path, root);  // no init_args
    errorOf([&] { readNnUNetCheckpoint(path); }, ErrorKind::Format);
    tensorfile::PickleDict moment, moments, optimizer;
    moment.add("momentum_buffer", arrayOf(tensor));
    moments.add(5, moment);
    optimizer.add("state", moments);
    optimizer.add("param_groups", tensorfile::PickleList{{tensorfile::PickleDict()}});
    root.add("init_args", tensorfile::PickleDict());
    root.add("trainer_name", "nnUNetTrainer");
    root.add("optimizer_state", optimizer);
    tensorfile::writeTorch(path, root);
    CHECK(errorOf([&] { readNnUNetCheckpoint(path); }, ErrorKind::Format).find("parameter 5") != std::string::npos);
    CHECK(readNnUNetCheckpoint(path, false).weights.size() == 1);
}

// plans.json with a configuration that inherits, dataset.json with one channel and two classes.
void writeFolder(const std::filesystem::path& folder) {
    Json plans = {{"dataset_name", "Dataset001_x"}, {"plans_name", "nnUNetPlans"}};
    plans["configurations"]["2d"] = {{"patch_size", {8, 8}}, {"architecture", Json(toArchitecture(residual2d()))}};
    plans["configurations"]["2d_small"] = {{"inherits_from", "2d"}, {"batch_size", 1}};
    file::writeJson(folder / "plans.json", nlohmann::json(plans));
    file::writeJson(folder / "dataset.json", {{"channel_names", {{"0", "EM"}}},
                                              {"labels", {{"background", 0}, {"cell", 1}}},
                                              {"numTraining", 3},
                                              {"file_ending", ".tif"}});
}

void trainedModelFolder() {
    const file::TempFolder folder;
    const auto& root = folder.path();
    writeFolder(root);
    errorOf([&] { loadTrainedModel(root); }, ErrorKind::Missing);
    for (const char* fold : {"10", "2", "all"}) {
        file::makeFolder(root / (std::string("fold_") + fold));
        writeNnUNetCheckpoint(root / (std::string("fold_") + fold) / "checkpoint_best.pth",
                              checkpointOf(UNet(residual2d(), fold[0]), "2d_small"));
    }
    file::makeFolder(root / "fold_3");  // not trained yet
    const TrainedModel model = loadTrainedModel(root);
    CHECK(model.folds == (std::vector<std::string>{"2", "10", "all"}) && model.networks.size() == 3);
    CHECK(model.configuration == "2d_small" && model.mirrorAxes == (std::vector<std::int64_t>{0, 1}));
    CHECK(model.plans.configuration(model.configuration).at("batch_size") == 1);
    CHECK(same(stateOf(*model.networks[0]), stateOf(*UNet(residual2d(), '2'))));
    CHECK(loadTrainedModel(root, {"all"}).networks.size() == 1);
    errorOf([&] { loadTrainedModel(root, {"3"}); }, ErrorKind::Missing);
    errorOf([&] { loadTrainedModel(root, {"2"}, "checkpoint_final.pth"); }, ErrorKind::Missing);
    writeNnUNetCheckpoint(root / "fold_2" / "checkpoint_final.pth", checkpointOf(UNet(residual2d(), 1), "2d"));
    CHECK(loadTrainedModel(root).folds == std::vector<std::string>{"2"});  // the final one, where there is one
    writeNnUNetCheckpoint(root / "fold_10" / "checkpoint_final.pth", checkpointOf(UNet(residual2d(), 1), "2d_small"));
    errorOf([&] { loadTrainedModel(root); }, ErrorKind::Format);
    writeNnUNetCheckpoint(root / "fold_10" / "checkpoint_final.pth", checkpointOf(UNet(residual2d(8), 1), "2d"));
    CHECK(errorOf([&] { loadTrainedModel(root); }, ErrorKind::Format).find("fold_10") != std::string::npos);
    writeNnUNetCheckpoint(root / "fold_10" / "checkpoint_final.pth", checkpointOf(UNet(residual2d(), 1), "3d_lowres"));
    errorOf([&] { loadTrainedModel(root, {"10"}); }, ErrorKind::Input);  // the plans do not have it
}

// A folder of the original's own training: read, written again, and the same.
void goldenModel() {
    const torch::NoGradGuard off;
    const auto folder = test::goldenFolder("nnunet") / "model/Dataset721_Tiny/nnUNetTrainer__nnUNetPlans__3d_fullres";
    TrainedModel model = loadTrainedModel(folder);
    CHECK(model.folds == (std::vector<std::string>{"0", "1"}) && model.mirrorAxes.size() == 3);
    CHECK(model.networks[0]->forward(torch::rand({1, 1, 12, 24, 24})).size(1) == 3);
    const file::TempFolder own;
    const NnUNetCheckpoint before = readNnUNetCheckpoint(folder / "fold_0" / "checkpoint_final.pth");
    writeNnUNetCheckpoint(own.path() / "again.pth", before);
    const NnUNetCheckpoint after = readNnUNetCheckpoint(own.path() / "again.pth");
    CHECK(same(before.weights, after.weights) && same(before.momentum, after.momentum) && before.momentum.size() == 46);
    CHECK(before.logging.dump() == after.logging.dump() && before.initArgs.dump() == after.initArgs.dump());
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    at::set_num_threads(1);
    return {{"roundTrip", roundTrip},
            {"duplicatesShareStorage", duplicatesShareStorage},
            {"absentEntries", absentEntries},
            {"weightsOfTorchFiles", weightsOfTorchFiles},
            {"damagedCheckpoints", damagedCheckpoints},
            {"trainedModelFolder", trainedModelFolder},
            {"goldenModel", goldenModel}};
}

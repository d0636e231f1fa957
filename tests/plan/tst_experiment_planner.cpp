#include <QtTest>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "error_of.h"
#include "plan/nnunet/plan_reasons.h"
#include "plan/nnunet/plans_file.h"
#include "plan/nnunet_preprocess.h"

using namespace fovea;
using namespace fovea::plan;
using namespace fovea::plan::nnunet;

namespace {

std::filesystem::path goldenFolder() {
    const char* env = std::getenv("FOVEA_SHARED");
    const auto shared = env ? std::filesystem::path(env) : std::filesystem::path(FOVEA_SOURCE_DIR) / ".." / "shared";
    return shared / "golden/nnunet";
}

DatasetFingerprint printOf(std::vector<Index> shapes, std::vector<Vec3> spacings) {
    return {{Intensity{100, 100, 20, 0, 255, 10, 240}}, 1, std::move(shapes), std::move(spacings)};
}

DatasetJson datasetOf(std::int64_t cases, std::string channel = "EM") {
    DatasetJson dataset;
    dataset.channelNames = {std::move(channel)};
    dataset.labels = Labels({{"background", {0}, false}, {"a", {1}, false}}, {});
    dataset.numTraining = cases;
    dataset.fileEnding = ".nii.gz";
    return dataset;
}

ExperimentPlan planOf(Index shape, Vec3 spacing, const PlannerRequest& request = {}) {
    return planExperiment(printOf({shape}, {spacing}), datasetOf(1), request);
}

}  // namespace

class TestExperimentPlanner : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    // Whole files, byte for byte.
    void filesLikeNnunet() {
        if (!std::filesystem::exists(goldenFolder())) QSKIP("nnU-Net fixtures are not here");
        int checked = 0;
        for (const auto& entry : std::filesystem::directory_iterator(goldenFolder() / "datasets")) {
            if (!entry.is_directory()) continue;
            const auto layout = file::readOrderedJson(entry.path() / "layout.json");
            const DatasetJson dataset = datasetFromJson(layout.at("dataset_json"));
            const DatasetFingerprint print = loadFingerprint(entry.path() / "dataset_fingerprint.json");
            QCOMPARE(nlohmann::json(toJson(print)), file::readJson(entry.path() / "dataset_fingerprint.json"));
            for (const PlannerKind& kind : plannerKinds()) {
                const auto path = entry.path() / (kind.plansName + ".json");
                if (!std::filesystem::exists(path)) continue;
                const ExperimentPlan plan = planExperiment(print, dataset, {kind.name, {}, {}, {}, false});
                const auto json = plansJson(plan, layout.at("dataset"), readerOf(dataset, false));
                file::TempFolder folder;
                writePythonJson(folder.path() / "plans.json", json);
                QCOMPARE(file::read(folder.path() / "plans.json"), file::read(path));
                ++checked;
            }
        }
        QVERIFY(checked >= 6);
    }

    void reasonsInPlainWords() {
        const auto told = [](const ExperimentPlan& plan, const PlannerRequest& request, const std::string& what) {
            for (const Choice& choice : planReasons(plan, request))
                if (choice.what == what) return choice.value + ": " + choice.reason.str();
            return std::string();
        };
        PlannerRequest request;
        const ExperimentPlan large = planOf({400, 4096, 4096}, {30, 8, 8}), small = planOf({36, 50, 35}, {1, 1, 1});
        const auto says = [](const std::string& text, const char* part) { return text.find(part) != text.npos; };
        QVERIFY(says(told(large, request, "cascade"), "yes: ") && says(told(small, request, "cascade"), "no: "));
        QVERIFY(says(told(large, request, "3d_fullres patch"), "28 × 256 × 256: "));
        QVERIFY(says(told(large, request, "3d_fullres patch"), "8 GB"));
        QVERIFY(says(told(large, request, "3d_fullres batch"), "2: The least"));
        QVERIFY(says(told(large, request, "3d_lowres spacing"), "quarter"));
        QVERIFY(says(told(small, request, "3d_fullres patch"), "whole image"));
        QVERIFY(says(told(small, request, "3d_fullres spacing"), "median"));
        QVERIFY(
            says(told(planOf({300, 60, 400}, {4, 20, 4.5}), request, "axes"), "1 × 0 × 2: The coarsest axis is made"));
        request.gpuGigabytes = 24;
        request.targetSpacing = {2, 2, 2};
        const ExperimentPlan asked = planOf({36, 50, 35}, {1, 1, 1}, request);
        for (const char* what : {"GPU memory", "3d_fullres spacing"})
            QVERIFY2(says(told(asked, request, what), "You chose it"), what);
        for (const Choice& choice : planReasons(large, {})) QVERIFY(choice.reason.str().find('{') == std::string::npos);
    }

    // The planners that resample otherwise: plans like those of their parent but for that, and data of their own.
    void otherResamplers() {
        const auto planBy = [](const std::string& planner) {
            PlannerRequest request;
            request.planner = planner;
            return plansJson(planOf({36, 50, 35}, {1, 1, 1}, request), "Dataset001_X", "SimpleITKIO");
        };
        const auto entryOf = [&](const std::string& planner) {
            return planBy(planner).at("configurations").at("3d_fullres");
        };
        const auto torch = entryOf("nnUNetPlannerResEncL_torchres");
        QVERIFY(torch.at("patch_size") == entryOf("nnUNetPlannerResEncL").at("patch_size"));
        QVERIFY(torch.at("data_identifier") == "nnUNetResEncUNetLPlans_torchres_3d_fullres");
        QVERIFY(torch.at("resampling_fn_seg") == "resample_torch_fornnunet");
        QCOMPARE(torch.at("resampling_fn_seg_kwargs").dump(),
                 std::string(R"({"is_seg":true,"force_separate_z":false,"memefficient_seg_resampling":false})"));
        const auto separate = entryOf("nnUNetPlannerResEncL_torchres_sepz");
        QCOMPARE(separate.at("resampling_fn_probabilities_kwargs").dump(),
                 std::string(R"({"is_seg":false,"force_separate_z":null,"memefficient_seg_resampling":false,)"
                             R"("separate_z_anisotropy_threshold":3})"));
        const auto none = entryOf("nnUNetPlannerResEncL_noResampling");
        QVERIFY(none.at("resampling_fn_data") == "no_resampling_hack");
        QCOMPARE(none.at("resampling_fn_data_kwargs").dump(), std::string("{}"));
        for (const PlannerKind& kind : plannerKinds())  // what one plans, preprocessing takes
            QCOMPARE(preprocessRule(nlohmann::json(planBy(kind.name)), "3d_fullres").keepsGrid,
                     kind.resampler == Resampler::None);
    }

    // Patch 448 × 448 over 512 × 512: both axes cover as much, the last is shortened first (spec section 7.1).
    void lastOfEqualAxes() {
        const PatchPlan patch =
            planPatch({30, 8, 8}, {32, 512, 512}, 2, 1e12, plannerByName("ResEncUNetPlanner").budget(3));
        QCOMPARE(patch.pool.patch, (Sizes{20, 320, 256}));
        QCOMPARE(patch.estimate, 608032000.0);
        QCOMPARE(planOf({400, 4096, 4096}, {30, 8, 8}).find("3d_lowres")->patch.pool.patch, (Sizes{40, 256, 224}));
    }

    // The numbers of section 2.7, and a network of a single stage.
    void estimates() {
        const auto estimate = [](const Sizes& patch, bool residual) {
            const PoolPlan pool = planPooling(std::vector<double>(patch.size(), 1.0), {patch.begin(), patch.end()});
            const Sizes features = planFeatures(pool.stages(), 32, patch.size() == 2 ? 512 : 320);
            return featureMapEstimate(pool, features, 2, residual);
        };
        QCOMPARE(estimate({128, 128, 128}, false), 450699264.0);
        QCOMPARE(estimate({512, 512}, false), 82624512.0);
        QCOMPARE(estimate({128, 128, 128}, true), 555323392.0);
        QCOMPARE(estimate({512, 512}, true), 129441792.0);
        QCOMPARE(estimate({7, 7, 7}, false), 2.0 * 32 * 343);
        QCOMPARE(planPooling({1, 1}, {102.5, 7}).patch, (Sizes{112, 7}));
        QCOMPARE(planPooling({1, 1}, {5.5, 7}).patch, (Sizes{6, 7}));
    }

    // A single layer that is not the coarsest axis: nnU-Net never ends; here it comes to the front.
    void singletonAxisElsewhere() {
        for (const Index shape : {Index{2048, 2048, 1}, Index{2048, 1, 2048}}) {
            for (const Vec3 spacing : {Vec3{1, 1, 1}, Vec3{2, 1, 1}}) {
                const ExperimentPlan plan = planOf(shape, spacing);
                QCOMPARE(plan.configurations.size(), std::size_t(1));
                QCOMPARE(plan.configurations[0].name, std::string("2d"));
                QCOMPARE(plan.configurations[0].median.size(), std::size_t(2));
                QCOMPARE(plan.transposeForward[0], shape.y == 1 ? 1 : 2);
                QCOMPARE(plan.medianShape[0], 1);
                for (std::size_t i = 0; i < 3; ++i)
                    QCOMPARE(plan.transposeForward[std::size_t(plan.transposeBackward[i])], std::int64_t(i));
            }
        }
        const ExperimentPlan flat = planOf({1, 512, 512}, {999, 1, 1});
        QCOMPARE(flat.transposeForward, (Sizes{0, 1, 2}));
        QCOMPARE(flat.configurations.size(), std::size_t(1));
    }

    void coarsestAxisComesFirst() {
        const ExperimentPlan plan = planOf({300, 60, 400}, {4, 20, 4.5});
        QCOMPARE(plan.transposeForward, (Sizes{1, 0, 2}));
        QCOMPARE(plan.transposeBackward, (Sizes{1, 0, 2}));
        PlannerRequest request;
        request.keepAxes = true;
        QCOMPARE(planOf({300, 60, 400}, {4, 20, 4.5}, request).transposeForward, (Sizes{0, 1, 2}));
        QCOMPARE(planOf({40, 50, 60}, {1, 1, 1}).transposeForward, (Sizes{0, 1, 2}));  // ties: the first
    }

    void degenerateShapes() {
        for (const Index shape : {Index{1, 1, 1}, Index{7, 7, 7}, Index{2, 1, 1}, Index{2, 5000, 5000},
                                  Index{1, 1, 100'000}, Index{100'000, 100'000, 100'000}})
            for (const Vec3 spacing : {Vec3{1, 1, 1}, Vec3{1e-9, 1, 1e6}}) {
                const ExperimentPlan plan = planOf(shape, spacing);
                for (const PlannedConfiguration& c : plan.configurations) {
                    QVERIFY(c.patch.batch >= 2 && c.patch.pool.stages() >= 1);
                    for (const std::int64_t edge : c.patch.pool.patch) QVERIFY(edge >= 1);
                }
            }
        QCOMPARE(planOf({7, 7, 7}, {1, 1, 1}).find("3d_fullres")->patch.pool.stages(), std::size_t(1));
    }

    void requests() {
        PlannerRequest request;
        request.planner = "Nobody";
        QVERIFY(errorOf([&] { planOf({32, 64, 64}, {1, 1, 1}, request); }).find("ExperimentPlanner") !=
                std::string::npos);
        request = {};
        request.gpuGigabytes = 0;
        QVERIFY(!errorOf([&] { planOf({32, 64, 64}, {1, 1, 1}, request); }).empty());
        request.gpuGigabytes = 1e-9;
        QVERIFY(errorOf([&] { planOf({32, 64, 64}, {1, 1, 1}, request); }).find("memory") != std::string::npos);
        request = {};
        request.targetSpacing = {1, 0, 1};
        QVERIFY(!errorOf([&] { planOf({32, 64, 64}, {1, 1, 1}, request); }).empty());
        request.targetSpacing = {4, 2, 1};
        const ExperimentPlan plan = planOf({32, 64, 64}, {1, 1, 1}, request);
        QCOMPARE(plan.find("2d")->spacing, (std::vector<double>{2, 1}));
        QCOMPARE(plan.find("3d_fullres")->median, (std::vector<double>{8, 32, 64}));
        DatasetJson two = datasetOf(1);
        two.channelNames.push_back("b");
        QVERIFY(!errorOf([&] { planExperiment(printOf({{1, 9, 9}}, {{1, 1, 1}}), two, {}); }).empty());
    }

    void normalisation() {
        const std::vector<std::pair<const char*, const char*>> schemes = {
            {"CT", "CTNormalization"},
            {"NoNorm", "NoNormalization"},
            {"zscore", "ZScoreNormalization"},
            {"Rescale_To_0_1", "RescaleTo01Normalization"},
            {"rgb_to_0_1", "RGBTo01Normalization"},
            {"EM", "ZScoreNormalization"}};
        DatasetFingerprint print = printOf({{1, 64, 64}}, {{1, 1, 1}});
        for (const double share : {0.75, 0.74}) {
            print.relativeSize = share;
            for (const auto& [channel, scheme] : schemes) {
                const ExperimentPlan plan = planExperiment(print, datasetOf(3, channel), {});
                QCOMPARE(plan.normalisations, std::vector<std::string>{scheme});
                QCOMPARE(bool(plan.masked[0]), share < 0.75 && std::string(scheme) == "ZScoreNormalization");
            }
        }
    }

    void oldConfigurationsStay() {
        auto plans = plansJson(planOf({32, 64, 64}, {1, 1, 1}), "D", "SimpleITKIO");
        const auto older =
            parseOrderedJson(R"({"configurations": {"2d": {"batch_size": 7}, "mine": {"batch_size": 3}}})");
        const auto fresh = plans.at("configurations").at("2d").at("batch_size");
        keepConfigurations(plans, older);
        QCOMPARE(plans.at("configurations").at("2d").at("batch_size"), fresh);
        QCOMPARE(plans.at("configurations").at("mine").at("batch_size"), 3);
        keepConfigurations(plans, parseOrderedJson("[]"));
        keepConfigurations(plans, parseOrderedJson(R"({"configurations": 3})"));
    }

    void hostilePlans() {
        const auto file = [](const char* configurations) {
            return PlansFile(parseOrderedJson(std::string(R"({"configurations": )") + configurations + "}"));
        };
        for (const char* text : {"[]", "3", "{}", R"({"configurations": []})"})
            QVERIFY(!errorOf([&] { PlansFile(parseOrderedJson(text)); }).empty());
        const PlansFile circle =
            file(R"({"a": {"inherits_from": "b"}, "b": {"inherits_from": "a"}, "c": {"inherits_from": "c"}})");
        QVERIFY(errorOf([&] { circle.configuration("a"); }).find("inherits") != std::string::npos);
        QVERIFY(!errorOf([&] { circle.configuration("c"); }).empty());
        QVERIFY(errorOf([&] { circle.configuration("d"); }).find("no configuration d") != std::string::npos);
        QVERIFY(!errorOf([&] { file(R"({"a": {"inherits_from": 3}})").configuration("a"); }).empty());
        QVERIFY(!errorOf([&] { file(R"({"a": 3})").configuration("a"); }).empty());
        QVERIFY(!errorOf([&] { file(R"({"a": {"next_stage": {"x": 1}}})").nextStages("a"); }).empty());
        QCOMPARE(file(R"({"a": {"next_stage": "b"}})").nextStages("a"), std::vector<std::string>{"b"});
        QCOMPARE(file(R"({"a": {"next_stage": ["b", "c"]}})").nextStages("a").size(), std::size_t(2));
        QVERIFY(!errorOf([&] { file("{}").foreground(); }).empty());

        const char* old = R"({"patch_size": [8, 8], "UNet_class_name": "PlainConvUNet", "UNet_base_num_features": 32,
            "unet_max_num_features": 512, "n_conv_per_stage_encoder": [2, 2], "n_conv_per_stage_decoder": [2],
            "pool_op_kernel_sizes": [[1, 1], [2, 2]], "conv_kernel_sizes": [[3, 3], [3, 3]]})";
        QCOMPARE(architectureOfOldPlans(parseOrderedJson(old)).at("arch_kwargs").at("n_stages"), 2);
        for (const auto& [key, value] : std::vector<std::pair<const char*, nlohmann::ordered_json>>{
                 {"UNet_class_name", "Other"},
                 {"UNet_base_num_features", -1},
                 {"UNet_base_num_features", 1LL << 60},
                 {"n_conv_per_stage_encoder", nlohmann::ordered_json::array()},
                 {"n_conv_per_stage_decoder", {2, 2, 2}},
                 {"pool_op_kernel_sizes", {{1, 1}}},
                 {"conv_kernel_sizes", {{3, 3}, {3, 3, 3}}},
                 {"patch_size", 3}}) {
            auto bad = parseOrderedJson(old);
            bad[key] = value;
            QVERIFY2(!errorOf([&] { architectureOfOldPlans(bad); }).empty(), key);
        }
    }

    void oldIntensities() {
        auto plans = plansJson(planOf({32, 64, 64}, {1, 1, 1}), "D", "SimpleITKIO");
        QCOMPARE(PlansFile(plans).foreground().at(0).mean, 100.0);
        plans["foreground_intensity_properties_by_modality"] = plans["foreground_intensity_properties_per_channel"];
        plans.erase("foreground_intensity_properties_per_channel");
        QCOMPARE(PlansFile(plans).foreground().at(0).std, 20.0);
    }
};

QTEST_APPLESS_MAIN(TestExperimentPlanner)
#include "tst_experiment_planner.moc"

// Cross-validation collected over folds, and the choice among configurations and their pairs.
#include "nnunet/best_configuration.h"

#include <QTest>
#include <cmath>

#include "label_folders.h"
#include "nnunet/postprocess.h"
#include "nnunet/probabilities.h"
#include "nnunet/properties_file.h"

using namespace fovea;
using namespace fovea::test;
using namespace fovea::nnunet;

namespace {

const std::string ending = ".nii.gz";
const std::vector<std::int32_t> truth{1, 1, 1, 0, 0, 0};
// Foreground probabilities: sure of the truth; unsure and wrong at one end or the other.
const std::vector<float> sure{0.9f, 0.9f, 0.9f, 0.1f, 0.1f, 0.1f}, leftWrong{0.4f, 0.9f, 0.9f, 0.1f, 0.1f, 0.1f},
    rightWrong{0.9f, 0.9f, 0.4f, 0.1f, 0.1f, 0.1f}, speck{0.9f, 0.9f, 0.9f, 0.1f, 0.1f, 0.8f};

}  // namespace

class TestBestConfiguration : public QObject {
    Q_OBJECT
    file::TempFolder temp;
    const Roots roots{temp.path() / "raw", temp.path() / "pre", temp.path() / "res"};
    const fs::path preprocessed = roots.preprocessed / "Dataset001_Cells", results = roots.results / "Dataset001_Cells";

    DatasetFolders dataset() const { return {roots, "1"}; }
    fs::path model(const std::string& configuration) const {
        return results / ("nnUNetTrainer__nnUNetPlans__" + configuration);
    }
    void predict(const fs::path& folder, const std::string& name, const std::vector<float>& foreground) {
        std::vector<float> background;
        std::vector<std::int32_t> labels;
        for (const float p : foreground) background.push_back(1 - p), labels.push_back(p > 0.5f);
        putMap(folder / (name + ending), rows(1, 6, labels));
        saveProbabilities(probabilitiesPath(folder, name),
                          {Volume<float>({1, 1, 6}, background), Volume<float>({1, 1, 6}, foreground)});
    }
    // Four cases in two folds, each predicted alike.
    void train(const std::string& configuration, const std::vector<float>& foreground) {
        const fs::path folder = model(configuration);
        predict(folder / "fold_0" / "validation", "a", foreground);
        predict(folder / "fold_0" / "validation", "c", foreground);
        predict(folder / "fold_1" / "validation", "b", foreground);
        predict(folder / "fold_1" / "validation", "d", foreground);
        file::write(folder / "plans.json", "{\"plans_name\": \"" + configuration + "\"}");
        plan::nnunet::saveDatasetJson(folder / "dataset.json", datasetOf(R"({"background": 0, "a": 1})", ending));
    }
    BestConfiguration best(std::vector<ModelName> models = {}, bool ensembles = true) {
        Job job;
        const BestOptions options{models.empty() ? trainedModels(dataset()) : models, {}, ensembles};
        return findBestConfiguration(files(), dataset(), options, job);
    }
    std::string refused(ErrorKind kind, const std::vector<ModelName>& models = {}) {
        return refusal(kind, [&] { best(models); });
    }

  private Q_SLOTS:
    void init() {
        file::remove(preprocessed);
        file::remove(results);
        for (const char* name : {"a", "b", "c", "d"})
            putMap(preprocessed / "gt_segmentations" / (name + ending), rows(1, 6, truth));
        file::write(preprocessed / "splits_final.json",
                    R"([{"train": ["b", "d"], "val": ["a", "c"]}, {"train": ["a", "c"], "val": ["b", "d"]}])");
    }

    void foldsAreCollected() {
        train("2d", speck);
        file::makeFolder(model("2d") / "crossval_results_folds_0_1");
        file::write(model("2d") / "crossval_results_folds_0_1" / "old.nii.gz", "of another run");
        QCOMPARE(allFolds(dataset()), (Folds{0, 1}));
        Job job;
        const Crossval crossval = collectCrossval(files(), dataset(), model("2d"), {0, 1}, job);
        QCOMPARE(crossval.folder, model("2d") / "crossval_results_folds_0_1");
        QCOMPARE(crossval.compared.cases, (std::vector<std::string>{"a", "b", "c", "d"}));
        QCOMPARE(crossval.summary.foreground.dice, 6.0 / 7);
        for (const char* name : {"a.nii.gz", "d.npz", "plans.json", "dataset.json", "summary.json"})
            QVERIFY2(fs::exists(crossval.folder / name), name);
        QVERIFY(!fs::exists(crossval.folder / "old.nii.gz"));
        const auto chosen = decidePostprocessing(files(), crossval, job);
        QCOMPARE(chosen.after.foreground.dice, 1.0);
        QCOMPARE(loadPostprocessing(crossval.folder / "postprocessing.json"), (std::vector<measure::LabelClass>{{1}}));
        const Crossval one = collectCrossval(files(), dataset(), model("2d"), {1}, job);
        QCOMPARE(one.compared.cases, (std::vector<std::string>{"b", "d"}));
        QCOMPARE(one.folder.filename().string(), std::string("crossval_results_folds_1"));
    }

    void foldsWithoutSplits() {
        file::remove(preprocessed / "splits_final.json");
        QCOMPARE(allFolds(dataset()), (Folds{0, 1, 2, 3, 4}));
        train("2d", sure);
        Job job;
        QCOMPARE(collectCrossval(files(), dataset(), model("2d"), {0, 1}, job).compared.cases.size(), std::size_t(4));
    }

    void whatFoldsLack() {
        Job job;
        const auto why = [&](ErrorKind kind, const Folds& folds) {
            return refusal(kind, [&] { collectCrossval(files(), dataset(), model("2d"), folds, job); });
        };
        QVERIFY(says(why(ErrorKind::Missing, {0, 1}), "Train this configuration"));
        train("2d", sure);
        QVERIFY(says(why(ErrorKind::Missing, {0, 1, 2}), "fold_2"));
        QVERIFY(says(why(ErrorKind::Input, {}), "folds"));
        QVERIFY(says(why(ErrorKind::Input, {-1}), "folds"));
        QVERIFY(says(why(ErrorKind::Input, {0, 0}), "by another fold"));
        file::remove(model("2d") / "fold_1" / "validation" / "d.nii.gz");
        QVERIFY(says(why(ErrorKind::Missing, {0, 1}), "d.nii.gz"));
        for (const auto& entry : fs::directory_iterator(model("2d")))  // nothing half done is left
            QVERIFY2(!entry.path().filename().string().starts_with("crossval"), entry.path().c_str());
    }

    void thePairIsBest() {
        train("2d", leftWrong);
        train("3d_fullres", rightWrong);
        const BestConfiguration found = best();
        QCOMPARE(found.candidates.size(), std::size_t(3));
        QCOMPARE(found.best, std::size_t(2));
        QCOMPARE(found.candidates[0].dice(), 0.8);
        QCOMPARE(found.chosen().dice(), 1.0);
        const std::string name =
            "ensemble___nnUNetTrainer__nnUNetPlans__2d___nnUNetTrainer__nnUNetPlans__3d_fullres___0_1";
        const fs::path folder = results / "ensembles" / name;
        QVERIFY(fs::exists(folder / "summary.json") && fs::exists(folder / "postprocessing.json") &&
                fs::exists(folder / "postprocessing.pkl"));
        const auto told = file::readOrderedJson(results / "inference_information.json");
        QCOMPARE(told.at("dataset_name_or_id").get<std::string>(), std::string("Dataset001_Cells"));
        QCOMPARE(told.at("considered_models").size(), std::size_t(2));
        QVERIFY(told.at("ensembling_allowed").get<bool>());
        QCOMPARE(told.at("all_results").at(name).get<double>(), 1.0);
        const auto& winner = told.at("best_model_or_ensemble");
        QCOMPARE(winner.at("result_on_crossval_pre_pp").get<double>(), 1.0);
        QCOMPARE(winner.at("postprocessing_file").get<std::string>(), (folder / "postprocessing.pkl").string());
        QVERIFY(fs::exists(winner.at("some_plans_file").get<std::string>()));
        const auto& models = winner.at("selected_model_or_models");
        QCOMPARE(models.size(), std::size_t(2));
        QCOMPARE(models.at(1).at("configuration").get<std::string>(), std::string("3d_fullres"));
        QCOMPARE(models.at(1).at("trainer").get<std::string>(), std::string("nnUNetTrainer"));
        QCOMPARE(models.at(1).at("plans_identifier").get<std::string>(), std::string("nnUNetPlans"));
    }

    void earlierWinsTies() {
        train("2d", sure);
        train("3d_fullres", sure);
        QCOMPARE(best().best, std::size_t(0));
        QCOMPARE(best({{"3d_fullres"}, {"2d"}}).chosen().models[0].configuration, std::string("3d_fullres"));
    }

    void withoutEnsembles() {
        train("2d", leftWrong);
        train("3d_lowres", speck);
        file::remove(model("2d") / "fold_0" / "validation" / "a.npz");
        const BestConfiguration found = best({}, false);
        QCOMPARE(found.candidates.size(), std::size_t(2));
        QCOMPARE(found.chosen().models[0].configuration, std::string("3d_lowres"));
        QCOMPARE(found.postprocessing.before.foreground.dice, 6.0 / 7);
        QCOMPARE(found.postprocessing.after.foreground.dice, 1.0);
        QVERIFY(!fs::exists(results / "ensembles"));
        const auto told = file::readOrderedJson(results / "inference_information.json");
        QCOMPARE(told.at("best_model_or_ensemble").at("result_on_crossval_post_pp").get<double>(), 1.0);
        QVERIFY2(says(refused(ErrorKind::Missing), "a.npz"), "an ensemble needs all probabilities");
        QVERIFY(fs::is_empty(results / "ensembles"));  // nothing half done is left
    }

    // One case that every network predicted: each gives its own block, and is scored there alone.
    void spatialFolds() {
        for (const char* name : {"b", "c", "d"}) file::remove(preprocessed / "gt_segmentations" / (name + ending));
        file::write(preprocessed / "splits_final.json", R"([
            {"train": ["a"], "val": ["a"], "val_boxes": {"a": [[[0, 1], [0, 1], [0, 2]]]}},
            {"train": ["a"], "val": ["a"], "val_boxes": {"a": [[[0, 1], [0, 1], [2, 6]]]}}])");
        for (const char* configuration : {"2d", "3d_fullres"}) {
            train(configuration, sure);
            for (const auto& [fold, wrong] : {std::pair("fold_0", &leftWrong), {"fold_1", &rightWrong}}) {
                const fs::path validation = model(configuration) / fold / "validation";
                file::remove(validation);
                predict(validation, "a", *wrong);
                file::write(propertiesPath(validation, "a"), fold);
            }
        }
        Job job;
        const Crossval crossval = collectCrossval(files(), dataset(), model("2d"), {0, 1}, job);
        QVERIFY(map(crossval.folder / ("a" + ending)) == rows(1, 6, {0, 1, 0, 0, 0, 0}));
        const ProbabilityFile merged(probabilitiesPath(crossval.folder, "a"));
        QCOMPARE(merged.read(1, 0, 1).vector(), (std::vector<float>{0.4f, 0.9f, 0.4f, 0.1f, 0.1f, 0.1f}));
        QCOMPARE(file::read(propertiesPath(crossval.folder, "a")), std::string("fold_0"));
        QCOMPARE(crossval.summary.byCase.size(), std::size_t(2));
        QCOMPARE(crossval.summary.byCase[0][0].dice, 2.0 / 3);
        QCOMPARE(crossval.summary.byCase[1][0].dice, 0.0);
        QCOMPARE(file::readJson(crossval.folder / "summary.json").at("metric_per_case").size(), std::size_t(2));
        // A fold alone: what it was not tested on is background.
        const Crossval one = collectCrossval(files(), dataset(), model("2d"), {1}, job);
        QVERIFY(map(one.folder / ("a" + ending)) == rows(1, 6, {0, 0, 0, 0, 0, 0}));
        QCOMPARE(ProbabilityFile(probabilitiesPath(one.folder, "a")).read(0, 0, 1).vector()[0], 1.f);
        QCOMPARE(one.summary.byCase.size(), std::size_t(1));
        // Pairs are averaged and scored in the same blocks.
        QCOMPARE(best().candidates.back().crossval.summary.byCase.size(), std::size_t(2));
        // Blocks of another image.
        file::write(preprocessed / "splits_final.json",
                    R"([{"train": ["a"], "val": ["a"], "val_boxes": {"a": [[[0, 1], [0, 2], [0, 2]]]}}])");
        QVERIFY(says(refusal(ErrorKind::Input, [&] { collectCrossval(files(), dataset(), model("2d"), {0}, job); }),
                     "splits_final.json"));
    }

    // A class that never occurs has no Dice: no score loses against one.
    void scoresThatAreNoNumbers() {
        for (const char* name : {"a", "b", "c", "d"})
            putMap(preprocessed / "gt_segmentations" / (name + ending), rows(1, 6, std::vector<std::int32_t>(6)));
        train("2d", std::vector<float>(6, 0.f));
        train("3d_fullres", sure);
        const BestConfiguration found = best({}, false);
        QCOMPARE(found.chosen().models[0].configuration, std::string("3d_fullres"));
        const auto told = file::readOrderedJson(results / "inference_information.json");
        QVERIFY(std::isnan(told.at("all_results").at("nnUNetTrainer__nnUNetPlans__2d").get<double>()));
    }

    void nothingIsTrained() {
        QVERIFY(says(refused(ErrorKind::Missing), "no trained model"));
        Job job;
        QVERIFY(says(refusal(ErrorKind::Input, [&] { findBestConfiguration(files(), dataset(), {}, job); }),
                     "no model to choose from"));
        train("2d", sure);
        QVERIFY(says(refused(ErrorKind::Missing, {{"2d"}, {"3d_fullres"}}), "3d_fullres"));
        file::write(model("2d") / "dataset.json", "{");
        QVERIFY(says(refused(ErrorKind::Format), "dataset.json"));
    }
};

QTEST_GUILESS_MAIN(TestBestConfiguration)
#include "tst_best_configuration.moc"

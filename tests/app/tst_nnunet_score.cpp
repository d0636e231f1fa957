// fovea-cli nnunet evaluate, postprocess, ensemble, crossval and best on small folders: what is said and written.
#include <QTest>

#include "cli_process.h"
#include "io/formats.h"
#include "tensorfile/npy_header.h"
#include "tensorfile/zip_writer.h"

using namespace cliprocess;
using namespace fovea;

class TestNnunetScore : public QObject {
    Q_OBJECT
    file::TempFolder temp;
    const fs::path root = temp.path(), model = root / "res/Dataset001_Cells/nnUNetTrainer__nnUNetPlans__2d";
    const std::string dataset = (root / "dataset.json").string();

    std::string at(const std::string& name) const { return (root / name).string(); }
    Answer nnunet(std::vector<std::string> words) const {
        words.insert(words.begin(),
                     {"nnunet", "--json", "--raw", at("raw"), "--preprocessed", at("pre"), "--results", at("res")});
        return cli(words);
    }
    // Probabilities of background and foreground, all of them even: the label is 0 everywhere.
    void putEven(const fs::path& path) const {
        const std::vector<float> half(2 * 3 * 32 * 32, 0.5f);
        const std::string header = tensorfile::npyHeaderBytes(tensorfile::ElementType::F32, {2, 3, 32, 32});
        tensorfile::writeZip(
            path, {{"probabilities.npy", {std::as_bytes(std::span(header)), std::as_bytes(std::span(half))}}});
    }

  private Q_SLOTS:
    void initTestCase() {
        file::write(dataset, R"({"channel_names": {"0": "EM"}, "numTraining": 2, "file_ending": ".tif",
                                 "labels": {"background": 0, "cells": 1}})");
        for (const char* folder : {"ref", "pred"}) file::makeFolder(root / folder);
        Volume<std::uint8_t> labels({3, 32, 32});
        labels(1, 8, 9) = 1;
        Job job;
        io::write(root / "all.tif", MemoryImage({AnyVolume::from(labels)}), {.labels = true}, job);
        for (const char* name : {"ref/a.tif", "ref/b.tif", "pred/a.tif", "pred/b.tif"})
            file::copy(root / "all.tif", root / name);
    }
    void evaluate() {
        const Answer done = nnunet({"evaluate", at("ref"), at("pred"), "--dataset-json", dataset});
        QCOMPARE(done.code, 0);
        QCOMPARE(done.line("done").at("cases").get<int>(), 2);
        QCOMPARE(done.line("done").at("foreground_dice").get<double>(), 1.0);
        QCOMPARE(file::readJson(root / "pred/summary.json").at("metric_per_case").size(), std::size_t(2));
        file::makeFolder(root / "few");
        file::copy(root / "all.tif", root / "few/a.tif");
        QCOMPARE(nnunet({"evaluate", at("ref"), at("few"), "--dataset-json", dataset}).code, 1);
        const Answer few =
            nnunet({"evaluate", at("ref"), at("few"), "--dataset-json", dataset, "--partial", "--out", at("out.json")});
        QCOMPARE(few.line("done").at("cases").get<int>(), 1);
        QVERIFY(fs::exists(root / "out.json") && !fs::exists(root / "few/summary.json"));
    }
    void wrongWords() {
        const Answer none = nnunet({"evaluate", at("ref")});
        QCOMPARE(none.code, 2);
        QVERIFY2(contains(none.err, "fovea-cli nnunet evaluate --help"), none.err.c_str());
        const Answer fold = nnunet({"best", "1", "--folds", "-1"});
        QCOMPARE(fold.code, 2);
        QVERIFY2(contains(fold.err, "-1 is negative"), fold.err.c_str());
        QVERIFY(contains(nnunet({"evalute"}).err, "Did you mean evaluate"));
        QVERIFY(contains(nnunet({"qqqqqqqq"}).err, "There is no command nnunet qqqqqqqq"));
    }
    void postprocess() {
        file::write(root / "rule.json", R"({"postprocessing_fns": [], "postprocessing_kwargs": []})");
        const Answer done = nnunet({"postprocess", "--in", at("pred"), "--out", at("pp"), "--rule", at("rule.json"),
                                    "--dataset-json", dataset});
        QCOMPARE(done.code, 0);
        QVERIFY(fs::exists(root / "pp/a.tif") && fs::exists(root / "pp/b.tif"));
        file::write(root / "rule.json", "{}");
        QCOMPARE(nnunet({"postprocess", "--in", at("pred"), "--out", at("pp"), "--rule", at("rule.json"),
                         "--dataset-json", dataset})
                     .code,
                 1);
    }
    // `nnunet predict` leaves dataset.json and plans.json beside its label maps.
    void whatPredictingLeftIsEnough() {
        for (const char* folder : {"one", "two"}) {
            file::makeFolder(root / folder);
            file::copy(root / "all.tif", root / folder / "a.tif");
            putEven(root / folder / "a.npz");
        }
        file::write(root / "rule.json", R"({"postprocessing_fns": [], "postprocessing_kwargs": []})");
        const std::vector<std::string> words{"ensemble", at("one"), at("two"), "--out", at("both")};
        const Answer none = nnunet(words);
        QCOMPARE(none.code, 1);
        QVERIFY2(contains(none.err, at("one")) && contains(none.err, "--dataset-json"), none.err.c_str());
        file::copy(dataset, root / "one/dataset.json");
        file::write(root / "one/plans.json", "{}");
        QCOMPARE(nnunet(words).code, 0);
        QVERIFY(fs::exists(root / "both/plans.json"));
        file::write(root / "one/plans.json", R"({"plans_name": "another"})");  // of a second run into the same folder
        QCOMPARE(nnunet(words).code, 0);
        QCOMPARE(file::readJson(root / "both/plans.json").value("plans_name", ""), std::string("another"));
        QCOMPARE(nnunet({"postprocess", "--in", at("both"), "--out", at("both"), "--rule", at("rule.json")}).code, 0);
        QCOMPARE(nnunet({"postprocess", "--in", at("both"), "--out", at("done"), "--rule", at("rule.json")}).code, 0);
        QVERIFY(fs::exists(root / "done/plans.json"));
        file::makeFolder(root / "truth");
        file::copy(root / "all.tif", root / "truth/a.tif");
        const Answer scored = nnunet({"evaluate", at("truth"), at("done")});
        QCOMPARE(scored.code, 0);
        QCOMPARE(scored.line("done").at("cases").get<int>(), 1);
    }
    void ensemble() {
        for (const char* name : {"pred/a.npz", "few/a.npz"}) putEven(root / name);
        const Answer done = nnunet({"ensemble", at("pred"), at("few"), "--out", at("mean"), "--dataset-json", dataset,
                                    "--save-probabilities"});
        QVERIFY2(done.code == 0, done.err.c_str());
        QVERIFY(fs::exists(root / "mean/a.tif") && fs::exists(root / "mean/a.npz"));
    }
    void crossvalAndBest() {
        for (const char* name : {"a", "b"}) {
            const std::string file = std::string(name) + ".tif";
            file::makeFolder(root / "pre/Dataset001_Cells/gt_segmentations");
            file::copy(root / "all.tif", root / "pre/Dataset001_Cells/gt_segmentations" / file);
            const fs::path validation = model / (name == std::string("a") ? "fold_0" : "fold_1") / "validation";
            file::makeFolder(validation);
            file::copy(root / "all.tif", validation / file);
        }
        file::copy(dataset, model / "dataset.json");
        file::write(model / "plans.json", "{}");
        const Answer missing = nnunet({"crossval", "1", "2d"});  // five folds where there are no splits
        QCOMPARE(missing.code, 1);
        QVERIFY2(contains(missing.err, "fold_2"), missing.err.c_str());
        const Answer done = nnunet({"crossval", "1", "2d", "--folds", "0", "1"});
        QVERIFY2(done.code == 0, done.err.c_str());
        QVERIFY(fs::exists(model / "crossval_results_folds_0_1/postprocessing.json"));
        const Answer best = nnunet({"best", "1", "--folds", "0", "1"});
        QVERIFY2(best.code == 0, best.err.c_str());
        const json line = best.line("done");
        const json& chosen = line.at("best_model_or_ensemble").at("selected_model_or_models");
        QCOMPARE(chosen.at(0).at("configuration").get<std::string>(), std::string("2d"));
        QVERIFY(fs::exists(line.at("path").get<std::string>()));
    }
};

QTEST_GUILESS_MAIN(TestNnunetScore)
#include "tst_nnunet_score.moc"

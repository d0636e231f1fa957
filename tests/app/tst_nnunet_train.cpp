// fovea-cli nnunet from a raw data set to predictions and a project, as a stranger types it.
#include <QTest>

#include "cli_process.h"
#include "nnunet/tiny_dataset.h"

using namespace cliprocess;
using fovea::test::TinyDataset;

namespace {

int one(int) { return 1; }

}  // namespace

class TestNnunetTrain : public QObject {
    Q_OBJECT
    std::unique_ptr<TinyDataset> data;

    Answer run(std::vector<std::string> words, const Surroundings& around = {}) {
        std::vector<std::string> all{"--json", "--threads", "1", "nnunet"};
        all.insert(all.end(), words.begin(), words.end());
        for (const auto& [name, folder] : {std::pair("--raw", data->roots.raw),
                                           {"--preprocessed", data->roots.preprocessed},
                                           {"--results", data->roots.results}})
            all.insert(all.end(), {name, folder.string()});
        return cli(all, around);
    }

  private Q_SLOTS:
    void initTestCase() {
        data = std::make_unique<TinyDataset>(5, fovea::Index{12, 40, 40}, R"({"background": 0, "nucleus": 1})", one);
    }

    void theWholeWay() {
        const Answer planned = run({"plan", "7"});
        QCOMPARE(planned.code, 0);
        QVERIFY(planned.line("done").at("configurations").contains("3d_fullres"));
        QVERIFY(!planned.line("done").at("choices").at(0).at("reason").get<std::string>().empty());
        // Networks that learn in seconds.
        const fs::path path = planned.line("done").at("plans").get<std::string>();
        auto plans = fovea::file::readOrderedJson(path);
        TinyDataset::shrink(plans["configurations"]["3d_fullres"], {4, 8}, {8, 16, 16});
        fovea::file::write(path, plans.dump(4));
        QCOMPARE(run({"preprocess", "Dataset007_Tiny", "--configurations", "3d_fullres"}).code, 0);

        const std::vector<std::string> train{"train",
                                             "7",
                                             "3d_fullres",
                                             "0",
                                             "--epochs",
                                             "1",
                                             "--iterations",
                                             "3",
                                             "--validation-iterations",
                                             "1",
                                             "--precision",
                                             "float32",
                                             "--ema",
                                             "0.9",
                                             "--patience",
                                             "5",
                                             "--pictures-every",
                                             "1"};
        const Answer trained = run(train);
        QVERIFY2(trained.code == 0, trained.err.c_str());
        const json line = trained.line("done");
        QCOMPARE(line.at("epochs").get<int>(), 1);
        QCOMPARE(line.at("validation_cases").get<int>(), 1);
        QVERIFY(!line.at("stopped_early").get<bool>());
        QVERIFY(fs::exists(fs::path(line.at("folder").get<std::string>()) / "samples/epoch_0001.png"));
        QCOMPARE(run(train).code, 1);  // would overwrite it

        const fs::path model = fs::path(line.at("folder").get<std::string>()).parent_path(),
                       out = data->temp.path() / "out";
        const Answer predicted = run({"predict", "--in", (data->roots.raw / data->name / "imagesTr").string(), "--out",
                                      out.string(), "--model", model.string(), "--precision", "float32"});
        QVERIFY2(predicted.code == 0, predicted.err.c_str());
        QCOMPARE(predicted.line("done").at("cases").get<int>(), 5);
        QVERIFY(fs::exists(out / "cell_4.nii.gz"));
    }

    void aProjectOfIt() {
        const std::string project = (data->temp.path() / "project").string();
        const Answer in = run({"import", "7", "--project", project});
        QVERIFY2(in.code == 0, in.err.c_str());
        QCOMPARE(in.line("done").at("cases").get<int>(), 5);
        QVERIFY(in.line("done").at("objects").get<int>() > 5);
        QCOMPARE(run({"export", "Mine", "--project", project}).code, 2);             // no name of nnU-Net's
        QCOMPARE(run({"export", "Dataset009_Mine", "--project", project}).code, 1);  // nothing planned yet
        QVERIFY(!fs::exists(data->roots.raw / "Dataset009_Mine"));
    }

    void wrongWords() {
        QCOMPARE(run({"train", "99", "2d", "0"}).code, 1);
        QCOMPARE(run({"train", "7", "3d_fullres", "twelve"}).code, 2);
        QCOMPARE(run({"train", "7", "3d_fullres", "0", "--epochs", "0"}).code, 2);
        QCOMPARE(run({"train", "7", "3d_fullres", "0", "--ema", "1"}).code, 2);
        QCOMPARE(run({"predict", "--in", "nowhere", "--out", "o", "--model", "m"}).code, 2);
        const Answer unknown = run({"trian", "7"});
        QCOMPARE(unknown.code, 2);
        QVERIFY2(unknown.err.find("train") != std::string::npos, unknown.err.c_str());
        // A picture of another size than its label.
        auto broken =
            std::make_unique<TinyDataset>(5, fovea::Index{8, 24, 24}, R"({"background": 0, "nucleus": 1})", one);
        broken->put(broken->roots.raw / broken->name / "labelsTr/cell_1.nii.gz",
                    fovea::Volume<std::uint8_t>({8, 24, 25}), true);
        std::swap(data, broken);
        const Answer refused = run({"plan", "7"});
        std::swap(data, broken);
        QVERIFY(refused.code != 0);
        QVERIFY2(refused.err.find("cell_1") != std::string::npos, refused.err.c_str());
    }

    void fullDisk() {
        Surroundings full;
        full.largestFile = 8;  // KiB
        const fs::path model = data->roots.results / data->name / "nnUNetTrainer__nnUNetPlans__3d_fullres/fold_0";
        const std::string before = fovea::file::read(model / "checkpoint_final.pth");
        const Answer answer = run({"train", "7", "3d_fullres", "1", "--epochs", "1", "--iterations", "2",
                                   "--validation-iterations", "1", "--precision", "float32", "--no-validation"},
                                  full);
        QCOMPARE(answer.code, 1);
        QVERIFY2(answer.err.find("disk is full") != std::string::npos, answer.err.c_str());
        QVERIFY(fovea::file::read(model / "checkpoint_final.pth") == before);
        // In the middle of a checkpoint of the very training: the one before it stays whole, and it goes on from there.
        const std::vector<std::string> more{"train",
                                            "7",
                                            "3d_fullres",
                                            "0",
                                            "--epochs",
                                            "3",
                                            "--iterations",
                                            "2",
                                            "--validation-iterations",
                                            "1",
                                            "--precision",
                                            "float32",
                                            "--ema",
                                            "0.9",
                                            "--continue",
                                            "--no-validation"};
        QCOMPARE(run(more, full).code, 1);
        QVERIFY(fovea::file::read(model / "checkpoint_final.pth") == before);
        const Answer again = run(more);
        QVERIFY2(again.code == 0 && again.line("done").at("epochs").get<int>() == 3, again.err.c_str());
    }
};

QTEST_GUILESS_MAIN(TestNnunetTrain)
#include "tst_nnunet_train.moc"

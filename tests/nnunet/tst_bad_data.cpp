// Data sets and files that go wrong on the way from planning to prediction: refused by name, or lived with.
#include <QTest>
#include <cmath>

#include "nnunet/predict_folder.h"
#include "nnunet/train_fold.h"
#include "nnunet/validate_fold.h"
#include "refusal.h"
#include "tiny_dataset.h"

using namespace fovea;
using namespace fovea::nnunet;
using fovea::test::refusal;
using fovea::test::TinyDataset;
namespace fs = std::filesystem;

namespace {

const Index shape{12, 40, 40};
const char *const one = R"({"background": 0, "nucleus": 1})", *const two = R"({"background": 0, "a": 1, "b": 2})",
                  *const ignoring = R"({"background": 0, "nucleus": 1, "ignore": 2})";
using Labels = Volume<std::uint8_t>;

int first(int) { return 1; }

TrainOptions quick() {
    TrainOptions options;
    options.epochs = 1;
    options.iterations = 2;
    options.validationIterations = 2;
    options.precision = "float32";
    options.threads = 1;
    return options;
}

}  // namespace

class TestBadData : public QObject {
    Q_OBJECT
    std::unique_ptr<TinyDataset> data;
    Job job;

    fs::path raw(const std::string& name) const { return data->folders().raw() / name; }
    PlannedTask task() const { return {data->folders(), "nnUNetPlans", "3d_fullres"}; }
    void start(const char* labels) { data = std::make_unique<TinyDataset>(5, shape, labels, first); }
    void putLabels(int number, const Labels& labels) {
        Labels known = labels;
        known.geometry =
            data->files.open(raw("labelsTr/" + TinyDataset::caseName(number) + ".nii.gz"))->info().geometry;
        data->put(raw("labelsTr/" + TinyDataset::caseName(number) + ".nii.gz"), known, true);
    }
    void putImage(int number, Volume<float> image) {
        const fs::path path = raw("imagesTr/" + TinyDataset::caseName(number) + "_0000.nii.gz");
        image.geometry = data->files.open(path)->info().geometry;
        data->put(path, image, false);
    }
    // Everything from planning to the fold's own prediction.
    TrainedFold wholeWay(const std::string& fold = "0") {
        data->prepare();
        const TrainedFold done = trainFold(task(), fold, quick(), job);
        validateFold(task(), fold, data->files, {}, false, job);
        return done;
    }
    static bool finite(const TrainedFold& done) {
        return std::isfinite(done.trainLoss) && std::isfinite(done.validationLoss);
    }

  private Q_SLOTS:
    void valuesThatAreNoNumbers() {
        for (const float bad : {std::nanf(""), INFINITY}) {
            start(one);
            Volume<float> image(shape, 5);
            image(3, 4, 5) = bad;
            putImage(2, image);
            const std::string planned = refusal(ErrorKind::Input, [&] { data->prepare(); });
            QVERIFY2(planned.find("cell_2") != planned.npos && planned.find("not numbers") != planned.npos,
                     planned.c_str());
        }
        // In an image to predict: the case is named, those before it stay.
        start(one);
        wholeWay();
        const nn::TrainedModel model = nn::loadTrainedModel(foldFolder(task(), "0").parent_path(), {"0"});
        const Predictor predictor(model, {});
        Volume<float> image(shape, 5);
        image(3, 4, 5) = std::nanf("");
        putImage(1, image);
        const fs::path out = data->temp.path() / "out";
        const std::string predicted =
            refusal(ErrorKind::Input, [&] { predictFolder(predictor, data->files, {raw("imagesTr"), out}, job); });
        QVERIFY2(predicted.find("cell_1") != predicted.npos, predicted.c_str());
        QVERIFY(fs::exists(out / "cell_0.nii.gz") && !fs::exists(out / "cell_1.nii.gz"));
    }

    void constantImages() {
        start(one);
        for (int i = 0; i < 5; ++i) putImage(i, Volume<float>(shape, 7));
        QVERIFY(finite(wholeWay()));
    }

    void objectsOfOneVoxel() {
        start(one);
        for (int i = 0; i < 5; ++i) {
            Labels labels(shape);
            labels(6, 20, 3 + i) = 1;
            putLabels(i, labels);
        }
        QVERIFY(finite(wholeWay()));
    }

    // Fold 0 is tested on cell_0 and trains on the others: a class that only one side has.
    void aClassThatAFoldLacks() {
        for (const bool tested : {true, false}) {
            start(two);
            for (int i = 0; i < 5; ++i) {
                Labels labels(shape);
                for (int x = 0; x < 20; ++x) labels(6, 20, x) = std::uint8_t((i == 0) == tested && x < 10 ? 2 : 1);
                putLabels(i, labels);
            }
            const TrainedFold done = wholeWay();
            QVERIFY(finite(done));
            const auto summary = file::readJson(done.folder / "validation/summary.json");
            QCOMPARE(summary.at("metric_per_case").at(0).at("metrics").at("2").at("n_ref").get<double>(),
                     tested ? 10.0 : 0.0);
        }
    }

    void everythingIsIgnored() {
        start(ignoring);
        putLabels(1, Labels(shape, 2));  // among cases that are not
        QVERIFY(finite(wholeWay()));
        start(ignoring);
        for (int i = 0; i < 5; ++i) putLabels(i, Labels(shape, 2));
        QVERIFY(finite(wholeWay()));
    }

    void anotherNumberOfChannels() {
        start(one);
        data->prepare();
        const fs::path path = plansPath(data->folders(), "nnUNetPlans");
        auto plans = file::readOrderedJson(path);
        auto& entry = plans["configurations"]["3d_fullres"];
        entry["normalization_schemes"] = {"ZScoreNormalization", "ZScoreNormalization"};
        entry["use_mask_for_norm"] = {false, false};
        file::write(path, plans.dump(4));
        const std::string why = refusal(ErrorKind::Input, [&] {
            preprocessDataset(data->folders(), data->files, "nnUNetPlans", {"3d_fullres"}, true, job);
        });
        QVERIFY2(why.find("1 channels") != why.npos && why.find('2') != why.npos, why.c_str());
    }

    void plansOfOtherVersions() {
        start(one);
        data->prepare();
        const fs::path path = plansPath(data->folders(), "nnUNetPlans");
        const auto now = file::readOrderedJson(path);
        auto old = now;
        for (auto& [unused, entry] : old["configurations"].items()) {  // before February 2024
            const auto kwargs = entry["architecture"]["arch_kwargs"];
            entry.erase("architecture");
            entry["UNet_class_name"] = "PlainConvUNet";
            entry["UNet_base_num_features"] = kwargs["features_per_stage"][0];
            entry["unet_max_num_features"] = 320;
            entry["n_conv_per_stage_encoder"] = kwargs["n_conv_per_stage"];
            entry["n_conv_per_stage_decoder"] = kwargs["n_conv_per_stage_decoder"];
            entry["conv_kernel_sizes"] = kwargs["kernel_sizes"];
            entry["pool_op_kernel_sizes"] = kwargs["strides"];
        }
        file::write(path, old.dump(4));
        QVERIFY(finite(trainFold(task(), "0", quick(), job)));
        QCOMPARE(validateFold(task(), "0", data->files, {}, false, job).cases, std::size_t(1));
        auto later = now;
        later["configurations"]["3d_fullres"]["architecture"]["network_class_name"] = "some.later.Transformer";
        file::write(path, later.dump(4));
        const std::string why = refusal(ErrorKind::Unsupported, [&] { trainFold(task(), "1", quick(), job); });
        QVERIFY2(why.find("Transformer") != why.npos, why.c_str());
    }

    void damagedCheckpoints() {
        start(one);
        const fs::path folder = wholeWay().folder, last = folder / "checkpoint_final.pth";
        const std::string whole = file::read(last);
        TrainOptions more = quick();
        more.resume = true;
        more.epochs = 2;
        for (const std::size_t size : {std::size_t(0), std::size_t(100), whole.size() / 2, whole.size() - 1}) {
            file::write(last, std::string_view(whole).substr(0, size));
            const std::string why = refusal(ErrorKind::Format, [&] { trainFold(task(), "0", more, job); });
            QVERIFY2(why.find(last.string()) != why.npos, why.c_str());
            const std::string judged =
                refusal(ErrorKind::Format, [&] { validateFold(task(), "0", data->files, {}, false, job); });
            QVERIFY2(judged.find(last.string()) != judged.npos, judged.c_str());
            QCOMPARE(file::read(last).size(), size);  // nobody wrote over it
        }
        QVERIFY(fs::exists(folder / "validation/summary.json"));
        file::write(last, whole);
        file::write(folder / "checkpoint.safetensors", "no tensors at all");  // where a stopped training goes on
        const std::string why = refusal(ErrorKind::Format, [&] { trainFold(task(), "0", more, job); });
        QVERIFY2(why.find("checkpoint.safetensors") != why.npos, why.c_str());
        fs::remove(folder / "checkpoint.safetensors");
        QCOMPARE(trainFold(task(), "0", more, job).epochs, std::int64_t(2));
    }
};

QTEST_GUILESS_MAIN(TestBadData)
#include "tst_bad_data.moc"

// From a raw data set to a trained fold and predictions, as nnU-Net does it.
#include <QTest>

#include "nn/nnunet_checkpoint.h"
#include "nnunet/crossval.h"
#include "nnunet/predict_folder.h"
#include "nnunet/preprocessed_case.h"
#include "nnunet/train_fold.h"
#include "nnunet/validate_fold.h"
#include "tensorfile/pickle_reader.h"
#include "tensorfile/torch_values.h"
#include "tiny_dataset.h"

using namespace fovea;
using namespace fovea::nnunet;
using fovea::test::TinyDataset;
namespace fs = std::filesystem;

namespace {

const Index shape{12, 40, 40};

int one(int) { return 1; }
int oddOrEven(int id) { return 1 + id % 2; }
int withIgnored(int id) { return id % 3 == 0 ? 2 : 1; }

const char* const nuclei = R"({"background": 0, "nucleus": 1})";

TrainOptions quick(std::int64_t epochs = 2) {
    TrainOptions options;
    options.epochs = epochs;
    options.iterations = 3;
    options.validationIterations = 2;
    options.precision = "float32";
    options.threads = 1;
    options.seed = 11;
    return options;
}

// Cancels when the network has taken so many steps.
class StopAfter : public Job {
  public:
    explicit StopAfter(int steps) : left_(steps) {}
    void yield() override { --left_; }
    bool cancelled() const override { return left_ < 0; }

  private:
    int left_;
};

nn::State weightsOf(const fs::path& path) { return nn::readNnUNetCheckpoint(path).weights; }

bool equal(const nn::State& a, const nn::State& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i].first != b[i].first || !a[i].second.equal(b[i].second)) return false;
    return true;
}

template <class F>
std::pair<ErrorKind, std::string> refused(F&& f) {
    try {
        f();
    } catch (const Error& error) {
        return {error.kind(), error.what()};
    }
    return {ErrorKind::Internal, "nothing was refused"};
}

}  // namespace

class TestTraining : public QObject {
    Q_OBJECT
    std::unique_ptr<TinyDataset> data;
    Job job;

    PlannedTask task(const std::string& configuration = "3d_fullres") const {
        return {data->folders(), "nnUNetPlans", configuration};
    }

  private Q_SLOTS:
    void initTestCase() {
        data = std::make_unique<TinyDataset>(5, shape, nuclei, one);
        data->prepare();
    }

    void whatPlanningLeaves() {
        const fs::path folder = data->folders().preprocessed();
        for (const char* name : {"dataset.json", "dataset_fingerprint.json", "nnUNetPlans.json",
                                 "gt_segmentations/cell_0.nii.gz", "nnUNetPlans_3d_fullres_fovea/cell_4/case.json"})
            QVERIFY2(fs::exists(folder / name), name);
        const auto plans = plan::nnunet::PlansFile::load(folder / "nnUNetPlans.json");
        QCOMPARE(plans.json().at("dataset_name").get<std::string>(), data->name);
        QCOMPARE(plans.json().at("image_reader_writer").get<std::string>(), std::string("SimpleITKIO"));
        // 0.3 × 0.13 × 0.13 µm, and nnU-Net reads mm.
        const auto spacing = plans.json().at("original_median_spacing_after_transp").get<std::vector<double>>();
        QVERIFY(std::abs(spacing[0] - 0.0003) < 1e-9 && std::abs(spacing[2] - 0.00013) < 1e-9);
        QCOMPARE(caseNames(data->folders(), plans, "3d_fullres").size(), std::size_t(5));
    }

    void trainsValidatesAndPredicts() {
        const TrainedFold done = trainFold(task(), "0", quick(), job);
        QCOMPARE(done.epochs, std::int64_t(2));
        QVERIFY(std::isfinite(done.trainLoss) && done.secondsPerIteration > 0);
        for (const char* name : {"checkpoint_final.pth", "checkpoint_best.pth", "training_log.json", "curves.json"})
            QVERIFY2(fs::exists(done.folder / name), name);
        QVERIFY(!fs::exists(done.folder / "checkpoint.safetensors"));
        const nn::NnUNetCheckpoint stored = nn::readNnUNetCheckpoint(done.folder / "checkpoint_final.pth");
        QCOMPARE(stored.epoch, std::int64_t(2));
        QCOMPARE(stored.logging.at("train_losses").size(), std::size_t(2));
        QVERIFY(!stored.momentum.empty() && stored.mirrorAxes->size() == 3);

        const ValidatedFold validated = validateFold(task(), "0", data->files, {}, true, job);
        QCOMPARE(validated.cases, std::size_t(1));
        QVERIFY(validated.dice >= 0 && validated.dice <= 1);
        const fs::path validation = done.folder / "validation";
        QVERIFY(fs::exists(validation / "summary.json"));
        // Five cases, fold 0: the first is left out (spec section 1.7).
        QVERIFY(fs::exists(validation / "cell_0.nii.gz") && fs::exists(validation / "cell_0.npz"));
        const fs::path beside = validation / "cell_0.pkl";
        const auto kept = tensorfile::torchValues(tensorfile::readPickle(file::read(beside), "it"), "it").values;
        const auto& itk = kept.at("sitk_stuff");
        QVERIFY(std::abs(itk.at("spacing").at(0).get<double>() - 0.00013) < 1e-9);  // x first
        QVERIFY(std::abs(kept.at("spacing").at(0).get<double>() - 0.0003) < 1e-9);  // z first
        QCOMPARE(itk.at("direction").size(), std::size_t(9));
        QCOMPARE(kept.at("shape_before_cropping").dump(), std::string("[12,40,40]"));
        QCOMPARE(kept.at("bbox_used_for_cropping").size(), std::size_t(3));

        // The folder of images gives what the preprocessed case gave.
        const nn::TrainedModel model = nn::loadTrainedModel(done.folder.parent_path(), {"0"});
        const Predictor predictor(model, {});
        const fs::path out = data->temp.path() / "predicted";
        QCOMPARE(predictFolder(predictor, data->files, {data->folders().raw() / "imagesTr", out}, job), std::size_t(5));
        const ImagePtr a = data->files.open(out / "cell_0.nii.gz"), b = data->files.open(validation / "cell_0.nii.gz");
        QVERIFY(a->readAll<std::int32_t>() == b->readAll<std::int32_t>());
        QVERIFY(a->info().geometry ==
                data->files.open(data->folders().raw() / "imagesTr/cell_0_0000.nii.gz")->info().geometry);
        QVERIFY(!fs::exists(out / ".work"));
        QCOMPARE(predictFolder(predictor, data->files, {data->folders().raw() / "imagesTr", out, {}, false, true}, job),
                 std::size_t(0));
    }

    void aStoppedTrainingGoesOn() {
        const fs::path folder = trainFold(task(), "1", quick(), job).folder;
        const nn::State whole = weightsOf(folder / "checkpoint_final.pth");
        const auto log = file::readJson(folder / "training_log.json");
        fs::remove_all(folder);
        for (const int steps : {1, 3, 2}) {  // in the first epoch, in the second, while that one is judged
            StopAfter stop(steps);
            bool stopped = false;
            TrainOptions options = quick();
            options.resume = steps > 1;
            try {
                trainFold(task(), "1", options, stop);
            } catch (const Cancelled&) {
                stopped = true;
            }
            QVERIFY2(stopped, std::to_string(steps).c_str());
        }
        TrainOptions options = quick();
        QCOMPARE(refused([&] { trainFold(task(), "1", options, job); }).first, ErrorKind::Input);  // would overwrite
        options.resume = true;
        trainFold(task(), "1", options, job);
        QVERIFY(equal(weightsOf(folder / "checkpoint_final.pth"), whole));
        for (const char* list : {"train_losses", "val_losses", "lrs", "dice_per_class_or_region", "ema_fg_dice"})
            QVERIFY2(file::readJson(folder / "training_log.json").at(list) == log.at(list), list);
        // Once more changes nothing; more epochs go on from the end.
        trainFold(task(), "1", options, job);
        QVERIFY(equal(weightsOf(folder / "checkpoint_final.pth"), whole));
        options.epochs = 3;
        QCOMPARE(trainFold(task(), "1", options, job).epochs, std::int64_t(3));
        QVERIFY(!equal(weightsOf(folder / "checkpoint_final.pth"), whole));
    }

    void averagedWeightsGoOnExactly() {
        TrainOptions options = quick(3);
        options.ema = 0.9;
        const fs::path folder = trainFold(task(), "3", options, job).folder;
        const nn::State whole = weightsOf(folder / "checkpoint_final.pth");
        fs::remove_all(folder);
        StopAfter stop(5);
        QVERIFY_THROWS_EXCEPTION(Cancelled, trainFold(task(), "3", options, stop));
        options.resume = true;
        trainFold(task(), "3", options, job);
        QVERIFY(equal(weightsOf(folder / "checkpoint_final.pth"), whole));
        fs::remove_all(folder);
        trainFold(task(), "3", quick(3), job);
        QVERIFY(!equal(weightsOf(folder / "checkpoint_final.pth"), whole));
        fs::remove_all(folder);
    }

    void stopsWhenItGetsNoBetter() {
        TrainOptions options = quick(9);
        options.patience = 2;
        options.learningRate = 1e-12;  // learns nothing; the average moves with the patches alone
        const TrainedFold done = trainFold(task(), "3", options, job);
        QVERIFY(done.stoppedEarly && done.epochs >= 3 && done.epochs < 9);
        const auto ema = file::readJson(done.folder / "training_log.json").at("ema_fg_dice").get<std::vector<double>>();
        QCOMPARE(std::max_element(ema.begin(), ema.end()) - ema.begin(), std::int64_t(ema.size()) - 3);
        const nn::NnUNetCheckpoint stored = nn::readNnUNetCheckpoint(done.folder / "checkpoint_final.pth");
        QCOMPARE(stored.epoch, done.epochs);
        // In two goes the same; and once it has stopped, nothing more.
        fs::remove_all(done.folder);
        StopAfter stop(int(3 * done.epochs - 1 + 2 * (done.epochs - 1)));
        QVERIFY_THROWS_EXCEPTION(Cancelled, trainFold(task(), "3", options, stop));
        options.resume = true;
        for (int i = 0; i < 2; ++i) {
            QCOMPARE(trainFold(task(), "3", options, job).epochs, done.epochs);
            QVERIFY(equal(weightsOf(done.folder / "checkpoint_final.pth"), stored.weights));
        }
        fs::remove_all(done.folder);
    }

    void picturesOfAPatch() {
        TrainOptions options = quick(4);
        options.picturesEvery = 2;
        const fs::path samples = trainFold(task(), "3", options, job).folder / "samples";
        for (int epoch = 1; epoch <= 4; ++epoch) {
            const fs::path picture = samples / ("epoch_000" + std::to_string(epoch) + ".png");
            QCOMPARE(fs::exists(picture), epoch != 3);
            if (epoch == 3) continue;
            const ImagePtr read = data->files.open(picture);  // image, labels, prediction of 16 × 16 voxels
            QVERIFY(read->info().shape() == (Index{1, 16, 48}));
            const auto red = read->readAll<std::int32_t>();
            bool outlined = false;
            for (int y = 0; y < 16; ++y)
                for (int x = 0; x < 16; ++x) outlined |= red(0, y, x) != red(0, y, x + 16);
            QVERIFY(outlined);
        }
        fs::remove_all(samples.parent_path());
        options.picturesEvery = 0;
        QVERIFY(!fs::exists(trainFold(task(), "3", options, job).folder / "samples"));
    }

    void startsFromOtherWeights() {
        const fs::path pretrained = foldFolder(task(), "0") / "checkpoint_final.pth";
        TrainOptions options = quick(1);
        options.pretrained = pretrained;
        options.learningRate = 1e-12;
        const fs::path folder = trainFold(task(), "2", options, job).folder;
        const nn::State before = weightsOf(pretrained), after = weightsOf(folder / "checkpoint_final.pth");
        for (std::size_t i = 0; i < before.size(); ++i) {
            const bool head = before[i].first.find("seg_layers") != std::string::npos;
            QVERIFY(before[i].second.allclose(after[i].second, 1e-4, 1e-6) != head || before[i].second.dim() == 1);
        }
    }

    void regionsAndWhatIsIgnored() {
        TinyDataset regions(5, shape, R"({"background": 0, "cell": [1, 2], "even": 1})", oddOrEven, "[2, 1]");
        regions.prepare();
        const PlannedTask regionTask(regions.folders(), "nnUNetPlans", "3d_fullres");
        QVERIFY(std::isfinite(trainFold(regionTask, "all", quick(1), job).validationLoss));
        QCOMPARE(validateFold(regionTask, "all", regions.files, {}, false, job).cases, std::size_t(5));

        TinyDataset ignoring(5, shape, R"({"background": 0, "nucleus": 1, "ignore": 2})", withIgnored);
        ignoring.prepare();
        const PlannedTask ignoreTask(ignoring.folders(), "nnUNetPlans", "3d_fullres");
        for (const train::FoldCase& one : foldCases(ignoreTask, plan::nnunet::everything({"cell_0"}), false))
            QVERIFY(one.locations.size() == 1 && !one.annotated.empty());
        QVERIFY(std::isfinite(trainFold(ignoreTask, "0", quick(1), job).trainLoss));
        const ValidatedFold scored = validateFold(ignoreTask, "0", ignoring.files, {}, false, job);
        QVERIFY(scored.cases == 1);
    }

    void flatPlansOnVolumes() {
        data->prepare({4, 8}, {8, 16, 16}, "2d");
        trainFold(task("2d"), "0", quick(1), job);
        QCOMPARE(validateFold(task("2d"), "0", data->files, {}, false, job).cases, std::size_t(1));
    }

    void aSingleVolumeIsCutIntoFolds() {
        TinyDataset single(1, {8, 96, 40}, nuclei, one);
        single.prepare({4, 8}, {8, 16, 16});
        const PlannedTask singleTask(single.folders(), "nnUNetPlans", "3d_fullres");
        const plan::nnunet::Fold fold = chooseFold(singleTask, "0", job);
        QVERIFY(!fold.trainBoxes.empty() && !fold.validationBoxes.empty());
        QVERIFY(fs::exists(single.folders().preprocessed() / "splits_final.json"));
        for (const train::FoldCase& part : foldCases(singleTask, fold, false))
            for (const train::FoldCase& other : foldCases(singleTask, fold, true))
                QVERIFY(part.part->intersected(*other.part).empty());
        const Folds folds = allFolds(single.folders());
        for (const int number : folds) {
            trainFold(singleTask, std::to_string(number), quick(1), job);
            const ValidatedFold scored = validateFold(singleTask, std::to_string(number), single.files, {}, false, job);
            QCOMPARE(scored.cases, std::size_t(1));
        }
        const fs::path model = foldFolder(singleTask, "0").parent_path();
        const Crossval all = collectCrossval(single.files, single.folders(), model, folds, job);
        QCOMPARE(all.summary.byCase.size(), folds.size());
        QVERIFY(fs::exists(all.folder / "cell_0.nii.gz"));
    }

    void theSecondStageOfACascade() {
        TinyDataset cascade(5, shape, nuclei, one);
        cascade.prepare();
        const fs::path path = plansPath(cascade.folders(), "nnUNetPlans");
        auto plans = file::readOrderedJson(path);
        auto& all = plans["configurations"];
        all["3d_lowres"] = all["3d_fullres"];
        all["3d_lowres"]["data_identifier"] = "nnUNetPlans_3d_lowres";
        for (auto& spacing : all["3d_lowres"]["spacing"]) spacing = spacing.get<double>() * 1.5;
        all["3d_lowres"]["next_stage"] = "3d_cascade_fullres";
        all["3d_cascade_fullres"] = {{"inherits_from", "3d_fullres"}, {"previous_stage", "3d_lowres"}};
        file::write(path, plans.dump(4));
        preprocessDataset(cascade.folders(), cascade.files, "nnUNetPlans", {}, false, job);
        const PlannedTask first(cascade.folders(), "nnUNetPlans", "3d_lowres"),
            second(cascade.folders(), "nnUNetPlans", "3d_cascade_fullres");
        const auto [kind, text] = refused([&] { trainFold(second, "all", quick(1), job); });
        QCOMPARE(kind, ErrorKind::Missing);
        QVERIFY2(text.find("earlier stage") != std::string::npos, text.c_str());

        trainFold(first, "all", quick(1), job);
        validateFold(first, "all", cascade.files, {}, false, job);
        const fs::path trained = trainFold(second, "all", quick(1), job).folder;
        QCOMPARE(validateFold(second, "all", cascade.files, {}, false, job).cases, std::size_t(5));
        const nn::TrainedModel lowModel = nn::loadTrainedModel(foldFolder(first, "all").parent_path()),
                               model = nn::loadTrainedModel(trained.parent_path());
        const fs::path images = cascade.folders().raw() / "imagesTr", low = cascade.temp.path() / "low",
                       out = cascade.temp.path() / "out";
        const Predictor lowPredictor(lowModel, {}), predictor(model, {});
        QCOMPARE(refused([&] { predictFolder(predictor, cascade.files, {images, out}, job); }).first, ErrorKind::Input);
        predictFolder(lowPredictor, cascade.files, {images, low}, job);
        QCOMPARE(predictFolder(predictor, cascade.files, {images, out, low}, job), std::size_t(5));
    }

    void aStoppedPredictionGoesOn() {
        const nn::TrainedModel model = nn::loadTrainedModel(foldFolder(task(), "0").parent_path(), {"0"});
        PredictOptions options;
        options.memoryBytes = 1;  // tiles as small as they come
        const Predictor predictor(model, options);
        const fs::path images = data->folders().raw() / "imagesTr", out = data->temp.path() / "stopped";
        bool stopped = false;
        StopAfter stop(3);
        try {
            predictFolder(predictor, data->files, {images, out}, stop);
        } catch (const Cancelled&) {
            stopped = true;
        }
        QVERIFY(stopped && !fs::exists(out / "cell_0.nii.gz") && fs::exists(out / ".work"));
        predictFolder(predictor, data->files, {images, out}, job);
        const auto a = data->files.open(out / "cell_0.nii.gz")->readAll<std::int32_t>();
        QVERIFY(a == data->files.open(data->temp.path() / "predicted/cell_0.nii.gz")->readAll<std::int32_t>());
    }

    void whatIsRefused() {
        QCOMPARE(refused([&] { PlannedTask(data->folders(), "nnUNetPlans", "4d"); }).first, ErrorKind::Input);
        QCOMPARE(refused([&] { PlannedTask(data->folders(), "otherPlans", "2d"); }).first, ErrorKind::Missing);
        QCOMPARE(refused([&] { trainFold(task(), "nine", quick(), job); }).first, ErrorKind::Input);
        QCOMPARE(refused([&] { openPreprocessed(data->temp.path() / "nowhere"); }).first, ErrorKind::Missing);
        const fs::path damaged = data->temp.path() / "damaged";
        fs::copy(task().cases() / "cell_0", damaged, fs::copy_options::recursive);
        file::write(damaged / "case.json", "{\"spacing\": 3}");
        QCOMPARE(refused([&] { openPreprocessed(damaged); }).first, ErrorKind::Format);
        const fs::path empty = data->temp.path() / "empty";
        fs::create_directories(empty);
        const nn::TrainedModel model = nn::loadTrainedModel(foldFolder(task(), "0").parent_path(), {"0"});
        const Predictor predictor(model, {});
        QCOMPARE(refused([&] { predictFolder(predictor, data->files, {empty, data->temp.path() / "o"}, job); }).first,
                 ErrorKind::Missing);
    }
};

QTEST_GUILESS_MAIN(TestTraining)
#include "tst_training.moc"

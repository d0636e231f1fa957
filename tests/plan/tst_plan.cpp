#include <QtTest>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"
#include "error_of.h"
#include "plan/planner.h"

using namespace fovea;
using namespace fovea::plan;

namespace {

Volume<std::uint8_t> ramp(Index shape) {
    Volume<std::uint8_t> v(shape);
    for (std::int64_t i = 0; i < v.size(); ++i) v.data()[i] = std::uint8_t(i % 251);
    return v;
}

template <class T>
ImagePtr memory(const Volume<T>& volume) {
    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(volume)});
}

// Fails the test when a voxel of a forbidden box is read.
class Guarded : public ImageSource {
  public:
    Guarded(ImagePtr inner, Box forbidden) : inner_(std::move(inner)), forbidden_(forbidden) {}
    const ImageInfo& info() const override { return inner_->info(); }
    void read(int level, int channel, const Box& box, AnyVolume& out) const override {
        if (box.overlaps(forbidden_)) throw Error(ErrorKind::Internal, "held-out voxels were read");
        inner_->read(level, channel, box, out);
    }

  private:
    ImagePtr inner_;
    Box forbidden_;
};

Fingerprint printOf(Index shape, Vec3 spacing, double touching = 0.05) {
    Fingerprint f;
    Intensity i{100, 100, 20, 0, 255, 10, 240};
    f.cases.push_back({"a", shape, spacing, {i}});
    f.foreground = {i};
    f.foregroundShare = 0.1;
    f.touchingShare = touching;
    return f;
}

std::filesystem::path sharedFolder() {
    const char* env = std::getenv("FOVEA_SHARED");
    return env ? std::filesystem::path(env) : std::filesystem::path(FOVEA_SOURCE_DIR) / ".." / "shared";
}

}  // namespace

class TestPlan : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void statistics() {
        std::vector<float> values;
        for (int i = 0; i <= 1000; ++i) values.push_back(float(1000 - i));
        const Intensity s = intensityOf(values);
        QCOMPARE(s.mean, 500.0);
        QCOMPARE(s.median, 500.0);
        QCOMPARE(s.min, 0.0);
        QCOMPARE(s.max, 1000.0);
        QCOMPARE(s.percentile005, 5.0);
        QCOMPARE(s.percentile995, 995.0);
        QVERIFY(std::abs(s.std - 288.964) < 1e-2);
        QCOMPARE(intensityOf({}).mean, 0.0);
    }

    void fingerprintNeverReadsHeldBoxes() {
        const Box held{{0, 0, 40}, {4, 64, 64}};
        const Volume<std::uint8_t> image = ramp({4, 64, 64});
        Volume<std::int32_t> labels({4, 64, 64});
        for (std::int64_t y = 10; y < 20; ++y)
            for (std::int64_t x = 10; x < 20; ++x) labels(2, y, x) = x < 15 ? 70000 : 3;
        Job job;
        const auto guarded = std::make_shared<Guarded>(memory(image), held);
        const auto guardedLabels = std::make_shared<Guarded>(memory(labels), held);
        const Fingerprint f = measureFingerprint({{"a", guarded, guardedLabels, {held}}}, job);
        QCOMPARE(f.channels(), 1);
        QVERIFY(f.foregroundShare > 0 && f.touchingShare > 0);
        QVERIFY(f.cases[0].shape == (Index{4, 64, 64}));
        const Fingerprint again = fingerprintFromJson(toJson(f));
        QVERIFY(again.foreground[0] == f.foreground[0] && again.cases[0].whole[0] == f.cases[0].whole[0]);
        QCOMPARE(again.touchingShare, f.touchingShare);
        QCOMPARE(f.objectWidth, 8.0);  // 100 voxels, 40 faces around them and 10 between two objects
        QCOMPARE(again.objectWidth, f.objectWidth);
    }

    void fingerprintOddImages() {
        Job job;
        const Fingerprint one =
            measureFingerprint({{"p", memory(Volume<std::uint16_t>({1, 1, 1}, 65000)), nullptr, {}}}, job);
        QCOMPARE(one.foreground[0].mean, 65000.0);
        const Fingerprint empty =
            measureFingerprint({{"e", memory(ramp({1, 7, 33})), memory(Volume<std::int32_t>({1, 7, 33})), {}}}, job);
        QVERIFY(empty.foreground[0].std > 0);
        QCOMPARE(empty.foregroundShare, 0.0);
        QVERIFY(!errorOf([&] { measureFingerprint({}, job); }).empty());
        Volume<float> bad({1, 4, 4});
        bad(0, 1, 1) = std::numeric_limits<float>::quiet_NaN();
        QVERIFY(errorOf([&] { measureFingerprint({{"n", memory(bad), nullptr, {}}}, job); }).find("not numbers") !=
                std::string::npos);
        QVERIFY(errorOf([&] {
                    measureFingerprint({{"h", memory(ramp({1, 8, 8})), nullptr, {Box::of({1, 8, 8})}}}, job);
                }).find("held out") != std::string::npos);
        QVERIFY(errorOf([&] {
                    measureFingerprint({{"s", memory(ramp({1, 8, 8})), memory(Volume<std::int32_t>({1, 8, 9})), {}}},
                                       job);
                }).find("1 × 8 × 9") != std::string::npos);
    }

    // Strides and kernels of every configuration nnU-Net itself planned, from its patch and spacing.
    void poolingLikeNnunet() {
        const auto path = sharedFolder() / "golden/nnunet/plans_cases.json";
        if (!std::filesystem::exists(path)) QSKIP("nnU-Net fixtures are not here");
        std::ifstream stream(path);
        const auto cases = nlohmann::json::parse(stream).at("cases");
        int checked = 0;
        for (const auto& one : cases)
            for (const auto& [planner, plans] : one.at("expected").items())
                for (const auto& [name, c] : plans.at("configurations").items()) {
                    if (!c.contains("patch_size") || !c.contains("kernel_sizes")) continue;
                    const Sizes patch = c.at("patch_size");
                    const PoolPlan pool = planPooling(c.at("spacing"), {patch.begin(), patch.end()});
                    QCOMPARE(pool.kernels, c.at("kernel_sizes").get<std::vector<Sizes>>());
                    QCOMPARE(pool.strides, c.at("strides").get<std::vector<Sizes>>());
                    QCOMPARE(pool.patch, patch);
                    ++checked;
                }
        QVERIFY(checked > 50);
    }

    void cpuPlans() {
        const Plan flat = makePlan(printOf({20, 1024, 1024}, {0.05, 0.0046, 0.0046}, 0), {});
        QCOMPARE(flat.configuration, std::string("2d"));
        QCOMPARE(flat.patch, (Sizes{256, 256}));
        QVERIFY(flat.boundary);
        QCOMPARE(flat.classes(), 3);
        QVERIFY(flat.patchIndex() == (Index{1, 256, 256}));
        const Plan cubic = makePlan(printOf({100, 100, 100}, {0.284, 0.127, 0.127}), {});
        QCOMPARE(cubic.configuration, std::string("3d_fullres"));
        QCOMPARE(cubic.patch, (Sizes{16, 96, 96}));
        QVERIFY(cubic.boundary);
        QCOMPARE(cubic.architecture.at("arch_kwargs").at("features_per_stage").at(0), 16);
        const Plan section = makePlan(printOf({1, 40, 9}, {1, 1, 1}), {});
        QCOMPARE(section.dims(), 2);
        for (std::int64_t edge : section.patch) QVERIFY(edge >= 16);
        for (const Plan& plan : {flat, cubic, section}) {
            QVERIFY(plan.architecture.at("arch_kwargs").at("n_stages") >= 3);
            for (const Choice& choice : plan.choices) QVERIFY(!choice.reason.str().empty());
        }
    }

    // Every choice is told with its reason, those of a person as such; what the budget cuts is told as it then is.
    void everyChoiceHasAReason() {
        for (const bool gpu : {false, true}) {
            PlanRequest request;
            request.gpu = gpu;
            Plan plan = makePlan(printOf({100, 100, 100}, {0.284, 0.127, 0.127}), request);
            fitToMinutes(plan, 60);
            const auto choiceOf = [&](const std::string& what) {
                for (const Choice& choice : plan.choices)
                    if (choice.what == what) return choice;
                return Choice{};
            };
            for (const char* what :
                 {"dimensions", "classes", "patch", "batch", "network", "normalisation", "pre-training", "iterations"})
                QVERIFY2(choiceOf(what).reason.str().size() > 20, what);
            QCOMPARE(choiceOf("batch").value, std::to_string(plan.batch));
            QCOMPARE(choiceOf("pre-training").value, std::to_string(plan.pretrainIterations));
            QCOMPARE(choiceOf("iterations").value, std::to_string(plan.iterations));
            request.baseFeatures = 8, request.pretrainIterations = 7;
            plan = makePlan(printOf({100, 100, 100}, {0.284, 0.127, 0.127}), request);
            for (const char* what : {"network", "pre-training"})
                QVERIFY2(choiceOf(what).reason.str().find("ou chose") != std::string::npos, what);
        }
    }

    // Touching or not, labelled or not: a border class, and the reason says what for. Only asking for it changes that.
    void alwaysABorderClass() {
        for (const double touching : {0.0, 0.001, 0.3}) {
            Fingerprint print = printOf({20, 256, 256}, {0.2, 0.2, 0.2}, touching);
            print.foregroundShare = touching > 0 ? 0.1 : 0;
            const Plan plan = makePlan(print, {});
            QVERIFY(plan.boundary);
            QVERIFY(plan.borderRadius == (Index{1, 1, 1}));
            const auto classes = std::find_if(plan.choices.begin(), plan.choices.end(),
                                              [](const Choice& c) { return c.what == "classes"; });
            QVERIFY(classes != plan.choices.end());
            QVERIFY(classes->reason.str().find("keeps touching objects apart") != std::string::npos);
            PlanRequest request;
            request.classes = "foreground";
            QCOMPARE(makePlan(print, request).classes(), 2);
        }
        QVERIFY(makePlan(printOf({20, 256, 256}, {0.5, 0.2, 0.2}), {}).borderRadius == (Index{0, 1, 1}));
    }

    void bordersAreAsThickAsObjectsAllow() {
        Fingerprint f = printOf({64, 64, 64}, {1, 1, 1});
        const auto radius = [&](double width) {
            f.objectWidth = width;
            return makePlan(f, {}).borderRadius;
        };
        QVERIFY(radius(0) == (Index{1, 1, 1}));  // nothing is labelled yet
        QVERIFY(radius(14) == (Index{1, 1, 1}));
        QVERIFY(radius(28) == (Index{2, 2, 2}));
        QVERIFY(radius(1000) == (Index{3, 3, 3}));
        f.cases[0].spacing = {2, 1, 1};
        QVERIFY(radius(28) == (Index{0, 2, 2}));
    }

    void gpuPlan() {
        PlanRequest request;
        request.gpu = true;
        request.dimensions = "3d";
        request.classes = "foreground";
        const Plan plan = makePlan(printOf({20, 1024, 1024}, {50, 4.6, 4.6}), request);
        QCOMPARE(plan.patch, (Sizes{8, 448, 448}));
        QCOMPARE(plan.architecture.at("arch_kwargs").at("features_per_stage").back(), 320);
    }

    void badRequests() {
        const Fingerprint f = printOf({1, 64, 64}, {1, 1, 1});
        PlanRequest request;
        request.dimensions = "3d";
        QVERIFY(errorOf([&] { makePlan(f, request); }).find("2d") != std::string::npos);
        request = {};
        request.classes = "many";
        QVERIFY(errorOf([&] { makePlan(f, request); }).find("boundary") != std::string::npos);
        request = {};
        request.normalisation = "Magic";
        QVERIFY(errorOf([&] { makePlan(f, request); }).find("Magic") != std::string::npos);
        QVERIFY(!errorOf([] { makePlan({}, {}); }).empty());
    }

    void planSurvivesJson() {
        file::TempFolder folder;
        Plan plan = makePlan(printOf({30, 200, 200}, {0.3, 0.13, 0.13}), {});
        fitToMinutes(plan, 0.5);
        savePlan(folder.path() / "plan.json", plan);
        const Plan again = loadPlan(folder.path() / "plan.json");
        QVERIFY(toJson(again) == toJson(plan));
        QCOMPARE(again.norms.at(0).channels.at(0).subtract, 100.0);
        file::write(folder.path() / "bad.json", "{\"dataset_name\": 3}");
        QVERIFY(errorOf([&] { loadPlan(folder.path() / "bad.json"); }).find("bad.json") != std::string::npos);
        nlohmann::json huge = toJson(plan);
        huge["configurations"]["3d_fullres"]["patch_size"] = {16, 1 << 20, 1 << 20};
        QVERIFY(!errorOf([&] { planFromJson(huge); }).empty());
    }

    void minutesCutIterations() {
        PlanRequest request;
        request.iterations = 600;
        request.pretrainIterations = 200;
        request.minutes = 10;
        Plan plan = makePlan(printOf({1, 512, 512}, {1, 1, 1}), request);
        Plan quick = plan;
        fitToMinutes(quick, 0.1);
        QCOMPARE(quick.iterations, 600);
        fitToMinutes(plan, 2.0);  // 600 s · 0.85 / 2 s = 255 steps for 800
        QCOMPARE(plan.iterations, 191);
        QCOMPARE(plan.pretrainIterations, 63);
        Plan slow = quick;
        fitToMinutes(slow, 1000);
        QCOMPARE(slow.iterations, 20);
    }

    void normalisation() {
        const Intensity whole{10, 9, 4, 2, 30, 3, 28};
        std::vector<float> v{10, 14, 2, 30};
        normalise(v.data(), 4, channelNorm(ChannelScheme::ZScore, whole, whole));
        QCOMPARE(v, (std::vector<float>{0, 1, -2, 5}));
        v = {2, 30};
        normalise(v.data(), 2, channelNorm(ChannelScheme::RescaleTo01, whole, whole));
        QCOMPARE(v, (std::vector<float>{0, 1}));
        v = {0, 100};
        normalise(v.data(), 2, channelNorm(ChannelScheme::Percentile, whole, whole));
        QCOMPARE(v, (std::vector<float>{0, 1}));
        Intensity constant;
        constant.mean = 7.3f;
        v = {7.3f};
        normalise(v.data(), 1, channelNorm(ChannelScheme::ZScore, constant, constant));
        QCOMPARE(v[0], 0.f);
        for (const char* scheme : {"ZScoreNormalization", "CTNormalization", "NoNormalization"})
            QCOMPARE(std::string(name(channelSchemeByName(scheme))), std::string(scheme));
    }
};

QTEST_APPLESS_MAIN(TestPlan)
#include "tst_plan.moc"

#include <QTest>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/numpy_random.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "plan/nnunet_preprocess.h"

using namespace fovea;
using namespace fovea::plan;

namespace {

Job nothing;

template <class T>
Volume<T> ramp(Index shape, int period) {
    Volume<T> volume(shape);
    for (std::int64_t i = 0; i < volume.size(); ++i) volume.data()[i] = T(i % period);
    return volume;
}

template <class T>
MemoryImage memory(const Volume<T>& volume) {
    return MemoryImage({AnyVolume::from(volume)});
}

// Counts how often it is read.
class Counted : public ImageSource {
  public:
    explicit Counted(MemoryImage inner) : inner_(std::move(inner)) {}
    const ImageInfo& info() const override { return inner_.info(); }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override {
        ++reads;
        inner_.read(level, channel, box, out);
    }
    mutable int reads = 0;

  private:
    MemoryImage inner_;
};

PreprocessRule ruleOf(ChannelScheme scheme, std::vector<double> spacing = {1, 1, 1}, bool onlyMask = false) {
    PreprocessRule rule;
    rule.spacing = std::move(spacing);
    rule.channels = {{scheme, onlyMask, {}}};
    return rule;
}

template <class T>
PreprocessedCase run(const Volume<T>& image, const PreprocessRule& rule, const ImageSource* labels = nullptr,
                     std::vector<ClassKey> keys = {}, Vec3 spacing = {1, 1, 1}) {
    const MemoryImage source = memory(image);
    return preprocessCase({source, labels, spacing, std::move(keys)}, rule, nothing);
}

template <class F>
std::optional<ErrorKind> refusal(F&& f) {
    try {
        f();
    } catch (const Error& error) {
        return error.kind();
    }
    return {};
}

std::pair<double, double> moments(const Volume<float>& volume) {
    double sum = 0, squares = 0;
    for (const float value : volume) sum += value, squares += double(value) * value;
    const double mean = sum / double(volume.size());
    return {mean, std::sqrt(squares / double(volume.size()) - mean * mean)};
}

nlohmann::json plansFile() {
    return nlohmann::json::parse(R"({
        "transpose_forward": [1, 0, 2],
        "foreground_intensity_properties_per_channel":
            {"0": {"mean": 5, "std": 2, "percentile_00_5": 1, "percentile_99_5": 9}},
        "configurations": {
            "3d_fullres": {"spacing": [3.0, 1.0, 1.5], "normalization_schemes": ["CTNormalization"],
                "use_mask_for_norm": [false], "resampling_fn_data": "resample_data_or_seg_to_shape",
                "resampling_fn_data_kwargs": {"is_seg": false, "order": 3, "order_z": 0, "force_separate_z": true}},
            "3d_cascade_fullres": {"inherits_from": "3d_fullres", "previous_stage": "3d_lowres"},
            "2d": {"inherits_from": "3d_fullres", "spacing": [1.0, 1.5],
                "resampling_fn_seg": "resample_torch_fornnunet"},
            "circle": {"inherits_from": "circle"}}})");
}

}  // namespace

class TstNnunetPreprocess : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void zScoreOfManySlabs() {
        Volume<std::uint16_t> image({3, 1500, 1500});
        Rng rng(3);
        for (auto& value : image) value = std::uint16_t(60'000 + rng.below(7));
        setThreadCount(3);
        const PreprocessedCase result = run(image, ruleOf(ChannelScheme::ZScore));
        setThreadCount(0);
        QVERIFY(result.image[0].shape() == image.shape());
        const auto [mean, deviation] = moments(result.image[0]);
        QVERIFY(std::abs(mean) < 1e-5 && std::abs(deviation - 1) < 1e-5);
    }

    void constantImageBecomesZero() {
        for (const auto scheme : {ChannelScheme::ZScore, ChannelScheme::RescaleTo01}) {
            const auto result = run(Volume<float>({2, 5, 6}, 3.3f), ruleOf(scheme, {1, 0.5, 2}));
            QVERIFY((result.image[0].shape() == Index{2, 10, 3}));
            for (const float value : result.image[0]) QCOMPARE(value, 0.0f);
        }
    }

    void allZeroImage() {
        const auto labels = memory(Volume<std::uint8_t>({3, 4, 5}, 1));
        const auto result =
            run(Volume<std::uint8_t>({3, 4, 5}), ruleOf(ChannelScheme::ZScore, {1, 1, 1}, true), &labels, {{1}, {2}});
        QVERIFY(result.properties.crop == Box::of({3, 4, 5}));
        QVERIFY(std::all_of(result.image[0].begin(), result.image[0].end(), [](float v) { return v == 0; }));
        QCOMPARE(result.properties.classLocations[0].size(), std::size_t(60));
        QVERIFY(result.properties.classLocations[1].empty());
        // Without labels nothing is inside.
        const auto alone = run(Volume<std::uint8_t>({3, 4, 5}), ruleOf(ChannelScheme::ZScore, {1, 1, 1}, true));
        QVERIFY(std::all_of(alone.labels.begin(), alone.labels.end(), [](std::int16_t v) { return v == -1; }));
    }

    void oneVoxel() {
        const auto labels = memory(Volume<std::uint8_t>({1, 1, 1}, 2));
        const auto result =
            run(Volume<float>({1, 1, 1}, 7.0f), ruleOf(ChannelScheme::ZScore, {0.5, 2, 0.25}), &labels, {{2}});
        QVERIFY((result.image[0].shape() == Index{2, 1, 4}));
        for (const float value : result.image[0]) QCOMPARE(value, 0.0f);
        QCOMPARE(result.properties.classLocations[0].size(), std::size_t(8));
    }

    // A 2D configuration leaves the slices where they are.
    void twoDimensionalPlan() {
        const auto result =
            run(ramp<std::uint8_t>({5, 8, 6}, 50), ruleOf(ChannelScheme::None, {2, 0.5}), nullptr, {}, {40, 1, 1});
        QVERIFY((result.image[0].shape() == Index{5, 4, 12}));
        const auto picture =
            run(ramp<std::uint8_t>({1, 8, 6}, 50), ruleOf(ChannelScheme::None, {2, 0.5}), nullptr, {}, {999, 1, 1});
        QVERIFY((picture.image[0].shape() == Index{1, 4, 12}));
    }

    void emptyLabelsGiveNoLocations() {
        const auto labels = memory(Volume<std::uint8_t>({2, 4, 4}));
        const auto result =
            run(Volume<std::uint8_t>({2, 4, 4}, 9), ruleOf(ChannelScheme::ZScore), &labels, {{1}, {-1, 0, 1}});
        QVERIFY(result.properties.classLocations[0].empty());
        QCOMPARE(result.properties.classLocations[1].size(), std::size_t(32));
    }

    void turnedAxesAndCrop() {
        Volume<float> image({4, 6, 8});
        Volume<std::uint8_t> classes(image.shape());
        for (std::int64_t z = 1; z < 3; ++z)
            for (std::int64_t y = 2; y < 6; ++y)
                for (std::int64_t x = 3; x < 8; ++x) {
                    image(z, y, x) = float(100 * z + 10 * y + x);
                    classes(z, y, x) = std::uint8_t(x % 3);
                }
        image(1, 2, 3) = 0;  // a corner that the mask leaves out
        classes(1, 2, 3) = 0;
        auto rule = ruleOf(ChannelScheme::None);
        rule.order.forward = {2, 0, 1};
        const auto labels = memory(classes);
        const auto result = run(image, rule, &labels);
        QVERIFY((result.properties.wholeShape == Index{8, 4, 6}));
        QVERIFY((result.properties.crop == Box{{3, 1, 2}, {8, 3, 6}}));
        forEachTile(result.image[0].box(), {1, 1, 1}, [&](const Box& voxel) {
            const Index v = voxel.begin, stored{v.y + 1, v.x + 2, v.z + 3};
            QCOMPARE(result.image[0][v], image[stored]);
            const int want = v == Index{0, 0, 0} ? -1 : classes[stored];
            QCOMPARE(int(result.labels[v]), want);
        });
    }

    // Planes across those of the file are not read one by one: once for the crop, once for everything else.
    void turnedAxesReadTheFileOnce() {
        const Counted image(memory(ramp<std::uint8_t>({4, 600, 1200}, 199))),
            labels(memory(ramp<std::uint8_t>({4, 600, 1200}, 2)));
        auto rule = ruleOf(ChannelScheme::ZScore, {1, 1, 0.9}, true);
        rule.order.forward = {2, 0, 1};
        const auto result = preprocessCase({image, &labels, {1, 1, 1}, {}}, rule, nothing);
        QVERIFY((result.labels.shape() == Index{1200, 4, 667}));
        QCOMPARE(image.reads, 2);
        QCOMPARE(labels.reads, 1);
    }

    // Statistics of, and changes to, what is inside; a label outside of the mask counts as inside.
    void maskedZScore() {
        Volume<float> image({1, 4, 4});
        Volume<std::uint8_t> classes(image.shape());
        for (std::int64_t x = 0; x < 4; ++x) image(0, 0, x) = image(0, 3, x) = float(x + 1);
        classes(0, 1, 1) = 1;
        const auto labels = memory(classes);
        const auto result = run(image, ruleOf(ChannelScheme::ZScore, {1, 1, 1}, true), &labels);
        const double mean = 20.0 / 9, deviation = std::sqrt(60.0 / 9 - mean * mean);
        QVERIFY(std::abs(result.image[0](0, 0, 0) - (1 - mean) / deviation) < 1e-6);
        QVERIFY(std::abs(result.image[0](0, 1, 1) - (0 - mean) / deviation) < 1e-6);
        QCOMPARE(result.image[0](0, 2, 2), 0.0f);
    }

    void refusesWhatIsNoImageOrClass() {
        Volume<float> image({2, 3, 4}, 1.0f);
        const auto rule = ruleOf(ChannelScheme::ZScore);
        for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
            image(1, 2, 3) = bad;
            QCOMPARE(refusal([&] { run(image, rule); }), ErrorKind::Input);
        }
        image(1, 2, 3) = 1;
        for (const double label : {-1.0, 0.5, 40'000.0, 1e30, std::nan("")}) {
            Volume<double> labels(image.shape());
            labels(0, 0, 1) = label;
            const auto source = memory(labels);
            QCOMPARE(refusal([&] { run(image, rule, &source); }), ErrorKind::Input);
        }
        const auto ids = memory(Volume<std::int32_t>(image.shape(), 70'000));
        QCOMPARE(refusal([&] { run(image, rule, &ids); }), ErrorKind::Input);
        const auto other = memory(Volume<std::uint8_t>({2, 3, 5}));
        QCOMPARE(refusal([&] { run(image, rule, &other); }), ErrorKind::Input);
        auto twoChannels = rule;
        twoChannels.channels.push_back({});
        QCOMPARE(refusal([&] { run(image, twoChannels); }), ErrorKind::Input);
        QCOMPARE(refusal([&] { run(image, rule, nullptr, {}, {0, 1, 1}); }), ErrorKind::Input);
        QCOMPARE(refusal([&] { run(Volume<float>(), rule); }), ErrorKind::Input);
    }

    void coloursHaveARange() {
        QCOMPARE(run(Volume<float>({1, 2, 2}, 51.0f), ruleOf(ChannelScheme::RgbTo01)).image[0](0, 1, 1), 0.2f);
        QCOMPARE(refusal([] { run(Volume<float>({1, 2, 2}, 256.0f), ruleOf(ChannelScheme::RgbTo01)); }),
                 ErrorKind::Input);
        QCOMPARE(refusal([] { run(Volume<float>({1, 2, 2}, -1.0f), ruleOf(ChannelScheme::RgbTo01)); }),
                 ErrorKind::Input);
    }

    void ctClipsAndScales() {
        auto rule = ruleOf(ChannelScheme::Ct);
        rule.channels[0].foreground.mean = 5, rule.channels[0].foreground.std = 2;
        rule.channels[0].foreground.percentile005 = 1, rule.channels[0].foreground.percentile995 = 9;
        const auto result = run(Volume<float>({1, 1, 3}, {-100, 6, 100}), rule);
        QCOMPARE(result.image[0].vector(), (std::vector<float>{-2, 0.5f, 2}));
    }

    // The words of section 4.1 in plain code.
    void locationsAreDrawnAsNumPyDoes() {
        const Index shape{5, 60, 70};
        Volume<std::int16_t> labels(shape);
        Rng rng(4);
        for (auto& label : labels) label = std::int16_t(rng.below(4) - 1);
        LabelRuns runs(shape);
        runs.append(labels.data(), 100);
        runs.append(labels.data() + 100 * shape.x, shape.z * shape.y - 100);
        const std::vector<ClassKey> keys{{2}, {9}, {1, 2}, {-1, 0, 1, 2}};
        const auto got = runs.draw(keys);
        NumpyRandom random(1234);
        for (std::size_t k = 0; k < keys.size(); ++k) {
            std::vector<Index> all;
            for (const std::int32_t label : keys[k])
                forEachTile(labels.box(), {1, 1, 1}, [&](const Box& voxel) {
                    if (labels[voxel.begin] == label) all.push_back(voxel.begin);
                });
            const std::int64_t n = std::int64_t(all.size());
            std::vector<Index> want;
            if (n > 0)
                for (const std::int64_t rank : random.choiceWithoutReplacement(n, std::min<std::int64_t>(10'000, n)))
                    want.push_back(all[std::size_t(rank)]);
            QVERIFY(got[k] == want);
        }
    }

    void drawIsAShuffle() {
        NumpyRandom a(7), b(7);
        for (const std::int64_t n : {1, 2, 255, 256, 257, 258, 5000}) {
            auto all = a.permutation(n);
            all.resize(std::size_t((n + 1) / 2));
            QCOMPARE(b.choiceWithoutReplacement(n, (n + 1) / 2), all);
        }
    }

    void plansAreRead() {
        const PreprocessRule rule = preprocessRule(plansFile(), "3d_cascade_fullres");
        QCOMPARE(rule.order.forward, (std::array<int, 3>{1, 0, 2}));
        QCOMPARE(rule.spacing, (std::vector<double>{3, 1, 1.5}));
        QCOMPARE(rule.channels[0].scheme, ChannelScheme::Ct);
        QCOMPARE(rule.channels[0].foreground.percentile995, 9.0);
        QVERIFY((rule.image == ResampleRule{3, 0, true, true}));
        QVERIFY((rule.labels == ResampleRule{1, 0, {}, true}));
        const PreprocessRule flat = preprocessRule(plansFile(), "2d");
        QVERIFY((flat.labels == ResampleRule{1, 0, {}, false}));
        QVERIFY((flat.target({7, 8, 9}) == Vec3{8, 1, 1.5}));
    }

    void nothingIsResampled() {
        auto plans = plansFile();
        auto& own = plans["configurations"]["3d_fullres"];
        own["normalization_schemes"] = {"NoNormalization"};
        for (const char* what : {"data", "seg", "probabilities"}) {
            own["resampling_fn_" + std::string(what)] = "no_resampling_hack";
            own["resampling_fn_" + std::string(what) + "_kwargs"] = nlohmann::json::object();
        }
        const PreprocessRule rule = preprocessRule(plans, "3d_fullres");
        QVERIFY(rule.keepsGrid && (rule.gridFor({4, 5, 6}, {7, 8, 9}) == Index{4, 5, 6}));
        Volume<float> image({3, 4, 5});
        for (std::int64_t i = 0; i < image.size(); ++i) image.data()[i] = float(i + 1);
        const auto labels = memory(Volume<std::uint8_t>({3, 4, 5}, 1));
        const auto result = run(image, rule, &labels, {{1}});
        QVERIFY((result.image[0].shape() == Index{4, 3, 5}));  // turned, and no more
        for (int z = 0; z < 3; ++z)
            for (int y = 0; y < 4; ++y) QCOMPARE(result.image[0](y, z, 2), image(z, y, 2));
        own["resampling_fn_seg"] = "resample_torch_fornnunet";
        QCOMPARE(refusal([&] { preprocessRule(plans, "3d_fullres"); }), ErrorKind::Unsupported);
    }

    void unknownResamplersAreNamed() {
        const auto sayAfter = [](const char* key, const nlohmann::json& value) {
            auto plans = plansFile();
            plans["configurations"]["2d"][key] = value;
            try {
                preprocessRule(plans, "2d");
            } catch (const Error& error) {
                return std::string(error.what());
            }
            return std::string();
        };
        const std::string unknown = sayAfter("resampling_fn_probabilities", "resample_with_care");
        for (const char* word : {"resample_with_care", "resampling_fn_probabilities", "resample_torch_fornnunet"})
            QVERIFY2(unknown.find(word) != std::string::npos, unknown.c_str());
        const std::string option = sayAfter("resampling_fn_seg_kwargs", {{"memefficient_seg_resampling", true}});
        QVERIFY2(option.find("memefficient_seg_resampling = true") != std::string::npos, option.c_str());
        QVERIFY(!sayAfter("resampling_fn_data_kwargs", {{"separate_z_anisotropy_threshold", 2}}).empty());
        QCOMPARE(sayAfter("resampling_fn_seg_kwargs", {{"separate_z_anisotropy_threshold", 3},
                                                       {"mode", "linear"},
                                                       {"memefficient_seg_resampling", false}}),
                 std::string());
    }

    void oldPlansAreRead() {
        auto plans = plansFile();
        plans["foreground_intensity_properties_by_modality"] = plans["foreground_intensity_properties_per_channel"];
        plans.erase("foreground_intensity_properties_per_channel");
        QCOMPARE(preprocessRule(plans, "3d_fullres").channels[0].foreground.mean, 5.0);
    }

    void damagedPlansAreRefused() {
        const auto kindAfter = [](const char* pointer, const nlohmann::json& value, const char* name = "3d_fullres") {
            auto plans = plansFile();
            plans[nlohmann::json::json_pointer(pointer)] = value;
            return refusal([&] { preprocessRule(plans, name); });
        };
        const std::string own = "/configurations/3d_fullres/";
        QCOMPARE(kindAfter("/transpose_forward", {0, 0, 1}), ErrorKind::Format);
        QCOMPARE(kindAfter("/transpose_forward", {0, 1, 7}), ErrorKind::Format);
        QCOMPARE(kindAfter("/transpose_forward", "zyx"), ErrorKind::Format);
        QCOMPARE(kindAfter((own + "spacing").c_str(), {1.0}), ErrorKind::Format);
        QCOMPARE(kindAfter((own + "spacing").c_str(), {1.0, 0.0, 1.0}), ErrorKind::Format);
        QCOMPARE(kindAfter((own + "normalization_schemes").c_str(), {"Mine"}), ErrorKind::Unsupported);
        QCOMPARE(kindAfter((own + "normalization_schemes").c_str(), {"PercentileNormalization"}),
                 ErrorKind::Unsupported);
        QCOMPARE(kindAfter((own + "normalization_schemes").c_str(), {"ZScoreNormalization", "CTNormalization"}),
                 ErrorKind::Format);
        QCOMPARE(kindAfter((own + "resampling_fn_data").c_str(), "mine"), ErrorKind::Unsupported);
        QCOMPARE(kindAfter("/x", 1, "none"), ErrorKind::Format);
        QCOMPARE(kindAfter("/x", 1, "circle"), ErrorKind::Format);
        QCOMPARE(refusal([] { preprocessRule(nlohmann::json::array(), "2d"); }), ErrorKind::Format);
    }
};

QTEST_APPLESS_MAIN(TstNnunetPreprocess)
#include "tst_nnunet_preprocess.moc"

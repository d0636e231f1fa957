#include <QTest>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "plan/export_prediction.h"

using namespace fovea;
using namespace fovea::plan;

namespace {

Job nothing;

std::vector<Volume<float>> noise(Index shape, int outputs) {
    Rng rng(1);
    std::vector<Volume<float>> logits;
    for (int k = 0; k < outputs; ++k)
        for (float& value : logits.emplace_back(shape)) value = float(rng.normal());
    return logits;
}

Prediction predictionOf(const std::vector<Volume<float>>& logits, std::vector<std::int32_t> regions = {}) {
    return {logits.empty() ? Index{1, 1, 1} : logits[0].shape(), int(logits.size()),
            [&logits](int k, std::int64_t begin, std::int64_t end, float* out) {
                planesOf(logits[std::size_t(k)])(begin, end, out);
            },
            std::move(regions)};
}

PreprocessRule ruleOf(Vec3 spacing, AxisOrder order = {}) {
    PreprocessRule rule;
    rule.spacing = {spacing.z, spacing.y, spacing.x};
    rule.order = order;
    return rule;
}

CaseProperties whole(Index shape, Vec3 spacing = {1, 1, 1}) { return {spacing, shape, Box::of(shape), {}}; }

std::uint16_t winner(const std::vector<Volume<float>>& logits, Index at) {
    std::size_t best = 0;
    for (std::size_t k = 1; k < logits.size(); ++k)
        if (logits[k][at] > logits[best][at]) best = k;
    return std::uint16_t(best);
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

}  // namespace

class TstExportPrediction : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void cleanup() { setThreadCount(0); }

    void sameGridIsTheLargestOutput() {
        const auto logits = noise({3, 7, 21}, 5);
        const auto labels = exportedLabels(predictionOf(logits), whole({3, 7, 21}), ruleOf({1, 1, 1}), nothing);
        forEachTile(labels.box(), {1, 1, 1},
                    [&](const Box& voxel) { QCOMPARE(labels[voxel.begin], winner(logits, voxel.begin)); });
    }

    // Beside the resampler of images, which does the same for whole maps.
    void resamplesAsImagesAre() {
        const Index grid{9, 10, 11}, shape{7, 20, 9};
        const auto logits = noise(grid, 3);
        for (const Vec3 stored : {Vec3{1.3, 1, 1.2}, Vec3{5, 1, 1}, Vec3{1, 1, 8}}) {
            Vec3 spacing;
            for (int axis = 0; axis < 3; ++axis)
                spacing[axis] = stored[axis] * double(shape[axis]) / double(grid[axis]);
            std::vector<Volume<float>> maps;
            for (const auto& map : logits)
                maps.push_back(resampled(map, resampling(grid, spacing, shape, stored, {1, 0, {}, true}), nothing));
            const auto rule = ruleOf(spacing);
            const auto probabilities = exportedProbabilities(predictionOf(logits), whole(shape, stored), rule, nothing);
            const auto labels = exportedLabels(predictionOf(logits), whole(shape, stored), rule, nothing);
            for (std::int64_t i = 0; i < shape.count(); ++i) {
                double sum = 0;
                for (const auto& map : maps) sum += std::exp(double(map.data()[i]));
                for (std::size_t k = 0; k < 3; ++k)
                    QVERIFY(std::abs(probabilities[k].data()[i] - std::exp(double(maps[k].data()[i])) / sum) < 1e-5);
                const float best = std::max({maps[0].data()[i], maps[1].data()[i], maps[2].data()[i]});
                QVERIFY(best - maps[labels.data()[i]].data()[i] < 1e-5f);
            }
        }
    }

    void pastesAndTurnsBack() {
        const AxisOrder order{{2, 0, 1}};
        const Index network{3, 4, 5};  // along x, z, y as stored
        const auto logits = noise(network, 4);
        const CaseProperties properties{{1, 1, 1}, {6, 7, 9}, {{2, 1, 3}, {5, 5, 8}}, {}};
        const auto labels = exportedLabels(predictionOf(logits), properties, ruleOf({1, 1, 1}, order), nothing);
        QVERIFY((labels.shape() == Index{7, 9, 6}));
        const auto background =
            exportedProbabilities(predictionOf(logits), properties, ruleOf({1, 1, 1}, order), nothing)[0];
        forEachTile(labels.box(), {1, 1, 1}, [&](const Box& voxel) {
            const Index at = order.toNetwork(voxel.begin);
            const bool inside = properties.crop.contains(at);
            QCOMPARE(labels[voxel.begin], inside ? winner(logits, at - properties.crop.begin) : std::uint16_t(0));
            QCOMPARE(background[voxel.begin] == 1, !inside);
        });
    }

    void laterRegionsWriteOverEarlierOnes() {
        const std::vector<Volume<float>> logits{{{1, 1, 4}, {1, 1, -1, 0}}, {{1, 1, 4}, {5, -1, -1, 0}}};
        const auto prediction = predictionOf(logits, {300, 7});
        const auto labels = exportedLabels(prediction, whole({1, 1, 4}), ruleOf({1, 1, 1}), nothing);
        QCOMPARE(labels.vector(), (std::vector<std::uint16_t>{7, 300, 0, 0}));
        const CaseProperties cropped{{1, 1, 1}, {1, 2, 4}, {{0, 1, 0}, {1, 2, 4}}, {}};
        const auto probabilities = exportedProbabilities(prediction, cropped, ruleOf({1, 1, 1}), nothing);
        QCOMPARE(probabilities[0](0, 0, 0), 0.0f);
        QVERIFY(std::abs(probabilities[1](0, 1, 0) - 1 / (1 + std::exp(-5.0))) < 1e-6);
    }

    void firstOfEqualOutputs() {
        const std::vector<Volume<float>> logits(3, Volume<float>({1, 1, 1}, 2.0f));
        QCOMPARE(exportedLabels(predictionOf(logits), whole({1, 1, 1}), ruleOf({1, 1, 1}), nothing).data()[0], 0);
    }

    void mapsNeedAsFewBytesAsTheirLabels() {
        Job job;
        for (const int outputs : {3, 255, 256}) {
            std::vector<Volume<float>> logits(std::size_t(outputs), Volume<float>({1, 1, 2}, 0.0f));
            logits.back()(0, 0, 1) = 1;
            const auto map = exportedLabelMap(predictionOf(logits), whole({1, 1, 2}), ruleOf({1, 1, 1}), nothing);
            QCOMPARE(map.dtype, outputs < 256 ? DType::U8 : DType::U16);
            QCOMPARE(map.to<std::int32_t>()(0, 0, 0), 0);
            QCOMPARE(map.to<std::int32_t>()(0, 0, 1), outputs - 1);
        }
        const std::vector<Volume<float>> certain(1, Volume<float>({1, 1, 1}, 1.0f));
        Prediction regions = predictionOf(certain);
        regions.regionLabels = {300};
        const auto map = exportedLabelMap(regions, whole({1, 1, 1}), ruleOf({1, 1, 1}), nothing);
        QVERIFY(map.dtype == DType::U16 && map.as<std::uint16_t>()[0] == 300);
    }

    void sizeOneGrowsAndShrinks() {
        const std::vector<Volume<float>> logits{Volume<float>({1, 1, 1}, 0.0f), Volume<float>({1, 1, 1}, 1.0f)};
        for (const std::uint16_t label :
             exportedLabels(predictionOf(logits), whole({3, 1, 4}), ruleOf({3, 1, 4}), nothing))
            QCOMPARE(label, std::uint16_t(1));
        const auto many = noise({4, 5, 6}, 2);
        QCOMPARE(exportedLabels(predictionOf(many), whole({1, 1, 1}, {4, 5, 6}), ruleOf({1, 1, 1}), nothing).size(), 1);
    }

    // Slabs of one result each, with reads that follow one another.
    void largePlanesGoOneByOne() {
        const Index grid{3, 1024, 1024}, shape{5, 1024, 2048};
        const auto logits = noise(grid, 4);
        auto prediction = predictionOf(logits);
        std::int64_t reads = 0, most = 0, last = 0;
        const auto read = prediction.read;
        prediction.read = [&](int k, std::int64_t begin, std::int64_t end, float* out) {
            ++reads, most = std::max(most, end - begin);
            QVERIFY(begin >= last);
            if (k == 3) last = begin;
            read(k, begin, end, out);
        };
        setThreadCount(2);
        std::int64_t written = 0;
        exportLabels(
            prediction, whole(shape), ruleOf({5.0 / 3, 1, 2}),
            [&](const Box& box, const Volume<std::uint16_t>& labels) {
                QCOMPARE(box.begin.z, written);
                written += labels.shape().z;
            },
            nothing);
        QCOMPARE(written, shape.z);
        QVERIFY(reads > 4 && most <= 3);
    }

    void impossibleExportsAreRefused() {
        const auto logits = noise({1, 2, 2}, 2);
        const auto attempt = [&](const Prediction& prediction, const PreprocessRule& rule,
                                 const CaseProperties& properties) {
            return refusal([&] { exportedLabels(prediction, properties, rule, nothing); });
        };
        const auto rule = ruleOf({1, 1, 1});
        const auto properties = whole({1, 2, 2});
        QCOMPARE(attempt(predictionOf({}), rule, properties), ErrorKind::Input);
        QCOMPARE(attempt(predictionOf(logits, {1}), rule, properties), ErrorKind::Input);
        QCOMPARE(attempt(predictionOf(logits, {1, 70'000}), rule, properties), ErrorKind::Input);
        auto cubic = rule;
        cubic.logits.order = 3;
        QCOMPARE(attempt(predictionOf(logits), cubic, properties), ErrorKind::Unsupported);
        QCOMPARE(attempt(predictionOf(logits), rule, {{1, 1, 1}, {1, 2, 2}, {{0, 0, 0}, {1, 2, 3}}, {}}),
                 ErrorKind::Internal);
    }
};

QTEST_APPLESS_MAIN(TstExportPrediction)
#include "tst_export_prediction.moc"

#include <QTest>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "segment/adaptive_contrast.h"
#include "support/hash_uniform.h"

using namespace fovea;
using namespace fovea::segment;

class TstAdaptiveContrast : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void executedReference();
    void percentiles();
    void nothingToEvenOut();
    void oddShapes();
    void evensOutLight();
    void refusesVolumes();
    void stops();
};

namespace {

Volume<float> noise(Index shape, std::uint64_t seed) {
    Volume<float> section(shape);
    Rng rng(seed);
    for (float& v : section) v = float(rng.uniform());
    return section;
}

}  // namespace

// Numbers of scikit-image's equalize_adapthist and NumPy's percentile (spec models.md 7.3, I2 to I4).
void TstAdaptiveContrast::executedReference() {
    Job job;
    Volume<float> section({1, 200, 150});
    for (std::int64_t i = 0; i < section.size(); ++i)
        section.data()[i] = float(std::pow((test::hashUniform(1013, std::uint64_t(i)) + 1) / 2, 3));
    equaliseAdaptively(section, {}, job);
    QVERIFY(std::abs(std::accumulate(section.begin(), section.end(), 0.0) - 10257.87108) < 0.01);
    QCOMPARE(section.data()[0], 0.0f);
    QCOMPARE(section.data()[10000], 0.0f);
    QVERIFY(std::abs(section.data()[29999] - 0.500030828) < 1e-4);

    std::vector<float> values;
    for (std::uint64_t i = 0; i < 64 * 64; ++i) values.push_back(float(std::max(test::hashUniform(1016, i), 0.0)));
    QVERIFY(std::abs(percentileOfNonZero(values, 99.9) - 0.998956261924) < 1e-7);
    QVERIFY(std::abs(percentileOfNonZero(values, 99.5) - 0.996622321293) < 1e-7);
    QVERIFY(std::abs(percentileOfNonZero(values, 0) - 0.000439068029624) < 1e-9);
}

void TstAdaptiveContrast::percentiles() {
    QCOMPARE(percentileOfNonZero({}, 50), 0.0);
    QCOMPARE(percentileOfNonZero({0, 0, 0}, 50), 0.0);
    QCOMPARE(percentileOfNonZero({0, 7, NAN, INFINITY}, 50), 7.0);
    QCOMPARE(percentileOfNonZero({4, 0, 2, 1, 3}, 50), 2.5);
    QCOMPARE(percentileOfNonZero({4, 0, 2, 1, 3}, 100), 4.0);
    Volume<float> section({1, 1, 5}, {0, 1, 2, 3, 100});
    clipBright(section, 50);
    QCOMPARE(section.vector(), (std::vector<float>{0, 1, 2, 2.5f, 2.5f}));
}

void TstAdaptiveContrast::nothingToEvenOut() {
    Job job;
    Volume<float> nothing, flat({1, 20, 30}, 7);
    equaliseAdaptively(nothing, {}, job);
    QVERIFY(nothing.empty());
    equaliseAdaptively(flat, {}, job);
    QVERIFY(flat == Volume<float>({1, 20, 30}));
}

void TstAdaptiveContrast::oddShapes() {
    Job job;
    for (const Index shape :
         {Index{1, 1, 1}, Index{1, 1, 300}, Index{1, 257, 3}, Index{1, 128, 128}, Index{1, 129, 65}}) {
        Volume<float> section = noise(shape, 3);
        equaliseAdaptively(section, {}, job);
        for (const float v : section) QVERIFY(v >= 0 && v <= 1);
    }
}

// The dark half of an unevenly lit picture is as bright as the other one afterwards.
void TstAdaptiveContrast::evensOutLight() {
    Job job;
    Volume<float> section = noise({1, 512, 512}, 5);
    for (std::int64_t y = 0; y < 512; ++y)
        for (std::int64_t x = 0; x < 256; ++x) section(0, y, x) *= 0.1f;
    equaliseAdaptively(section, {.block = 64, .clip = 0.5}, job);
    double dark = 0, bright = 0;
    for (std::int64_t y = 0; y < 512; ++y)
        for (std::int64_t x = 0; x < 128; ++x) dark += section(0, y, x), bright += section(0, y, 384 + x);
    QVERIFY(dark / bright > 0.7);
}

void TstAdaptiveContrast::refusesVolumes() {
    Job job;
    Volume<float> volume({2, 4, 4}, 1), section({1, 4, 4}, 1);
    QVERIFY_EXCEPTION_THROWN(equaliseAdaptively(volume, {}, job), Error);
    QVERIFY_EXCEPTION_THROWN(equaliseAdaptively(section, {.block = 0}, job), Error);
}

void TstAdaptiveContrast::stops() {
    CancelFlag job;
    job.cancel();
    Volume<float> section = noise({1, 300, 300}, 1);
    QVERIFY_EXCEPTION_THROWN(equaliseAdaptively(section, {}, job), Cancelled);
}

QTEST_APPLESS_MAIN(TstAdaptiveContrast)
#include "tst_adaptive_contrast.moc"

#include <QTest>
#include <cmath>
#include <limits>

#include "base/rng.h"
#include "measure/distance.h"

using namespace fovea;
using namespace fovea::measure;

namespace {

float byForce(const Volume<std::uint8_t>& mask, Index at, Vec3 spacing) {
    if (!mask[at]) return 0;
    double best = std::numeric_limits<double>::infinity();
    for (std::int64_t z = 0; z < mask.shape().z; ++z)
        for (std::int64_t y = 0; y < mask.shape().y; ++y)
            for (std::int64_t x = 0; x < mask.shape().x; ++x)
                if (!mask(z, y, x)) {
                    const double dz = double(z - at.z) * spacing.z, dy = double(y - at.y) * spacing.y;
                    const double dx = double(x - at.x) * spacing.x;
                    best = std::min(best, dz * dz + dy * dy + dx * dx);
                }
    return float(std::sqrt(best));
}

}  // namespace

class TstDistance : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void exact_data();
    void exact();
    void noBackground();
    void borderCounts();
    void badSpacing();
    void cancels();
};

void TstDistance::exact_data() {
    QTest::addColumn<double>("sz");
    QTest::addColumn<int>("nz");
    QTest::addColumn<double>("share");
    QTest::newRow("isotropic") << 1.0 << 6 << 0.9;
    QTest::newRow("thick sections") << 10.87 << 6 << 0.97;
    QTest::newRow("thin sections") << 0.2 << 9 << 0.97;
    QTest::newRow("one slice") << 5.0 << 1 << 0.98;
    QTest::newRow("sparse") << 2.0 << 5 << 0.998;
}

void TstDistance::exact() {
    QFETCH(double, sz);
    QFETCH(int, nz);
    QFETCH(double, share);
    Rng rng(7);
    Volume<std::uint8_t> mask({nz, 17, 21});
    for (auto& v : mask) v = rng.uniform() < share;
    mask(0, 3, 3) = 0;
    const Vec3 spacing{sz, 1.0, 1.3};
    const auto d = distanceTransform(mask, spacing);
    for (std::int64_t z = 0; z < nz; ++z)
        for (std::int64_t y = 0; y < 17; ++y)
            for (std::int64_t x = 0; x < 21; ++x)
                QVERIFY(std::abs(d(z, y, x) - byForce(mask, {z, y, x}, spacing)) < 1e-4f);
}

void TstDistance::noBackground() {
    for (float v : distanceTransform(Volume<std::uint8_t>({2, 3, 4}, 1))) QVERIFY(std::isinf(v));
    QVERIFY(distanceTransform(Volume<std::uint8_t>()).empty());
    QCOMPARE(distanceTransform(Volume<std::uint8_t>({1, 1, 1}))(0, 0, 0), 0.0f);
}

void TstDistance::borderCounts() {
    Job job;
    const auto flat = distanceTransform(Volume<std::uint8_t>({1, 5, 5}, 1), {1, 1, 1}, true, job);
    QCOMPARE(flat(0, 2, 2), 3.0f);
    QCOMPARE(flat(0, 0, 2), 1.0f);
    const auto deep = distanceTransform(Volume<std::uint8_t>({3, 9, 9}, 1), {2, 1, 1}, true, job);
    QCOMPARE(deep(1, 4, 4), 4.0f);
    QCOMPARE(deep(0, 4, 4), 2.0f);
}

void TstDistance::badSpacing() {
    Volume<std::uint8_t> mask({1, 2, 2});
    QVERIFY_EXCEPTION_THROWN(distanceTransform(mask, {0, 1, 1}), Error);
    QVERIFY_EXCEPTION_THROWN(distanceTransform(mask, {1, NAN, 1}), Error);
}

void TstDistance::cancels() {
    CancelFlag job;
    job.cancel();
    QVERIFY_EXCEPTION_THROWN(distanceTransform(Volume<std::uint8_t>({1, 2, 2}), {1, 1, 1}, false, job), Cancelled);
}

QTEST_APPLESS_MAIN(TstDistance)
#include "tst_distance.moc"

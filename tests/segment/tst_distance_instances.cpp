#include <QtTest>

#include <cmath>

#include "base/error.h"
#include "measure/components.h"
#include "segment/distance_instances.h"
#include "segment/filters.h"

using namespace fovea;
using namespace fovea::segment;

class TstDistanceInstances : public QObject {
    Q_OBJECT
  private slots:
    void discsThatTouch();
    void sectionsApart();
    void smallOnesGo();
    void nothingThere();
    void onePixel();
    void otherShapes();
    void mirrorAtTheEdge();
};

namespace {

struct Disc {
    double y, x, radius;
};

DistanceMaps mapsOf(Index shape, const std::vector<Disc>& discs) {
    DistanceMaps maps{Volume<float>(shape, 0), Volume<float>(shape, 1), Volume<float>(shape, 1)};
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x)
                for (const Disc& d : discs) {
                    const double r = std::hypot(double(y) - d.y, double(x) - d.x) / d.radius;
                    if (r > 1 || r >= maps.center(z, y, x)) continue;
                    maps.foreground(z, y, x) = 1;
                    maps.center(z, y, x) = maps.boundary(z, y, x) = float(r);
                }
    return maps;
}

std::int64_t countOf(const Volume<std::int32_t>& labels) {
    return labels.empty() ? 0 : *std::max_element(labels.begin(), labels.end());
}

const DistanceRules rules;

}  // namespace

void TstDistanceInstances::discsThatTouch() {
    Job job;
    const auto labels = distanceInstances(mapsOf({1, 60, 90}, {{20, 20, 12}, {20, 43, 12}, {45, 70, 10}}), rules, job);
    QCOMPARE(countOf(labels), 3);
    QVERIFY(labels(0, 20, 20) != labels(0, 20, 43));
    QCOMPARE(measure::connectedComponents(labels, 4, true).count(), 3);
}

void TstDistanceInstances::sectionsApart() {
    Job job;
    const auto labels = distanceInstances(mapsOf({3, 40, 40}, {{20, 20, 12}}), rules, job);
    QCOMPARE(countOf(labels), 3);
    QVERIFY(labels(0, 20, 20) != labels(1, 20, 20));
}

void TstDistanceInstances::smallOnesGo() {
    Job job;
    DistanceRules some = rules;
    some.minSize = 200;
    const auto labels = distanceInstances(mapsOf({1, 60, 60}, {{15, 15, 6}, {40, 40, 14}}), some, job);
    QCOMPARE(countOf(labels), 1);
    QCOMPARE(labels(0, 15, 15), 0);
}

void TstDistanceInstances::nothingThere() {
    Job job;
    QCOMPARE(countOf(distanceInstances(mapsOf({1, 30, 30}, {}), rules, job)), 0);
}

void TstDistanceInstances::onePixel() {
    Job job;
    QCOMPARE(countOf(distanceInstances(mapsOf({1, 1, 1}, {{0, 0, 1}}), rules, job)), 1);
}

void TstDistanceInstances::otherShapes() {
    Job job;
    DistanceMaps maps = mapsOf({1, 20, 20}, {});
    maps.center = Volume<float>({1, 20, 21});
    QVERIFY_EXCEPTION_THROWN(distanceInstances(maps, rules, job), Error);
}

// A mirrored ramp is flat at its edge, a repeated one is not.
void TstDistanceInstances::mirrorAtTheEdge() {
    Job job;
    Volume<float> ramp({1, 1, 40});
    for (std::int64_t x = 0; x < 40; ++x) ramp(0, 0, x) = float(x);
    Volume<float> mirrored = ramp, repeated = ramp;
    blur(mirrored, {0, 0, 2}, job, Edge::Mirror);
    blur(repeated, {0, 0, 2}, job);
    double expected = 0, sum = 0;
    for (int k = -6; k <= 6; ++k) {
        const double w = std::exp(-0.5 * k * k / 4.0);
        sum += w, expected += w * std::abs(k);
    }
    QVERIFY(std::abs(mirrored(0, 0, 0) - expected / sum) < 1e-4);
    QVERIFY(std::abs(repeated(0, 0, 0) - expected / sum / 2) < 1e-4);
    QVERIFY(std::abs(mirrored(0, 0, 20) - 20) < 1e-4);
    Volume<float> short_({1, 2, 1}, std::vector<float>{0, 1});
    blur(short_, {0, 5, 0}, job, Edge::Mirror);  // the kernel is longer than the line
    QVERIFY(std::abs(short_(0, 0, 0) - 0.5) < 0.05);
}

QTEST_APPLESS_MAIN(TstDistanceInstances)
#include "tst_distance_instances.moc"

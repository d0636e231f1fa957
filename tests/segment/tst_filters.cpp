#include <QTest>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "segment/filters.h"
#include "segment/holes.h"

using namespace fovea;
using namespace fovea::segment;

class TstFilters : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void blurKeepsConstantAndSum();
    void blurIsGaussian();
    void blurIsTheSumItSaysItIs();
    void gradientOfSlope();
    void quantilesSkipNaN();
    void holes();
};

void TstFilters::blurKeepsConstantAndSum() {
    Job job;
    Volume<float> flat({3, 5, 7}, 2.5f);
    blur(flat, {1, 2, 0.5}, job);
    for (float v : flat) QVERIFY(std::abs(v - 2.5f) < 1e-5f);
    Volume<float> dot({9, 31, 31});
    dot(4, 15, 15) = 1;
    blur(dot, {1, 2, 2}, job);
    QVERIFY(std::abs(std::accumulate(dot.begin(), dot.end(), 0.0) - 1) < 1e-4);
    Volume<float> nothing;
    blur(nothing, {1, 1, 1}, job);
    QVERIFY(nothing.empty());
}

void TstFilters::blurIsGaussian() {
    Job job;
    Volume<float> dot({1, 41, 41});
    dot(0, 20, 20) = 1;
    blur(dot, {5, 3, 2}, job);
    QVERIFY(std::abs(dot(0, 23, 20) / dot(0, 20, 20) - std::exp(-0.5)) < 1e-3);
    QVERIFY(std::abs(dot(0, 20, 22) / dot(0, 20, 20) - std::exp(-0.5)) < 1e-3);
}

// Against sums voxel by voxel, for lines shorter and longer than the kernel and than what is added up at a time.
void TstFilters::blurIsTheSumItSaysItIs() {
    Job job;
    Rng rng(2);
    for (const Index n : {Index{3, 4, 5}, Index{2, 17, 16}, Index{5, 3, 300}, Index{1, 1, 33}}) {
        Volume<float> image(n);
        for (float& v : image) v = float(rng.uniform(0, 1));
        for (int axis = 0; axis < 3; ++axis)
            for (const Edge edge : {Edge::Repeat, Edge::Mirror}) {
                Vec3 sigma{0, 0, 0};
                sigma[axis] = 1.5;
                Volume<float> found = image;
                blur(found, sigma, job, edge);
                forEachTile(image.box(), {1, 1, 1}, [&](const Box& one) {
                    double sum = 0, weights = 0;
                    for (std::int64_t k = -5; k <= 5; ++k) {
                        Index v = one.begin;
                        const std::int64_t last = n[axis] - 1;
                        std::int64_t at = v[axis] + k;
                        if (edge == Edge::Repeat || last == 0)
                            at = std::clamp<std::int64_t>(at, 0, last);
                        else
                            while (at < 0 || at > last) at = at < 0 ? -at : 2 * last - at;
                        v[axis] = at;
                        const double w = std::exp(-0.5 * double(k * k) / 2.25);
                        sum += w * image[v], weights += w;
                    }
                    QVERIFY(std::abs(found[one.begin] - sum / weights) < 1e-5);
                });
            }
    }
}

void TstFilters::gradientOfSlope() {
    Job job;
    Volume<float> slope({3, 4, 5});
    for (std::int64_t z = 0; z < 3; ++z)
        for (std::int64_t y = 0; y < 4; ++y)
            for (std::int64_t x = 0; x < 5; ++x) slope(z, y, x) = float(8 * z + 3 * y);
    const auto g = gradientLength(slope, {2, 1, 1}, job);
    for (float v : g) QVERIFY(std::abs(v - 5.0f) < 1e-5f);
    QCOMPARE(gradientLength(Volume<float>({1, 1, 1}, 7), {1, 1, 1}, job)(0, 0, 0), 0.0f);
}

void TstFilters::quantilesSkipNaN() {
    Volume<float> v({1, 1, 5}, std::vector<float>{3, NAN, 1, INFINITY, 2});
    QCOMPARE(quantiles(v, {0, 0.5, 1}), (std::vector<double>{1, 2, 3}));
    QCOMPARE(quantiles(Volume<float>({1, 1, 2}, NAN), {0.5}), std::vector<double>{0});
}

void TstFilters::holes() {
    // A ring in one slice of 5 × 5; the same ring in 3D encloses nothing.
    std::vector<std::int32_t> ring{6, 7, 8, 11, 13, 16, 17, 18};
    std::vector<std::int32_t> flat = ring, deep;
    fillHoles(flat, {1, 5, 5});
    QCOMPARE(flat.size(), std::size_t(9));
    QCOMPARE(flat.back(), 12);
    for (std::int32_t i : ring) deep.push_back(i + 25);
    fillHoles(deep, {3, 5, 5});
    QCOMPARE(deep.size(), std::size_t(8));
    std::vector<std::int32_t> one{0};
    fillHoles(one, {1, 1, 1});
    QCOMPARE(one.size(), std::size_t(1));
}

QTEST_APPLESS_MAIN(TstFilters)
#include "tst_filters.moc"

#include <QtTest>

#include "segment/region_points.h"

using namespace fovea;
using namespace fovea::segment;

class TstRegionPoints : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void aDiscIsItsMiddle() {
        Volume<std::uint8_t> disc({1, 41, 61});
        for (std::int64_t y = 0; y < 41; ++y)
            for (std::int64_t x = 0; x < 61; ++x) disc(0, y, x) = (y - 20) * (y - 20) + (x - 30) * (x - 30) <= 225;
        const auto points = pointsOfRegion(disc, 4, job_);
        QVERIFY(!points.empty());
        QVERIFY((points[0] == Index{0, 20, 30}));
        QCOMPARE(points.size(), std::size_t(1));
    }
    void aBandIsSeveral() {
        const Volume<std::uint8_t> band({1, 10, 100}, 1);
        const auto points = pointsOfRegion(band, 4, job_);
        QCOMPARE(points.size(), std::size_t(4));
        for (std::size_t i = 0; i < points.size(); ++i) {
            QVERIFY(points[i].y >= 3 && points[i].y <= 6);  // not at the border
            for (std::size_t j = 0; j < i; ++j) QVERIFY(std::abs(points[i].x - points[j].x) >= 5);
        }
    }
    void oddRegions() {
        QVERIFY(pointsOfRegion(Volume<std::uint8_t>(), 4, job_).empty());
        QVERIFY(pointsOfRegion(Volume<std::uint8_t>({1, 5, 5}), 4, job_).empty());
        QCOMPARE(pointsOfRegion(Volume<std::uint8_t>({1, 1, 1}, 1), 4, job_).size(), std::size_t(1));
        QVERIFY(pointsOfRegion(Volume<std::uint8_t>({1, 9, 9}, 1), 0, job_).empty());
    }

  private:
    Job job_;
};

QTEST_GUILESS_MAIN(TstRegionPoints)
#include "tst_region_points.moc"

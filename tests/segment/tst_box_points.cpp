#include <QtTest>

#include "segment/box_points.h"

using namespace fovea;
using namespace fovea::segment;

class TestBoxPoints : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void middleInsideAndSidesOutside() {
        const Box box{{3, 10, 20}, {4, 20, 40}};
        const auto points = pointsOfBox(box, Box::of({8, 64, 64}));
        QCOMPARE(points.size(), std::size_t(5));
        QVERIFY((points[0].at == Index{3, 15, 30}) && points[0].positive);
        for (std::size_t i = 1; i < points.size(); ++i) {
            QVERIFY(!points[i].positive && points[i].at.z == 3);
            QVERIFY(!box.contains(points[i].at) && box.grown({0, 2, 2}).contains(points[i].at));
        }
    }
    void cutAtTheBorder() {
        const auto points = pointsOfBox({{0, 0, 0}, {1, 9, 9}}, Box::of({1, 64, 64}));
        QCOMPARE(points.size(), std::size_t(3));
        QVERIFY(pointsOfBox({}, Box::of({1, 9, 9})).empty());
    }
};

QTEST_GUILESS_MAIN(TestBoxPoints)
#include "tst_box_points.moc"

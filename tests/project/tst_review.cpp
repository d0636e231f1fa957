#include <QTest>

#include "base/error.h"
#include "project/review.h"

using namespace fovea;
using namespace fovea::project;
using Ids = std::vector<std::int32_t>;

namespace {

std::vector<ReviewRow> rows() {
    return {{70000, 0.9, 50, {{0, 0, 0}, {1, 4, 4}}, false},
            {3, 0.2, 500, {{5, 10, 10}, {6, 20, 20}}, false},
            {2, 0.2, 5, {{0, 30, 30}, {1, 32, 32}}, true},
            {9, 0.5, 80, {{2, 10, 10}, {3, 12, 12}}, false}};
}

}  // namespace

class TestReview : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void orders() {
        QCOMPARE(reviewOrder(rows(), ReviewOrder::Doubtful), (Ids{2, 3, 9, 70000}));
        QCOMPARE(reviewOrder(rows(), ReviewOrder::Certain), (Ids{70000, 9, 2, 3}));
        QCOMPARE(reviewOrder(rows(), ReviewOrder::ById), (Ids{2, 3, 9, 70000}));
        QCOMPARE(reviewOrder(rows(), ReviewOrder::Largest), (Ids{3, 9, 70000, 2}));
        QCOMPARE(reviewOrder(rows(), ReviewOrder::Smallest), (Ids{2, 70000, 9, 3}));
        ReviewPlace place;
        place.patches = {{{2, 0, 0}, {3, 40, 40}}, {{0, 0, 0}, {1, 40, 40}}};
        QCOMPARE(reviewOrder(rows(), ReviewOrder::ByPatch, place), (Ids{9, 2, 70000, 3}));
        QCOMPARE(reviewOrder({}, ReviewOrder::ById), Ids{});
    }

    void nearestKnowsAnisotropy() {
        ReviewPlace place;
        place.here = {0, 12, 12};
        QCOMPARE(reviewOrder(rows(), ReviewOrder::Nearest, place), (Ids{9, 3, 70000, 2}));
        place.spacing = {10, 1, 1};
        QCOMPARE(reviewOrder(rows(), ReviewOrder::Nearest, place), (Ids{70000, 9, 2, 3}));
    }

    void namesRoundTrip() {
        for (const ReviewOrder order :
             {ReviewOrder::Doubtful, ReviewOrder::Certain, ReviewOrder::ByPatch, ReviewOrder::ById,
              ReviewOrder::Largest, ReviewOrder::Smallest, ReviewOrder::Nearest})
            QCOMPARE(reviewOrderByName(name(order)), order);
        QVERIFY_THROWS_EXCEPTION(Error, reviewOrderByName("best"));
    }

    void walksUndecidedOnes() {
        ReviewQueue queue;
        QVERIFY(!queue.next() && !queue.current());
        queue.sort(rows(), ReviewOrder::Doubtful);
        QCOMPARE(*queue.next(), 3);
        queue.setCurrent(70000);
        QCOMPARE(*queue.next(), 3);
        QCOMPARE(*queue.previous(), 9);
        QCOMPARE(queue.undecided(), 3);
        queue.setCurrent(12345);
        QCOMPARE(*queue.current(), 70000);
    }

    void neverMovesTheCurrentOne() {
        ReviewQueue queue;
        queue.sort(rows(), ReviewOrder::Doubtful);
        queue.setCurrent(9);
        queue.sort(rows(), ReviewOrder::Largest);
        QCOMPARE(*queue.current(), 9);
        auto now = rows();
        now[1].score = 0.99;     // would sort elsewhere
        now.erase(now.begin());  // 70000 is gone
        now.push_back({1, 0.0, 1, {}, false});
        queue.refresh(now);
        QCOMPARE(queue.ids(), (Ids{3, 9, 2, 1}));
        QCOMPARE(*queue.current(), 9);
        now.clear();
        queue.refresh(now);
        QVERIFY(!queue.current() && !queue.next());
    }
};

QTEST_APPLESS_MAIN(TestReview)
#include "tst_review.moc"

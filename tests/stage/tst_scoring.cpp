#include <QTest>

#include "base/error.h"
#include "base/file.h"
#include "stage/given_labels.h"
#include "stage/scoring.h"

using namespace fovea;
using namespace fovea::stage;

namespace {

void fillBox(Volume<std::int32_t>& v, const Box& box, std::int32_t id) {
    forEachTile(box, {1, 1, 1}, [&](const Box& b) { v[b.begin] = id; });
}

// Eight blocks of 10 × 10, the test is x ≥ 50.
Volume<std::int32_t> blocks() {
    Volume<std::int32_t> v({1, 40, 100});
    std::int32_t id = 70000;
    for (int row = 0; row < 2; ++row)
        for (int column = 0; column < 4; ++column)
            fillBox(v, {{0, 5 + row * 20, 5 + column * 25}, {1, 15 + row * 20, 15 + column * 25}}, ++id);
    return v;
}

const Box test{{0, 0, 50}, {1, 40, 100}};

}  // namespace

class TestScoring : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    // Worse is a clear drop of F1, a sure one from 30 objects on, or a drop of Dice where F1 does not rise.
    void roundsAreComparedInPairs() {
        const auto scores = [](int found, int of, int wrong, std::int64_t both = 90) {
            Scores s;
            s.references = of;
            s.tp50 = found, s.fn50 = of - found, s.fp50 = wrong;
            s.found.assign(std::size_t(of), 0);
            std::fill_n(s.found.begin(), found, 1);
            s.both = both, s.inTruth = s.inPrediction = 100;
            return s;
        };
        QVERIFY(!comparePaired(scores(5, 10, 0), scores(4, 10, 0), 1).promoted);  // 0.67 → 0.57
        QVERIFY(comparePaired(scores(5, 10, 0), scores(5, 10, 0), 1).promoted);
        QVERIFY(comparePaired(scores(5, 10, 0), scores(6, 10, 0), 1).promoted);
        QVERIFY(comparePaired(scores(10, 20, 0), scores(10, 20, 1), 1).promoted);         // 0.67 → 0.65, few objects
        QVERIFY(!comparePaired(scores(400, 500, 0), scores(380, 500, 0), 1).promoted);    // 0.89 → 0.86, many
        QVERIFY(comparePaired(scores(400, 500, 0), scores(399, 500, 0), 1).promoted);     // within chance
        QVERIFY(!comparePaired(scores(0, 10, 0, 80), scores(0, 10, 0, 40), 1).promoted);  // only Dice tells
        QVERIFY(comparePaired(scores(5, 10, 0, 80), scores(7, 10, 0, 70), 1).promoted);
        const Promotion nothing = comparePaired(scores(0, 0, 3), scores(0, 0, 9), 1);
        QVERIFY(nothing.promoted && !nothing.judged);
        const Promotion better = comparePaired(scores(5, 10, 0), scores(8, 10, 0), 1);
        QVERIFY(better.judged && better.low <= better.difference && better.difference <= better.high);
    }

    void labelledBoxesIgnoreWhatIsUndecided() {
        Job job;
        Volume<std::int32_t> truth({1, 30, 60}), found({1, 30, 60});
        fillBox(truth, {{0, 10, 22}, {1, 20, 30}}, 1);
        fillBox(truth, {{0, 10, 36}, {1, 20, 46}}, 2);  // four tenths of it inside
        fillBox(truth, {{0, 0, 22}, {1, 6, 30}}, 3);    // unsure
        found = truth;
        fillBox(found, {{0, 22, 22}, {1, 28, 30}}, 4);  // a place of a wrong shape
        Volume<std::uint8_t> ignored({1, 30, 60});
        forEachTile(Box{{0, 0, 20}, {1, 7, 40}}, {1, 1, 1}, [&](const Box& v) { ignored[v.begin] = 1; });
        forEachTile(Box{{0, 21, 20}, {1, 30, 40}}, {1, 1, 1}, [&](const Box& v) { ignored[v.begin] = 1; });
        const Scores s = scoreLabelled(truth, found, ignored, {{0, 0, 20}, {1, 30, 40}}, job);
        QCOMPARE(s.references, 1);
        QCOMPARE(s.predictions, 1);
        QCOMPARE(s.f1(), 1.0);
        QCOMPARE(s.dice(), 1.0);
        QCOMPARE(s.found.size(), std::size_t(1));
    }

    void perfect() {
        Job job;
        const Scores s = scoreInside(blocks(), blocks(), test, 50, job);
        QCOMPARE(s.references, 4);
        QCOMPARE(s.f1(), 1.0);
        QCOMPARE(s.f1(true), 1.0);
        QCOMPARE(s.dice(), 1.0);
        const auto json = toJson(s, 1);
        QCOMPARE(json["enough_objects"].get<bool>(), false);
        QCOMPARE(json["interval"][0].get<double>(), 1.0);
    }

    void outsideOfTheTestDoesNotCount() {
        Job job;
        Volume<std::int32_t> prediction = blocks();
        fillBox(prediction, {{0, 0, 0}, {1, 40, 45}}, 1);
        const Scores s = scoreInside(blocks(), prediction, test, 50, job);
        QCOMPARE(s.f1(), 1.0);
        QCOMPARE(s.dice(), 1.0);
    }

    void halfInsideCounts() {
        Job job;
        Volume<std::int32_t> truth({1, 10, 40}), none({1, 10, 40});
        fillBox(truth, {{0, 0, 15}, {1, 10, 25}}, 1);  // half of it
        fillBox(truth, {{0, 0, 0}, {1, 10, 10}}, 2);   // none of it
        const Box right{{0, 0, 20}, {1, 10, 40}};
        QCOMPARE(scoreInside(truth, none, right, 1, job).references, 1);
        QCOMPARE(scoreInside(truth, none, {{0, 0, 21}, {1, 10, 40}}, 1, job).references, 0);
        QCOMPARE(scoreInside(truth, none, right, 101, job).references, 0);  // too small, seen as a whole
        QCOMPARE(scoreInside(truth, none, right, 1, job).f1(), 0.0);
    }

    void countsErrors() {
        Job job;
        Volume<std::int32_t> prediction = blocks();
        for (auto& v : prediction)
            if (v == 70003) v = 0;                           // missed
        fillBox(prediction, {{0, 5, 85}, {1, 15, 95}}, 5);   // on top of 70004
        fillBox(prediction, {{0, 25, 55}, {1, 30, 65}}, 6);  // 70007 split in two
        const Scores s = scoreInside(blocks(), prediction, test, 50, job);
        QCOMPARE(s.references, 4);
        QVERIFY(s.splits >= 1);
        QCOMPARE(s.tp50 + s.fn50, s.references);
        QCOMPARE(s.tp50 + s.fp50, s.predictions);
        QVERIFY(s.f1() < 1 && s.f1(true) <= s.f1());
        Scores sum = s;
        sum += s;
        QCOMPARE(sum.references, 8);
        QCOMPARE(sum.f1(), s.f1());
        QCOMPARE(sum.dice(), s.dice());
    }

    void emptyEverything() {
        Job job;
        const Volume<std::int32_t> none({1, 1, 1});
        const Scores s = scoreInside(none, none, none.box(), 0, job);
        QCOMPARE(s.f1(), 0.0);
        QCOMPARE(s.dice(), 0.0);
        toJson(s, 0);
        QVERIFY_THROWS_EXCEPTION(Error, scoreInside(none, Volume<std::int32_t>({1, 1, 2}), none.box(), 0, job));
    }

    void labelsOfAnyInteger() {
        Volume<std::uint16_t> small({1, 1, 2}, {0, 65535});
        QCOMPARE(givenLabels(MemoryImage({AnyVolume::from(small)}), {1, 1, 2})(0, 0, 1), 65535);
        Volume<std::uint64_t> big({1, 1, 2}, {0, 135719});
        QCOMPARE(givenLabels(MemoryImage({AnyVolume::from(big)}), {1, 1, 2})(0, 0, 1), 135719);
        big(0, 0, 1) = std::uint64_t(1) << 40;
        QVERIFY_THROWS_EXCEPTION(Error, givenLabels(MemoryImage({AnyVolume::from(big)}), {1, 1, 2}));
        Volume<std::int16_t> negative({1, 1, 1}, {-1});
        QVERIFY_THROWS_EXCEPTION(Error, givenLabels(MemoryImage({AnyVolume::from(negative)}), {1, 1, 1}));
        Volume<float> real({1, 1, 1}, {1.f});
        QVERIFY_THROWS_EXCEPTION(Error, givenLabels(MemoryImage({AnyVolume::from(real)}), {1, 1, 1}));
        const AnyVolume v = AnyVolume::from(small);
        QVERIFY_THROWS_EXCEPTION(Error, givenLabels(MemoryImage({v, v, v}), {1, 1, 2}));  // RGB
        QVERIFY_THROWS_EXCEPTION(Error, givenLabels(MemoryImage({v}), {1, 2, 1}));
    }

    void pathsForCases() {
        file::TempFolder temp;
        file::write(temp.path() / "a.tif", "");
        QCOMPARE(givenPath("x/{case}_labels.tif", "a", 3), std::string("x/a_labels.tif"));
        QCOMPARE(givenPath(temp.path().string(), "a", 3), (temp.path() / "a.tif").string());
        QCOMPARE(givenPath("one.tif", "a", 1), std::string("one.tif"));
        QVERIFY_THROWS_EXCEPTION(Error, givenPath("one.tif", "a", 2));
        QVERIFY_THROWS_EXCEPTION(Error, givenPath(temp.path().string(), "b", 2));
    }
};

QTEST_APPLESS_MAIN(TestScoring)
#include "tst_scoring.moc"

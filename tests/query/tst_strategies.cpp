#include <QtTest>

#include "base/error.h"
#include "base/rng.h"
#include "query/strategy.h"

using namespace fovea;
using namespace fovea::query;

// Boxes of 10 × 10, every 5 voxels, in two cases: neighbours overlap.
static Pool pool() {
    Pool result;
    Rng rng(1);
    for (const char* name : {"a", "b"})
        for (std::int64_t y = 0; y <= 40; y += 5)
            for (std::int64_t x = 0; x <= 40; x += 5)
                result.features.patches.push_back({name, {{0, y, x}, {1, y + 10, x + 10}}});
    result.features.dim = 6;
    for (std::size_t i = 0; i < result.features.patches.size() * 6; ++i)
        result.features.values.push_back(float(rng.normal()));
    return result;
}

static std::vector<ChosenPatch> choose(const char* id, const Pool& from, int count, std::uint64_t seed = 1) {
    for (const auto& strategy : strategies()) {
        Job job;
        if (strategy->id() == id) return strategy->choose(from, count, Options(strategy->options()), seed, job);
    }
    return {};
}

class TestStrategies : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void each_data() {
        QTest::addColumn<QString>("id");
        for (const auto& strategy : strategies())
            QTest::newRow(strategy->id().c_str()) << QString::fromStdString(strategy->id());
        QVERIFY(strategies().size() >= 2);
    }
    void each() {
        QFETCH(QString, id);
        const std::string name = id.toStdString();
        Pool from = pool();
        from.labelled = {from.features.patches[0],
                         {"b", {{0, 0, 0}, {1, 25, 50}}}};  // the second is no row of the table
        const auto chosen = choose(name.c_str(), from, 6);
        QCOMPARE(chosen.size(), std::size_t(6));
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            QVERIFY(!chosen[i].reason.empty());
            for (const Patch& labelled : from.labelled)
                QVERIFY(labelled.caseId != chosen[i].patch.caseId || !labelled.box.overlaps(chosen[i].patch.box));
            for (std::size_t j = 0; j < i; ++j)
                QVERIFY(chosen[i].patch.caseId != chosen[j].patch.caseId ||
                        !chosen[i].patch.box.overlaps(chosen[j].patch.box));
        }
        const auto again = choose(name.c_str(), from, 6);
        for (std::size_t i = 0; i < chosen.size(); ++i) QVERIFY(again[i].patch == chosen[i].patch);
        QVERIFY(choose(name.c_str(), from, 0).empty());
        QVERIFY(choose(name.c_str(), from, 1000).size() <= 50);  // fewer, not an error
        Pool everything = from;
        everything.labelled = {{"a", {{0, 0, 0}, {1, 60, 60}}}, {"b", {{0, 0, 0}, {1, 60, 60}}}};
        QVERIFY(choose(name.c_str(), everything, 5).empty());
    }
    void refuseAnIncompletePool() {
        Pool from = pool();
        from.doubt = {0.5};
        QVERIFY_EXCEPTION_THROWN(choose("random", from, 3), Error);
        QVERIFY_EXCEPTION_THROWN(choose("random", Pool{}, 3), Error);
        from = pool();
        from.features.values.pop_back();
        QVERIFY_EXCEPTION_THROWN(choose("coreset", from, 3), Error);
        from.features.values.clear();
        from.features.dim = 0;
        QVERIFY_EXCEPTION_THROWN(choose("coreset", from, 3), Error);
        QCOMPARE(choose("random", from, 3).size(), std::size_t(3));
    }
    void coresetStartsAtRandomAndSaysSo() {
        const Pool from = pool();
        const auto chosen = choose("coreset", from, 5, 7);
        QVERIFY(chosen[2].reason.find("random") != std::string::npos);
        QVERIFY2(chosen[3].reason.find("Farthest from the 3 chosen before (distance ") == 0, chosen[3].reason.c_str());
        QVERIFY(!(choose("coreset", from, 5, 8)[0].patch == chosen[0].patch));
        QCOMPARE(choose("coreset", from, 2).size(), std::size_t(2));
    }
    void coresetStaysAwayFromWhatIsLabelled() {
        Pool from;
        from.features.dim = 2;
        const float corners[][2] = {{1, 0}, {1, 0.1f}, {0, 1}, {-1, 0}};
        for (int i = 0; i < 4; ++i) {
            from.features.patches.push_back({"a", {{i, 0, 0}, {i + 1, 5, 5}}});
            from.features.values.insert(from.features.values.end(), corners[i], corners[i] + 2);
        }
        from.labelled = {from.features.patches[0]};
        from.foreground = {0.5, 0.5, 0.5, 0};
        from.doubt = {0.1, 0.2, 0.3, 0.4};
        const auto chosen = choose("coreset", from, 2);
        QVERIFY(chosen[0].patch == from.features.patches[3]);
        QCOMPARE(chosen[0].reason, std::string("Farthest from everything labelled (distance 2.00); nothing was found "
                                               "here: maybe missed; mean doubt 0.40"));
        QVERIFY(chosen[1].patch == from.features.patches[2]);
        QCOMPARE(chosen[1].score, 1.0);
        QCOMPARE(chosen[1].reason,
                 std::string(
                     "Farthest from everything labelled and the patch chosen before (distance 1.00); mean doubt 0.30"));
    }
    void randomDependsOnTheSeed() {
        const Pool from = pool();
        int equal = 0;
        for (std::uint64_t seed = 0; seed < 10; ++seed)
            equal += choose("random", from, 1, seed)[0].patch == choose("random", from, 1, seed + 1)[0].patch;
        QVERIFY(equal < 5);
    }
};

QTEST_APPLESS_MAIN(TestStrategies)
#include "tst_strategies.moc"

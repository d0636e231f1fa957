#include <QtTest>
#include <set>

#include "base/error.h"
#include "plugins/builtin.h"

using namespace fovea;

class TestPlugins : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void idsAreUnlikeThoseOfOthers() {
        std::set<std::string> ids;
        for (const auto& strategy : query::strategies()) ids.insert(strategy->id());
        for (const auto& plugin : plugins::builtIn())
            for (const auto& strategy : plugin.strategies) QVERIFY(ids.insert(strategy->id()).second);
        QVERIFY(ids.count("spread") == 1);
    }
    void spreadTakesCorners() {
        query::Pool pool;
        for (std::int64_t y = 0; y < 5; ++y)
            for (std::int64_t x = 0; x < 5; ++x)
                pool.features.patches.push_back({"a", {{0, y * 10, x * 10}, {1, y * 10 + 10, x * 10 + 10}}});
        pool.labelled = {{"a", {{0, 0, 0}, {1, 10, 10}}}};
        const auto strategy = plugins::builtIn().front().strategies.front();
        Job job;
        const auto chosen = strategy->choose(pool, 3, Options(strategy->options()), 5, job);
        QCOMPARE(chosen.size(), std::size_t(3));
        QVERIFY(chosen[0].patch.box == (Box{{0, 40, 40}, {1, 50, 50}}));
        QVERIFY(std::abs(chosen[0].score - std::sqrt(32.0)) < 1e-12);
        QCOMPARE(chosen[1].score, 4.0);
        QVERIFY(chosen[0].reason.find("5.7 patch sizes") == 0);
        const auto all = strategy->choose(pool, 100, Options(strategy->options()), 5, job);
        QCOMPARE(all.size(), std::size_t(24));
        pool.labelled.clear();
        QVERIFY(strategy->choose(pool, 1, {}, 5, job)[0].reason.find("first patch") != std::string::npos);
        QVERIFY_EXCEPTION_THROWN(strategy->choose({}, 1, {}, 5, job), Error);
        CancelFlag flag;
        flag.cancel();
        QVERIFY_EXCEPTION_THROWN(strategy->choose(pool, 1, {}, 5, flag), Cancelled);
    }
};

QTEST_APPLESS_MAIN(TestPlugins)
#include "tst_plugins.moc"

#include <QtTest>

#include <set>

#include "base/error.h"
#include "base/json_text.h"
#include "base/numpy_random.h"

using namespace fovea;

using Numbers = std::vector<std::int64_t>;

class TestNumpyRandom : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    // Values of NumPy itself.
    void likeNumpy() {
        NumpyRandom words(1234);
        for (const std::uint32_t word : {822569775u, 2137449171u, 2671936806u, 3512589365u})
            QCOMPARE(words.word(), word);
        QCOMPARE(NumpyRandom(1234).choice(1000, 8), (Numbers{815, 723, 294, 53, 204, 372, 664, 655}));
        QCOMPARE(NumpyRandom(1234).choiceWithoutReplacement(20, 8), (Numbers{3, 13, 2, 16, 14, 5, 4, 0}));
        QCOMPARE(NumpyRandom(12345).permutation(10), (Numbers{0, 7, 3, 9, 6, 4, 1, 8, 5, 2}));
    }

    // One item is no choice: nothing is drawn from the stream.
    void nothingToChoose() {
        NumpyRandom random(1234), untouched(1234);
        QCOMPARE(random.choice(1, 5), Numbers(5, 0));
        QCOMPARE(random.permutation(1), Numbers{0});
        QVERIFY(random.permutation(0).empty());
        QCOMPARE(random.word(), untouched.word());
    }

    void boundsHold() {
        NumpyRandom random(7);
        for (const std::uint64_t most : {std::uint64_t(1), std::uint64_t(6), std::uint64_t(0xFFFFFFFF),
                                         std::uint64_t(0x100000000), ~std::uint64_t(0)})
            for (int i = 0; i < 200; ++i) QVERIFY(random.bounded(most) <= most);
        std::set<std::uint64_t> seen;
        for (int i = 0; i < 200; ++i) seen.insert(random.bounded(6));
        QCOMPARE(seen.size(), std::size_t(7));
    }

    void orderedJson() {
        const auto json = parseOrderedJson(R"({"b": 1, "a": {"z": 2, "y": ":::"}})");
        QCOMPARE(json.dump(), std::string(R"({"b":1,"a":{"z":2,"y":":::"}})"));
        std::string many = "{";
        for (int i = 0; i < 60'000; ++i) many += (i ? ",\"" : "\"") + std::to_string(i) + "\":0";
        QVERIFY_THROWS_EXCEPTION(Error, parseOrderedJson(many + "}"));
        QVERIFY(parseJson(many + "}").size() == 60'000);
        QVERIFY_THROWS_EXCEPTION(Error, parseOrderedJson(std::string(200, '[') + std::string(200, ']')));
    }
};

QTEST_APPLESS_MAIN(TestNumpyRandom)
#include "tst_numpy_random.moc"

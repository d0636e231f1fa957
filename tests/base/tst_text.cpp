#include <QtTest>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"

using namespace fovea;

class TestText : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void fillsNamedArguments() {
        QCOMPARE(fill("{a} and {b}", {{"a", "{b}"}, {"b", "2"}}), std::string("{b} and 2"));
        QCOMPARE(fill("{unknown} stays, {a} too", {{"a", "1"}}), std::string("{unknown} stays, 1 too"));
        QCOMPARE(fill("{ {a}", {{"a", "1"}}), std::string("{ 1"));
        QCOMPARE(fill("open {", {}), std::string("open {"));
        QCOMPARE(fill("", {{"a", "1"}}), std::string(""));
        QCOMPARE(Text("{x}", {{"x", "y"}}).str(), std::string("y"));
    }
    void writesSizes() {
        QCOMPARE(bytesText(0), std::string("0 B"));
        QCOMPARE(bytesText(999), std::string("999 B"));
        QCOMPARE(bytesText(4000), std::string("4.0 KB"));
        QCOMPARE(bytesText(1.2e9), std::string("1.2 GB"));
        QCOMPARE(bytesText(123e6), std::string("123 MB"));
    }
    void writesDurations() {
        QCOMPARE(durationText(0), std::string("about 1 s"));
        QCOMPARE(durationText(41), std::string("about 40 s"));
        QCOMPARE(durationText(59), std::string("about 60 s"));
        QCOMPARE(durationText(240), std::string("about 4 min"));
        QCOMPARE(durationText(7800), std::string("about 2 h 10 min"));
        QCOMPARE(durationText(3600), std::string("about 1 h"));
    }
    void findsTypingErrors() {
        const std::vector<std::string> names = {"minutes", "seed", "base_features"};
        QCOMPARE(nearest("minuts", names), std::string("minutes"));
        QCOMPARE(nearest("Seed", names), std::string("seed"));
        QCOMPARE(nearest("sede", names), std::string("seed"));
        QCOMPARE(nearest("completely_else", names), std::string(""));
        QCOMPARE(nearest("", names), std::string(""));
    }
    void errorsCarryTheirContext() {
        Error error(ErrorKind::Missing, {"{path} is not there.", {{"path", "a.tif"}}});
        error.context("opening the case");
        QCOMPARE(std::string(error.what()), std::string("a.tif is not there. (while opening the case)"));
        QCOMPARE(error.chain().size(), std::size_t(2));
        QCOMPARE(name(error.kind()), "missing");
    }
    void randomNumbersAreReproducible() {
        Rng a(7), b(7), other(7, 1);
        QCOMPARE(a.bits(), b.bits());
        QVERIFY(a.bits() != other.bits());
        a.seek(0);
        b.seek(0);
        QCOMPARE(a.uniform(), b.uniform());
        double sum = 0, squares = 0;
        Rng rng(1);
        for (int i = 0; i < 20000; ++i) {
            const double value = rng.normal();
            sum += value;
            squares += value * value;
            const auto below = rng.below(7);
            QVERIFY(below >= 0 && below < 7);
        }
        QVERIFY(std::abs(sum / 20000) < 0.03);
        QVERIFY(std::abs(squares / 20000 - 1) < 0.05);
        QCOMPARE(rng.below(1), std::int64_t(0));
        std::vector<int> items = {1, 2, 3, 4, 5, 6};
        rng.shuffle(items);
        std::sort(items.begin(), items.end());
        QCOMPARE(items, (std::vector<int>{1, 2, 3, 4, 5, 6}));
    }
};

QTEST_APPLESS_MAIN(TestText)
#include "tst_text.moc"

#include <QtTest>
#include <set>

#include "base/error.h"
#include "data/synthetic.h"

using namespace fovea;

class TestSynthetic : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void idsAreDense_data() {
        QTest::addColumn<QString>("kind");
        QTest::newRow("em") << "em";
        QTest::newRow("nuclei") << "nuclei";
    }
    void idsAreDense() {
        QFETCH(QString, kind);
        const SyntheticSample sample = makeSample(kind.toStdString(), {8, 160, 200}, 3);
        QVERIFY(sample.image.shape() == (Index{8, 160, 200}) && sample.truth.shape() == sample.image.shape());
        QVERIFY(sample.image.geometry.known && sample.image.geometry == sample.truth.geometry);
        const std::set<std::int32_t> ids(sample.truth.begin(), sample.truth.end());
        QVERIFY(ids.size() >= 4);
        QCOMPARE(*ids.begin(), 0);
        QCOMPARE(*ids.rbegin(), std::int32_t(ids.size()) - 1);
    }
    void sameArgumentsSameBytes_data() { idsAreDense_data(); }
    void sameArgumentsSameBytes() {
        QFETCH(QString, kind);
        const auto a = makeSample(kind.toStdString(), {3, 64, 96}, 5),
                   b = makeSample(kind.toStdString(), {3, 64, 96}, 5);
        QVERIFY(a.image == b.image && a.truth == b.truth);
        const auto other = makeSample(kind.toStdString(), {3, 64, 96}, 6);
        QVERIFY(!(a.image == other.image));
    }
    void oddShapes_data() { idsAreDense_data(); }
    void oddShapes() {
        QFETCH(QString, kind);
        for (const Index shape :
             {Index{1, 130, 170}, Index{1, 1, 1}, Index{5, 1, 40}, Index{2, 40, 1}, Index{30, 7, 9}}) {
            const SyntheticSample sample = makeSample(kind.toStdString(), shape, 11);
            QVERIFY(sample.image.shape() == shape && sample.truth.shape() == shape);
            const std::set<std::int32_t> ids(sample.truth.begin(), sample.truth.end());
            QVERIFY(*ids.begin() >= 0 && *ids.rbegin() < std::int32_t(ids.size()));
        }
    }
    void objectsCanBeSeen() {  // what is to be learnt differs in brightness from the rest
        const auto mean = [](const SyntheticSample& sample, bool object) {
            double sum = 0, count = 0;
            for (std::int64_t i = 0; i < sample.image.size(); ++i)
                if ((sample.truth.data()[i] > 0) == object) sum += sample.image.data()[i], ++count;
            return sum / count;
        };
        const auto em = makeSample("em", {6, 200, 200}, 1), nuclei = makeSample("nuclei", {6, 200, 200}, 1);
        QVERIFY(mean(em, true) < mean(em, false) - 25);
        QVERIFY(mean(nuclei, true) > mean(nuclei, false) + 50);
    }
    void refusals() {
        QVERIFY_EXCEPTION_THROWN(makeSample("mri", {1, 10, 10}, 1), Error);
        for (const Index shape : {Index{0, 10, 10}, Index{1, -1, 10}, Index{1ll << 30, 1ll << 30, 1ll << 30}})
            QVERIFY_EXCEPTION_THROWN(makeSample("em", shape, 1), Error);
        try {
            makeSample("em", {4000, 4000, 4000}, 1);
            QFAIL("too large");
        } catch (const Error& error) {
            QVERIFY2(std::string(error.what()).find("2147483648") != std::string::npos, error.what());
        }
    }
    void movesTheBarAndCanBeCancelled() {
        class Watch : public Job {
          public:
            using Job::progress;
            void progress(double done, double total, const Text&) override {
                QVERIFY(done / total >= last);
                last = done / total;
                ++calls;
            }
            bool cancelled() const override { return calls >= most; }
            double last = 0;
            int calls = 0, most = 1 << 30;
        };
        for (const char* kind : {"em", "nuclei"}) {
            Watch all;
            QVERIFY(makeSample(kind, {4, 96, 96}, 2, all).image == makeSample(kind, {4, 96, 96}, 2).image);
            QVERIFY(all.calls > 8 && all.last > 0.9);
            for (const int most : {1, all.calls / 2, all.calls - 1}) {
                Watch some;
                some.most = most;
                QVERIFY_EXCEPTION_THROWN(makeSample(kind, {4, 96, 96}, 2, some), Cancelled);
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestSynthetic)
#include "tst_synthetic.moc"

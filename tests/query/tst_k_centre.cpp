#include <QtTest>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/rng.h"
#include "query/k_centre.h"

using namespace fovea;
using query::greedyKCentres;
using query::KCentres;

// The definition, word by word.
static KCentres plain(const std::vector<float>& values, std::int64_t dim, std::int64_t size,
                      std::vector<std::int64_t> order) {
    const std::int64_t rows = std::int64_t(values.size()) / dim;
    const auto distance = [&](std::int64_t a, std::int64_t b) {
        double ab = 0, aa = 0, bb = 0;
        for (std::int64_t i = 0; i < dim; ++i) {
            const double x = values[std::size_t(a * dim + i)], y = values[std::size_t(b * dim + i)];
            ab += x * y, aa += x * x, bb += y * y;
        }
        return aa > 0 && bb > 0 ? 1 - ab / std::sqrt(aa) / std::sqrt(bb) : 1;
    };
    KCentres result;
    while (true) {
        std::int64_t best = -1;
        double bestDistance = -1;
        for (std::int64_t row = 0; row < rows; ++row) {
            if (std::find(order.begin(), order.end(), row) != order.end()) continue;
            double least = 3;
            for (const std::int64_t centre : order) least = std::min(least, distance(row, centre));
            if (best < 0 || least > bestDistance) best = row, bestDistance = least;
        }
        result.coveringRadius = best < 0 ? 0 : bestDistance;
        if (best < 0 || std::int64_t(order.size()) >= size) break;
        order.push_back(best);
        result.chosenDistance.push_back(bestDistance);
    }
    result.order = order;
    return result;
}

class TestKCentre : public QObject {
    Q_OBJECT
    Job job_;

  private Q_SLOTS:
    void equalsTheDefinition() {
        for (std::uint64_t seed = 0; seed < 6; ++seed) {
            Rng rng(seed);
            const std::int64_t rows = 20 + rng.below(60), dim = 1 + rng.below(40);
            std::vector<float> values(std::size_t(rows * dim));
            for (float& value : values) value = float(rng.uniform(-1, 1));
            const std::int64_t size = 1 + rng.below(rows);
            const KCentres ours = greedyKCentres(values, dim, size, {3, 1}, job_),
                           want = plain(values, dim, size, {3, 1});
            if (dim > 1) QCOMPARE(ours.order, want.order);  // one dimension: all distances are 0 or 2, up to rounding
            QVERIFY(std::abs(ours.coveringRadius - want.coveringRadius) < 1e-9);
            for (std::size_t i = 0; i < want.chosenDistance.size(); ++i)
                QVERIFY(std::abs(ours.chosenDistance[i] - want.chosenDistance[i]) < 1e-9);
        }
    }
    void lowestIndexOnTies() {
        std::vector<float> values;
        for (int row = 0; row < 40; ++row)
            for (int column = 0; column < 4; ++column) values.push_back(column == row % 4 ? float(row + 1) : 0.f);
        const KCentres result = greedyKCentres(values, 4, 7, {5}, job_);
        QCOMPARE(result.order, (std::vector<std::int64_t>{5, 0, 2, 3, 1, 4, 6}));
        QCOMPARE(result.chosenDistance, (std::vector<double>{1, 1, 1, 0, 0, 0}));
        QCOMPARE(result.coveringRadius, 0.0);
    }
    void takesAllWhenAskedForMore() {
        const std::vector<float> values = {1, 0, 0, 1, 1, 1};
        const KCentres result = greedyKCentres(values, 2, 100, {0}, job_);
        QCOMPARE(result.order.size(), std::size_t(3));
        QCOMPARE(result.coveringRadius, 0.0);
        QCOMPARE(greedyKCentres(values, 2, 0, {2}, job_).order, (std::vector<std::int64_t>{2}));
    }
    void rowsOfZerosAreFar() {
        const std::vector<float> values = {1, 0, 1, 0.1f, 0, 0};
        const KCentres result = greedyKCentres(values, 2, 2, {0}, job_);
        QCOMPARE(result.order[1], std::int64_t(2));
        QCOMPARE(result.chosenDistance[0], 1.0);
    }
    void passesOverWhatIsNotAllowed() {
        const std::vector<float> values = {1, 0, -1, 0, 0, 1, 0.5f, 0.5f};
        std::vector<std::int64_t> chosen;
        const KCentres result = greedyKCentres(
            values, 2, 3, {0}, job_, [](std::int64_t row) { return row != 1; },
            [&](std::int64_t row) { chosen.push_back(row); });
        QCOMPARE(result.order, (std::vector<std::int64_t>{0, 2, 3}));
        QCOMPARE(chosen, (std::vector<std::int64_t>{2, 3}));
        QCOMPARE(result.coveringRadius, 0.0);
    }
    void refusals() {
        const std::vector<float> values = {1, 0, 0, 1};
        for (const std::vector<std::int64_t>& start : {std::vector<std::int64_t>{}, {2}, {-1}, {0, 0}})
            QVERIFY_EXCEPTION_THROWN(greedyKCentres(values, 2, 2, start, job_), Error);
        QVERIFY_EXCEPTION_THROWN(greedyKCentres(values, 3, 2, {0}, job_), Error);
        QVERIFY_EXCEPTION_THROWN(greedyKCentres(values, 0, 2, {0}, job_), Error);
        const std::vector<float> broken = {1, 0, std::numeric_limits<float>::quiet_NaN(), 1};
        QVERIFY_EXCEPTION_THROWN(greedyKCentres(broken, 2, 2, {0}, job_), Error);
        CancelFlag cancelled;
        cancelled.cancel();
        QVERIFY_EXCEPTION_THROWN(greedyKCentres(values, 2, 2, {0}, cancelled), Cancelled);
    }
};

QTEST_APPLESS_MAIN(TestKCentre)
#include "tst_k_centre.moc"

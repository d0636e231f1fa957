#include <QTest>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "plan/resample.h"
#include "plan/spline.h"

using namespace fovea;
using namespace fovea::plan;

namespace {

Volume<float> noise(Index shape, std::uint64_t seed = 1) {
    Rng rng(seed);
    Volume<float> volume(shape);
    for (float& value : volume) value = float(rng.uniform(-3, 7));
    return volume;
}

Volume<std::int32_t> blocks(Index shape, Index edge, int labels, std::uint64_t seed = 2) {
    Volume<std::int32_t> volume(shape);
    const Index coarse{shape.z / edge.z + 1, shape.y / edge.y + 1, shape.x / edge.x + 1};
    Rng rng(seed);
    Volume<std::int32_t> values(coarse);
    for (auto& value : values) value = std::int32_t(rng.below(labels)) - 1;
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x) volume(z, y, x) = values(z / edge.z, y / edge.y, x / edge.x);
    return volume;
}

double place(std::int64_t i, std::int64_t from, std::int64_t to) {
    return (double(from) / double(to)) * (double(i) + 0.5) - 0.5;
}

// The interpolating cubic spline by its linear equations (Thomas), with 12 repeated samples mirrored about their edges:
// the definition, not the filter.
std::vector<double> splineLine(const std::vector<double>& samples, std::int64_t to) {
    const std::int64_t pad = 12, from = std::int64_t(samples.size()), n = from + 2 * pad;
    std::vector<double> right(static_cast<std::size_t>(n)), c(right), diagonal(static_cast<std::size_t>(n), 4.0);
    for (std::int64_t i = 0; i < n; ++i) right[i] = 6 * samples[std::clamp<std::int64_t>(i - pad, 0, from - 1)];
    diagonal[0] = diagonal[n - 1] = 5;
    for (std::int64_t i = 1; i < n; ++i) {
        const double factor = 1 / diagonal[i - 1];
        diagonal[i] -= factor, right[i] -= factor * right[i - 1];
    }
    c[n - 1] = right[n - 1] / diagonal[n - 1];
    for (std::int64_t i = n - 2; i >= 0; --i) c[i] = (right[i] - c[i + 1]) / diagonal[i];
    std::vector<double> out;
    for (std::int64_t i = 0; i < to; ++i) {
        const double u = place(i, from, to) + double(pad);
        double sum = 0;
        for (std::int64_t k = std::int64_t(std::floor(u)) - 1; k <= std::int64_t(std::floor(u)) + 2; ++k) {
            const double d = std::abs(u - double(k));
            sum += c[k] * (d < 1 ? 2.0 / 3 - d * d + d * d * d / 2 : d < 2 ? (2 - d) * (2 - d) * (2 - d) / 6 : 0);
        }
        out.push_back(sum);
    }
    return out;
}

Volume<double> splineVolume(const Volume<double>& source, int axis, std::int64_t to) {
    Index shape = source.shape();
    shape[axis] = to;
    Volume<double> result(shape);
    Index lines = shape;
    lines[axis] = 1;
    forEachTile(Box::of(lines), {1, 1, 1}, [&](const Box& line) {
        std::vector<double> samples;
        Index at = line.begin;
        for (; at[axis] < source.shape()[axis]; ++at[axis]) samples.push_back(source[at]);
        const std::vector<double> out = splineLine(samples, to);
        for (at[axis] = 0; at[axis] < to; ++at[axis]) result[at] = out[std::size_t(at[axis])];
    });
    return result;
}

Volume<double> doubles(const Volume<float>& volume) {
    return {volume.shape(), std::vector<double>(volume.begin(), volume.end())};
}

// Every label's mask interpolated by itself, as the rule says.
std::int32_t votedLabel(const Volume<std::int32_t>& labels, Index at, Index to, std::optional<int> separate,
                        bool nearestBreaksTies) {
    const Index n = labels.shape();
    Index low, high, nearest;
    double share[3] = {};
    for (int axis = 0; axis < 3; ++axis) {
        const double u = place(at[axis], n[axis], to[axis]);
        nearest[axis] = std::clamp<std::int64_t>(std::int64_t(std::floor(u + 0.5)), 0, n[axis] - 1);
        const double inside = separate == axis ? double(nearest[axis]) : std::clamp(u, 0.0, double(n[axis] - 1));
        low[axis] = std::int64_t(std::floor(inside));
        high[axis] = std::min(low[axis] + 1, n[axis] - 1);
        share[axis] = inside - std::floor(inside);
    }
    std::map<std::int32_t, double> weights;
    for (int corner = 0; corner < 8; ++corner) {
        Index v;
        double weight = 1;
        for (int axis = 0; axis < 3; ++axis) {
            const bool upper = corner >> (2 - axis) & 1;
            v[axis] = upper ? high[axis] : low[axis];
            weight *= upper ? share[axis] : 1 - share[axis];
        }
        weights[labels[v]] += weight;
    }
    double most = 0;
    for (const auto& [label, weight] : weights) most = std::max(most, weight);
    if (nearestBreaksTies && weights.count(labels[nearest]) && weights[labels[nearest]] == most) return labels[nearest];
    for (const auto& [label, weight] : weights)
        if (weight == most) return label;
    return -99;
}

template <class F>
ErrorKind kindOf(F&& f) {
    try {
        f();
    } catch (const Error& error) {
        return error.kind();
    }
    return ErrorKind::Internal;
}

Job nothing;

}  // namespace

class TstResample : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void cleanup() { setThreadCount(0); }

    void cubicIsTheInterpolatingSpline() {
        const Volume<float> source = noise({5, 17, 37});
        const Index to{9, 11, 52};
        Volume<double> want = doubles(source);
        for (int axis = 0; axis < 3; ++axis) want = splineVolume(want, axis, to[axis]);
        const auto [low, high] = std::minmax_element(source.begin(), source.end());
        const Volume<float> got = resampled(source, {source.shape(), to, {}, {}}, nothing);
        QVERIFY(got.shape() == to);
        for (std::int64_t i = 0; i < got.size(); ++i)
            QVERIFY(std::abs(got.data()[i] - std::clamp<double>(want.data()[i], *low, *high)) < 3e-6);
    }

    // Slices of the separate axis do not know of each other: each is cut to its own range, then picked.
    void separateAxisKeepsSlicesApart() {
        for (int axis = 0; axis < 3; ++axis) {
            const Volume<float> source = noise({6, 7, 8}, std::uint64_t(axis) + 5);
            Index to{9, 10, 11};
            const Volume<float> got = resampled(source, {source.shape(), to, axis, {}}, nothing);
            for (std::int64_t k = 0; k < to[axis]; ++k) {
                const std::int64_t from =
                    std::clamp<std::int64_t>(std::int64_t(std::floor(place(k, source.shape()[axis], to[axis]) + 0.5)),
                                             0, source.shape()[axis] - 1);
                Box slice = source.box(), target = got.box();
                slice.begin[axis] = from, slice.end[axis] = from + 1;
                target.begin[axis] = k, target.end[axis] = k + 1;
                const Volume<float> alone = crop(source, slice);
                const Volume<float> want = resampled(alone, {alone.shape(), target.extent(), axis, {}}, nothing);
                QCOMPARE(crop(got, target).vector(), want.vector());
                const auto [low, high] = std::minmax_element(alone.begin(), alone.end());
                for (const float value : want) QVERIFY(value >= *low && value <= *high);
            }
        }
    }

    // Slices are cut to their range, then blended without being cut again.
    void slicesBlendAcross() {
        const Volume<float> source = noise({6, 7, 8});
        const Index to{9, 5, 11};
        for (int axis = 0; axis < 3; ++axis)
            for (const int order : {1, 3}) {
                Index slices = to;
                slices[axis] = source.shape()[axis];
                const Volume<float> flat =
                    resampled(source, {source.shape(), slices, axis, {3, order, {}, true}}, nothing);
                const Volume<float> got = resampled(source, {source.shape(), to, axis, {3, order, {}, true}}, nothing);
                const Volume<double> want = order == 3
                                                ? splineVolume(doubles(flat), axis, to[axis])
                                                : doubles(resampled(flat, {slices, to, {}, {1, 0, {}, true}}, nothing));
                for (std::int64_t i = 0; i < got.size(); ++i) QVERIFY(std::abs(got.data()[i] - want.data()[i]) < 3e-6);
            }
    }

    void slabsAgreeWithTheWhole() {
        const Volume<float> source = noise({211, 6, 5});
        for (const std::int64_t depth : {334, 97}) {
            const Resampling r{source.shape(), {depth, 7, 4}, {}, {}};
            const Volume<float> whole = resampled(source, r, nothing);
            Volume<float> slabs(r.to);
            int writes = 0;
            resampleImage(
                r, planesOf(source),
                [&](std::int64_t begin, std::int64_t end, const float* planes) {
                    ++writes;
                    planesInto(slabs)(begin, end, planes);
                },
                nothing, 1);
            QVERIFY(writes > 10);
            for (std::int64_t i = 0; i < whole.size(); ++i) QVERIFY(std::abs(whole.data()[i] - slabs.data()[i]) < 2e-6);
        }
    }

    void labelSlabsAgreeWithTheWhole() {
        const Volume<std::int32_t> source = blocks({37, 9, 8}, {3, 2, 2}, 5);
        const Resampling r{source.shape(), {55, 13, 5}, {}, {1, 0, {}, true}};
        Volume<std::int32_t> slabs(r.to);
        resampleLabels<std::int32_t>(r, planesOf(source), planesInto(slabs), nothing, 1);
        QCOMPARE(slabs.vector(), resampledLabels(source, r, nothing).vector());
    }

    void threadsChangeNothing() {
        const Volume<float> source = noise({20, 33, 40});
        const Resampling r{source.shape(), {31, 20, 64}, {}, {}};
        setThreadCount(1);
        const Volume<float> one = resampled(source, r, nothing);
        setThreadCount(5);
        QCOMPARE(resampled(source, r, nothing).vector(), one.vector());
    }

    void constantStaysConstant() {
        const Volume<float> source({3, 9, 20}, 1.7f);
        for (const Index to : {Index{5, 1, 33}, Index{1, 1, 1}, Index{3, 18, 7}})
            for (const float value : resampled(source, {source.shape(), to, {}, {}}, nothing)) QCOMPARE(value, 1.7f);
    }

    void sizeOne() {
        const Volume<float> voxel({1, 1, 1}, 4.0f);
        for (const float value : resampled(voxel, {voxel.shape(), {3, 1, 5}, {}, {}}, nothing)) QCOMPARE(value, 4.0f);
        // All samples of a line to one: what lies in its middle.
        const Volume<float> line({1, 1, 5}, {0, 1, 2, 3, 4});
        QVERIFY(std::abs(resampled(line, {line.shape(), {1, 1, 1}, {}, {}}, nothing).data()[0] - 2) < 1e-6);
        const Volume<float> picture = noise({1, 9, 12});
        const Volume<float> larger = resampled(picture, {picture.shape(), {1, 20, 5}, 0, {}}, nothing);
        QVERIFY((larger.shape() == Index{1, 20, 5}));
    }

    void sameShapeIsUntouched() {
        const Volume<float> source = noise({4, 5, 6});
        QCOMPARE(resampled(source, {source.shape(), source.shape(), {}, {}}, nothing).vector(), source.vector());
        const auto labels = blocks({4, 5, 6}, {1, 1, 1}, 9);
        QCOMPARE(resampledLabels(labels, {labels.shape(), labels.shape(), 0, {1, 0, {}, true}}, nothing).vector(),
                 labels.vector());
    }

    void labelsFollowTheirMasks() {
        const Volume<std::int32_t> source = blocks({7, 12, 11}, {1, 2, 3}, 6);
        for (const Index to : {Index{14, 24, 22}, Index{9, 5, 20}, Index{1, 12, 6}})
            for (const std::optional<int> separate :
                 {std::optional<int>(), std::optional<int>(0), std::optional<int>(2)})
                for (const bool nearest : {true, false}) {
                    const Resampling r{source.shape(), to, separate, {1, 0, {}, nearest}};
                    const Volume<std::int32_t> got = resampledLabels(source, r, nothing);
                    forEachTile(got.box(), {1, 1, 1}, [&](const Box& voxel) {
                        QCOMPARE(got[voxel.begin], votedLabel(source, voxel.begin, to, separate, nearest));
                    });
                }
    }

    // Half of each: the nearest voxel's, that is the upper one, or the smaller label.
    void tiesGoToTheNearest() {
        const Volume<std::int32_t> line({1, 1, 2}, {5, 9});
        const auto middle = [&](bool nearest) {
            return resampledLabels(line, {line.shape(), {1, 1, 1}, {}, {1, 0, {}, nearest}}, nothing).data()[0];
        };
        QCOMPARE(middle(true), 9);
        QCOMPARE(middle(false), 5);
    }

    void idsAbove65535Survive() {
        const Volume<std::int32_t> ids({1, 2, 3}, {70'000, 70'000, 2'000'000'000, 0, 70'000, 2'000'000'000});
        const auto got = resampledLabels(ids, {ids.shape(), {1, 4, 6}, 0, {1, 0, {}, true}}, nothing);
        QCOMPARE(std::set<std::int32_t>(got.begin(), got.end()), (std::set<std::int32_t>{0, 70'000, 2'000'000'000}));
    }

    void separateNeedsOneAxisMoreThanThreeTimesCoarser() {
        QVERIFY(!separateAxis({3, 1, 1}, {3, 1, 1}));
        QCOMPARE(separateAxis({3.0000001, 1, 1}, {1, 1, 1}), std::optional<int>(0));
        QCOMPARE(separateAxis({1, 1, 1}, {1, 1, 3.5}), std::optional<int>(2));
        QVERIFY(!separateAxis({4, 4, 1}, {9, 1, 1}));
        QVERIFY(!separateAxis({9, 1, 1}, {9, 1, 1}, false));
        QCOMPARE(separateAxis({1.1, 1, 1}, {1, 1, 9}, true), std::optional<int>(0));
        QVERIFY(!separateAxis({1, 1, 1}, {1, 1, 9}, true));
    }

    void shapesRoundHalfToEven() {
        QVERIFY((resampledShape({5, 7, 9}, {1, 1, 1}, {2, 2, 2}) == Index{2, 4, 4}));
        QVERIFY((resampledShape({1, 1, 1}, {1, 1, 1}, {50, 50, 50}) == Index{1, 1, 1}));  // never nothing
        QCOMPARE(kindOf([] { resampledShape({10, 10, 10}, {1, 1, 1}, {1e-300, 1, 1}); }), ErrorKind::Input);
        QCOMPARE(kindOf([] { resampledShape({10, 10, 10}, {1, 1, 1}, {0, 1, 1}); }), ErrorKind::Input);
    }

    void otherOrdersAreRefused() {
        const Volume<float> source = noise({2, 2, 2});
        const Volume<std::int32_t> labels({2, 2, 2});
        QCOMPARE(kindOf([&] { resampled(source, {source.shape(), {3, 3, 3}, {}, {2, 0, {}, true}}, nothing); }),
                 ErrorKind::Unsupported);
        QCOMPARE(kindOf([&] { resampledLabels(labels, {labels.shape(), {3, 3, 3}, {}, {3, 0, {}, true}}, nothing); }),
                 ErrorKind::Unsupported);
        QCOMPARE(kindOf([&] { resampled(source, {source.shape(), {0, 3, 3}, {}, {}}, nothing); }), ErrorKind::Input);
    }

    void stopsWhenAsked() {
        CancelFlag job;
        job.cancel();
        const Volume<float> source = noise({2, 2, 2});
        bool stopped = false;
        try {
            resampled(source, {source.shape(), {3, 3, 3}, {}, {}}, job);
        } catch (const Cancelled&) {
            stopped = true;
        }
        QVERIFY(stopped);
    }
};

QTEST_APPLESS_MAIN(TstResample)
#include "tst_resample.moc"

#include <QTest>

#include <atomic>
#include <thread>

#include "label_samples.h"
#include "labels/brush.h"
#include "labels/fill.h"

using namespace samples;

class TestLayer : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void readsBaseAndOverlay();
    void bases();
    void oddShapes();
    void brushVolume_data();
    void brushVolume();
    void brushDisc();
    void strokeHasNoGaps();
    void fillAndPick();
    void tables();
    void readsWhileWriting();
};

void TestLayer::readsBaseAndOverlay() {
    const Volume<std::int32_t> base = bricks({13, 40, 50});
    LabelLayer layer(base.shape(), {}, image(base));
    QVERIFY(all(layer) == base);
    Volume<std::int32_t> wanted = base;
    Rng rng(7);
    for (int i = 0; i < 60; ++i) {
        Box box;
        for (int axis = 0; axis < 3; ++axis) {
            box.begin[axis] = rng.below(base.shape()[axis]);
            box.end[axis] = std::min(base.shape()[axis], box.begin[axis] + 1 + rng.below(20));
        }
        Volume<std::int32_t> values(box.extent(), std::int32_t(rng.below(3) == 0 ? 0 : 70000 + i));
        const auto version = layer.version();
        const auto runs = layer.write(box, values);
        QVERIFY(runs.empty() || layer.version() > version);
        copyBox(values, values.box(), wanted, box.begin);
        QVERIFY(layer.read(box) == values);
    }
    QVERIFY(all(layer) == wanted);
    for (std::int64_t z = 0; z < base.shape().z; ++z) QCOMPARE(layer.at({z, 3, 9}), wanted(z, 3, 9));
    const LabelLayer copy = layer.copy();
    const auto runs = layer.overlay();
    layer.setOverlay({});
    QVERIFY(all(layer) == base && layer.editedLeaves().empty());
    QVERIFY(all(copy) == wanted);
    layer.setOverlay(runs);
    QVERIFY(all(layer) == wanted);
    Volume<std::uint8_t> covered(base.shape());
    for (const Box& leaf : layer.editedLeaves())
        for (std::int64_t z = leaf.begin.z; z < leaf.end.z; ++z)
            for (std::int64_t y = leaf.begin.y; y < leaf.end.y; ++y)
                for (std::int64_t x = leaf.begin.x; x < leaf.end.x; ++x) covered(z, y, x) = 1;
    for (std::int64_t i = 0; i < base.size(); ++i) QVERIFY(covered.data()[i] || base.data()[i] == wanted.data()[i]);
}

void TestLayer::bases() {
    const auto with = [](auto value) {
        Volume<decltype(value)> v({2, 3, 4});
        v(1, 2, 3) = value;
        return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(v)}, "some labels");
    };
    const Index shape{2, 3, 4}, corner{1, 2, 3};
    QCOMPARE(LabelLayer(shape, {}, with(std::uint8_t(200))).at(corner), 200);
    QCOMPARE(LabelLayer(shape, {}, with(std::uint16_t(65535))).at(corner), 65535);
    QCOMPARE(LabelLayer(shape, {}, with(std::int64_t(2147483647))).at(corner), 2147483647);
    QVERIFY_EXCEPTION_THROWN(LabelLayer(shape, {}, with(std::uint32_t(2147483648u))).at(corner), Error);
    QVERIFY_EXCEPTION_THROWN(LabelLayer(shape, {}, with(std::int16_t(-1))).at(corner), Error);
    QVERIFY_EXCEPTION_THROWN(LabelLayer(shape, {}, with(1.5f)), Error);
    QVERIFY_EXCEPTION_THROWN(LabelLayer({2, 3, 5}, {}, with(std::uint8_t(1))), Error);
    QVERIFY_EXCEPTION_THROWN(LabelLayer({0, 3, 5}, {}), Error);
    QVERIFY_EXCEPTION_THROWN(LabelLayer(shape, {}).read({{0, 0, 0}, {2, 3, 5}}), Error);
}

void TestLayer::oddShapes() {
    for (const Index shape : {Index{1, 1, 1}, Index{1, 17, 9}, Index{31, 1, 1}, Index{1, 1, 23}}) {
        const Volume<std::int32_t> base = bricks(shape, 100000);
        LabelLayer layer(shape, {}, image(base));
        Volume<std::int32_t> values(shape, 1 << 30);
        const auto runs = layer.write(Box::of(shape), values);
        QVERIFY(all(layer) == values);
        layer.apply(runs, false);
        QVERIFY(all(layer) == base);
    }
}

void TestLayer::brushVolume_data() {
    QTest::addColumn<double>("z");
    QTest::addColumn<double>("y");
    QTest::addColumn<double>("x");
    QTest::addColumn<double>("diameter");
    QTest::newRow("isotropic") << 1.0 << 1.0 << 1.0 << 41.0;
    QTest::newRow("em") << 0.05 << 0.005 << 0.005 << 1.1;
    QTest::newRow("nuclei") << 0.3 << 0.13 << 0.13 << 6.0;
    QTest::newRow("odd") << 0.2 << 0.5 << 0.35 << 9.0;
}

void TestLayer::brushVolume() {
    QFETCH(double, z);
    QFETCH(double, y);
    QFETCH(double, x);
    QFETCH(double, diameter);
    const Stamp ball = dab({BrushShape::Sphere, diameter}, {150, 150, 150}, {z, y, x}, {301, 301, 301});
    double volume = 0;
    for (const auto v : ball.mask) volume += v;
    volume *= z * y * x;
    const double wanted = M_PI / 6 * diameter * diameter * diameter;
    QVERIFY2(std::abs(volume / wanted - 1) < 0.03, qPrintable(QString::number(volume / wanted)));
    // Every voxel is where the distance says.
    const Box box = ball.box();
    for (std::int64_t k = box.begin.z; k < box.end.z; ++k)
        for (std::int64_t j = box.begin.y; j < box.end.y; ++j)
            for (std::int64_t i = box.begin.x; i < box.end.x; ++i) {
                const double d = std::hypot((k - 150) * z, (j - 150) * y, (i - 150) * x);
                if (std::abs(d - diameter / 2) > 1e-6)
                    QCOMPARE(ball.mask[(Index{k, j, i} - box.begin)] != 0, d < diameter / 2);
            }
}

void TestLayer::brushDisc() {
    const Stamp disc = dab({BrushShape::Disc, 0.5, 0}, {2.2, 50, 50}, {0.05, 0.005, 0.005}, {5, 100, 100});
    QCOMPARE(disc.box().begin.z, std::int64_t(2));
    QCOMPARE(disc.mask.shape().z, std::int64_t(1));
    QCOMPARE(disc.mask.shape().x, std::int64_t(100));  // cut at the border: 101 wide
    const Stamp sagittal = dab({BrushShape::Disc, 0.5, 2}, {2, 50, 50}, {0.05, 0.005, 0.005}, {5, 100, 100});
    QCOMPARE(sagittal.mask.shape().x, std::int64_t(1));
    QCOMPARE(sagittal.mask.shape().z, std::int64_t(5));
    const Stamp tiny = dab({BrushShape::Sphere, 0.001}, {2, 50.3, 50.4}, {0.05, 0.005, 0.005}, {5, 100, 100});
    QVERIFY(tiny.mask.size() == 1 && tiny.origin == (Index{2, 50, 50}));
    QVERIFY(dab({BrushShape::Sphere, 1}, {-100, 0, 0}, {1, 1, 1}, {5, 5, 5}).empty());
    QVERIFY_EXCEPTION_THROWN(dab({BrushShape::Sphere, 0}, {0, 0, 0}, {1, 1, 1}, {5, 5, 5}), Error);
    QVERIFY_EXCEPTION_THROWN(dab({BrushShape::Sphere, NAN}, {0, 0, 0}, {1, 1, 1}, {5, 5, 5}), Error);
}

void TestLayer::strokeHasNoGaps() {
    const Vec3 spacing{0.5, 0.2, 0.1};
    Rng rng(3);
    for (int trial = 0; trial < 30; ++trial) {
        const Vec3 a{rng.uniform(0, 20), rng.uniform(0, 30), rng.uniform(0, 40)};
        const Vec3 b = trial % 5 == 0 ? Vec3{a.z, a.y, rng.uniform(0, 40)}
                                      : Vec3{rng.uniform(0, 20), rng.uniform(0, 30), rng.uniform(0, 40)};
        const double r = rng.uniform(0.3, 1.5);
        const Stamp s = stroke({BrushShape::Sphere, 2 * r}, a, b, spacing, {20, 30, 40});
        Vec3 d;
        double dd = 0;
        for (int k = 0; k < 3; ++k) d[k] = (b[k] - a[k]) * spacing[k], dd += d[k] * d[k];
        for (std::int64_t z = 0; z < 20; ++z)
            for (std::int64_t y = 0; y < 30; ++y)
                for (std::int64_t x = 0; x < 40; ++x) {
                    const Vec3 p{(z - a.z) * spacing.z, (y - a.y) * spacing.y, (x - a.x) * spacing.x};
                    const double t = dd > 0 ? std::clamp((p.z * d.z + p.y * d.y + p.x * d.x) / dd, 0.0, 1.0) : 0;
                    const double distance = std::hypot(p.z - t * d.z, p.y - t * d.y, p.x - t * d.x);
                    if (std::abs(distance - r) < 1e-6) continue;
                    const Index v{z, y, x};
                    const bool in = s.box().contains(v) && s.mask[v - s.origin];
                    const bool end = v == Index{std::llround(a.z), std::llround(a.y), std::llround(a.x)} ||
                                     v == Index{std::llround(b.z), std::llround(b.y), std::llround(b.x)};
                    QVERIFY(in == (distance < r) || end);
                }
    }
}

void TestLayer::fillAndPick() {
    Volume<std::int32_t> base({3, 30, 30});
    for (std::int64_t z = 0; z < 3; ++z)
        for (std::int64_t i = 5; i < 25; ++i) base(z, 5, i) = base(z, 24, i) = base(z, i, 5) = base(z, i, 24) = 90000;
    const LabelLayer layer({3, 30, 30}, {}, image(base));
    QCOMPARE(pick(layer, {1, 5, 10}), 90000);
    QCOMPARE(pick(layer, {1, 5, 30}), 0);
    const Stamp hole = fillSlice(layer, {1, 10, 10});
    QVERIFY(hole.box() == (Box{{1, 6, 6}, {2, 24, 24}}));
    QVERIFY(std::all_of(hole.mask.begin(), hole.mask.end(), [](auto v) { return v == 1; }));
    const Stamp outside = fillSlice(layer, {1, 0, 0});
    QCOMPARE(std::count(outside.mask.begin(), outside.mask.end(), 1), 30 * 30 - 20 * 20);
    const Stamp all3 = fill(layer, {1, 10, 10}, {{0, 0, 0}, {3, 30, 12}});
    QVERIFY(all3.box() == (Box{{0, 6, 6}, {3, 24, 12}}));
    QVERIFY(fill(layer, {1, 10, 10}, {{0, 0, 0}, {1, 30, 12}}).empty());
    const Stamp side = fillSlice(layer, {1, 10, 10}, 2);
    QVERIFY(side.box() == (Box{{0, 6, 10}, {3, 24, 11}}));
}

void TestLayer::tables() {
    const Volume<std::int32_t> volume = bricks({70, 20, 33}, 65530);
    const ObjectTable rows = rowsOf(image(volume));
    std::map<std::int32_t, std::pair<Box, std::int64_t>> wanted;
    for (std::int64_t z = 0; z < 70; ++z)
        for (std::int64_t y = 0; y < 20; ++y)
            for (std::int64_t x = 0; x < 33; ++x)
                if (const auto id = volume(z, y, x)) {
                    auto& [box, n] = wanted[id];
                    box = box.united({{z, y, x}, {z + 1, y + 1, x + 1}});
                    ++n;
                }
    QCOMPARE(rows.size(), wanted.size());
    for (const auto& [id, row] : rows) {
        QVERIFY(row.box == wanted[id].first);
        QCOMPARE(row.voxels, wanted[id].second);
        QVERIFY(row.id == id && row.state == State::ToReview && row.source == "classical");
    }
    for (std::int64_t z = 0; z < 70; ++z)  // touching objects differ
        for (std::int64_t y = 0; y < 20; ++y)
            for (std::int64_t x = 0; x + 1 < 33; ++x)
                if (const auto a = volume(z, y, x), b = volume(z, y, x + 1); a && b && a != b)
                    QVERIFY(rows.at(a).colour != rows.at(b).colour);
    QCOMPARE(colourSlot(5, 0), 35 % 12);
    QCOMPARE(colourSlot(5, 1u << 11), 0);
    QCOMPARE(colourSlot(5, 0xfff), 11);
    QCOMPARE(colourSlot(2147483647, 0), int(std::int64_t(2147483647) * 7 % 12));
    QVERIFY(tableFromJson(toJson(rows)) == rows);
    QVERIFY_EXCEPTION_THROWN(tableFromJson(nlohmann::json::parse(R"([{"id": 3}])")), Error);
    QVERIFY_EXCEPTION_THROWN(stateByName("maybe"), Error);
    CancelFlag job;
    job.cancel();
    QVERIFY_EXCEPTION_THROWN(tableOf(*image(volume), "", job), Cancelled);
}

void TestLayer::readsWhileWriting() {
    const Index shape{16, 64, 64};
    LabelLayer layer(shape, {}, image(Volume<std::int32_t>(shape, 1)));
    std::atomic<bool> stop{false};
    std::atomic<int> torn{0}, reads{0};
    {
        std::vector<std::jthread> readers;
        for (int t = 0; t < 3; ++t)
            readers.emplace_back([&] {
                while (!stop) {
                    // Each write covers the box at once: a reader sees all of it or nothing.
                    const auto part = layer.read({{3, 10, 10}, {9, 40, 40}});
                    const auto first = part(0, 0, 0);
                    if (std::any_of(part.begin(), part.end(), [&](auto v) { return v != first; })) ++torn;
                    ++reads;
                }
            });
        for (int i = 2; i < 300 || reads < 20; ++i) {
            layer.write({{3, 10, 10}, {9, 40, 40}}, Volume<std::int32_t>({6, 30, 30}, i));
            if (i % 100 == 0) layer.setOverlay({});
        }
        stop = true;
    }
    QCOMPARE(torn.load(), 0);
}

QTEST_APPLESS_MAIN(TestLayer)
#include "tst_layer.moc"

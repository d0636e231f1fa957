#include <QTest>
#include <algorithm>
#include <cmath>

#include "segment/prompt_engine.h"
#include "tests/segment/blobs.h"

using namespace fovea;
using namespace fovea::segment;

namespace {

const Index origin{7, 100, 200};

PromptRequest requestFor(const Volume<std::int32_t>& labels, Vec3 spacing, std::vector<PointPrompt> points) {
    PromptRequest request;
    request.image = blobs::imageOf(labels, 200, 60, 8, spacing);
    request.origin = origin;
    for (PointPrompt& p : points) p.at = p.at + origin;
    request.points = std::move(points);
    return request;
}

PromptAnswer answer(const PromptRequest& request) {
    Job job;
    return geodesicEngine()->run(request, job);
}

std::int64_t changed(const Volume<std::uint8_t>& a, const Volume<std::uint8_t>& b, const Box& outside) {
    std::int64_t count = 0;
    for (std::int64_t z = 0; z < a.shape().z; ++z)
        for (std::int64_t y = 0; y < a.shape().y; ++y)
            for (std::int64_t x = 0; x < a.shape().x; ++x)
                if (!outside.contains(Index{z, y, x})) count += a(z, y, x) != b(z, y, x);
    return count;
}

}  // namespace

class TstGeodesic : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void oneClickGivesTheDisc();
    void oneClickGivesTheBall();
    void positiveClickAddsNearby();
    void negativeClickIsLocal();
    void agreedPointChangesNothing();
    void forbiddenIsNeverTaken();
    void sliceScope();
    void pointsOutsideAreIgnored();
    void deterministic();
    void constantAndBrokenImages();
    void refusesMisfits();
    void cancels();
    void coarseStackFromSliceToSlice_data();
    void coarseStackFromSliceToSlice();
    void coarseRepairIsLocal();
    void evenBlob();
    void cellAmongNeighbours();
    void evenNeighbourIsKeptOff();
    void laterPointsShapeTheBody();
    void evenMaskIsTheStart();
    void wrongAllRound_data();
    void wrongAllRound();
    void dentAndBumpStayLocal_data();
    void dentAndBumpStayLocal();
    void halfIsAdded();
    void neighbourIsTakenAway();
    void flatImageChangesNearTheClick();
    void laterClicksKeepWhatEarlierOnesSaid();
    void sectionsAreRepairedTogether();
    void repairCancels();
};

void TstGeodesic::oneClickGivesTheDisc() {
    Volume<std::int32_t> labels({1, 100, 100});
    blobs::addBall(labels, {0, 45, 50}, 18, {1, 1, 1}, 1);
    blobs::addBall(labels, {0, 85, 85}, 10, {1, 1, 1}, 1);
    const auto a = answer(requestFor(labels, {1, 1, 1}, {{{0, 47, 52}, true}}));
    Volume<std::int32_t> wanted({1, 100, 100});
    blobs::addBall(wanted, {0, 45, 50}, 18, {1, 1, 1}, 1);
    QVERIFY(a.origin == origin);
    QVERIFY(a.mask.shape() == labels.shape());
    QVERIFY(blobs::iou(a.mask, wanted) > 0.9);
    QVERIFY(a.score > 0.5 && a.score <= 1);
}

void TstGeodesic::oneClickGivesTheBall() {
    const Vec3 spacing{0.3, 0.1, 0.1};
    Volume<std::int32_t> labels({20, 70, 70});
    blobs::addBall(labels, {10, 35, 35}, 1.6, spacing, 1);
    const auto a = answer(requestFor(labels, spacing, {{{10, 35, 35}, true}}));
    QVERIFY(blobs::iou(a.mask, labels) > 0.8);
}

void TstGeodesic::positiveClickAddsNearby() {
    Volume<std::int32_t> labels({1, 80, 120});
    for (std::int64_t y = 30; y < 50; ++y)
        for (std::int64_t x = 20; x < 100; ++x) labels(0, y, x) = 1;
    PromptRequest r = requestFor(labels, {1, 1, 1}, {{{0, 40, 84}, true}});
    r.startMask = Volume<std::uint8_t>(labels.shape());
    for (std::int64_t y = 30; y < 50; ++y)
        for (std::int64_t x = 20; x < 68; ++x) r.startMask(0, y, x) = 1;
    const double before = blobs::iou(r.startMask, labels);
    const auto a = answer(r);
    QVERIFY(blobs::iou(a.mask, labels) > before + 0.1);
    QVERIFY(a.mask(0, 40, 84) == 1);
    for (std::int64_t i = 0; i < a.mask.size(); ++i)
        QVERIFY(a.mask.data()[i] >= r.startMask.data()[i] || labels.data()[i] == 0);
    QCOMPARE(changed(a.mask, r.startMask, {{0, 20, 60}, {1, 60, 120}}), 0);
}

void TstGeodesic::negativeClickIsLocal() {
    Volume<std::int32_t> labels({1, 80, 120});
    blobs::addBall(labels, {0, 40, 35}, 20, {1, 1, 1}, 1);
    PromptRequest r = requestFor(labels, {1, 1, 1}, {{{0, 40, 75}, false}});
    r.startMask = Volume<std::uint8_t>(labels.shape());
    for (std::int64_t i = 0; i < labels.size(); ++i) r.startMask.data()[i] = labels.data()[i] != 0;
    for (std::int64_t y = 34; y < 47; ++y)
        for (std::int64_t x = 54; x < 96; ++x) r.startMask(0, y, x) = 1;  // leaked into the background
    const auto a = answer(r);
    QCOMPARE(a.mask(0, 40, 75), std::uint8_t(0));
    QVERIFY(blobs::iou(a.mask, labels) > blobs::iou(r.startMask, labels));
    const Box near{{0, 30, 50}, {1, 51, 100}};
    std::int64_t mask = 0;
    for (auto v : r.startMask) mask += v;
    QVERIFY(changed(a.mask, r.startMask, near) * 100 < mask);
    QVERIFY(a.mask(0, 40, 35) == 1);
}

void TstGeodesic::agreedPointChangesNothing() {
    Volume<std::int32_t> labels({1, 60, 60});
    blobs::addBall(labels, {0, 30, 30}, 12, {1, 1, 1}, 1);
    PromptRequest r = requestFor(labels, {1, 1, 1}, {{{0, 30, 30}, true}, {{0, 5, 5}, false}});
    r.startMask = Volume<std::uint8_t>(labels.shape());
    for (std::int64_t i = 0; i < labels.size(); ++i) r.startMask.data()[i] = labels.data()[i] != 0;
    QVERIFY(answer(r).mask == r.startMask);
    r.points.clear();
    QVERIFY(answer(r).mask == r.startMask);
}

void TstGeodesic::forbiddenIsNeverTaken() {
    Volume<std::int32_t> labels({1, 80, 80});
    blobs::addBall(labels, {0, 40, 40}, 25, {1, 1, 1}, 1);
    PromptRequest r = requestFor(labels, {1, 1, 1}, {{{0, 40, 30}, true}});
    r.forbidden = Volume<std::uint8_t>(labels.shape());
    for (std::int64_t y = 0; y < 80; ++y)
        for (std::int64_t x = 44; x < 80; ++x) r.forbidden(0, y, x) = 1;
    const auto a = answer(r);
    std::int64_t inside = 0;
    for (std::int64_t i = 0; i < a.mask.size(); ++i) {
        QVERIFY(!(a.mask.data()[i] && r.forbidden.data()[i]));
        inside += a.mask.data()[i];
    }
    QVERIFY(inside > 500);
    r.points = {{Index{0, 40, 60} + origin, true}};
    const auto refused = answer(r);
    for (auto v : refused.mask) QCOMPARE(v, std::uint8_t(0));
    QVERIFY(!refused.note.empty());
}

void TstGeodesic::sliceScope() {
    const Vec3 spacing{0.2, 0.1, 0.1};
    Volume<std::int32_t> labels({10, 60, 60});
    blobs::addBall(labels, {5, 30, 30}, 0.9, spacing, 1);
    PromptRequest r = requestFor(labels, spacing, {{{5, 30, 30}, true}});
    r.wholeObject = false;
    r.slice = origin.z + 5;
    r.startMask = Volume<std::uint8_t>(labels.shape());
    r.startMask(2, 10, 10) = 1;
    const auto a = answer(r);
    QCOMPARE(a.mask(2, 10, 10), std::uint8_t(1));
    QCOMPARE(changed(a.mask, r.startMask, {{5, 0, 0}, {6, 60, 60}}), 0);
    const Box slice{{5, 0, 0}, {6, 60, 60}};
    QVERIFY(blobs::iou(crop(a.mask, slice), crop(labels, slice)) > 0.85);
}

void TstGeodesic::pointsOutsideAreIgnored() {
    Volume<std::int32_t> labels({1, 30, 30});
    const auto a = answer(requestFor(labels, {1, 1, 1}, {{{0, -5, 3}, true}, {{3, 3, 3}, true}}));
    for (auto v : a.mask) QCOMPARE(v, std::uint8_t(0));
}

void TstGeodesic::deterministic() {
    Volume<std::int32_t> labels({4, 60, 60});
    blobs::addBall(labels, {2, 30, 30}, 12, {4, 1, 1}, 1);
    const auto r = requestFor(labels, {4, 1, 1}, {{{2, 30, 30}, true}, {{2, 50, 50}, false}});
    QVERIFY(answer(r).mask == answer(r).mask);
}

void TstGeodesic::constantAndBrokenImages() {
    PromptRequest r;
    r.image = Volume<float>({1, 20, 20}, 3);
    r.points = {{{0, 10, 10}, true}};
    QCOMPARE(answer(r).mask(0, 10, 10), std::uint8_t(1));
    r.image = Volume<float>({1, 20, 20}, NAN);
    QCOMPARE(answer(r).mask(0, 10, 10), std::uint8_t(1));
    r.image = Volume<float>({1, 1, 1}, 3);
    r.points = {{{0, 0, 0}, true}};
    QCOMPARE(answer(r).mask(0, 0, 0), std::uint8_t(1));
}

void TstGeodesic::refusesMisfits() {
    PromptRequest r;
    r.image = Volume<float>({1, 20, 20}, 3);
    r.startMask = Volume<std::uint8_t>({1, 20, 21});
    QVERIFY_EXCEPTION_THROWN(answer(r), Error);
    r.startMask = {};
    r.wholeObject = false;
    r.slice = 4;
    QVERIFY_EXCEPTION_THROWN(answer(r), Error);
}

void TstGeodesic::cancels() {
    CancelFlag job;
    job.cancel();
    Volume<std::int32_t> labels({1, 30, 30});
    QVERIFY_EXCEPTION_THROWN(geodesicEngine()->run(requestFor(labels, {1, 1, 1}, {{{0, 3, 3}, true}}), job), Cancelled);
}

namespace {

// A slanting tube through thick sections of textured surroundings, ending two slices before either end.
Volume<std::int32_t> tube() {
    Volume<std::int32_t> labels({10, 120, 120});
    for (std::int64_t z = 2; z < 8; ++z)
        for (std::int64_t y = 0; y < 120; ++y)
            for (std::int64_t x = 0; x < 120; ++x)
                if (std::hypot(double(y - 50 - 2 * z), double(x - 70 + 2 * z)) < 16) labels(z, y, x) = 1;
    return labels;
}

const Vec3 thick{0.05, 0.005, 0.005};

}  // namespace

void TstGeodesic::coarseStackFromSliceToSlice_data() {
    QTest::addColumn<bool>("known");
    QTest::newRow("voxel size known") << true;
    QTest::newRow("voxel size not known") << false;
}

void TstGeodesic::coarseStackFromSliceToSlice() {
    QFETCH(bool, known);
    const auto labels = tube();
    PromptRequest r = requestFor(labels, thick, {{{5, 60, 60}, true}});
    // Surroundings that change from section to section, with shapes larger than a pixel.
    Rng rng(9);
    for (std::int64_t z = 0; z < 10; ++z) {
        const double shiftY = rng.uniform() * 60, shiftX = rng.uniform() * 60;
        for (std::int64_t y = 0; y < 120; ++y)
            for (std::int64_t x = 0; x < 120; ++x)
                r.image(z, y, x) += float(14 * std::sin((double(y) + shiftY) / 5) * std::sin((double(x) + shiftX) / 6));
    }
    if (!known) r.image.geometry = Geometry{};
    const auto a = answer(r);
    const double match = blobs::iou(a.mask, labels);
    QVERIFY2(match > 0.85, qPrintable(QString::number(match)));
    for (std::int64_t z : {0, 9})
        for (std::int64_t i = 0; i < 120 * 120; ++i) QCOMPARE(a.mask.data()[z * 120 * 120 + i], std::uint8_t(0));
    QVERIFY(a.mask == answer(r).mask);
}

// The lower half of a tube is missing: a click there adds it, and what was right stays.
void TstGeodesic::coarseRepairIsLocal() {
    const auto labels = tube();
    PromptRequest r = requestFor(labels, thick, {{{6, 62, 58}, true}});
    r.startMask = Volume<std::uint8_t>(labels.shape());
    r.forbidden = Volume<std::uint8_t>(labels.shape());
    std::int64_t mask = 0;
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        mask += r.startMask.data()[i] = labels.data()[i] != 0 && i < labels.offset(5, 0, 0);
        r.forbidden.data()[i] = i >= labels.offset(7, 0, 0) && i % 120 > 56;
    }
    const auto a = answer(r);
    QVERIFY(a.mask(6, 62, 58) == 1);
    QVERIFY(blobs::iou(a.mask, labels) > blobs::iou(r.startMask, labels) + 0.1);
    QVERIFY(changed(a.mask, r.startMask, {{5, 0, 0}, {10, 120, 120}}) * 100 < mask);
    for (std::int64_t i = 0; i < a.mask.size(); ++i) QVERIFY(!(a.mask.data()[i] && r.forbidden.data()[i]));
}

// A click beside the middle finds the whole ball, next to another one.
void TstGeodesic::evenBlob() {
    const Vec3 spacing{0.2, 0.1, 0.1};
    Volume<std::int32_t> labels({30, 64, 64});
    blobs::addBall(labels, {15, 24, 30}, 1.2, spacing, 1);
    const Volume<std::int32_t> wanted = labels;
    blobs::addBall(labels, {15, 52, 30}, 1.2, spacing, 2);
    const auto a = answer(requestFor(labels, spacing, {{{16, 27, 28}, true}}));
    const double match = blobs::iou(a.mask, wanted);
    QVERIFY2(match > 0.75, qPrintable(QString::number(match)));
    QVERIFY(a.score > 0 && a.score <= 1);
}

// Cells of one grey, parted by bright walls only.
void TstGeodesic::cellAmongNeighbours() {
    Volume<std::int32_t> walls({48, 48, 48}), wanted(walls.shape());
    for (std::int64_t z = 0; z < 48; ++z)
        for (std::int64_t y = 0; y < 48; ++y)
            for (std::int64_t x = 0; x < 48; ++x) {
                const double r = std::sqrt(double((z - 24) * (z - 24) + (y - 24) * (y - 24) + (x - 24) * (x - 24)));
                walls(z, y, x) = std::abs(r - 13) < 1 || (r > 13 && (z == 24 || y == 24 || x == 24));
                wanted(z, y, x) = r <= 13;
            }
    const auto a = answer(requestFor(walls, {1, 1, 1}, {{{25, 24, 25}, true}}));
    const double match = blobs::iou(a.mask, wanted);
    QVERIFY2(match > 0.55, qPrintable(QString::number(match)));
}

void TstGeodesic::evenNeighbourIsKeptOff() {
    Volume<std::int32_t> labels({40, 40, 60});
    blobs::addBall(labels, {20, 20, 22}, 12, {1, 1, 1}, 1);
    const Volume<std::int32_t> wanted = labels;
    blobs::addBall(labels, {20, 20, 42}, 12, {1, 1, 1}, 2);  // touching: only the accepted mask parts them
    PromptRequest r = requestFor(labels, {1, 1, 1}, {{{20, 20, 20}, true}, {{20, 20, 50}, true}});
    r.forbidden = Volume<std::uint8_t>(labels.shape());
    for (std::int64_t i = 0; i < labels.size(); ++i) r.forbidden.data()[i] = labels.data()[i] == 2;
    const auto a = answer(r);
    for (std::int64_t i = 0; i < a.mask.size(); ++i) QVERIFY(!(a.mask.data()[i] && r.forbidden.data()[i]));
    QVERIFY(!a.note.empty());
    const double match = blobs::iou(a.mask, wanted);
    QVERIFY2(match > 0.7, qPrintable(QString::number(match)));
}

// A point outside the body, and one in what is too much, move its surface there; far away it stays.
void TstGeodesic::laterPointsShapeTheBody() {
    Volume<std::int32_t> labels({40, 40, 60});
    blobs::addBall(labels, {20, 20, 25}, 12, {1, 1, 1}, 1);
    PromptRequest r = requestFor(labels, {1, 1, 1}, {{{20, 20, 25}, true}});
    const auto one = answer(r);
    r.points.push_back({Index{20, 20, 41} + origin, true});
    const auto more = answer(r);
    QVERIFY(one.mask(20, 20, 41) == 0 && more.mask(20, 20, 41) == 1 && more.mask(20, 20, 43) == 1);
    r.points.back() = {Index{20, 20, 33} + origin, false};
    const auto less = answer(r);
    QVERIFY(one.mask(20, 20, 35) == 1 && less.mask(20, 20, 33) == 0 && less.mask(20, 20, 35) == 0);
    QVERIFY(less.mask(20, 20, 18) == 1);
    QVERIFY(less.mask == answer(r).mask);
}

void TstGeodesic::evenMaskIsTheStart() {
    Volume<std::int32_t> labels({40, 40, 40});
    blobs::addBall(labels, {20, 20, 20}, 12, {1, 1, 1}, 1);
    PromptRequest r = requestFor(labels, {1, 1, 1}, {{{20, 20, 26}, true}});
    r.startMask = Volume<std::uint8_t>(labels.shape());
    for (std::int64_t i = 0; i < labels.size(); ++i) r.startMask.data()[i] = labels.data()[i] && i % 40 < 20;
    const auto a = answer(r);
    const double match = blobs::iou(a.mask, labels);
    QVERIFY2(match > 0.8, qPrintable(QString::number(match)));
    QCOMPARE(changed(a.mask, r.startMask, {{0, 0, 17}, {40, 40, 40}}), 0);
}

namespace {

struct Ball {
    Index middle;
    double radius = 0;
    bool holds(Index v, Vec3 s) const {
        return std::hypot(double(v.z - middle.z) * s.z, double(v.y - middle.y) * s.y, double(v.x - middle.x) * s.x) <=
               radius;
    }
};

Volume<std::uint8_t> maskOf(Index shape, const Ball& ball, Vec3 spacing = {1, 1, 1}) {
    Volume<std::uint8_t> mask(shape);
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x) mask(z, y, x) = ball.holds({z, y, x}, spacing);
    return mask;
}

Volume<std::int32_t> labelsOf(const Volume<std::uint8_t>& mask) {
    Volume<std::int32_t> labels(mask.shape());
    std::copy(mask.begin(), mask.end(), labels.begin());
    return labels;
}

std::int64_t count(const Volume<std::uint8_t>& mask) { return std::count(mask.begin(), mask.end(), 1); }

const Index cube{52, 52, 52};
const Ball inCube{{26, 26, 26}, 14};

}  // namespace

// Objects evenly too small or too large: bright in three spacings and as one section, and parted from their
// surroundings by a dark wall only.
void TstGeodesic::wrongAllRound_data() {
    QTest::addColumn<double>("z");
    QTest::addColumn<bool>("wall");
    QTest::addColumn<double>("by");
    for (const double z : {0.0, 1.0, 2.0})
        for (const bool wall : {false, true})
            for (const double by : {-3.0, 3.5})
                QTest::addRow("spacing %g, %s, by %g", z, wall ? "wall" : "bright", by) << z << wall << by;
}

void TstGeodesic::wrongAllRound() {
    QFETCH(double, z);
    QFETCH(bool, wall);
    QFETCH(double, by);
    const Vec3 spacing{z > 0 ? z : 1, 1, 1};
    const std::int64_t depth = z > 0 ? std::int64_t(52 / z) : 1;
    const Index shape{depth, 52, 52};
    const Ball ball{{depth / 2, 26, 26}, 14}, other{ball.middle, 14 + by};
    const auto wanted = maskOf(shape, ball, spacing);
    auto shown = labelsOf(wanted);
    if (wall) {
        const auto inner = maskOf(shape, {ball.middle, 13}, spacing), outer = maskOf(shape, {ball.middle, 15}, spacing);
        for (std::int64_t i = 0; i < shown.size(); ++i) shown.data()[i] = !(outer.data()[i] && !inner.data()[i]);
    }
    PromptRequest r = requestFor(shown, spacing, {{{depth / 2, 26, by < 0 ? 39 : 42}, by < 0}});
    r.startMask = maskOf(shape, other, spacing);
    // An accepted neighbour lies in the way of what grows, and stays.
    r.forbidden = Volume<std::uint8_t>(shape);
    for (std::int64_t v = 0; v < depth; ++v)
        for (std::int64_t x = 0; x < 52; ++x) r.forbidden(v, 13, x) = 1;
    const auto a = answer(r);
    QVERIFY(blobs::iou(r.startMask, wanted) < 0.7);
    const double match = blobs::iou(a.mask, wanted);
    QVERIFY2(match > 0.85, qPrintable(QString::number(match)));
    for (std::int64_t i = 0; i < a.mask.size(); ++i) QVERIFY(!(a.mask.data()[i] && r.forbidden.data()[i]));
}

void TstGeodesic::dentAndBumpStayLocal_data() {
    QTest::addColumn<double>("radius");
    QTest::addColumn<bool>("bump");
    for (const double radius : {3.0, 5.0, 7.0})
        for (const bool bump : {false, true})
            QTest::addRow("%s of %g", bump ? "bump" : "dent", radius) << radius << bump;
}

void TstGeodesic::dentAndBumpStayLocal() {
    QFETCH(double, radius);
    QFETCH(bool, bump);
    const auto wanted = maskOf(cube, inCube), wrong = maskOf(cube, {{26, 26, 40}, radius});
    const auto at = std::int64_t(40 + (bump ? 0.5 : -0.5) * radius);
    PromptRequest r = requestFor(labelsOf(wanted), {1, 1, 1}, {{{26, 26, at}, !bump}});
    r.startMask = wanted;
    for (std::int64_t i = 0; i < wanted.size(); ++i)
        if (wrong.data()[i]) r.startMask.data()[i] = bump;
    const auto a = answer(r);
    QCOMPARE(a.mask(26, 26, at), std::uint8_t(!bump));
    QVERIFY(blobs::iou(a.mask, wanted) > blobs::iou(r.startMask, wanted));
    const auto reach = std::int64_t(radius) + 2;
    const Box near = Box{{26, 26, 40}, {27, 27, 41}}.grown({reach, reach, reach});
    QVERIFY(changed(a.mask, r.startMask, near) * 100 < count(wanted));
}

void TstGeodesic::halfIsAdded() {
    const auto wanted = maskOf(cube, inCube);
    PromptRequest r = requestFor(labelsOf(wanted), {1, 1, 1}, {{{26, 26, 33}, true}});
    r.startMask = wanted;
    for (std::int64_t i = 0; i < wanted.size(); ++i) r.startMask.data()[i] &= i % 52 < 26;
    const auto a = answer(r);
    const double match = blobs::iou(a.mask, wanted);
    QVERIFY2(match > 0.85, qPrintable(QString::number(match)));
    QVERIFY(changed(a.mask, r.startMask, {{0, 0, 24}, cube}) * 100 < count(wanted));
}

void TstGeodesic::neighbourIsTakenAway() {
    const Index shape{40, 40, 76};
    const auto wanted = maskOf(shape, {{20, 20, 20}, 12}), other = maskOf(shape, {{20, 20, 50}, 11});
    Volume<std::uint8_t> both = wanted;
    for (std::int64_t i = 0; i < both.size(); ++i) both.data()[i] |= other.data()[i];
    PromptRequest r = requestFor(labelsOf(both), {1, 1, 1}, {{{20, 20, 50}, false}});
    r.startMask = both;
    for (std::int64_t x = 30; x < 42; ++x)
        for (std::int64_t y = 18; y < 23; ++y)
            for (std::int64_t z = 18; z < 23; ++z) r.startMask(z, y, x) = 1;  // a bridge between the two
    const double match = blobs::iou(answer(r).mask, wanted);
    QVERIFY2(match > 0.85, qPrintable(QString::number(match)));
}

void TstGeodesic::flatImageChangesNearTheClick() {
    PromptRequest r = requestFor(Volume<std::int32_t>(cube), {1, 1, 1}, {{{26, 26, 42}, true}});
    r.startMask = maskOf(cube, inCube);
    for (const bool noisy : {true, false}) {
        if (!noisy) std::fill(r.image.begin(), r.image.end(), 7.0f);
        const auto a = answer(r);
        QCOMPARE(a.mask(26, 26, 42), std::uint8_t(1));
        QCOMPARE(changed(a.mask, r.startMask, Box{{26, 26, 42}, {27, 27, 43}}.grown({12, 12, 12})), 0);
    }
}

void TstGeodesic::laterClicksKeepWhatEarlierOnesSaid() {
    PromptRequest r = requestFor(labelsOf(maskOf(cube, inCube)), {1, 1, 1}, {});
    r.startMask = maskOf(cube, {inCube.middle, 11});
    for (const PointPrompt& c : std::vector<PointPrompt>{
             {{26, 26, 38}, true}, {{26, 37, 26}, false}, {{8, 26, 26}, true}, {{26, 26, 43}, true}}) {
        r.points.push_back({c.at + origin, c.positive});
        const auto a = answer(r);
        for (const PointPrompt& p : r.points) QCOMPARE(a.mask[p.at - origin] == 1, p.positive);
    }
}

// Thick sections: what is missing in every section all round comes back by a click in one of them.
void TstGeodesic::sectionsAreRepairedTogether() {
    Volume<std::int32_t> labels({8, 120, 120});
    PromptRequest r = requestFor(labels, thick, {{{4, 60, 81}, true}});
    r.startMask = Volume<std::uint8_t>(labels.shape());
    for (std::int64_t z = 1; z < 7; ++z)
        for (std::int64_t y = 0; y < 120; ++y)
            for (std::int64_t x = 0; x < 120; ++x) {
                const double away = std::hypot(double(y - 60), double(x - 60));
                labels(z, y, x) = away <= 24, r.startMask(z, y, x) = away <= 17;
            }
    r.image = blobs::imageOf(labels, 200, 60, 8, thick);
    const auto a = answer(r);
    const double match = blobs::iou(a.mask, labels);
    QVERIFY2(match > 0.85, qPrintable(QString::number(match)));
    QCOMPARE(changed(a.mask, r.startMask, {{1, 0, 0}, {7, 120, 120}}), 0);
}

void TstGeodesic::repairCancels() {
    CancelFlag job;
    job.cancel();
    PromptRequest r = requestFor(Volume<std::int32_t>(cube), {1, 1, 1}, {{{26, 26, 42}, true}});
    r.startMask = maskOf(cube, inCube);
    QVERIFY_EXCEPTION_THROWN(geodesicEngine()->run(r, job), Cancelled);
}

QTEST_APPLESS_MAIN(TstGeodesic)
#include "tst_geodesic.moc"

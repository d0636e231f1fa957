#include <QtTest>

#include <cmath>

#include "segment/mask_prompts.h"

using namespace fovea;
using namespace fovea::segment;
using Mask = Volume<std::uint8_t>;

class TstMaskPrompts : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void boxes();
    void logits();
    void points();
    void nothing();
};

namespace {

void disc(Mask& mask, double cy, double cx, double radius) {
    for (std::int64_t y = 0; y < mask.shape().y; ++y)
        for (std::int64_t x = 0; x < mask.shape().x; ++x)
            if (std::hypot(double(y) - cy, double(x) - cx) <= radius) mask(0, y, x) = 1;
}

}  // namespace

void TstMaskPrompts::boxes() {
    Mask mask({1, 50, 80});
    mask(0, 10, 20) = mask(0, 29, 59) = 1;
    QVERIFY(boxAround(mask, 0) == (Box{{0, 10, 20}, {1, 30, 60}}));
    QVERIFY(boxAround(mask, 3) == (Box{{0, 7, 17}, {1, 33, 63}}));
    QVERIFY(boxAround(mask, 0.1) == (Box{{0, 8, 16}, {1, 32, 64}}));
    QVERIFY(boxAround(mask, 30) == (Box{{0, 0, 0}, {1, 50, 80}}));
}

void TstMaskPrompts::logits() {
    Mask mask({1, 50, 100});
    for (std::int64_t y = 0; y < 50; ++y)
        for (std::int64_t x = 0; x < 50; ++x) mask(0, y, x) = 1;
    const Volume<float> found = logitsOf(mask, 256);
    QVERIFY(found.shape() == (Index{1, 256, 256}));
    const float sure = float(std::log(0.999 / 0.001));
    QVERIFY(std::abs(sure - 6.906754778648554) < 1e-5);
    for (std::int64_t y = 0; y < 256; ++y)
        for (std::int64_t x = 0; x < 256; ++x)
            QVERIFY(std::abs(found(0, y, x) - (y < 128 && x < 128 ? sure : -sure)) < 1e-5);
}

void TstMaskPrompts::points() {
    Job job;
    Mask mask({1, 60, 90});
    disc(mask, 20, 20, 10);
    disc(mask, 40, 70, 6);
    const MaskPoints found = pointsOf(mask, mask.box(), job);
    QVERIFY(found.inside.size() >= 2);
    QVERIFY(found.inside[0] == (Index{0, 20, 20}));
    QVERIFY(found.inside[1] == (Index{0, 40, 70}));
    for (const Index& at : found.inside) QVERIFY(mask[at]);
    QVERIFY(!found.outside.empty());
    for (const Index& at : found.outside) QVERIFY(!mask[at]);
    QVERIFY(*middleOf(mask, job) == (Index{0, 20, 20}));
    const MaskPoints part = pointsOf(mask, {{0, 30, 60}, {1, 50, 80}}, job);
    QCOMPARE(part.inside.size(), std::size_t(1));
    for (const Index& at : part.outside) QVERIFY((Box{{0, 30, 60}, {1, 50, 80}}.contains(at)));
}

void TstMaskPrompts::nothing() {
    Job job;
    const Mask mask({1, 1, 1});
    QVERIFY(boxAround(mask, 2).empty());
    QVERIFY(!middleOf(mask, job));
    QVERIFY(pointsOf(mask, mask.box(), job).inside.empty());
    QVERIFY(logitsOf(mask, 4).shape() == (Index{1, 4, 4}));
    const Mask all({1, 5, 5}, 1);
    QVERIFY(middleOf(all, job).has_value());
}

QTEST_APPLESS_MAIN(TstMaskPrompts)
#include "tst_mask_prompts.moc"

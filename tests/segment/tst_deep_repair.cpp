// Clicks deep in what is missing or too much: the rest of an object is found by what its outline looks like, and its
// neighbours stay.
#include <QTest>
#include <algorithm>

#include "base/rng.h"
#include "segment/filters.h"
#include "segment/outline_look.h"
#include "segment/prompt_engine.h"
#include "tests/segment/blobs.h"

namespace fovea::segment {
namespace {

constexpr Index shape{40, 40, 64};
constexpr Box left{{6, 6, 6}, {34, 34, 31}}, right{{6, 6, 33}, {34, 34, 58}};

// Two cells, alike but for the wall of two voxels around and between them.
Volume<float> cells() {
    Volume<float> image(shape, 200);
    Rng rng(8);
    for (const Box& cell : {left, right})
        for (std::int64_t z = cell.begin.z; z < cell.end.z; ++z)
            for (std::int64_t y = cell.begin.y; y < cell.end.y; ++y)
                for (std::int64_t x = cell.begin.x; x < cell.end.x; ++x) image(z, y, x) = 50;
    // Beyond the walls there are other cells.
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x)
                if (!Box{{4, 4, 4}, {36, 36, 60}}.contains(Index{z, y, x})) image(z, y, x) = 50;
    for (float& v : image) v += float(8 * rng.normal());
    image.geometry.spacing = {1, 1, 1};
    image.geometry.known = true;
    return image;
}

Volume<std::uint8_t> maskOf(const Box& box) {
    Volume<std::uint8_t> mask(shape);
    for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
        for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
            for (std::int64_t x = box.begin.x; x < box.end.x; ++x) mask(z, y, x) = 1;
    return mask;
}

std::int64_t shared(const Volume<std::uint8_t>& mask, const Box& box) {
    const Volume<std::uint8_t> part = crop(mask, box);
    return std::count(part.begin(), part.end(), 1);
}

Volume<std::uint8_t> answered(const Volume<std::uint8_t>& start, const PointPrompt& point) {
    PromptRequest request;
    request.image = cells();
    request.startMask = start;
    request.points = {point};
    Job job;
    return geodesicEngine()->run(request, job).mask;
}

}  // namespace

class TstDeepRepair : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void oneClickRestoresACellThatWasCut() {
        Box half = left;
        half.end.z = 20;
        const Volume<std::uint8_t> found = answered(maskOf(half), {{26, 20, 18}, true});
        QVERIFY2(blobs::iou(found, maskOf(left)) >= 0.9, qPrintable(QString::number(blobs::iou(found, maskOf(left)))));
        QVERIFY(shared(found, right) < left.count() / 100);
        QVERIFY(found == answered(maskOf(half), {{26, 20, 18}, true}));
    }

    void oneClickTakesAwayTheCellThatWasMerged() {
        Box both = left;
        both.end.x = right.end.x;
        const Volume<std::uint8_t> found = answered(maskOf(both), {{20, 20, 46}, false});
        QVERIFY2(blobs::iou(found, maskOf(left)) >= 0.85, qPrintable(QString::number(blobs::iou(found, maskOf(left)))));
        QVERIFY(shared(found, right) < left.count() / 100);
    }

    // The wall that the left cell has is known in the right one; where there is none an outline costs more.
    void theLookOfTheOutlineIsLearned() {
        Job job;
        Volume<float> image = cells();
        blur(image, {1, 1, 1}, job);
        const Volume<std::uint8_t> everywhere(shape, 1);
        const Volume<std::uint8_t> mask = maskOf(left);
        const OutlineLook look(image, mask, everywhere, {1, 1, 1}, job);
        for (int axis = 0; axis < 3; ++axis) {
            Index wall{20, 20, 46}, middle = wall;
            wall[axis] = right.end[axis] - 1;
            QVERIFY(4 * look.cost(wall, axis).up < look.cost(middle, axis).up);
            wall[axis] = right.begin[axis] - 1;
            QVERIFY(4 * look.cost(wall, axis).down < look.cost(middle, axis).down);
        }
    }
};

}  // namespace fovea::segment

QTEST_APPLESS_MAIN(fovea::segment::TstDeepRepair)
#include "tst_deep_repair.moc"

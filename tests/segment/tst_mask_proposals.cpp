#include <QtTest>

#include "segment/mask_proposals.h"

using namespace fovea;
using namespace fovea::segment;

class TstMaskProposals : public QObject {
    Q_OBJECT
  private slots:
    void grid();
    void crops();
    void cropsOfOnePixel();
    void bestOfOverlapping();
    void edgesOfCrops();
};

void TstMaskProposals::grid() {
    const auto points = pointGrid(2);
    QCOMPARE(points.size(), 4u);
    QCOMPARE(points[1].x, 0.75);
    QCOMPARE(points[1].y, 0.25);
    QVERIFY(pointGrid(0).empty());
}

void TstMaskProposals::crops() {
    const auto boxes = cropBoxes(300, 400, 1, 0.34);
    QCOMPARE(boxes.size(), 5u);
    QCOMPARE(boxes[0].box, (Box{{0, 0, 0}, {1, 300, 400}}));
    QCOMPARE(boxes[1].box, (Box{{0, 0, 0}, {1, 201, 251}}));
    QCOMPARE(boxes[2].box, (Box{{0, 99, 0}, {1, 300, 251}}));  // columns one after the other
    QCOMPARE(boxes[4].layer, 1);
    Box all;
    for (const CropBox& crop : cropBoxes(97, 31, 3)) all = all.united(crop.box);
    QCOMPARE(all, boxes.front().box.intersected({{0, 0, 0}, {1, 97, 31}}));
}

void TstMaskProposals::cropsOfOnePixel() {
    for (const CropBox& crop : cropBoxes(1, 1, 2)) QVERIFY(Box::of({1, 1, 1}).contains(crop.box));
}

void TstMaskProposals::bestOfOverlapping() {
    const std::vector<Rectangle> boxes{{0, 0, 10, 10}, {1, 0, 11, 10}, {2, 0, 12, 10}, {50, 50, 60, 60}};
    QCOMPARE(withoutOverlaps(boxes, {0.5, 0.9, 0.5, 0.1}, 0.7), (std::vector<std::int64_t>{1, 3}));
    // A suppressed box suppresses none: 1 falls to 0, and 2 overlaps 0 by 8 / 12 only.
    QCOMPARE(withoutOverlaps(boxes, {0.9, 0.8, 0.7, 0.1}, 0.7), (std::vector<std::int64_t>{0, 2, 3}));
    QCOMPARE(withoutOverlaps(boxes, {0.5, 0.5, 0.5, 0.5}, 1), (std::vector<std::int64_t>{0, 1, 2, 3}));
    QVERIFY(withoutOverlaps({}, {}, 0.5).empty());
    const Rectangle line{3, 0, 3, 9};  // no area, no IoU
    QCOMPARE(withoutOverlaps({line, line}, {1, 1}, 0.1), (std::vector<std::int64_t>{0, 1}));
}

void TstMaskProposals::edgesOfCrops() {
    const Box image{{0, 0, 0}, {1, 300, 400}}, crop{{0, 0, 100}, {1, 200, 300}};
    QVERIFY(touchesCropEdge({10, 50, 90, 90}, crop, image));     // left edge of the crop
    QVERIFY(touchesCropEdge({50, 50, 90, 195}, crop, image));    // lower edge
    QVERIFY(!touchesCropEdge({50, 5, 90, 90}, crop, image));     // upper edge, which is the image's
    QVERIFY(!touchesCropEdge({50, 50, 150, 150}, crop, image));  // inside
    QVERIFY(!touchesCropEdge({0, 0, 399, 299}, image, image));
}

QTEST_APPLESS_MAIN(TstMaskProposals)
#include "tst_mask_proposals.moc"

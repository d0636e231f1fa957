#include <QtTest>

#include "segment/local_change.h"

using namespace fovea;
using namespace fovea::segment;
using Mask = Volume<std::uint8_t>;

class TstLocalChange : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void onlyThePieceAtTheClick();
    void rimsDoNotJoinPieces();
    void ofARimOnlyWhatIsNear();
    void notWhereItIsNotOpen();
    void pieces();
};

namespace {

void fill(Mask& mask, const Box& box, std::uint8_t value = 1) {
    for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
        for (std::int64_t x = box.begin.x; x < box.end.x; ++x) mask(0, y, x) = value;
}

Mask pixel(Index shape, Index at) {
    Mask mask(shape);
    mask[at] = 1;
    return mask;
}

const Index shape{1, 40, 60};

}  // namespace

void TstLocalChange::onlyThePieceAtTheClick() {
    Job job;
    Mask present(shape), proposed(shape), open(shape, 1), left(shape);
    fill(present, {{0, 15, 20}, {1, 25, 40}});
    proposed = present;
    fill(left, {{0, 15, 10}, {1, 25, 20}});
    fill(proposed, {{0, 15, 10}, {1, 25, 20}});
    fill(proposed, {{0, 15, 40}, {1, 25, 50}});
    const Mask added = difference(present, proposed, open, true);
    QCOMPARE(pixelsOf(added), std::int64_t(200));
    QVERIFY(piecesAt(added, pixel(shape, {0, 20, 15}), job) == left);
    QCOMPARE(pixelsOf(piecesAt(added, pixel(shape, {0, 20, 30}), job)), std::int64_t(0));
    QCOMPARE(pixelsOf(difference(present, proposed, open, false)), std::int64_t(0));
    QVERIFY(difference(proposed, present, open, false) == added);
}

// An outline that lies a pixel further out all around joins everything; the click means one bulge of it.
void TstLocalChange::rimsDoNotJoinPieces() {
    Job job;
    Mask present(shape), proposed(shape), open(shape, 1);
    fill(present, {{0, 15, 20}, {1, 25, 40}});
    fill(proposed, {{0, 13, 18}, {1, 27, 42}});
    fill(proposed, {{0, 12, 5}, {1, 28, 20}});
    fill(proposed, {{0, 12, 40}, {1, 28, 55}});
    const Mask piece = piecesAt(difference(present, proposed, open, true), pixel(shape, {0, 20, 10}), job);
    QVERIFY(piece(0, 20, 6) && piece(0, 20, 19) && piece(0, 13, 10));
    for (std::int64_t y = 0; y < shape.y; ++y)
        for (std::int64_t x = 24; x < shape.x; ++x) QVERIFY(!piece(0, y, x));
}

void TstLocalChange::ofARimOnlyWhatIsNear() {
    Job job;
    Mask rim(shape);
    fill(rim, {{0, 20, 5}, {1, 22, 55}});
    const Mask piece = piecesAt(rim, pixel(shape, {0, 20, 30}), job);
    QVERIFY(piece(0, 20, 30) && piece(0, 21, 25) && piece(0, 20, 38));
    QVERIFY(!piece(0, 20, 39) && !piece(0, 20, 21));
}

void TstLocalChange::notWhereItIsNotOpen() {
    Mask open(shape, 1);
    fill(open, {{0, 0, 0}, {1, 40, 30}}, 0);
    const Mask added = difference(Mask(shape), Mask(shape, 1), open, true);
    QCOMPARE(pixelsOf(added), std::int64_t(40 * 30));
    QVERIFY(!added(0, 5, 29) && added(0, 5, 30));
}

void TstLocalChange::pieces() {
    Job job;
    Mask mask(shape);
    fill(mask, {{0, 0, 0}, {1, 5, 5}});
    fill(mask, {{0, 5, 5}, {1, 7, 7}});  // touches by a corner
    fill(mask, {{0, 30, 30}, {1, 35, 35}});
    QCOMPARE(pixelsOf(pieceWith(mask, {0, 0, 0}, job)), std::int64_t(29));
    QCOMPARE(pixelsOf(pieceWith(mask, {0, 20, 20}, job)), std::int64_t(0));
    QCOMPARE(overlapOf(mask, pieceWith(mask, {0, 30, 30}, job)), 25.0 / 54);
    QCOMPARE(overlapOf(Mask(shape), Mask(shape)), 0.0);
}

QTEST_APPLESS_MAIN(TstLocalChange)
#include "tst_local_change.moc"

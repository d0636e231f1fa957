#include <QtTest>

#include "base/error.h"
#include "data/box.h"
#include "data/mask_box.h"
#include "data/tables.h"

using namespace fovea;
using nlohmann::json;

class TestBox : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void text() {
        const Index extent{20, 1024, 512};
        QCOMPARE(toString(extent), std::string("20 × 1024 × 512"));
        QVERIFY(parseBox("0:20,0:1024,0:512", extent) == Box::of(extent));
        QVERIFY(parseBox(" : , 5: , :7 ", extent) == (Box{{0, 5, 0}, {20, 1024, 7}}));
        QCOMPARE(toString(Box{{1, 2, 3}, {4, 5, 6}}), std::string("1:4,2:5,3:6"));
        QVERIFY(parseBox(toString(Box{{1, 2, 3}, {4, 5, 6}}), extent) == (Box{{1, 2, 3}, {4, 5, 6}}));
    }
    void refusesTextThatIsNoBox() {
        for (const char* bad :
             {"", "0:1", "0:1,0:1", "0:1,0:1,0:1,0:1", "0:1,0:1,0-1", "a:1,0:1,0:1", "0:1,0:1,0:9999999999999999999",
              "5:5,0:1,0:1", "6:5,0:1,0:1", "0:21,0:1,0:1", "-1:2,0:1,0:1", "0:1,0:1,0:1x"})
            QVERIFY_EXCEPTION_THROWN(parseBox(bad, {20, 10, 10}), Error);
    }
    void algebra() {
        const Box a{{0, 0, 0}, {2, 4, 4}}, b{{1, 2, 3}, {5, 6, 7}}, far{{9, 9, 9}, {10, 10, 10}};
        QVERIFY(a.intersected(b) == (Box{{1, 2, 3}, {2, 4, 4}}));
        QVERIFY(a.overlaps(b) && !a.overlaps(far));
        QVERIFY(!a.overlaps(Box{{2, 0, 0}, {3, 4, 4}}));  // half-open: touching is not overlapping
        QVERIFY(a.united(b) == (Box{{0, 0, 0}, {5, 6, 7}}));
        QVERIFY(a.united(Box{}) == a);
        QVERIFY(a.contains(Index{1, 3, 3}) && !a.contains(Index{2, 0, 0}));
        QVERIFY(a.contains(a) && !a.contains(b));
        QCOMPARE(a.count(), std::int64_t(32));
        QCOMPARE(Box{}.count(), std::int64_t(0));
    }
    void boxOfAMask() {
        QVERIFY(boxOf(Volume<std::uint8_t>()).empty());
        Volume<std::uint8_t> mask({3, 4, 5});
        QVERIFY(boxOf(mask).empty());
        mask(1, 2, 3) = 1;
        QVERIFY(boxOf(mask) == (Box{{1, 2, 3}, {2, 3, 4}}));
        mask(2, 0, 4) = 255;
        QVERIFY(boxOf(mask) == (Box{{1, 0, 3}, {3, 3, 5}}));
        mask(0, 3, 0) = 1;
        QVERIFY(boxOf(mask) == mask.box());
    }
    void tilesCoverTheBoxOnce() {
        const Box box{{1, 0, 2}, {2, 7, 12}};
        std::int64_t voxels = 0;
        forEachTile(box, {3, 3, 4}, [&](const Box& tile) {
            QVERIFY(box.contains(tile));
            voxels += tile.count();
        });
        QCOMPARE(voxels, box.count());
    }
    void jsonOfTables() {
        const std::vector<ChosenPatch> chosen = {{{"c1", {{0, 1, 2}, {3, 4, 5}}}, 0.5, "because"}};
        const auto again = chosenFromJson(json::parse(toJson(chosen).dump()));
        QVERIFY(again[0].patch == chosen[0].patch);
        QCOMPARE(again[0].reason, std::string("because"));
        QCOMPARE(again[0].score, 0.5);
        for (const char* bad :
             {"1", "{}", "[[0,0],[1,1]]", "[[0,0,0],[1,1,1.5]]", "[[0,0,0],[1,1,9223372036854775807]]"})
            QVERIFY_EXCEPTION_THROWN(boxFromJson(json::parse(bad)), Error);
        for (const char* bad : {"[]", "{\"case\": 1, \"box\": [[0,0,0],[1,1,1]]}", "{\"case\": \"a\"}"})
            QVERIFY_EXCEPTION_THROWN(patchFromJson(json::parse(bad)), Error);
        QVERIFY_EXCEPTION_THROWN(chosenFromJson(json::parse("{}")), Error);
    }
};

QTEST_APPLESS_MAIN(TestBox)
#include "tst_box.moc"

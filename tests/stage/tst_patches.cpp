#include <QTest>

#include "base/error.h"
#include "base/file.h"
#include "stage/feature_file.h"
#include "stage/object_file.h"
#include "stage/patch_grid.h"
#include "zarr/ome_zarr.h"

using namespace fovea;
using namespace fovea::stage;

class TestPatches : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void defaultsFollowTheImage() {
        QVERIFY((defaultPatch({20, 1024, 1024}, {0.05, 0.0046, 0.0046}) == Index{1, 256, 256}));
        QVERIFY((defaultPatch({1, 100, 700}, {1, 1, 1}) == Index{1, 100, 256}));
        QVERIFY((defaultPatch({100, 100, 100}, {0.284, 0.127, 0.127}) == Index{29, 64, 64}));
        QVERIFY((parsePatch("1,64,32", {5, 50, 50}, {1, 1, 1}) == Index{1, 50, 32}));
        for (const char* wrong : {"", "1,2", "1,2,3,4", "0,1,1", "a,b,c", "1,2,3x"})
            QVERIFY_THROWS_EXCEPTION(Error, parsePatch(wrong, {5, 50, 50}, {1, 1, 1}));
    }

    void gridOfVnc1() {
        const project::HeldOut held{"v", {{0, 0, 640}, {20, 1024, 1024}}, {{0, 0, 512}, {20, 1024, 1024}}};
        const auto grid = patchGrid("v", {20, 1024, 1024}, {1, 256, 256}, {held});
        QCOMPARE(grid.size(), std::size_t(160));
        for (const Patch& p : grid) {
            QVERIFY((p.box.extent() == Index{1, 256, 256}));
            QVERIFY(p.box.end.x <= 512);
        }
    }

    void gridCoversOddShapes() {
        for (const Index shape : {Index{1, 1, 1}, Index{7, 100, 33}, Index{1, 255, 257}}) {
            std::int64_t voxels = 0;
            for (const Patch& p : patchGrid("a", shape, {4, 64, 64}, {})) {
                QVERIFY(!p.box.empty() && Box::of(shape).contains(p.box));
                voxels += p.box.count();
            }
            QCOMPARE(voxels, shape.count());
        }
        const project::HeldOut all{"a", Box::of({1, 9, 9}), Box::of({1, 9, 9})};
        QVERIFY(patchGrid("a", {1, 9, 9}, {1, 3, 3}, {all}).empty());
    }

    void featuresRoundTrip() {
        file::TempFolder temp;
        FeatureTable table;
        table.patches = {{"a", {{0, 0, 0}, {1, 2, 3}}}, {"b", {{1, 0, 0}, {2, 2, 3}}}};
        table.dim = 3;
        table.values = {1, 2, 3, 4, 5, 6.5f};
        table.source = "mae";
        writeFeatures(temp.path(), table);
        const FeatureTable back = readFeatures(temp.path());
        QCOMPARE(back.patches, table.patches);
        QCOMPARE(back.values, table.values);
        QCOMPARE(back.source, table.source);
        FeatureTable both;
        append(both, back);
        append(both, back);
        QCOMPARE(both.values.size(), std::size_t(12));
        FeatureTable other = back;
        other.dim = 2;
        QVERIFY_THROWS_EXCEPTION(Error, append(both, other));
        file::writeJson(temp.path() / "patches.json", {{"patches", {toJson(table.patches[0])}}});
        QVERIFY_THROWS_EXCEPTION(Error, readFeatures(temp.path()));
        file::write(temp.path() / "patches.json", "{}");
        QVERIFY_THROWS_EXCEPTION(Error, readFeatures(temp.path()));
    }

    void objectsRoundTrip() {
        file::TempFolder temp;
        writeObjects(temp.path() / "o.json", {{70000, "accepted", "hand", 0.5, {{0, 1, 2}, {3, 4, 5}}, 12}});
        const auto rows = readObjects(temp.path() / "o.json");
        QCOMPARE(rows.size(), std::size_t(1));
        QCOMPARE(rows[0].id, 70000);
        QCOMPARE(rows[0].state, std::string("accepted"));
        QVERIFY((rows[0].box == Box{{0, 1, 2}, {3, 4, 5}}));
        file::write(temp.path() / "o.json", R"([{"id":"x"}])");
        QVERIFY_THROWS_EXCEPTION(Error, readObjects(temp.path() / "o.json"));
        Volume<std::int32_t> labels({3, 5, 7});
        labels(2, 4, 6) = 70000;
        Job job;
        Geometry geometry;
        geometry.spacing = {3, 2, 1};
        writeLabels(temp.path(), labels, geometry, job);
        const auto back = zarr::open(temp.path() / "labels.zarr");
        QVERIFY(back->readAll<std::int32_t>() == labels);
        QCOMPARE(back->info().geometry.spacing.z, 3.0);
    }
};

QTEST_APPLESS_MAIN(TestPatches)
#include "tst_patches.moc"

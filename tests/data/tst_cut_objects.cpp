#include <QtTest>

#include "data/cut_objects.h"

using namespace fovea;

namespace {

// 1×4×8: object 1 crosses the face of the left half, 2 lies inside it, 3 touches the image's edge only, 4 spans both
// halves, 5 lies in the right half at the face.
Volume<std::int32_t> labelled() {
    Volume<std::int32_t> v({1, 4, 8});
    v(0, 0, 3) = v(0, 0, 2) = 1;
    v(0, 2, 1) = 2;
    v(0, 3, 0) = 3;
    v(0, 1, 3) = v(0, 1, 4) = 4;
    v(0, 2, 4) = 5;
    return v;
}

const Box left{{0, 0, 0}, {1, 4, 4}}, right{{0, 0, 4}, {1, 4, 8}};

std::map<std::int32_t, std::set<std::size_t>> cutBy(const std::vector<Box>& patches,
                                                    std::map<std::int32_t, std::int64_t> voxels) {
    const Volume<std::int32_t> labels = labelled();
    return cutByPatches([&](const Box& box) { return crop(labels, box); }, patches, labels.shape(), voxels);
}

}  // namespace

class TestCutObjects : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void onlyWhatEndsAtAFaceIsCut() {
        const auto cut = cutBy({left}, {{1, 2}, {2, 1}, {3, 1}, {4, 2}, {5, 1}});
        // 4 goes on outside the patch already, so nothing of it is unseen for lack of a patch.
        QCOMPARE(cut, (std::map<std::int32_t, std::set<std::size_t>>{{1, {0}}}));
    }
    void overlappingPatchesCountAVoxelOnce() {
        const auto cut = cutBy({left, {{0, 0, 2}, {1, 4, 6}}}, {{1, 2}, {4, 2}});
        QCOMPARE(cut, (std::map<std::int32_t, std::set<std::size_t>>{{1, {0}}, {4, {0, 1}}}));
    }
    void nothingBeyondTheImageNorUnaskedObjects() {
        QVERIFY(cutBy({Box::of({1, 4, 8})}, {{1, 2}, {3, 1}, {4, 2}}).empty());
        QVERIFY(cutBy({left, right}, {}).empty());
        QVERIFY(cutBy({}, {{1, 2}}).empty());
    }
};

QTEST_APPLESS_MAIN(TestCutObjects)
#include "tst_cut_objects.moc"

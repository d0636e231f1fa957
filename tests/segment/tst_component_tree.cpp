#include <QTest>
#include <cmath>
#include <map>
#include <set>

#include "base/rng.h"
#include "measure/components.h"
#include "segment/component_tree.h"

using namespace fovea;
using namespace fovea::segment;

class TstComponentTree : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void equalsThresholding_data();
    void equalsThresholding();
    void onePixelAndConstant();
    void cancels();
};

void TstComponentTree::equalsThresholding_data() {
    QTest::addColumn<int>("nz");
    QTest::newRow("slice") << 1;
    QTest::newRow("volume") << 4;
}

// Every node is a component of its threshold set, with that component's numbers, and none is missing.
void TstComponentTree::equalsThresholding() {
    QFETCH(int, nz);
    Rng rng(1);
    Volume<std::uint8_t> levels({nz, 9, 11});
    for (auto& v : levels) v = std::uint8_t(rng.below(6));
    Volume<float> edges(levels.shape());
    for (auto& v : edges) v = float(rng.uniform());
    Job job;
    const ComponentTree tree(levels, edges, job);
    std::vector<std::uint8_t> seen(std::size_t(levels.size()), 0);
    std::map<int, int> nodesAt;
    for (std::size_t k = 0; k < tree.nodes().size(); ++k) {
        const auto& node = tree.nodes()[k];
        ++nodesAt[node.level];
        QVERIFY(node.parent < 0 ? k + 1 == tree.nodes().size() : node.parent > std::int32_t(k));
        const auto voxels = tree.voxelsOf(std::int32_t(k), seen);
        QCOMPARE(std::int64_t(voxels.size()), node.voxels);
        std::vector<char> inside(std::size_t(levels.size()), 0);
        for (auto i : voxels) inside[std::size_t(i)] = 1;
        double outline = 0, edge = 0, open = 0, sumX = 0;
        for (auto i : voxels) {
            QVERIFY(levels.data()[i] >= node.level);
            sumX += double(i % 11);
            open += forFaceNeighbours(levels.shape(), i, [&](std::int64_t q) {
                if (inside[std::size_t(q)]) return;
                QVERIFY(levels.data()[q] < node.level);
                outline += 1, edge += 0.5 * (edges.data()[i] + edges.data()[q]);
            });
        }
        QCOMPARE(node.outline, outline);
        QVERIFY(std::abs(node.outlineEdge - edge) < 1e-6);
        QCOMPARE(node.open, open);
        QCOMPARE(node.first[2], sumX);
    }
    for (int level = 0; level < 6; ++level) {
        Volume<std::uint8_t> set(levels.shape());
        for (std::int64_t i = 0; i < set.size(); ++i) set.data()[i] = levels.data()[i] >= level;
        const auto c = measure::connectedComponents(set, 6);
        std::set<std::int32_t> withLevel;  // components that hold a voxel of exactly this level
        for (std::int64_t i = 0; i < set.size(); ++i)
            if (levels.data()[i] == level) withLevel.insert(c.labels.data()[i]);
        QCOMPARE(nodesAt[level], int(withLevel.size()));
    }
}

void TstComponentTree::onePixelAndConstant() {
    Job job;
    const Volume<std::uint8_t> one({1, 1, 1}, 9);
    const Volume<float> edge({1, 1, 1});
    QCOMPARE(ComponentTree(one, edge, job).nodes().size(), std::size_t(1));
    const Volume<std::uint8_t> flat({2, 3, 4}, 9);
    const ComponentTree tree(flat, Volume<float>({2, 3, 4}), job);
    QCOMPARE(tree.nodes().size(), std::size_t(1));
    QCOMPARE(tree.nodes()[0].voxels, 24);
}

void TstComponentTree::cancels() {
    CancelFlag job;
    job.cancel();
    const Volume<std::uint8_t> flat({1, 3, 4}, 9);
    QVERIFY_EXCEPTION_THROWN(ComponentTree(flat, Volume<float>({1, 3, 4}), job), Cancelled);
}

QTEST_APPLESS_MAIN(TstComponentTree)
#include "tst_component_tree.moc"

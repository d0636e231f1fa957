#include <QtTest>

#include "base/error.h"
#include "base/file.h"
#include "plan/nnunet/spatial_folds.h"
#include "plan/nnunet/splits.h"

using namespace fovea;
using namespace fovea::plan::nnunet;

namespace {

using Names = std::vector<std::string>;

template <class F>
bool refused(F&& f) {
    try {
        f();
    } catch (const Error&) {
        return true;
    }
    return false;
}

// Every voxel is tested once, and a patch in a training box shares no voxel with one centred in the tested box.
void checkFolds(Index shape, Index patch, const std::vector<SpatialFold>& folds) {
    std::int64_t tested = 0;
    for (const SpatialFold& fold : folds) {
        tested += fold.validation.count();
        QVERIFY(!fold.validation.empty() && Box::of(shape).contains(fold.validation));
        QVERIFY(!fold.train.empty());
        int axis = 0;
        while (axis < 2 && fold.validation.extent()[axis] == shape[axis]) ++axis;
        Index half{0, 0, 0};
        half[axis] = (patch[axis] + 1) / 2;
        for (const Box& box : fold.train) {
            QVERIFY(!box.empty() && Box::of(shape).contains(box));
            QVERIFY(!box.overlaps(fold.validation.grown(half)));
            QVERIFY(box.extent()[axis] >= half[axis]);
        }
        for (const SpatialFold& other : folds) QVERIFY(&other == &fold || !other.validation.overlaps(fold.validation));
    }
    QCOMPARE(tested, shape.count());
}

}  // namespace

class TestFolds : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    // Validation cases that nnU-Net itself draws, whatever order the names come in.
    void fiveFolds() {
        const auto folds = crossValidation({"e", "c", "a", "d", "b"});
        const std::array<const char*, 5> tested{"a", "e", "d", "b", "c"};
        for (std::size_t f = 0; f < 5; ++f) QCOMPARE(folds[f].validation, Names{tested[f]});
        QCOMPARE(folds[0].train, (Names{"b", "c", "d", "e"}));
    }

    void tooFewCases() {
        QVERIFY(refused([] { crossValidation({"a", "b", "c", "d"}); }));
        QVERIFY(refused([] { crossValidation({}); }));
        QVERIFY(refused([] { planFolds({}, {1, 1, 1}, {1, 1, 1}); }));
        const FoldPlan plan = planFolds({"c", "a", "b"}, {10, 10, 10}, {4, 4, 4});
        QCOMPARE(plan.folds.size(), std::size_t(3));
        QCOMPARE(plan.folds[1].validation, Names{"b"});
        QCOMPARE(plan.folds[1].train, (Names{"a", "c"}));
        QVERIFY(plan.reason.str().find("3 images") != std::string::npos);
        QCOMPARE(planFolds({"a", "b", "c", "d", "e", "f"}, {1, 1, 1}, {1, 1, 1}).folds.size(), std::size_t(5));
    }

    void otherFolds() {
        const Names cases{"b", "a", "c", "d", "e"};
        const auto split = crossValidation(cases);
        QCOMPARE(foldOf(split, "all", cases).train, foldOf(split, "all", cases).validation);
        QVERIFY(foldOf(split, "2", cases) == split[2]);
        const Fold beyond = foldOf(split, "7", cases);
        QCOMPARE(beyond.train.size(), std::size_t(4));
        QVERIFY(beyond == randomFold(cases, 7));
        QCOMPARE(randomFold({"a"}, 5).validation, Names{"a"});
        for (const char* fold : {"", "-1", "1.5", "x", "99999999999", "1 "})
            QVERIFY2(refused([&] { foldOf(split, fold, cases); }), fold);
    }

    void spatial() {
        for (const auto& [shape, patch] : std::vector<std::pair<Index, Index>>{{{400, 4096, 4096}, {28, 256, 256}},
                                                                               {{20, 1024, 1024}, {8, 448, 448}},
                                                                               {{20, 1024, 1024}, {1, 1024, 1024}},
                                                                               {{1, 512, 640}, {1, 128, 128}},
                                                                               {{64, 64, 64}, {31, 32, 32}},
                                                                               {{7, 5, 3}, {1, 1, 1}},
                                                                               {{1, 1, 4}, {1, 1, 1}}})
            checkFolds(shape, patch, spatialFolds(shape, patch));
        QCOMPARE(spatialFolds({400, 512, 512}, {28, 256, 256}).size(), std::size_t(5));
        QVERIFY(spatialFolds({400, 512, 512}, {28, 256, 256})[0].validation == (Box{{0, 0, 0}, {80, 512, 512}}));
        QVERIFY(spatialFolds({400, 512, 512}, {28, 256, 256})[1].train ==
                (std::vector<Box>{{{0, 0, 0}, {66, 512, 512}}, {{174, 0, 0}, {400, 512, 512}}}));
        QCOMPARE(spatialFolds({64, 64, 64}, {32, 32, 32}).size(), std::size_t(4));  // of five, the middle ones fail
        QVERIFY(spatialFolds({63, 63, 63}, {32, 32, 32}).empty());
        QVERIFY(spatialFolds({1, 1, 1}, {1, 1, 1}).empty());
        QVERIFY(spatialFolds({16, 16, 16}, {64, 64, 64}).empty());

        const FoldPlan small = planFolds({"a"}, {16, 16, 16}, {64, 64, 64});
        QVERIFY(small.folds.empty() && !small.reason.empty());
        const FoldPlan large = planFolds({"a"}, {400, 512, 512}, {28, 256, 256});
        QCOMPARE(large.folds.size(), std::size_t(5));
        QCOMPARE(large.folds[0].train, large.folds[0].validation);
        QVERIFY(large.reason.str().find("5 blocks") != std::string::npos);
    }

    void splitsSurviveJson() {
        file::TempFolder folder;
        const auto path = folder.path() / "splits_final.json";
        for (const auto& folds :
             {crossValidation({"a", "b", "c", "d", "e"}), planFolds({"a"}, {400, 512, 512}, {28, 256, 256}).folds}) {
            saveSplits(path, folds);
            QVERIFY(loadSplits(path, {"a", "b", "c", "d", "e"}) == folds);
            QVERIFY(refused([&] { loadSplits(path, {"z"}); }));
        }
        for (const char* text :
             {"[]", "{}", "3", "[3]", R"([{"train": ["a"]}])", R"([{"train": "a", "val": ["a"]}])",
              R"([{"train": [1], "val": ["a"]}])", R"([{"train": ["a"], "val": ["a"], "val_boxes": {"z": []}}])",
              R"([{"train": ["a"], "val": ["a"], "val_boxes": {"a": [[[0, 1], [0, 1]]]}}])",
              R"([{"train": ["a"], "val": ["a"], "val_boxes": {"a": [[[0, 1], [0, 1], [4, 4]]]}}])",
              R"([{"train": ["a"], "val": ["a"], "val_boxes": {"a": [[[0, 1], [0, 1], [-4, 4]]]}}])"}) {
            file::write(path, text);
            QVERIFY2(refused([&] { loadSplits(path, {"a"}); }), text);
        }
    }
};

QTEST_APPLESS_MAIN(TestFolds)
#include "tst_folds.moc"

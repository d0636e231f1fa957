#include <QTest>
#include <cmath>

#include "base/error.h"
#include "measure/postprocessing.h"

using namespace fovea;
using namespace fovea::measure;

namespace {

Job nothing;

void fill(Volume<std::int32_t>& volume, const Box& box, std::int32_t label) {
    forEachTile(box, {1, 1, 1}, [&](const Box& voxel) { volume[voxel.begin] = label; });
}

Volume<std::int32_t> boxes(const std::vector<std::pair<Box, std::int32_t>>& list) {
    Volume<std::int32_t> volume({4, 12, 12});
    for (const auto& [box, label] : list) fill(volume, box, label);
    return volume;
}

LabelCase caseOf(Volume<std::int32_t> reference, Volume<std::int32_t> prediction) {
    return {[=] { return reference; }, [=] { return prediction; }};
}

constexpr Box body{{0, 1, 1}, {3, 5, 5}}, speck{{2, 8, 8}, {4, 10, 10}}, other{{0, 7, 0}, {2, 11, 4}};

}  // namespace

class TstPostprocessing : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void keepsTheLargestOverCorners() {
        auto labels = boxes({{body, 1}, {Box{{3, 5, 5}, {4, 6, 6}}, 2}, {speck, 1}});
        keepLargestComponent(labels, {1, 2}, nothing);
        QCOMPARE(labels.vector(), boxes({{body, 1}, {Box{{3, 5, 5}, {4, 6, 6}}, 2}}).vector());
    }

    void equallyLargeOnesStay() {
        auto labels =
            boxes({{Box{{0, 0, 0}, {1, 2, 2}}, 1}, {Box{{0, 6, 6}, {1, 8, 8}}, 1}, {Box{{3, 3, 3}, {4, 4, 4}}, 1}});
        keepLargestComponent(labels, {1}, nothing);
        QCOMPARE(std::count(labels.begin(), labels.end(), 1), std::ptrdiff_t(8));
    }

    void otherLabelsAreNotTouched() {
        auto labels = boxes({{body, 1}, {speck, 1}, {other, 70'000}});
        keepLargestComponent(labels, {1}, nothing);
        QCOMPARE(labels.vector(), boxes({{body, 1}, {other, 70'000}}).vector());
        keepLargestComponent(labels, {5}, nothing);  // nothing there
        QCOMPARE(labels.vector(), boxes({{body, 1}, {other, 70'000}}).vector());
    }

    void scoresCountWhatIsNotIgnored() {
        const auto reference = boxes({{body, 1}, {speck, 9}});
        const auto prediction = boxes({{Box{{0, 1, 1}, {3, 5, 4}}, 1}, {speck, 1}, {other, 2}});
        const auto scores = scoreLabels(reference, prediction, {{1}, {1, 2}, {7}}, 9);
        QCOMPARE(scores[0].tp, 36.0);
        QCOMPARE(scores[0].fn, 12.0);
        QCOMPARE(scores[0].fp, 0.0);
        QCOMPARE(scores[0].dice, 72.0 / 84);
        QCOMPARE(scores[1].fp, 32.0);
        QCOMPARE(scores[1].predictions, 68.0);
        QVERIFY(std::isnan(scores[2].dice) && std::isnan(scores[2].iou));
        QCOMPARE(scores[2].tn, 4.0 * 12 * 12 - 8);
    }

    void meansLeaveAbsentClassesOut() {
        const auto empty = boxes({});
        const auto one = scoreLabels(boxes({{body, 1}}), boxes({{body, 1}}), {{1}, {2}}, {});
        const auto none = scoreLabels(empty, empty, {{1}, {2}}, {});
        const LabelSummary summary = summarise({one, none}, 2);
        QCOMPARE(summary.mean[0].dice, 1.0);
        QCOMPARE(summary.mean[0].tp, 24.0);  // counts of all cases
        QVERIFY(std::isnan(summary.mean[1].dice) && std::isnan(summary.foreground.dice));
        QVERIFY(std::isnan(summarise({}, 1).mean[0].dice));
    }

    void acceptsWhatHelps() {
        const auto reference = boxes({{body, 1}});
        const auto chosen =
            choosePostprocessing({caseOf(reference, boxes({{body, 1}, {speck, 1}}))}, {{1}}, {}, nothing);
        QCOMPARE(chosen.steps, (std::vector<LabelClass>{{1}}));
        QCOMPARE(chosen.after.foreground.dice, 1.0);
        QVERIFY(chosen.before.foreground.dice < 1);
    }

    // Many objects of a class: keeping one of them is never an improvement.
    void rejectsWhatCostsAnObject() {
        const auto both = boxes({{body, 1}, {other, 1}});
        const auto chosen = choosePostprocessing({caseOf(both, both)}, {{1}}, {}, nothing);
        QVERIFY(chosen.steps.empty());
        QCOMPARE(chosen.after.foreground.dice, 1.0);
    }

    // Keeping one component of everything would gain on average, but the second class would lose a voxel.
    void aClassMayNotFall() {
        constexpr Box beside{{0, 1, 5}, {2, 5, 9}}, far{{3, 11, 11}, {4, 12, 12}};
        const auto reference = boxes({{body, 1}, {beside, 2}, {far, 2}});
        const auto prediction = boxes({{body, 1}, {beside, 2}, {far, 2}, {speck, 1}});
        const auto chosen = choosePostprocessing({caseOf(reference, prediction)}, {{1}, {2}}, {}, nothing);
        QCOMPARE(chosen.steps, (std::vector<LabelClass>{{1}}));
        QCOMPARE(chosen.after.foreground.dice, 1.0);
    }

    void nothingToLookAt() {
        const auto empty = boxes({});
        QVERIFY(choosePostprocessing({caseOf(empty, empty)}, {{1}, {2}}, {}, nothing).steps.empty());
        QVERIFY(choosePostprocessing({}, {{1}}, {}, nothing).steps.empty());
        QVERIFY(choosePostprocessing({caseOf(empty, empty)}, {}, {}, nothing).steps.empty());
    }

    void singleSliceConnectsOverCorners() {
        Volume<std::int32_t> labels({1, 4, 4}, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
        keepLargestComponent(labels, {1}, nothing);
        QCOMPARE(std::count(labels.begin(), labels.end(), 1), std::ptrdiff_t(2));
    }

    void filesKeepTheirSteps() {
        Postprocessing chosen;
        chosen.steps = {{1, 2, 3}, {2, 3}, {3}};
        chosen.before = chosen.after = summarise({}, 3);
        const std::vector<std::string> names{"(1, 2, 3)", "(2, 3)", "3"};
        const nlohmann::json file = postprocessingJson(chosen, names);
        QVERIFY(file["postprocessing_kwargs"][2]["labels_or_regions"] == 3);
        QVERIFY(std::isnan(file["postprocessed"]["mean"]["3"]["Dice"].get<double>()));
        QCOMPARE(postprocessingSteps(file), chosen.steps);
        const auto kindOf = [](const nlohmann::json& json) {
            try {
                postprocessingSteps(json);
            } catch (const Error& error) {
                return error.kind();
            }
            return ErrorKind::Internal;
        };
        QCOMPARE(kindOf({{"postprocessing_fns", {"mine"}}, {"postprocessing_kwargs", {1}}}), ErrorKind::Unsupported);
        QCOMPARE(kindOf({{"postprocessing_fns", {file["postprocessing_fns"][0]}}, {"postprocessing_kwargs", {1}}}),
                 ErrorKind::Format);
        QCOMPARE(kindOf(nlohmann::json::array()), ErrorKind::Format);
    }

    void otherShapesAreRefused() {
        bool refused = false;
        try {
            scoreLabels(Volume<std::int32_t>({1, 2, 3}), Volume<std::int32_t>({1, 3, 2}), {{1}}, {});
        } catch (const Error& error) {
            refused = error.kind() == ErrorKind::Input;
        }
        QVERIFY(refused);
    }
};

QTEST_APPLESS_MAIN(TstPostprocessing)
#include "tst_postprocessing.moc"

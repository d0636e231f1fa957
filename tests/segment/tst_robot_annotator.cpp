// The robot that measures prompt engines: where it clicks, when it stops, what it says of an engine that strays; and
// the damages it starts from.
#include <QTest>
#include <algorithm>
#include <functional>

#include "data/image_source.h"
#include "segment/robot_annotator.h"

namespace fovea::segment {

namespace {

constexpr Index shape{8, 40, 48};
const Box first{{2, 8, 8}, {6, 20, 20}}, second{{2, 8, 24}, {6, 20, 32}};

Volume<std::int32_t> twoBoxes() {
    Volume<std::int32_t> labels(shape);
    for (const auto& [box, id] : {std::pair(first, 7), std::pair(second, 9)})
        for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
            for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
                for (std::int64_t x = box.begin.x; x < box.end.x; ++x) labels(z, y, x) = id;
    return labels;
}

Volume<std::uint8_t> maskOf(const Volume<std::int32_t>& labels, std::int32_t id) {
    Volume<std::uint8_t> mask(labels.shape());
    std::transform(labels.begin(), labels.end(), mask.begin(), [&](std::int32_t v) { return v == id; });
    return mask;
}

std::int64_t count(const Volume<std::uint8_t>& mask) { return std::count(mask.begin(), mask.end(), 1); }

ImagePtr blank() {
    Volume<std::uint8_t> image(shape);
    image.geometry.known = true;
    image.geometry.spacing = {1, 1, 1};
    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(image)});
}

// Answers with what a function makes of the request; remembers the requests.
class Answering : public PromptEngine {
  public:
    using Answer = std::function<void(const PromptRequest&, Volume<std::uint8_t>&)>;
    explicit Answering(Answer answer) : answer_(std::move(answer)) {}
    std::string id() const override { return "test"; }
    Text title() const override { return FOVEA_TR("Test"); }
    PromptAnswer run(const PromptRequest& request, Job&) const override {
        asked.push_back(request.points);
        PromptAnswer answer{request.origin, request.startMask, 1, {}};
        if (answer.mask.empty()) answer.mask = Volume<std::uint8_t>(request.image.shape());
        answer_(request, answer.mask);
        return answer;
    }
    mutable std::vector<std::vector<PointPrompt>> asked;

  private:
    Answer answer_;
};

void paint(const PromptRequest& request, Volume<std::uint8_t>& mask, const Box& box, std::uint8_t value) {
    const Box inside = box.shifted(Index{} - request.origin).intersected(mask.box());
    for (std::int64_t z = inside.begin.z; z < inside.end.z; ++z)
        for (std::int64_t y = inside.begin.y; y < inside.end.y; ++y)
            for (std::int64_t x = inside.begin.x; x < inside.end.x; ++x) mask(z, y, x) = value;
}

}  // namespace

class TestRobotAnnotator : public QObject {
    Q_OBJECT

    Job job_;

  private Q_SLOTS:
    void stopsWhenTheObjectIsGood() {
        const Answering engine([](const PromptRequest& r, Volume<std::uint8_t>& mask) { paint(r, mask, first, 1); });
        const RobotRun run = annotate(engine, *blank(), maskOf(twoBoxes(), 7), {}, {}, job_);
        QVERIFY(run.reached);
        QCOMPARE(run.clicks(), 1);
        QCOMPARE(run.iou.back(), 1.0);
        QCOMPARE(run.strayed, 0.0);
        const PointPrompt click = engine.asked.front().front();
        QVERIFY(click.positive);
        // The middle of the object, two voxels from its faces along z.
        QVERIFY((Box{{3, 9, 9}, {5, 19, 19}}.contains(click.at)));
    }

    void clicksTakeAwayWhatIsTooMuch() {
        const Volume<std::int32_t> labels = twoBoxes();
        const Volume<std::uint8_t> start = damaged(labels, 7, Damage::Merged, {1, 1, 1}, job_);
        QCOMPARE(count(start), first.count() + second.count());
        const Answering engine([](const PromptRequest& r, Volume<std::uint8_t>& mask) { paint(r, mask, second, 0); });
        const RobotRun run = annotate(engine, *blank(), maskOf(labels, 7), start, {}, job_);
        QVERIFY(run.reached);
        QVERIFY(!engine.asked.front().front().positive);
        QVERIFY(second.contains(engine.asked.front().front().at));
    }

    void saysWhatAnEngineChangesElsewhere() {
        const Volume<std::int32_t> labels = twoBoxes();
        const Volume<std::uint8_t> start = damaged(labels, 7, Damage::Cut, {1, 1, 1}, job_);
        const Answering engine([](const PromptRequest& r, Volume<std::uint8_t>& mask) {
            paint(r, mask, first, 1);
            paint(r, mask, {{3, 30, 40}, {4, 31, 42}}, 1);
        });
        const RobotRun run = annotate(engine, *blank(), maskOf(labels, 7), start, {}, job_);
        QVERIFY(run.reached);
        QCOMPARE(run.strayed, 2.0 / double(first.count() / 2));
    }

    void anEngineThatDoesNothingFails() {
        const Answering idle([](const PromptRequest&, Volume<std::uint8_t>&) {});
        const RobotRun run = annotate(idle, *blank(), maskOf(twoBoxes(), 7), {}, {}, job_);
        QVERIFY(!run.reached);
        QCOMPARE(run.clicks(), 1);  // the second would be the first again
        // One voxel a click.
        const Answering slow([](const PromptRequest& r, Volume<std::uint8_t>& mask) {
            for (const PointPrompt& p : r.points) mask[p.at - r.origin] = 1;
        });
        const RobotRun long_ = annotate(slow, *blank(), maskOf(twoBoxes(), 7), {}, {.mostClicks = 5}, job_);
        QVERIFY(!long_.reached);
        QCOMPARE(long_.clicks(), 5);
    }

    void wrongInput() {
        const Answering idle([](const PromptRequest&, Volume<std::uint8_t>&) {});
        QVERIFY_EXCEPTION_THROWN(annotate(idle, *blank(), Volume<std::uint8_t>(shape), {}, {}, job_), Error);
        QVERIFY_EXCEPTION_THROWN(annotate(idle, *blank(), Volume<std::uint8_t>({1, 1, 1}), {}, {}, job_), Error);
    }

    void damages() {
        const Volume<std::int32_t> labels = twoBoxes();
        const Volume<std::uint8_t> whole = maskOf(labels, 7);
        const auto within = [](const Volume<std::uint8_t>& a, const Volume<std::uint8_t>& b) {
            return std::equal(a.begin(), a.end(), b.begin(), [](std::uint8_t x, std::uint8_t y) { return x <= y; });
        };
        const auto eroded = damaged(labels, 7, Damage::Eroded, {1, 1, 1}, job_);
        QVERIFY(within(eroded, whole) && 4 * count(eroded) > count(whole) && 4 * count(eroded) < 3 * count(whole));
        const auto dilated = damaged(labels, 7, Damage::Dilated, {1, 1, 1}, job_);
        QVERIFY(within(whole, dilated) && 2 * count(dilated) > 3 * count(whole) && count(dilated) < 3 * count(whole));
        const auto cut = damaged(labels, 7, Damage::Cut, {1, 1, 1}, job_);
        QVERIFY(within(cut, whole) && count(cut) == count(whole) / 2);
        QVERIFY(damaged(labels, 5, Damage::Cut, {1, 1, 1}, job_) == Volume<std::uint8_t>(shape));
    }
};

}  // namespace fovea::segment

QTEST_APPLESS_MAIN(fovea::segment::TestRobotAnnotator)
#include "tst_robot_annotator.moc"

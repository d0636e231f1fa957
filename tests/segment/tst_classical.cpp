#include <QTest>
#include <cmath>

#include "data/synthetic.h"
#include "measure/matching.h"
#include "measure/object_stats.h"
#include "segment/pseudo_labeler.h"
#include "segment/section_step.h"
#include "tests/segment/blobs.h"

using namespace fovea;
using namespace fovea::segment;

namespace {

const PseudoLabeler& classical() { return *pseudoLabelers().front(); }

PseudoLabels label(const Volume<float>& image, const nlohmann::json& options = nlohmann::json::object(),
                   const std::vector<Box>& held = {}) {
    Job job;
    const MemoryImage source({AnyVolume::from(image)});
    return classical().run({source, 0, image.box(), held, Options(classical().options(), options)}, job);
}

Volume<float> asFloat(const Volume<std::uint8_t>& image) {
    Volume<float> result(image.shape(), std::vector<float>(image.begin(), image.end()));
    result.geometry = image.geometry;
    return result;
}

// As a series of pictures is: nothing known about the size of its voxels.
Volume<float> unmeasured(Volume<float> image) {
    image.geometry = Geometry{};
    return image;
}

// Remembers how its bar ran; asks to stop once it got past `stopAt`.
class Watched : public Job {
  public:
    explicit Watched(double stopAt = 2) : stopAt_(stopAt) {}
    using Job::progress;
    void progress(double done, double total, const Text&) override {
        const double share = done / total;
        back_ |= share < last_ - 1e-9;
        last_ = share;
    }
    bool cancelled() const override { return last_ > stopAt_; }
    bool wentBack() const { return back_; }
    double last() const { return last_; }

  private:
    double stopAt_, last_ = 0;
    bool back_ = false;
};

double f1(const Volume<std::int32_t>& truth, const Volume<std::int32_t>& found) {
    return measure::matchObjects(measure::overlapTable(truth, found), 0.5).f1;
}

// Balls on a jittered grid; radius in µm.
Volume<std::int32_t> balls(Index shape, Index step, double radius, Vec3 spacing) {
    Volume<std::int32_t> labels(shape);
    Rng rng(2);
    std::int32_t id = 0;
    for (std::int64_t z = step.z / 2; z < shape.z; z += step.z)
        for (std::int64_t y = step.y / 2; y < shape.y; y += step.y)
            for (std::int64_t x = step.x / 2; x < shape.x; x += step.x)
                blobs::addBall(labels, {z, y + rng.below(5) - 2, x + rng.below(5) - 2}, radius, spacing, ++id);
    return labels;
}

}  // namespace

Q_DECLARE_METATYPE(fovea::Index)

class TstClassical : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void findsDiscs_data();
    void findsDiscs();
    void findsBalls();
    void linksThickSections();
    void partsTouching();
    void numbersAreDense();
    void heldDoesNotMatter();
    void deterministic();
    void nothingToFind();
    void brokenValues();
    void refusesBoxOutside();
    void cancels();
    void tellsCoarseSections_data();
    void tellsCoarseSections();
    void sectionStepOfLittle();
    void unknownSizeOfCoarseStack();
    void unknownSizeOfEvenStack();
    void barMovesWithinATile();
};

void TstClassical::findsDiscs_data() {
    QTest::addColumn<double>("inside");
    QTest::addColumn<double>("outside");
    QTest::addColumn<double>("radius");
    QTest::newRow("bright") << 200.0 << 40.0 << 8.0;
    QTest::newRow("dark") << 60.0 << 160.0 << 8.0;
    QTest::newRow("large") << 200.0 << 40.0 << 14.0;
    QTest::newRow("sixteen bit") << 42000.0 << 9000.0 << 8.0;
}

void TstClassical::findsDiscs() {
    QFETCH(double, inside);
    QFETCH(double, outside);
    QFETCH(double, radius);
    const auto truth = balls({1, 200, 200}, {1, 40, 40}, radius, {1, 1, 1});
    const auto result = label(blobs::imageOf(truth, inside, outside, std::abs(inside - outside) / 12, {1, 1, 1}));
    QCOMPARE(result.objects.size(), std::size_t(25));
    QCOMPARE(f1(truth, result.labels), 1.0);
    QCOMPARE(result.parameters["polarity"].get<std::string>(), std::string(inside > outside ? "bright" : "dark"));
    QVERIFY(std::abs(result.parameters["diameter"].get<double>() / (2 * radius) - 1) < 0.3);
    for (const Proposal& p : result.objects) QVERIFY(p.confidence > 0 && p.confidence <= 1);
}

void TstClassical::findsBalls() {
    const Vec3 spacing{0.3, 0.15, 0.15};
    const auto truth = balls({20, 80, 80}, {10, 40, 40}, 1.4, spacing);
    const auto result = label(blobs::imageOf(truth, 180, 30, 12, spacing));
    QCOMPARE(result.parameters["mode"].get<std::string>(), std::string("volume"));
    QVERIFY(f1(truth, result.labels) >= 0.85);
}

void TstClassical::linksThickSections() {
    const Vec3 spacing{0.05, 0.005, 0.005};
    const auto truth = balls({8, 200, 200}, {8, 66, 66}, 0.1, spacing);
    const auto result = label(blobs::imageOf(truth, 60, 160, 10, spacing));
    QCOMPARE(result.parameters["mode"].get<std::string>(), std::string("slices"));
    QVERIFY(f1(truth, result.labels) >= 0.85);
    const auto stats = measure::objectStats(result.labels);
    for (const auto& s : stats) QVERIFY(s.area.size() >= 3);
}

void TstClassical::partsTouching() {
    Volume<std::int32_t> truth({1, 120, 160});
    for (int k = 0; k < 4; ++k) {
        blobs::addBall(truth, {0, 20 + 25 * k, 50}, 11, {1, 1, 1}, 2 * k + 1);
        blobs::addBall(truth, {0, 20 + 25 * k, 110}, 11, {1, 1, 1}, 2 * k + 2);
    }
    Volume<float> image = blobs::imageOf(truth, 150, 20, 4, {1, 1, 1});
    // Brighter towards their middles, as nuclei out of focus at the rim are.
    for (const auto& s : measure::objectStats(truth))
        for (std::int64_t y = s.box.begin.y; y < s.box.end.y; ++y)
            for (std::int64_t x = s.box.begin.x; x < s.box.end.x; ++x)
                if (truth(0, y, x) == s.id)
                    image(0, y, x) += float(60 - 5 * std::hypot(double(y) - s.centroid.y, double(x) - s.centroid.x));
    QVERIFY(f1(truth, label(image).labels) >= 0.85);
}

void TstClassical::numbersAreDense() {
    const auto truth = balls({1, 120, 120}, {1, 40, 40}, 8, {1, 1, 1});
    const auto result = label(blobs::imageOf(truth, 200, 40, 10, {1, 1, 1}));
    const auto stats = measure::objectStats(result.labels);
    QCOMPARE(stats.size(), result.objects.size());
    for (std::size_t k = 0; k < stats.size(); ++k) {
        QCOMPARE(result.objects[k].id, std::int32_t(k) + 1);
        QCOMPARE(stats[k].id, std::int64_t(k) + 1);
        QVERIFY(result.objects[k].box == stats[k].box);
        QCOMPARE(result.objects[k].voxels, stats[k].voxels);
    }
}

// What lies in a held box changes nothing outside of it.
void TstClassical::heldDoesNotMatter() {
    const auto truth = balls({1, 160, 1500}, {1, 40, 40}, 8, {1, 1, 1});
    Volume<float> image = blobs::imageOf(truth, 200, 40, 10, {1, 1, 1});
    const Box held{{0, 0, 1100}, {1, 160, 1500}};
    const auto before = label(image, nlohmann::json::object(), {held});
    for (std::int64_t y = 0; y < 160; ++y)
        for (std::int64_t x = 1150; x < 1500; ++x) image(0, y, x) = float((x / 3 + y / 3) % 2 * 4000);
    const auto after = label(image, nlohmann::json::object(), {held});
    QVERIFY(before.parameters == after.parameters);
    const Box free{{0, 0, 0}, {1, 160, 1000}};  // ids run through the whole box, shapes are what must stay
    QCOMPARE(blobs::iou(crop(before.labels, free), crop(after.labels, free)), 1.0);
}

void TstClassical::deterministic() {
    const auto truth = balls({1, 160, 160}, {1, 40, 40}, 8, {1, 1, 1});
    const auto image = blobs::imageOf(truth, 200, 40, 25, {1, 1, 1});
    QVERIFY(label(image).labels == label(image).labels);
}

void TstClassical::nothingToFind() {
    QVERIFY(label(Volume<float>({1, 1, 1}, 5)).objects.empty());
    QVERIFY(label(Volume<float>({3, 40, 40}, 5)).objects.empty());
    QVERIFY(label(Volume<float>({1, 1, 64}, std::vector<float>(64, 1))).objects.empty());
}

void TstClassical::brokenValues() {
    QVERIFY(label(Volume<float>({2, 20, 20}, NAN)).objects.empty());
    const auto truth = balls({1, 160, 160}, {1, 40, 40}, 8, {1, 1, 1});
    Volume<float> image = blobs::imageOf(truth, 200, 40, 10, {1, 1, 1});
    for (std::int64_t i = 0; i < image.size(); i += 997) image.data()[i] = i % 2 ? NAN : INFINITY;
    QVERIFY(f1(truth, label(image).labels) >= 0.8);
}

void TstClassical::refusesBoxOutside() {
    Job job;
    const MemoryImage source({AnyVolume::from(Volume<float>({1, 8, 8}))});
    QVERIFY_EXCEPTION_THROWN(
        classical().run({source, 0, {{0, 0, 0}, {1, 8, 9}}, {}, Options(classical().options())}, job), Error);
}

void TstClassical::cancels() {
    CancelFlag job;
    job.cancel();
    const auto truth = balls({1, 80, 80}, {1, 40, 40}, 8, {1, 1, 1});
    const MemoryImage source({AnyVolume::from(blobs::imageOf(truth, 200, 40, 10, {1, 1, 1}))});
    QVERIFY_EXCEPTION_THROWN(classical().run({source, 0, truth.box(), {}, Options(classical().options())}, job),
                             Cancelled);
}

void TstClassical::tellsCoarseSections_data() {
    QTest::addColumn<QString>("kind");
    QTest::addColumn<Index>("shape");
    QTest::addColumn<bool>("coarse");
    QTest::newRow("em") << "em" << Index{6, 160, 200} << true;
    QTest::newRow("em, more sections") << "em" << Index{10, 192, 192} << true;
    QTest::newRow("em, two sections") << "em" << Index{2, 200, 160} << true;
    QTest::newRow("nuclei") << "nuclei" << Index{12, 160, 160} << false;
    QTest::newRow("nuclei, few sections") << "nuclei" << Index{5, 160, 200} << false;
}

void TstClassical::tellsCoarseSections() {
    QFETCH(QString, kind);
    QFETCH(Index, shape);
    QFETCH(bool, coarse);
    for (std::uint64_t seed : {1, 2}) {
        const auto image = asFloat(makeSample(kind.toStdString(), shape, seed).image);
        Job job;
        const double step = sectionStep(image, job);
        QVERIFY2((step > thickLooksFrom) == coarse, qPrintable(QString::number(step)));
        QVERIFY((sectionStepInTheMiddle(image, job) > thickLooksFrom) == coarse);
    }
}

void TstClassical::sectionStepOfLittle() {
    Job job;
    QCOMPARE(sectionStep(Volume<float>({1, 1, 1}, 4), job), 1.0);
    QCOMPARE(sectionStep(Volume<float>({1, 50, 50}, 4), job), 1.0);
    QCOMPARE(sectionStep(Volume<float>({5, 50, 50}, 4), job), 1.0);
    QCOMPARE(sectionStep(Volume<float>({5, 50, 50}, NAN), job), 1.0);
    QCOMPARE(sectionStep(Volume<float>({5, 1, 1}, std::vector<float>{1, 2, 3, 4, 5}), job), 1.0);
    Volume<float> noise({5, 60, 60});
    Rng rng(1);
    for (float& v : noise) v = float(rng.normal());
    QCOMPARE(sectionStep(noise, job), 1.0);
}

// Without its voxel size a stack of thick sections is labelled as it is with it.
void TstClassical::unknownSizeOfCoarseStack() {
    const auto sample = makeSample("em", {6, 160, 200}, 3);
    const auto known = label(asFloat(sample.image)), unknown = label(unmeasured(asFloat(sample.image)));
    QVERIFY(unknown.parameters["slices"].get<bool>());
    QVERIFY(unknown.parameters["why"].get<std::string>().find("unknown") != std::string::npos);
    QVERIFY(known.parameters["slices"].get<bool>());
    QVERIFY(!unknown.objects.empty());
    QVERIFY(known.labels == unknown.labels);
    // What decides lies outside of held boxes.
    Volume<float> image = unmeasured(asFloat(sample.image));
    const Box held{{0, 0, 120}, {6, 160, 200}};
    for (std::int64_t z = 0; z < 6; ++z)
        for (std::int64_t y = 0; y < 160; ++y)
            for (std::int64_t x = 120; x < 200; ++x) image(z, y, x) = float((x / 9 + y / 9) % 2 * 255);
    QVERIFY(label(image, nlohmann::json::object(), {held}).parameters["slices"].get<bool>());
}

void TstClassical::unknownSizeOfEvenStack() {
    const auto sample = makeSample("nuclei", {10, 120, 120}, 3);
    const auto result = label(unmeasured(asFloat(sample.image)));
    QVERIFY(!result.parameters["slices"].get<bool>());
    QVERIFY(!result.objects.empty());
}

void TstClassical::barMovesWithinATile() {
    const Vec3 spacing{0.3, 0.15, 0.15};
    const auto truth = balls({20, 80, 80}, {10, 40, 40}, 1.4, spacing);
    const MemoryImage source({AnyVolume::from(blobs::imageOf(truth, 180, 30, 12, spacing))});
    const Options options(classical().options());
    Watched watched;
    classical().run({source, 0, truth.box(), {}, options}, watched);
    QVERIFY(!watched.wentBack());
    QCOMPARE(watched.last(), 1.0);
    Watched stopped(0.3);
    QVERIFY_EXCEPTION_THROWN(classical().run({source, 0, truth.box(), {}, options}, stopped), Cancelled);
    QVERIFY(stopped.last() < 0.9);
}

QTEST_APPLESS_MAIN(TstClassical)
#include "tst_classical.moc"

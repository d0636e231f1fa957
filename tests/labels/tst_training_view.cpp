#include <QTest>

#include "base/file.h"
#include "label_samples.h"
#include "labels/training_view.h"

using namespace samples;

class TestTrainingView : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void init();
    void acceptedAndRim();
    void verdicts();
    void completePatch();
    void objectsCutByAPatchSayNothingBeyondIt();
    void confidentBackground();
    void slabsAgree();
    void frozenInTime();

  private:
    std::unique_ptr<file::TempFolder> folder_;
    std::unique_ptr<EditSession> session_;
};

namespace {

const Index shape{7, 60, 60};
constexpr ObjectId first = 70001, second = 70002;

}  // namespace

void TestTrainingView::init() {
    session_.reset();
    folder_ = std::make_unique<file::TempFolder>();
    Geometry geometry;
    geometry.spacing = {0.05, 0.01, 0.005};
    session_ = std::make_unique<EditSession>(folder_->path(), shape, geometry, nullptr, ObjectTable{});
    session_->paint("Brush", {2, 20, 20}, block({3, 6, 6}), first, "hand");
    session_->paint("Brush", {2, 20, 30}, block({3, 6, 6}), second, "hand");
}

void TestTrainingView::acceptedAndRim() {
    session_->setState({first}, State::Accepted);
    TrainingRules rules;
    rules.rimNm = 30;  // 3 voxels along y, 6 along x
    const auto arrays = TrainingView(*session_, rules).read(Box::of(shape));
    const Box object{{2, 20, 20}, {5, 26, 26}}, other{{2, 20, 30}, {5, 26, 36}};
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x) {
                const Index v{z, y, x};
                const double dy = std::max<double>({0, 20.0 - double(y), double(y) - 25}) * 0.01;
                const double dx = std::max<double>({0, 20.0 - double(x), double(x) - 25}) * 0.005;
                const bool section = z >= 2 && z < 5, rim = section && std::hypot(dy, dx) <= 0.030001;
                const bool beyond = (z == 1 || z == 5) && dy == 0 && dx == 0;
                int wanted = 0;
                if (object.contains(v))
                    wanted = 255;
                else if (other.contains(v))
                    wanted = 0;
                else if (rim || beyond)
                    wanted = 255;
                QCOMPARE(int(arrays.weight[v]), wanted);
                QCOMPARE(arrays.labels[v], object.contains(v) ? first : 0);
            }
    session_->setState({first}, State::AcceptedUnseen);
    const auto half = TrainingView(*session_, rules).read(Box::of(shape));
    for (std::int64_t i = 0; i < half.weight.size(); ++i)
        QCOMPARE(int(half.weight.data()[i]), arrays.weight.data()[i] ? 128 : 0);
    QVERIFY(half.labels == arrays.labels);
}

void TestTrainingView::verdicts() {
    session_->setState({first}, State::NothingHere);
    session_->setState({second}, State::WrongShape);
    const auto arrays = TrainingView(*session_).read(Box::of(shape));
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x) {
                QCOMPARE(int(arrays.weight(z, y, x)),
                         (Box{{2, 20, 20}, {5, 26, 26}}.contains(Index{z, y, x}) ? 255 : 0));
                QCOMPARE(arrays.labels(z, y, x), 0);
            }
    session_->setState({first, second}, State::Unsure);
    const auto none = TrainingView(*session_).read(Box::of(shape));
    QVERIFY(std::all_of(none.weight.begin(), none.weight.end(), [](auto w) { return w == 0; }));
}

void TestTrainingView::completePatch() {
    const Box patch{{2, 10, 10}, {4, 50, 50}};
    session_->setPatchComplete(patch, true);
    const auto arrays = TrainingView(*session_).read(Box::of(shape));
    std::int64_t certain = 0;
    for (const auto w : arrays.weight) certain += w == 255;
    QCOMPARE(certain, patch.count());
    QCOMPARE(arrays.labels(2, 20, 30), second);
    QCOMPARE(arrays.labels(4, 20, 30), 0);
    session_->setState({first}, State::Unsure);
    session_->setState({second}, State::WrongShape);
    const auto flagged = TrainingView(*session_).read(Box::of(shape));
    QCOMPARE(int(flagged.weight(2, 20, 20)), 0);
    QCOMPARE(int(flagged.weight(2, 20, 30)), 0);
    QCOMPARE(int(flagged.weight(2, 19, 30)), 255);
    const auto known = TrainingView(*session_).known();
    QVERIFY(known == std::vector<Box>{patch});
}

// A person labelled one section: where an object ends there is where the section ends, not where the object does.
void TestTrainingView::objectsCutByAPatchSayNothingBeyondIt() {
    const Box patch{{5, 10, 10}, {6, 40, 40}};
    Volume<std::int32_t> truth(patch.extent());
    for (std::int64_t y = 5; y < 12; ++y)
        for (std::int64_t x = 5; x < 12; ++x) truth(0, y, x) = 7;
    session_->adoptTruth(patch, truth);
    const auto arrays = TrainingView(*session_).read(Box::of(shape));
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x)
                QCOMPARE(int(arrays.weight(z, y, x)), (patch.contains(Index{z, y, x}) ? 255 : 0));
    QVERIFY(arrays.labels(5, 16, 16) != 0);
}

void TestTrainingView::confidentBackground() {
    Volume<std::uint8_t> probability(shape, 20);
    probability(0, 0, 0) = 26;
    Volume<std::uint16_t> pseudo(shape);
    pseudo(0, 0, 1) = 1;
    const MemoryImage p({AnyVolume::from(probability)}), q({AnyVolume::from(pseudo)});
    session_->setState({first}, State::Accepted);
    session_->setState({second}, State::WrongShape);
    TrainingRules rules;
    const TrainingView view(*session_, rules);
    const auto arrays = view.read(Box::of(shape), &p, &q);
    QCOMPARE(int(arrays.weight(0, 0, 0)), 0);
    QCOMPARE(int(arrays.weight(0, 0, 1)), 0);
    QCOMPARE(int(arrays.weight(0, 0, 2)), int(rules.backgroundWeight));
    QCOMPARE(int(arrays.weight(3, 22, 22)), 255);
    QCOMPARE(int(arrays.weight(3, 22, 32)), 0);  // wrong shape: not known
    QCOMPARE(int(view.read(Box::of(shape), &p).weight(0, 0, 1)), int(rules.backgroundWeight));
}

void TestTrainingView::slabsAgree() {
    session_->setState({first}, State::Accepted);
    session_->setState({second}, State::AcceptedUnseen);
    session_->setPatchComplete({{4, 0, 0}, {6, 9, 60}}, true);
    const TrainingView view(*session_);
    const auto whole = view.read(Box::of(shape));
    forEachTile(Box::of(shape), {2, 23, 17}, [&](const Box& box) {
        const auto part = view.read(box);
        QVERIFY(part.labels == crop(whole.labels, box));
        QVERIFY(part.weight == crop(whole.weight, box));
    });
}

void TestTrainingView::frozenInTime() {
    session_->setState({first}, State::Accepted);
    const TrainingView view(*session_);
    const auto before = view.read(Box::of(shape));
    QCOMPARE(view.journalPosition(), session_->journalPosition());
    session_->setState({first}, State::ToReview);
    session_->paint("Erase", {0, 0, 0}, block(shape), 0, "hand");
    QVERIFY(view.read(Box::of(shape)).weight == before.weight && view.read(Box::of(shape)).labels == before.labels);
}

QTEST_APPLESS_MAIN(TestTrainingView)
#include "tst_training_view.moc"

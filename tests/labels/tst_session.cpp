#include <QTest>
#include <optional>

#include "base/file.h"
#include "label_samples.h"
#include "labels/brush.h"

using namespace samples;

class TestSession : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void undoAllRedoAll_data();
    void undoAllRedoAll();
    void verdicts();
    void frozenStaysFrozen();
    void paintRows();
    void stepsAndListeners();
    void swapKeepsDecisions();
    void swapCarriesOnWhatAPatchCut();
    void swapKeepsWhatAPersonCut();
    void truth();
    void colours();
    void badInput();
    void memoryBudget();
    void timeIsNotUndone();
};

namespace {

// One random thing a person (or a program on behalf of one) may do.
void act(EditSession& s, Rng& rng, std::map<std::string, ImagePtr>& bases, int& made) {
    const Index shape = s.layer().shape();
    const auto place = [&] { return Index{rng.below(shape.z), rng.below(shape.y), rng.below(shape.x)}; };
    const auto anyId = [&]() -> ObjectId {
        if (s.objects().empty() || rng.below(4) == 0) return s.newId() + ObjectId(rng.below(3));
        auto row = s.objects().begin();
        std::advance(row, rng.below(std::int64_t(s.objects().size())));
        return row->first;
    };
    const auto thawedId = [&] {
        for (int i = 0; i < 20; ++i)
            if (const ObjectId id = anyId(); !s.objects().contains(id) || !isFrozen(s.objects().at(id).state))
                return id;
        return s.newId();
    };
    const Index p = place();
    switch (rng.below(12)) {
        case 0:
        case 1:
        case 2: {
            const Index q = place();
            const Stamp mark = stroke({rng.below(2) ? BrushShape::Sphere : BrushShape::Disc, rng.uniform(1, 9)},
                                      {double(p.z), double(p.y), double(p.x)}, {double(q.z), double(q.y), double(q.x)},
                                      {2, 1, 1}, shape);
            if (mark.empty()) return;
            s.paint("Brush", mark.origin, mark.mask, rng.below(3) ? thawedId() : 0, "hand", rng.below(3) == 0);
            return;
        }
        case 3: {
            s.beginStep("Strokes");
            const ObjectId id = thawedId();
            for (int i = 0; i < 3; ++i) {
                const Index q = place();
                const Stamp mark = dab({BrushShape::Sphere, rng.uniform(1, 7)}, {double(q.z), double(q.y), double(q.x)},
                                       {2, 1, 1}, shape);
                s.paint("Brush", mark.origin, mark.mask, i == 1 ? 0 : id, "hand");
            }
            s.endStep();
            return;
        }
        case 4: {
            Volume<std::uint8_t> mask({1 + rng.below(4), 1 + rng.below(12), 1 + rng.below(12)});
            for (auto& v : mask) v = std::uint8_t(rng.below(2));
            s.replaceObject("Prompts", p - Index{1, 3, 3}, mask, thawedId(), "geodesic", int(rng.below(4)));
            return;
        }
        case 5:
            s.setState({anyId(), anyId()}, State(rng.below(7)));
            return;
        case 6:
            s.setState({anyId()}, rng.below(2) ? State::Accepted : State::ToReview);
            return;
        case 7:
            s.setNote(anyId(), "note " + std::to_string(rng.below(99)));
            return;
        case 8:
            s.setClass({anyId(), anyId()}, rng.below(2) ? "vesicle" : "");
            return;
        case 9:
            s.remove(thawedId());
            return;
        case 10: {
            Box patch{p, p + Index{2, 9, 9}};
            if (rng.below(2)) {
                s.setPatchComplete(patch, rng.below(3) > 0);
            } else {
                patch = patch.intersected(Box::of(shape));
                Volume<std::int32_t> labels(patch.extent());
                for (auto& v : labels) v = std::int32_t(rng.below(3)) * 700;
                s.adoptTruth(patch, labels);
            }
            return;
        }
        default: {
            const std::string path = "prediction " + std::to_string(++made);
            const ImagePtr base = rng.below(5) ? image(bricks(shape, 1 + std::int32_t(rng.below(40))), path) : nullptr;
            bases[path] = base;
            s.swapBase(base, path, rowsOf(base));
        }
    }
}

}  // namespace

void TestSession::undoAllRedoAll_data() {
    QTest::addColumn<int>("z");
    QTest::addColumn<int>("y");
    QTest::addColumn<int>("x");
    QTest::addColumn<int>("compact");
    QTest::newRow("stack") << 9 << 25 << 31 << 7;
    QTest::newRow("slice") << 1 << 40 << 37 << 1000;
    QTest::newRow("line") << 1 << 1 << 70 << 5;
    QTest::newRow("column") << 33 << 1 << 3 << 11;
    QTest::newRow("pixel") << 1 << 1 << 1 << 3;
}

void TestSession::undoAllRedoAll() {
    QFETCH(int, z);
    QFETCH(int, y);
    QFETCH(int, x);
    QFETCH(int, compact);
    const Index shape{z, y, x};
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const file::TempFolder folder;
        std::map<std::string, ImagePtr> bases{{"first", image(bricks(shape, 70000), "first")}};
        SessionOptions options;
        options.compactEvery = compact;
        options.resolve = [&](const std::string& path) { return bases.at(path); };
        Rng rng(seed, std::uint64_t(z * 1000 + x));
        const auto open = [&] {
            return std::make_unique<EditSession>(folder.path() / "case", shape, Geometry{}, bases.at("first"),
                                                 rowsOf(bases.at("first")), options);
        };
        auto session = open();
        std::vector<Picture> pictures{Picture(*session)};
        int made = 0;
        while (pictures.size() < 60) {
            const std::size_t steps = session->history(10000).size();
            if (rng.below(6) == 0 && session->canUndo()) {
                // Wandering about in the history changes nothing but the place in it.
                session->undo();
                QVERIFY(Picture(*session) == pictures[pictures.size() - 2]);
                if (rng.below(2)) {
                    session->redo();
                    QVERIFY(Picture(*session) == pictures.back());
                } else {
                    pictures.pop_back();
                    if (rng.below(2)) session.reset(), session = open();
                }
                continue;
            }
            const bool undone = session->canRedo();
            act(*session, rng, bases, made);
            QVERIFY(rowsFit(*session));
            if (session->history(10000).size() != steps || (undone && !session->canRedo()))
                pictures.emplace_back(*session);
            else
                QVERIFY(Picture(*session) == pictures.back());
            if (rng.below(15) == 0) {
                session.reset();
                session = open();
                QVERIFY(session->problems().empty());
                QVERIFY(Picture(*session) == pictures.back());
            }
        }
        while (session->canRedo()) session->redo(), pictures.emplace_back(*session);
        const auto history = session->history(10000);
        QCOMPARE(history.size(), pictures.size() - 1);
        for (std::size_t i = pictures.size() - 1; i-- > 0;) {
            session->undo();
            QVERIFY(Picture(*session) == pictures[i]);
            if (i % 20 == 10) session.reset(), session = open();  // in the middle of going back
        }
        QVERIFY(!session->canUndo());
        session.reset();
        session = open();
        QVERIFY(Picture(*session) == pictures[0]);
        for (std::size_t i = 1; i < pictures.size(); ++i) {
            session->redo();
            QVERIFY(Picture(*session) == pictures[i]);
        }
        QVERIFY(!session->canRedo());
    }
}

void TestSession::verdicts() {
    const file::TempFolder folder;
    const Index shape{6, 20, 30};
    const ImagePtr base = image(bricks(shape));
    EditSession s(folder.path(), shape, {}, base, rowsOf(base));
    const ObjectId id = s.objects().begin()->first;
    const Object before = s.objects().at(id);
    s.setState({id}, State::WrongShape);
    QVERIFY(s.objects().at(id).voxels == 0 && s.objects().at(id).box == before.box);
    std::int64_t marked = 0;
    for (const auto v : all(s.marks())) marked += v == id;
    QCOMPARE(marked, before.voxels);
    s.setState({id}, State::NothingHere);
    s.setState({id}, State::ToReview);
    QVERIFY(s.objects().at(id) == before);
    QVERIFY(all(s.layer()) == bricks(shape));
    s.setState({id, 999999}, State::Accepted);
    QVERIFY(s.objects().at(id).state == State::Accepted);
    QVERIFY(!s.objects().contains(999999));
    const auto steps = s.history().size();
    s.setState({id}, State::Accepted);
    QCOMPARE(s.history().size(), steps);

    const ObjectId other = std::next(s.objects().begin())->first;
    const Box line = s.objects().at(other).box;
    s.paint("Erase", line.begin, block({1, 1, line.extent().x}), 0, "hand");
    QVERIFY(s.objects().at(other).edited);
    s.setState({other}, State::Accepted);
    QVERIFY(s.objects().at(other).state == State::Fixed);
    QCOMPARE(s.history(1)[0].title.str(), std::string("Object ") + std::to_string(other) + ": accepted");
}

void TestSession::frozenStaysFrozen() {
    const file::TempFolder folder;
    const Index shape{6, 20, 30};
    const Volume<std::int32_t> labels = bricks(shape);
    const ImagePtr base = image(labels);
    EditSession s(folder.path(), shape, {}, base, rowsOf(base));
    const ObjectId accepted = s.objects().begin()->first;
    s.setState({accepted}, State::Accepted);
    const Object row = s.objects().at(accepted);
    const auto untouched = [&] {
        const auto now = all(s.layer());
        for (std::int64_t i = 0; i < now.size(); ++i)
            if ((now.data()[i] == accepted) != (labels.data()[i] == accepted)) return false;
        return s.objects().at(accepted) == row;
    };
    s.paint("Brush", {0, 0, 0}, block(shape), s.newId(), "hand");
    QVERIFY(untouched());
    s.paint("Erase", {0, 0, 0}, block(shape), 0, "hand");
    QVERIFY(untouched());
    s.replaceObject("Prompts", {-2, -2, -2}, block({40, 40, 40}), s.newId(), "geodesic", 2);
    QVERIFY(untouched());
    s.adoptTruth(Box::of(shape), Volume<std::int32_t>(shape, 5));
    QVERIFY(untouched());
    s.swapBase(nullptr, "", {});
    QVERIFY(untouched());
    // The same number in a new prediction, elsewhere and larger.
    const ImagePtr next = image(Volume<std::int32_t>(shape, accepted), "next");
    s.swapBase(next, "next", rowsOf(next));
    QVERIFY(untouched());
    const auto steps = s.history(1000).size();
    QVERIFY_EXCEPTION_THROWN(s.paint("Brush", {0, 0, 0}, block(shape), accepted, "hand"), Error);
    QVERIFY_EXCEPTION_THROWN(s.replaceObject("Prompts", {0, 0, 0}, block(shape), accepted, "geodesic", 1), Error);
    QVERIFY_EXCEPTION_THROWN(s.remove(accepted), Error);
    QCOMPARE(s.history(1000).size(), steps);
    QVERIFY(untouched());
    s.setState({accepted}, State::ToReview);
    s.remove(accepted);
    QVERIFY(!s.objects().contains(accepted));
}

void TestSession::paintRows() {
    const file::TempFolder folder;
    EditSession s(folder.path(), {8, 50, 50}, {}, nullptr, {});
    const ObjectId id = s.newId();
    QCOMPARE(id, 1);
    QCOMPARE(s.paint("Brush", {2, 10, 10}, block({3, 8, 9}), id, "hand"), std::int64_t(3 * 8 * 9));
    QVERIFY(s.objects().at(id).box == (Box{{2, 10, 10}, {5, 18, 19}}));
    QCOMPARE(s.objects().at(id).source, std::string("hand"));
    QCOMPARE(s.paint("Brush", {2, 10, 10}, block({3, 8, 9}), id, "hand"), std::int64_t(0));  // nothing new: no step
    QCOMPARE(s.history().size(), std::size_t(1));
    s.paint("Erase", {4, 0, 0}, block({1, 50, 50}), 0, "hand");
    QVERIFY(s.objects().at(id).box == (Box{{2, 10, 10}, {4, 18, 19}}));
    QCOMPARE(s.paint("Other", {2, 10, 10}, block({2, 8, 9}), 70000, "hand", true), std::int64_t(0));
    QCOMPARE(s.paint("Other", {2, 10, 10}, block({2, 8, 4}), 70000, "hand"), std::int64_t(64));
    QVERIFY(s.objects().at(id).box == (Box{{2, 10, 14}, {4, 18, 19}}));
    QCOMPARE(s.newId(), 70001);
    s.replaceObject("Prompts", {2, 10, 10}, Volume<std::uint8_t>({2, 8, 4}), 70000, "geodesic", 3);
    QVERIFY(!s.objects().contains(70000));  // nothing left of it
    s.undo();
    QCOMPARE(s.objects().at(70000).voxels, std::int64_t(64));
    s.redo();
    QCOMPARE(s.newId(), 70001);  // never used again
    s.replaceObject("Prompts", {0, 0, 0}, block({1, 5, 5}), s.newId(), "geodesic", 3);
    QCOMPARE(s.objects().at(70001).clicks, 3);
    s.replaceObject("Prompts", {0, 1, 0}, block({1, 4, 6}), 70001, "geodesic", 2);
    QCOMPARE(s.objects().at(70001).clicks, 5);
    QCOMPARE(s.objects().at(70001).voxels, std::int64_t(5 + 24));
    s.remove(70001);
    s.undo();
    QCOMPARE(s.objects().at(70001).voxels, std::int64_t(29));
}

void TestSession::stepsAndListeners() {
    const file::TempFolder folder;
    EditSession s(folder.path(), {8, 50, 50}, {}, nullptr, {});
    std::vector<Change> seen;
    s.onChange([&](const Change& c) { seen.push_back(c); });
    s.beginStep("Stroke");
    QVERIFY_EXCEPTION_THROWN(s.beginStep("Stroke"), Error);
    for (int i = 0; i < 5; ++i) s.paint("Dab", {0, 0, i * 4}, block({1, 4, 6}), 3, "hand");
    QVERIFY(s.history().empty() && s.canUndo() && !s.canRedo());
    QVERIFY(seen.size() == 5 && seen[1].box == (Box{{0, 0, 6}, {1, 4, 10}}) &&
            seen[1].objects == std::vector<ObjectId>{3});
    s.endStep();
    QCOMPARE(s.history().size(), std::size_t(1));
    QCOMPARE(s.history()[0].title.str(), std::string("Stroke"));
    seen.clear();
    s.undo();
    QVERIFY(seen.size() == 1 && seen[0].box == (Box{{0, 0, 0}, {1, 4, 22}}) && s.objects().empty());
    QVERIFY(s.history()[0].undone);
    s.beginStep("Nothing");
    s.endStep();
    QVERIFY(s.canRedo());
    s.beginStep("Half a stroke");
    s.paint("Dab", {0, 0, 0}, block({1, 4, 6}), 3, "hand");
    s.undo();  // closes the stroke first
    QVERIFY(s.objects().empty() && s.history().size() == 1 && s.canRedo());
    seen.clear();
    s.swapBase(image(bricks({8, 50, 50}), "p"), "p", rowsOf(image(bricks({8, 50, 50}))));
    QVERIFY(seen.size() == 1 && seen[0].everything);
}

void TestSession::swapKeepsDecisions() {
    const file::TempFolder folder;
    const Index shape{6, 21, 33};
    const ImagePtr first = image(bricks(shape), "first"), second = image(bricks(shape, 500), "second");
    SessionOptions options;
    options.resolve = [&](const std::string& path) { return path == "first" ? first : second; };
    EditSession s(folder.path(), shape, {}, first, rowsOf(first), options);
    auto row = s.objects().begin();
    const ObjectId accepted = row->first, wrong = (++row)->first, open = (++row)->first;
    s.setState({accepted}, State::Accepted);
    s.setState({wrong}, State::WrongShape);
    s.setNote(open, "gone soon");
    const Box patch{{3, 7, 11}, {6, 21, 22}};
    s.paint("Erase", patch.begin, block({2, 2, 2}), 0, "hand");
    s.setPatchComplete(patch, true);
    const Picture before(s);
    s.swapBase(second, "second", rowsOf(second));
    const auto now = all(s.layer());
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x) {
                const Index v{z, y, x};
                const auto old = before.labels[v];
                if (old == accepted || patch.contains(v))
                    QCOMPARE(now[v], old);
                else
                    QCOMPARE(now[v], bricks(shape, 500)[v]);
            }
    QVERIFY(rowsFit(s));
    QVERIFY(s.objects().at(wrong) == before.rows.at(wrong) && s.objects().at(accepted) == before.rows.at(accepted));
    QVERIFY(!s.objects().contains(open));
    QCOMPARE(s.basePath(), std::string("second"));
    s.undo();
    QVERIFY(Picture(s) == before);
    s.redo();
    QVERIFY(all(s.layer()) == now);
    QVERIFY_EXCEPTION_THROWN(s.swapBase(image(bricks(shape), "x"), "first", {}), Error);  // another image, a used path
    QVERIFY_EXCEPTION_THROWN(s.swapBase(image(bricks({1, 2, 3}), "y"), "y", {}), Error);
}

void TestSession::swapCarriesOnWhatAPatchCut() {
    const file::TempFolder folder;
    const Index shape{6, 20, 20};
    Volume<std::int32_t> pillar(shape), elsewhere(shape), same(shape);
    for (std::int64_t z = 0; z < 6; ++z)
        for (std::int64_t y = 3; y < 8; ++y)
            for (std::int64_t x = 3; x < 8; ++x) {
                pillar(z, y, x) = elsewhere(z, y + 8, x + 8) = 1;
                if (z == 2) same(z, y, x) = 1;
            }
    std::map<std::string, ImagePtr> bases{
        {"pillar", image(pillar)}, {"elsewhere", image(elsewhere)}, {"same", image(same)}};
    SessionOptions options;
    options.resolve = [&](const std::string& path) { return bases.at(path); };
    EditSession s(folder.path(), shape, {}, nullptr, {}, options);
    const Box patch{{2, 0, 0}, {3, 20, 20}};
    s.paint("Brush", {2, 3, 3}, block({1, 5, 5}), 1, "hand");
    s.setState({1}, State::Accepted);
    s.setPatchComplete(patch, true);
    const Picture before(s);

    s.swapBase(bases.at("elsewhere"), "elsewhere", rowsOf(bases.at("elsewhere")));  // the same number by chance
    QVERIFY(Picture(s) == before);
    s.swapBase(bases.at("same"), "same", rowsOf(bases.at("same")));  // goes no farther
    QVERIFY(s.objects() == before.rows);
    s.swapBase(bases.at("pillar"), "pillar", rowsOf(bases.at("pillar")));
    QVERIFY(all(s.layer()) == pillar);
    QVERIFY(s.objects().at(1).state == State::ToReview);
    QVERIFY(rowsFit(s));
    s.undo();
    QVERIFY(Picture(s) == before);
}

// A person cuts the pillar at the faces of a patch: no base that has it whole brings the rest back, not even one that
// comes after others or after the session was opened again. What was taken away inside the patch alone cuts nothing.
void TestSession::swapKeepsWhatAPersonCut() {
    const Index shape{6, 20, 20};
    Volume<std::int32_t> pillar(shape), same(shape);
    for (std::int64_t z = 0; z < 6; ++z)
        for (std::int64_t y = 3; y < 8; ++y)
            for (std::int64_t x = 3; x < 8; ++x) {
                pillar(z, y, x) = 1;
                if (z == 2) same(z, y, x) = 1;
            }
    std::map<std::string, ImagePtr> bases{{"pillar", image(pillar)}, {"same", image(same)}};
    SessionOptions options;
    options.resolve = [&](const std::string& path) { return bases.at(path); };
    const auto put = [&](EditSession& s, const char* name) {
        s.swapBase(bases.at(name), name, rowsOf(bases.at(name)));
    };
    const Box patch{{2, 0, 0}, {3, 20, 20}};
    enum class Cut { Eraser, Prompt, Neighbour };
    for (const Cut cut : {Cut::Eraser, Cut::Prompt, Cut::Neighbour}) {
        const file::TempFolder folder;
        std::optional<Picture> before;
        {
            EditSession s(folder.path(), shape, {}, nullptr, {}, options);
            put(s, "pillar");
            if (cut == Cut::Prompt) {
                Volume<std::uint8_t> kept({6, 5, 5});
                std::fill_n(kept.data() + 2 * 25, 25, std::uint8_t(1));
                s.replaceObject("Prompt", {0, 3, 3}, kept, 1, "prompt", 1);
            } else {
                const ObjectId over = cut == Cut::Eraser ? 0 : 2;
                s.paint("Cut", {0, 3, 3}, block({2, 5, 5}), over, "hand");
                s.paint("Cut", {3, 3, 3}, block({3, 5, 5}), over, "hand");
                if (over) s.setState({over}, State::Accepted);
            }
            s.setState({1}, State::Accepted);
            s.setPatchComplete(patch, true);
            before.emplace(s);
            QVERIFY((before->rows.at(1).erased == Box{{0, 3, 3}, {6, 8, 8}}));
            put(s, "same");
            QVERIFY(Picture(s) == *before);
            s.flush();
        }
        EditSession s(folder.path(), shape, {}, nullptr, {}, options);
        put(s, "pillar");
        QVERIFY(Picture(s) == *before);
        QVERIFY(rowsFit(s));
    }
    const file::TempFolder folder;
    EditSession s(folder.path(), shape, {}, nullptr, {}, options);
    s.paint("Brush", {2, 3, 3}, block({1, 5, 9}), 1, "hand");
    s.paint("Erase", {2, 3, 8}, block({1, 5, 4}), 0, "hand");  // too far: in the patch
    s.setState({1}, State::Accepted);
    s.setPatchComplete(patch, true);
    put(s, "pillar");
    QVERIFY(all(s.layer()) == pillar);
}

void TestSession::truth() {
    const file::TempFolder folder;
    const Index shape{1, 64, 64};
    const ImagePtr base = image(bricks(shape), "base");
    EditSession s(folder.path(), shape, {}, base, rowsOf(base));
    const Box box{{0, 16, 16}, {1, 48, 48}};
    const Volume<std::int32_t> wanted = bricks(box.extent(), 1);
    s.adoptTruth(box, wanted);
    const auto now = s.layer().read(box);
    std::map<std::int32_t, std::int32_t> ids;
    for (std::int64_t i = 0; i < now.size(); ++i) {
        QCOMPARE(now.data()[i] == 0, wanted.data()[i] == 0);
        const auto known = ids.emplace(wanted.data()[i], now.data()[i]);
        QCOMPARE(known.first->second, now.data()[i]);
        if (now.data()[i])
            QVERIFY(s.objects().at(now.data()[i]).state == State::Accepted && !rowsOf(base).contains(now.data()[i]));
    }
    QVERIFY(rowsFit(s));
    QVERIFY(s.completePatches() == std::vector<Box>{box});
    QVERIFY_EXCEPTION_THROWN(s.adoptTruth(box, Volume<std::int32_t>({1, 2, 2})), Error);
    QVERIFY_EXCEPTION_THROWN(s.adoptTruth({{0, 60, 60}, {1, 66, 62}}, Volume<std::int32_t>({1, 6, 2})), Error);
    QVERIFY_EXCEPTION_THROWN(s.adoptTruth({{0, 0, 0}, {1, 1, 1}}, Volume<std::int32_t>({1, 1, 1}, -3)), Error);
    s.undo();
    QVERIFY(all(s.layer()) == bricks(shape) && s.objects() == rowsOf(base));
}

void TestSession::colours() {
    const file::TempFolder folder;
    EditSession s(folder.path(), {1, 10, 40}, {}, nullptr, {});
    s.paint("Brush", {0, 0, 0}, block({1, 10, 5}), 12, "hand");
    s.paint("Brush", {0, 0, 5}, block({1, 10, 5}), 24, "hand");   // same slot by number, touches 12
    s.paint("Brush", {0, 0, 20}, block({1, 10, 5}), 36, "hand");  // touches nobody
    QCOMPARE(s.objects().at(12).colour, 0);
    QCOMPARE(s.objects().at(24).colour, 1);
    QCOMPARE(s.objects().at(36).colour, 0);
    s.paint("Brush", {0, 0, 10}, block({1, 10, 10}), 12, "hand");
    QCOMPARE(s.objects().at(12).colour, 0);  // never changed later
}

void TestSession::badInput() {
    const file::TempFolder folder;
    EditSession s(folder.path(), {4, 5, 6}, {}, nullptr, {});
    QVERIFY_EXCEPTION_THROWN(s.paint("Brush", {0, 0, 0}, block({1, 1, 1}), -4, "hand"), Error);
    QVERIFY_EXCEPTION_THROWN(s.replaceObject("P", {0, 0, 0}, block({1, 1, 1}), 0, "hand", 0), Error);
    QCOMPARE(s.paint("Brush", {9, 9, 9}, block({1, 1, 1}), 4, "hand"), std::int64_t(0));
    QCOMPARE(s.paint("Brush", {-1, -1, -1}, block({2, 2, 2}), 4, "hand"), std::int64_t(1));
    s.setPatchComplete({{9, 9, 9}, {12, 12, 12}}, true);
    QVERIFY(s.completePatches().empty());
    s.setNote(77, "nobody");
    s.remove(77);
    s.addTime(77, 3);
    QCOMPARE(s.history().size(), std::size_t(1));
    s.flush();
    QVERIFY_EXCEPTION_THROWN(EditSession(folder.path(), {4, 5, 7}, {}, nullptr, {}), Error);
}

void TestSession::memoryBudget() {
    const file::TempFolder folder;
    SessionOptions options;
    options.memoryBudget = 2000;  // a few steps: the rest is read back from the journal
    const Index shape{4, 64, 64};
    EditSession s(folder.path(), shape, {}, nullptr, {}, options);
    Rng rng(5);
    std::vector<Volume<std::int32_t>> pictures{all(s.layer())};
    for (int i = 0; i < 1100; ++i) {
        s.paint("Dab", {rng.below(4), rng.below(60), rng.below(60)}, block({1, 3, 3}), i % 200 + 1, "hand");
        if (i % 50 == 0) s.flush();
        if (i >= 1050) pictures.push_back(all(s.layer()));
    }
    const auto last = all(s.layer());
    QVERIFY(s.history(5000).size() >= 1000);
    for (int i = 0; i < 50; ++i) {
        QVERIFY(all(s.layer()) == pictures[pictures.size() - 1 - std::size_t(i)]);
        s.undo();
    }
    int undone = 50;
    for (; s.canUndo(); ++undone) s.undo();
    QVERIFY(undone >= 1000);
    QVERIFY(all(s.layer()) == pictures[0] && s.objects().empty());
    while (s.canRedo()) s.redo();
    QVERIFY(all(s.layer()) == last);
}

void TestSession::timeIsNotUndone() {
    const file::TempFolder folder;
    {
        EditSession s(folder.path(), {1, 5, 5}, {}, nullptr, {});
        s.paint("Brush", {0, 0, 0}, block({1, 2, 2}), 4, "hand");
        s.setNote(4, "a");
        s.addTime(4, 2.5);
        s.undo();
        QCOMPARE(s.objects().at(4).seconds, 2.5);
        QCOMPARE(s.objects().at(4).note, std::string());
        s.addTime(4, 1);
    }
    EditSession s(folder.path(), {1, 5, 5}, {}, nullptr, {});
    QCOMPARE(s.objects().at(4).seconds, 3.5);
    QVERIFY(s.canRedo() && s.canUndo());
}

QTEST_APPLESS_MAIN(TestSession)
#include "tst_session.moc"

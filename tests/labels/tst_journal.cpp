#include <QTest>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "label_samples.h"
#include "labels/journal.h"
#include "labels/run_codec.h"
#include "zarr/ome_zarr.h"

using namespace samples;
namespace fs = std::filesystem;

class TestJournal : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void initTestCase() { log::setLevel(log::Level::Error); }
    void codec();
    void tornAtEveryByte();
    void damagedMiddle();
    void damagedCompact();
    void killedChild();
    void diskFull();
    void readOnly();
    void strangersFile();
    void missingBase();
    void baseOnDisk();
};

namespace {

const Index shape{3, 16, 24};

std::unique_ptr<EditSession> openSession(const fs::path& folder, SessionOptions options = {}) {
    return std::make_unique<EditSession>(folder, shape, Geometry{}, nullptr, ObjectTable{}, std::move(options));
}

void edit(EditSession& s, int i) {
    s.paint("Brush", {i % 3, i % 13, (i * 5) % 20}, block({1, 3, 4}), 1 + i % 4, "hand");
    if (i % 5 == 4) s.setState({1 + i % 4}, i % 2 ? State::Unsure : State::WrongShape);
}

std::string bytesOf(const fs::path& path) { return file::read(path); }

void put(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

}  // namespace

void TestJournal::codec() {
    QCOMPARE(crc32("123456789"), 0xCBF43926u);
    QCOMPARE(crc32(""), 0u);
    ByteWriter writer;
    const std::vector<VoxelRun> runs{
        {{0, 0, 0}, 24, 0, 2147483647}, {{2, 15, 23}, 1, 2147483647, 0}, {{1, 3, 5}, 7, 4, 4}};
    writer.number(0xffffffffffffffffull);
    writer.signedNumber(-9000000000000000000ll);
    writer.text("Ω");
    writer.runs(runs);
    const std::string bytes = writer.take();
    ByteReader reader(bytes);
    QCOMPARE(reader.number(), 0xffffffffffffffffull);
    QCOMPARE(reader.signedNumber(), -9000000000000000000ll);
    QCOMPARE(reader.text(), std::string_view("Ω"));
    QVERIFY(reader.runs(shape) == runs && reader.atEnd());
    for (std::size_t n = 0; n < bytes.size(); ++n)  // cut anywhere: an error, never more
        QVERIFY_EXCEPTION_THROWN(([&] {
                                     ByteReader cut(std::string_view(bytes).substr(0, n));
                                     cut.number(), cut.signedNumber(), cut.text(), cut.runs(shape);
                                 }()),
                                 Error);
    ByteWriter outside;
    outside.runs({{{0, 0, 20}, 5, 0, 1}});
    const std::string far = outside.take();
    QVERIFY_EXCEPTION_THROWN(ByteReader(far).runs(shape), Error);
}

void TestJournal::tornAtEveryByte() {
    const file::TempFolder temp;
    std::vector<Picture> pictures;
    std::vector<std::uint64_t> ends;
    const fs::path source = temp.path() / "whole";
    {
        auto s = openSession(source);
        for (int i = 0; i < 8; ++i) {
            s->flush();
            ends.push_back(fs::file_size(source / "journal"));
            pictures.emplace_back(*s);
            if (i == 5)
                s->undo();
            else
                s->paint("Brush", {i % 3, i, i}, block({1, 3, 4}), 1 + i % 3, "hand");
        }
        s->flush();
        ends.push_back(fs::file_size(source / "journal"));
        pictures.emplace_back(*s);
    }
    const std::string whole = bytesOf(source / "journal");
    QCOMPARE(whole.size(), std::size_t(ends.back()));
    for (std::size_t n = 0; n < whole.size(); ++n) {
        if (n > 60 && n + 260 < whole.size()) continue;  // header, first entry and tail byte by byte
        const fs::path folder = temp.path() / "cut";
        fs::remove_all(folder);
        fs::create_directories(folder);
        put(folder / "journal", whole.substr(0, n));
        SessionOptions look;
        look.lookOnly = true;
        auto s = openSession(folder, look);
        std::size_t last = 0;
        while (last + 1 < ends.size() && ends[last + 1] <= n) ++last;
        QVERIFY(Picture(*s) == pictures[last]);
        QVERIFY(s->problems().empty());
        if (n % 8 != 0) continue;
        s = openSession(folder);
        QVERIFY(Picture(*s) == pictures[last]);
        // And it goes on from there.
        s->paint("Brush", {2, 9, 9}, block({1, 2, 2}), 9, "hand");
        const Picture now(*s);
        s.reset();
        if (n % 16 == 0) fs::remove(folder / "compact");
        s = openSession(folder);
        QVERIFY(Picture(*s) == now);
        s->undo();
        QVERIFY(Picture(*s) == pictures[last]);
    }
}

void TestJournal::damagedMiddle() {
    const file::TempFolder temp;
    const fs::path source = temp.path() / "whole";
    std::vector<std::uint64_t> ends;
    {
        auto s = openSession(source);
        for (int i = 0; i < 6; ++i) {
            s->flush();
            ends.push_back(fs::file_size(source / "journal"));
            s->paint("Brush", {0, 0, i * 3}, block({1, 4, 5}), 1 + i, "hand");
        }
    }
    const std::string whole = bytesOf(source / "journal"), compact = bytesOf(source / "compact");
    for (std::uint64_t at = ends[2]; at < ends[3]; at += 17) {  // the third edit, id 3
        std::string bytes = whole;
        bytes[at] = char(bytes[at] ^ 0x55);
        for (const bool withCompact : {false, true}) {
            const fs::path folder = temp.path() / "damaged";
            fs::remove_all(folder);
            fs::create_directories(folder);
            put(folder / "journal", bytes);
            if (withCompact) put(folder / "compact", compact);
            auto s = openSession(folder);
            QCOMPARE(s->problems().size(), std::size_t(1));
            QVERIFY(rowsFit(*s));
            QCOMPARE(s->objects().contains(3), withCompact);
            QCOMPARE(s->objects().size(), std::size_t(withCompact ? 6 : 5));
            // Steps in front of the hole can be undone only where the hole is not in the way.
            QCOMPARE(s->history().size(), std::size_t(withCompact ? 3 : 5));
            while (s->canUndo()) {
                s->undo();
                QVERIFY(rowsFit(*s) || !withCompact);
            }
            while (s->canRedo()) s->redo();
            s->paint("Brush", {2, 9, 9}, block({1, 2, 2}), 70000, "hand");
            const Picture now(*s);
            s.reset();
            QVERIFY(Picture(*openSession(folder)) == now);
        }
    }
}

void TestJournal::damagedCompact() {
    const file::TempFolder temp;
    SessionOptions options;
    options.compactEvery = 4;
    std::optional<Picture> picture;
    {
        auto s = openSession(temp.path(), options);
        for (int i = 0; i < 14; ++i) edit(*s, i);
        picture.emplace(*s);
    }
    QVERIFY(fs::exists(temp.path() / "compact"));
    QVERIFY(tableFromJson(file::readJson(temp.path() / "objects.json")) == picture->rows);
    std::string bytes = bytesOf(temp.path() / "compact");
    for (std::size_t at = 0; at < bytes.size(); at += 41) {
        std::string broken = bytes;
        broken[at] = char(broken[at] ^ 0x10);
        put(temp.path() / "compact", broken);
        auto s = openSession(temp.path(), options);
        QVERIFY(Picture(*s) == *picture);
        while (s->canUndo()) s->undo();
        QVERIFY(s->objects().empty());
        while (s->canRedo()) s->redo();
    }
    for (const std::size_t n : {std::size_t(0), std::size_t(5), bytes.size() / 2}) {
        put(temp.path() / "compact", bytes.substr(0, n));
        QVERIFY(Picture(*openSession(temp.path(), options)) == *picture);
    }
}

void TestJournal::killedChild() {
    for (const int writes : {1, 2, 3, 7, 12, 25}) {
        const file::TempFolder temp;
        const fs::path folder = temp.path() / "case";
        const pid_t child = ::fork();
        if (child == 0) {
            // The child works on until it is gone: what was flushed must be there.
            SessionOptions options;
            options.compactEvery = 5;
            auto s = openSession(folder, options);
            for (int i = 0; i < writes; ++i) edit(*s, i);
            s->flush();
            s->paint("Brush", {0, 0, 0}, block({3, 16, 24}), 99, "hand");  // maybe lost
            ::kill(::getpid(), SIGKILL);
        }
        int status = 0;
        QCOMPARE(::waitpid(child, &status, 0), child);
        QVERIFY(WIFSIGNALED(status));
        const file::TempFolder other;
        auto wanted = openSession(other.path());
        for (int i = 0; i < writes; ++i) edit(*wanted, i);
        auto s = openSession(folder);
        if (s->objects().contains(99)) s->undo();
        QVERIFY(Picture(*s) == Picture(*wanted));
        while (s->canUndo()) s->undo(), wanted->undo();
        QVERIFY(Picture(*s) == Picture(*wanted) && !wanted->canUndo());
    }
}

void TestJournal::diskFull() {
    const file::TempFolder temp;
    std::signal(SIGXFSZ, SIG_IGN);
    auto s = openSession(temp.path());
    edit(*s, 0);
    s->flush();
    QVERIFY(s->saveProblem().empty());
    rlimit old{}, tight{};
    getrlimit(RLIMIT_FSIZE, &old);
    tight = old;
    tight.rlim_cur = fs::file_size(temp.path() / "journal") + 10;
    setrlimit(RLIMIT_FSIZE, &tight);
    for (int i = 1; i < 10; ++i) edit(*s, i);
    bool refused = false;
    try {
        s->flush();
    } catch (const Error&) {
        refused = true;
    }
    const std::string problem = s->saveProblem();
    s->undo();
    edit(*s, 10);
    setrlimit(RLIMIT_FSIZE, &old);
    QVERIFY(refused && !problem.empty());
    const Picture now(*s);
    s->flush();  // space again: everything that waited is written
    QVERIFY(s->saveProblem().empty());
    const auto steps = s->history().size();
    s.reset();
    s = openSession(temp.path());
    QVERIFY(Picture(*s) == now && s->problems().empty());
    QCOMPARE(s->history().size(), steps);
    std::signal(SIGXFSZ, SIG_DFL);
}

void TestJournal::readOnly() {
    const file::TempFolder temp;
    auto owner = openSession(temp.path());
    for (int i = 0; i < 6; ++i) edit(*owner, i);
    owner->flush();
    const std::string journal = bytesOf(temp.path() / "journal");
    SessionOptions look;
    look.lookOnly = true;
    {
        auto s = openSession(temp.path(), look);
        QVERIFY(s->readOnly() && !s->canUndo() && !s->canRedo() && s->history().size() == owner->history().size());
        QVERIFY(Picture(*s) == Picture(*owner));
        QVERIFY_EXCEPTION_THROWN(edit(*s, 1), Error);
        QVERIFY_EXCEPTION_THROWN(s->setState({1}, State::Accepted), Error);
        QVERIFY_EXCEPTION_THROWN(s->setNote(1, "x"), Error);
        QVERIFY_EXCEPTION_THROWN(s->setClass({1}, "x"), Error);
        QVERIFY_EXCEPTION_THROWN(s->addTime(1, 1), Error);
        QVERIFY_EXCEPTION_THROWN(s->remove(1), Error);
        QVERIFY_EXCEPTION_THROWN(s->setPatchComplete(Box::of(shape), true), Error);
        QVERIFY_EXCEPTION_THROWN(s->swapBase(nullptr, "", {}), Error);
        QVERIFY_EXCEPTION_THROWN(s->adoptTruth(Box::of(shape), Volume<std::int32_t>(shape)), Error);
        QVERIFY_EXCEPTION_THROWN(s->undo(), Error);
        QVERIFY_EXCEPTION_THROWN(s->beginStep("x"), Error);
        s->flush();
    }
    QVERIFY(bytesOf(temp.path() / "journal") == journal);
    // A folder where nobody can make files.
    const ImagePtr base = image(bricks(shape));
    EditSession s("/proc/self/fovea", shape, {}, base, rowsOf(base));
    QVERIFY(s.readOnly() && s.objects().size() == rowsOf(base).size());
    QVERIFY_EXCEPTION_THROWN(s.paint("Brush", {0, 0, 0}, block({1, 1, 1}), 9, "hand"), Error);
}

void TestJournal::strangersFile() {
    const file::TempFolder temp;
    const auto refuses = [&](const std::string& bytes) {
        put(temp.path() / "journal", bytes);
        try {
            openSession(temp.path());
        } catch (const Error& e) {
            return std::string(e.what()).find("journal") != std::string::npos &&
                   bytesOf(temp.path() / "journal") == bytes;
        }
        return false;
    };
    QVERIFY(refuses("not a journal at all, but long enough to look at"));
    QVERIFY(refuses("short"));
    put(temp.path() / "journal", "");
    {
        auto s = openSession(temp.path());
        edit(*s, 0);
    }
    std::string good = bytesOf(temp.path() / "journal");
    std::string newer = good;
    newer[8] = 2;
    QVERIFY(refuses(newer));
    std::string broken = good;
    broken[13] = 77;
    QVERIFY(refuses(broken));
    // Well framed nonsense is skipped and listed.
    put(temp.path() / "journal", good + frame("nonsense") + frame(std::string("\x02\x05", 2)) + frame(""));
    auto s = openSession(temp.path());
    QCOMPARE(s->problems().size(), std::size_t(3));
    QCOMPARE(s->objects().size(), std::size_t(1));
    s->undo();
    QVERIFY(s->objects().empty());
}

void TestJournal::missingBase() {
    const file::TempFolder temp;
    const ImagePtr first = image(bricks(shape), "first");
    SessionOptions options;
    options.resolve = [](const std::string& path) -> ImagePtr {
        throw Error(ErrorKind::Missing, {"{p} is gone", {{"p", path}}});
    };
    {
        EditSession s(temp.path(), shape, {}, first, rowsOf(first), options);
        s.setNote(1, "x");
        s.swapBase(image(Volume<std::int32_t>(shape, 8), "second"), "second", {});
    }
    {
        EditSession s(temp.path(), shape, {}, first, rowsOf(first), options);
        QCOMPARE(s.problems().size(), std::size_t(1));
        QVERIFY(s.problems()[0].find("second") != std::string::npos);
        s.undo();  // back to the one that is there
        QVERIFY(all(s.layer()) == bricks(shape));
        const Picture now(s);
        QVERIFY_EXCEPTION_THROWN(s.redo(), Error);
        QVERIFY(Picture(s) == now && s.canRedo());
    }
    EditSession s(temp.path(), shape, {}, first, rowsOf(first), options);
    QVERIFY(s.problems().empty() && all(s.layer()) == bricks(shape));
}

void TestJournal::baseOnDisk() {
    const file::TempFolder temp;
    const fs::path project = temp.path() / "project", base = project / "rounds/0/labels.zarr",
                   next = project / "rounds/1/labels.zarr";
    fs::create_directories(base.parent_path());
    fs::create_directories(next.parent_path());
    zarr::save(base, bricks(shape, 80000), true);
    zarr::save(next, bricks(shape, 90000), true);
    {
        EditSession s(project / "cases/a", shape, {}, zarr::open(base), rowsOf(zarr::open(base)));
        s.paint("Brush", {0, 0, 0}, block({1, 2, 2}), s.newId(), "hand");
        s.setState({s.newId() - 1}, State::Accepted);
        s.swapBase(zarr::open(next), next.string(), rowsOf(zarr::open(next)));
        QCOMPARE(s.basePath(), next.string());
    }
    // The whole project moves: the base is found beside the journal.
    fs::rename(project, temp.path() / "moved");
    EditSession s(temp.path() / "moved/cases/a", shape, {}, nullptr, {});
    QVERIFY(s.problems().empty());
    Volume<std::int32_t> wanted = bricks(shape, 90000);
    for (int y = 0; y < 2; ++y)
        for (int x = 0; x < 2; ++x) wanted(0, y, x) = s.newId() - 1 > 90000 ? all(s.layer())(0, 0, 0) : 0;
    QVERIFY(all(s.layer()) == wanted && rowsFit(s));
    s.undo();
    s.undo();
    s.undo();
    QVERIFY(all(s.layer()) == bricks(shape, 80000));
}

QTEST_APPLESS_MAIN(TestJournal)
#include "tst_journal.moc"

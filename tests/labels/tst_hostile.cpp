#include <QTest>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/log.h"
#include "label_samples.h"
#include "labels/journal.h"
#include "labels/journal_format.h"
#include "labels/label_edit.h"
#include "labels/run_codec.h"

using namespace samples;
namespace fs = std::filesystem;

// Journals that somebody made to harm: every checksum is right.
class TestHostile : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void initTestCase() { log::setLevel(log::Level::Error); }
    void numbers();
    void marks();
    void compactCopies();
};

namespace {

const Index shape{3, 16, 24};

std::unique_ptr<EditSession> openSession(const fs::path& folder, SessionOptions options = {}) {
    return std::make_unique<EditSession>(folder, shape, Geometry{}, nullptr, ObjectTable{}, std::move(options));
}

void paint(EditSession& s) { s.paint("Brush", {0, 0, 0}, block({1, 3, 4}), 1, "hand"); }

void put(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

// An edit as another program might write it.
std::string edited(const std::string& description, std::uint64_t number = 1, const std::vector<VoxelRun>& runs = {}) {
    ByteWriter writer;
    writer.number(std::uint64_t(EntryKind::Edit));
    writer.number(number);
    writer.signedNumber(0);
    writer.text("Edit");
    writer.number(0);
    writer.text(description);
    writer.runs(runs);
    writer.runs({});
    return frame(writer.take());
}

std::string row(const std::string& id, const std::string& box, const std::string& voxels) {
    return R"({"rows": [[)" + id + R"(, null, {"id": )" + id + R"(, "state": "wrong-shape", "box": )" + box +
           R"(, "voxels": )" + voxels + R"(, "colour": 1}]]})";
}

}  // namespace

// Numbers at the end of their range: sums and products of them must not leave it.
void TestHostile::numbers() {
    const file::TempFolder temp;
    std::unique_ptr<EditSession> s;
    const auto opened = [&](const std::string& entries) {
        s.reset();  // writes its compact copy
        fs::remove_all(temp.path() / "compact");
        put(temp.path() / "journal", journalHeader(shape) + entries);
        return openSession(temp.path());
    };
    const std::string box = "[[0,0,0],[1,2,3]]",
                      far = "[[-1099511627776,0,0],[1099511627776,1099511627776,1099511627776]]";
    s = opened(edited(row("7", box, "6")));
    QVERIFY(s->problems().empty() && s->objects().contains(7));
    QCOMPARE(s->newId(), 8);
    // Beyond the volume: the part inside counts.
    s = opened(edited(row("7", far, "6")));
    QVERIFY(s->objects().at(7).box == Box::of(shape));
    s = opened(edited(R"({"rows": [], "patches": [[], [)" + far + R"(, [[9,9,9],[10,10,10]]]]})"));
    QVERIFY(s->completePatches().size() == 1 && Box::of(shape).contains(s->completePatches()[0]));
    // The largest object number there is: nothing can come after it, and that is said.
    s = opened(edited(R"({"rows": []})", 1, {{{0, 0, 0}, 3, 0, 2147483647}}));
    QVERIFY(s->problems().empty() && s->layer().at({0, 0, 2}) == 2147483647);
    QVERIFY_EXCEPTION_THROWN(s->newId(), Error);
    paint(*s);
    s.reset();
    QVERIFY(fs::exists(temp.path() / "compact"));
    s = openSession(temp.path());
    QVERIFY_EXCEPTION_THROWN(s->newId(), Error);
    for (const std::string& bad :
         {edited(row("7", box, "9223372036854775807")), edited(row("-7", box, "6")), edited(row("0", box, "6")),
          edited(row("4294967303", box, "6")), edited(row("7", "[[0,0,0],[1,2,9223372036854775807]]", "6")),
          edited(R"({"rows": []})", 0xffffffffffffffffull), edited(R"({"rows": []})", 0x7fffffffffffffffull),
          edited(row("7", std::string(100'000, '[') + std::string(100'000, ']'), "6")), edited("{"), edited("[]")}) {
        s = opened(bad);
        QCOMPARE(s->problems().size(), std::size_t(1));
        QVERIFY(s->objects().empty());
        paint(*s);  // goes on
    }
}

// Marks of entries without end: each seems to begin another entry, and none is one.
void TestHostile::marks() {
    const file::TempFolder temp;
    std::string bytes = journalHeader(shape);
    while (bytes.size() < 2'000'000) {
        bytes.append("FJE1");
        putU32(bytes, 900'000);
        putU32(bytes, 0);
    }
    put(temp.path() / "journal", bytes);
    QVERIFY_EXCEPTION_THROWN(openSession(temp.path()), Error);
    QVERIFY(file::read(temp.path() / "journal") == bytes);
    // A length that wraps around 32 bits with its head, and one beyond the file.
    for (const std::uint32_t length : {0xffffffffu, 0xfffffff8u, 0x80000000u, 100u}) {
        bytes = journalHeader(shape) + "FJE1";
        putU32(bytes, length);
        putU32(bytes, 0);
        put(temp.path() / "journal", bytes + edited(R"({"rows": []})", 1, {{{0, 0, 0}, 3, 0, 5}}));
        QCOMPARE(openSession(temp.path())->layer().at({0, 0, 0}), 5);
    }
    // Nonsense by the thousand is counted, not listed.
    std::string nonsense = journalHeader(shape);
    for (int i = 0; i < 5000; ++i) nonsense += frame("nonsense");
    put(temp.path() / "journal", nonsense);
    QVERIFY(openSession(temp.path())->problems().size() <= 101);
}

// A compact copy with a good checksum and bad content leaves no trace.
void TestHostile::compactCopies() {
    const file::TempFolder temp;
    {
        auto s = openSession(temp.path());
        paint(*s);
    }
    const std::uint64_t end = fs::file_size(temp.path() / "journal");
    const Picture wanted(*openSession(temp.path()));
    const std::string rows = R"([{"id": 9, "state": "accepted", "box": [[0,0,0],[1,1,1]], "voxels": 1, "colour": 1}])";
    for (const std::string& state :
         {R"({"base": "", "nextId": 10, "objects": )" + rows + R"(, "patches": [[[0,0,0],[1,1,1]]]})",
          R"({"base": "", "nextId": 99999999999, "objects": )" + rows + R"(, "patches": []})",
          R"({"base": "", "nextId": -1, "objects": )" + rows + R"(, "patches": []})", std::string("[")}) {
        ByteWriter writer;
        writer.number(end);
        writer.text(state);
        writer.number(1'000'000);  // runs that are not there
        const std::string body = writer.take();
        std::string bytes("FOVEACMP", 8);
        putU32(bytes, crc32(body));
        put(temp.path() / "compact", bytes + body);
        SessionOptions look;
        look.lookOnly = true;
        auto s = openSession(temp.path(), look);
        QVERIFY(Picture(*s) == wanted);
        QCOMPARE(s->newId(), wanted.rows.rbegin()->first + 1);
    }
}

QTEST_APPLESS_MAIN(TestHostile)
#include "tst_hostile.moc"

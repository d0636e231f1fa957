#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QtTest>

#include "base/error.h"
#include "base/file.h"

using namespace fovea;
namespace fs = std::filesystem;

// As if the disk were full behind this many bytes of each file.
class FullDisk {
  public:
    explicit FullDisk(rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_{};
};

static std::vector<std::string> names(const fs::path& folder) {
    std::vector<std::string> result;
    for (const auto& entry : fs::directory_iterator(folder)) result.push_back(entry.path().filename().string());
    std::sort(result.begin(), result.end());
    return result;
}

template <class F>
static std::string failure(F&& f) {
    try {
        f();
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

class TestFile : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void writesAndReads() {
        const file::TempFolder folder;
        const fs::path path = folder.path() / "a.txt";
        file::write(path, "one");
        file::write(path, std::string("two\0x", 5));
        QCOMPARE(file::read(path), std::string("two\0x", 5));
        file::writeQuick(path, "");
        QCOMPARE(file::read(path), std::string());
        QCOMPARE(names(folder.path()), (std::vector<std::string>{"a.txt"}));
    }
    void readHasALimit() {
        const file::TempFolder folder;
        file::write(folder.path() / "a", std::string(100, 'x'));
        QCOMPARE(file::read(folder.path() / "a", 100).size(), std::size_t(100));
        QVERIFY(failure([&] { file::read(folder.path() / "a", 99); }).find("100 B") != std::string::npos);
        QVERIFY(failure([&] { file::read(folder.path() / "b"); }).find("No such file") != std::string::npos);
        QVERIFY(!failure([&] { file::read(folder.path()); }).empty());
    }
    void json() {
        const file::TempFolder folder;
        const fs::path path = folder.path() / "a.json";
        file::writeJson(path, {{"a", 1}});
        QCOMPARE(file::read(path), std::string("{\n  \"a\": 1\n}\n"));
        QCOMPARE(file::readJson(path)["a"].get<int>(), 1);
        file::write(path, "{\"a\": ");
        const std::string text = failure([&] { file::readJson(path); });
        QVERIFY(text.find(path.string()) != std::string::npos);
        QVERIFY(text.find("line 1") != std::string::npos);
        file::writeJson(path, {{"bad utf-8", "\xff"}});  // replaced, never thrown
        QVERIFY(file::readJson(path).is_object());
    }
    void jsonTooDeep() {
        const file::TempFolder temp;
        const fs::path path = temp.path() / "deep.json";
        const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
        file::write(path, nested(100));
        QVERIFY(file::readJson(path).is_array());
        for (const std::string& text :
             {nested(101), nested(1'000'000), "{\"a\": \"\\\"[\", \"b\": " + nested(100) + "}"}) {
            file::write(path, text);
            const std::string message = failure([&] { file::readJson(path); });
            QVERIFY2(message.find("deep") != std::string::npos && message.find(path.string()) != std::string::npos,
                     message.c_str());
        }
        file::write(path, "\"" + nested(1000) + "\"");  // in a text they are letters
        QVERIFY(file::readJson(path).is_string());
        file::write(path, std::string(1000, ']'));
        QVERIFY(!failure([&] { file::readJson(path); }).empty());
    }

    void fullDiskLeavesTheOldContent() {
        const file::TempFolder folder;
        const fs::path path = folder.path() / "a";
        file::write(path, "old");
        std::string text;
        {
            const FullDisk full(1000);
            text = failure([&] { file::write(path, std::string(5000, 'n')); });
        }
        QVERIFY2(text.find("disk is full") != std::string::npos, text.c_str());
        QVERIFY(text.find(path.string()) != std::string::npos);
        QCOMPARE(file::read(path), std::string("old"));
        QCOMPARE(names(folder.path()), (std::vector<std::string>{"a"}));
    }
    void fullDiskCutsTheJournalBack() {
        const file::TempFolder folder;
        const fs::path path = folder.path() / "journal";
        file::Appender journal(path);
        journal.append("first\n");
        {
            const FullDisk full(1000);
            QVERIFY(!failure([&] { journal.append(std::string(5000, 'n')); }).empty());
        }
        QCOMPARE(file::read(path), std::string("first\n"));
        QCOMPARE(journal.size(), std::uint64_t(6));
        journal.append("second\n");
        journal.sync();
        QCOMPARE(file::read(path), std::string("first\nsecond\n"));
        file::Appender again(path);
        QCOMPARE(again.size(), std::uint64_t(13));
    }
    void readOnlyFolder() {
        const file::TempFolder folder;
        fs::path closed = folder.path() / "closed";
        fs::create_directory(closed);
        QVERIFY(file::writable(closed));
        ::chmod(closed.c_str(), 0555);
        if (::geteuid() == 0) closed = "/proc";  // permissions don't stop root
        QVERIFY(!file::writable(closed));
        const std::string text = failure([&] { file::write(closed / "a", "x"); });
        QVERIFY(text.find((closed / "a").string()) != std::string::npos);
        QVERIFY(!failure([&] { file::Appender appender(closed / "a"); }).empty());
        QVERIFY(!failure([&] { file::makeFolder(closed / "b"); }).empty());
        QVERIFY(!file::writable(folder.path() / "missing"));
    }
    void commitsFolders() {
        const file::TempFolder folder;
        const fs::path staged = folder.path() / "work", target = folder.path() / "done";
        for (const char* content : {"one", "two"}) {  // the second replaces the first
            file::makeFolder(staged / "inner");
            file::writeQuick(staged / "inner" / "a", content);
            file::commitFolder(staged, target);
            QCOMPARE(file::read(target / "inner" / "a"), std::string(content));
            QCOMPARE(names(folder.path()), (std::vector<std::string>{"done"}));
        }
        QVERIFY(!failure([&] { file::commitFolder(staged, target); }).empty());
        QCOMPARE(file::read(target / "inner" / "a"), std::string("two"));
        file::makeFolder(staged);
        QVERIFY(!failure([&] { file::commitFolder(staged, folder.path() / "no" / "where"); }).empty());
        QVERIFY(fs::exists(staged));
    }
    void copiesAndRemoves() {
        const file::TempFolder folder;
        file::makeFolder(folder.path() / "a" / "b");
        file::write(folder.path() / "a" / "b" / "c", "x");
        file::copy(folder.path() / "a", folder.path() / "copy");
        file::copy(folder.path() / "a" / "b" / "c", folder.path() / "file");
        QCOMPARE(file::read(folder.path() / "copy" / "b" / "c"), std::string("x"));
        QCOMPARE(file::read(folder.path() / "file"), std::string("x"));
        QVERIFY(!failure([&] { file::copy(folder.path() / "missing", folder.path() / "y"); }).empty());
        file::remove(folder.path() / "a");
        file::remove(folder.path() / "a");
        QCOMPARE(names(folder.path()), (std::vector<std::string>{"copy", "file"}));
    }
    void temporaryFoldersVanish() {
        fs::path path;
        {
            const file::TempFolder folder;
            path = folder.path();
            file::write(path / "a", "x");
        }
        QVERIFY(!fs::exists(path));
        QVERIFY(file::freeBytes(path / "not" / "yet") > 0);
    }
};

QTEST_APPLESS_MAIN(TestFile)
#include "tst_file.moc"

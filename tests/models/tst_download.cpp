// Fetching models from a server on this computer: cuts, changes at the source, refusals, full disks.
#include <sys/resource.h>

#include <QtTest>
#include <csignal>

#include "base/error.h"
#include "base/file.h"
#include "models/add_model.h"
#include "models/download.h"
#include "models/hollow_weights.h"
#include "models/loopback_server.h"

using namespace fovea;
using namespace fovea::models;

namespace fs = std::filesystem;

namespace {

using Ranges = std::vector<std::string>;
constexpr std::uint64_t most = std::uint64_t(1) << 30;

std::string errorOf(const std::function<void()>& f) {
    try {
        f();
    } catch (const Error& error) {
        return std::string(fovea::name(error.kind())) + ": " + error.what();
    }
    return "no error";
}

bool has(const std::string& text, const std::string& part) {
    if (text.find(part) != std::string::npos) return true;
    qWarning("%s", text.c_str());
    return false;
}

std::string noise(std::size_t size) {
    std::string bytes(size, '\0');
    std::uint32_t state = 1;
    for (char& c : bytes) c = char((state = state * 1664525 + 1013904223) >> 24);
    return bytes;
}

// Cancels once this much came.
struct CancelAfter : Job {
    double bytes;
    bool reached = false;
    explicit CancelAfter(double bytes_) : bytes(bytes_) {}
    void progress(double done, double, const Text&) override { reached = reached || done >= bytes; }
    bool cancelled() const override { return reached; }
};

}  // namespace

class TestDownload : public QObject {
    Q_OBJECT

    test::LoopbackServer server_;
    const std::string body_ = noise(3'000'000);
    Job job_;

  private Q_SLOTS:
    void initTestCase() { qputenv("no_proxy", "127.0.0.1,localhost"); }
    void init() { server_.ranges(); }

    void wholeFile() {
        const file::TempFolder folder;
        server_.put("/some%20model.pt?x=1", {body_});
        const fs::path path = download(server_.url("/some%20model.pt?x=1"), folder.path(), "", most, job_);
        QCOMPARE(path.filename().string(), std::string("some model.pt"));
        QVERIFY(file::read(path) == body_);
        QCOMPARE(server_.ranges(), Ranges{""});
        download(server_.url("/some%20model.pt?x=1"), folder.path(), "", most, job_);
        QVERIFY(server_.ranges().empty());  // it is there
    }

    void goesOnAfterCuts() {
        const file::TempFolder folder;
        server_.put("/a.pt", {.body = body_, .cuts = {1'000'000, 500'000}});
        QVERIFY(file::read(download(server_.url("/a.pt"), folder.path(), "", most, job_)) == body_);
        QCOMPARE(server_.ranges(), (Ranges{"", "bytes=1000000-", "bytes=1500000-"}));
    }

    void whatCameIsKeptForTheNextTime() {
        const file::TempFolder folder;
        server_.put("/a.pt", {.body = body_, .cuts = {1'000'000, 0}});
        const auto fetch = [&] { return download(server_.url("/a.pt"), folder.path(), "", most, job_); };
        QVERIFY(has(errorOf(fetch), "remote: Fetching"));
        QVERIFY(!fs::exists(folder.path() / "a.pt"));
        QCOMPARE(fs::file_size(folder.path() / "a.pt.part"), std::uintmax_t(1'000'000));
        server_.ranges();
        QVERIFY(file::read(fetch()) == body_);
        QCOMPARE(server_.ranges(), Ranges{"bytes=1000000-"});
    }

    void cancelledOnesToo() {
        const file::TempFolder folder;
        server_.put("/a.pt", {.body = body_});
        CancelAfter cancel(100'000);
        QVERIFY_EXCEPTION_THROWN(download(server_.url("/a.pt"), folder.path(), "", most, cancel), Cancelled);
        QVERIFY(fs::file_size(folder.path() / "a.pt.part") >= 100'000);
        QVERIFY(file::read(download(server_.url("/a.pt"), folder.path(), "", most, job_)) == body_);
        QVERIFY(has(server_.ranges().back(), "bytes="));
    }

    void beginsAnewWhenTheSourceChanged() {
        const std::string other = noise(2'000'000) + "other";
        for (const auto& changed :
             {test::LoopbackServer::Resource{.body = other, .etag = "\"two\""},
              test::LoopbackServer::Resource{.body = other, .etag = "\"one\"", .ranges = false}}) {
            const file::TempFolder folder;
            server_.put("/a.pt", {.body = body_, .cuts = {1'000'000, 0}});
            const auto fetch = [&] { return download(server_.url("/a.pt"), folder.path(), "", most, job_); };
            errorOf(fetch);
            server_.put("/a.pt", changed);
            QVERIFY(file::read(fetch()) == other);
        }
        const file::TempFolder folder;  // without a mark of the version nothing can be told
        server_.put("/a.pt", {.body = body_, .etag = "", .cuts = {1'000'000}});
        server_.ranges();
        QVERIFY(file::read(download(server_.url("/a.pt"), folder.path(), "", most, job_)) == body_);
        QCOMPARE(server_.ranges(), (Ranges{"", ""}));
    }

    void aPartThatIsWholeAlready() {
        const file::TempFolder folder;
        server_.put("/a.pt", {.body = body_});
        file::write(folder.path() / "a.pt.part", body_);
        file::write(folder.path() / "a.pt.part.validator", "\"one\"");
        QVERIFY(file::read(download(server_.url("/a.pt"), folder.path(), "", most, job_)) == body_);
        fs::remove(folder.path() / "a.pt");
        file::write(folder.path() / "a.pt.part", body_ + "too much");
        file::write(folder.path() / "a.pt.part.validator", "\"one\"");
        QVERIFY(file::read(download(server_.url("/a.pt"), folder.path(), "", most, job_)) == body_);
    }

    void refusals() {
        const file::TempFolder folder;
        const auto fetch = [&](const std::string& url, std::uint64_t limit = most) {
            return errorOf([&] { download(url, folder.path(), "", limit, job_); });
        };
        QVERIFY(has(fetch(server_.url("/none.pt")), "HTTP 404"));
        server_.put("/secret.pt", {.status = 403});
        QVERIFY(has(fetch(server_.url("/secret.pt")), "HTTP 403"));
        server_.put("/moved.pt", {.status = 302, .location = server_.url("/a.pt")});
        QVERIFY(has(fetch(server_.url("/moved.pt")), "remote: "));  // not to http
        server_.put("/file.pt", {.status = 302, .location = "file:///etc/passwd"});
        QVERIFY(has(fetch(server_.url("/file.pt")), "remote: "));
        server_.put("/large.pt", {.body = body_});
        QVERIFY(has(fetch(server_.url("/large.pt"), 1'000'000), "larger than"));
        server_.put("/huge.pt", {.body = "x", .claimed = std::size_t(1) << 60});
        QVERIFY(has(fetch(server_.url("/huge.pt"), ~std::uint64_t(0)), "has "));
        QVERIFY(has(fetch("http://example.org/a.pt"), "only https"));
        QVERIFY(has(fetch("http://127.0.0.1.example.org/a.pt"), "only https"));
        QVERIFY(has(fetch("ftp://example.org/a.pt"), "input: "));
        QVERIFY(has(fetch("file:///etc/passwd"), "input: "));
        QVERIFY(has(fetch("no address"), "input: "));
        for (const auto& entry : fs::directory_iterator(folder.path()))
            QVERIFY2(entry.path().filename() == "lock", entry.path().c_str());
    }

    void offline() {
        std::string url;
        {
            const test::LoopbackServer gone;
            url = gone.url("/a.pt");
        }
        const file::TempFolder folder;
        const std::string error = errorOf([&] { download(url, folder.path(), "", most, job_); });
        QVERIFY(has(error, "remote: ") && has(error, "https_proxy") && has(error, "another computer"));
    }

    void theProxyIsAsked() {
        const file::TempFolder folder;
        qputenv("no_proxy", "");
        qputenv("http_proxy", server_.url("").c_str());
        server_.put("http://localhost:9/a.pt", {.body = body_});  // a proxy is asked for whole addresses
        QVERIFY(file::read(download("http://localhost:9/a.pt", folder.path(), "", most, job_)) == body_);
        qunsetenv("http_proxy");
        qputenv("no_proxy", "127.0.0.1,localhost");
    }

    void fullDisk() {
        const file::TempFolder folder;
        server_.put("/a.pt", {.body = body_});
        const auto fetch = [&] { return download(server_.url("/a.pt"), folder.path(), "", most, job_); };
        rlimit before{};
        ::getrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit small{1'000'000, before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
        const std::string error = errorOf(fetch);
        ::setrlimit(RLIMIT_FSIZE, &before);
        QVERIFY(has(error, "disk is full"));
        QVERIFY(file::read(fetch()) == body_);
        QVERIFY(has(server_.ranges().back(), "bytes="));  // what fitted was kept
    }

    void knownModelsAreComparedBeforeTheyAppear() {
        const file::TempFolder temp;
        test::writeHollow(temp.path() / "a", mobileSamParts(), 'a');
        test::writeHollow(temp.path() / "b", instanceDecoderParts(false), 'b');
        const Digest model = digestOf(temp.path() / "a", job_), decoder = digestOf(temp.path() / "b", job_);
        std::vector<KnownModel> known{
            {"pair",
             "Pair",
             "For tests.",
             Role::Prompts,
             &ownLicence(),
             "https://example.org",
             "nothing",
             {{"model", "pair.pt", server_.url("/pair.pt"), 20'000'000, false, {model.sha256, "", ""}, "sam/vit_t"},
              {"decoder",
               "pair_decoder.pt",
               server_.url("/decoder.pt"),
               20'000'000,
               false,
               {"", "", decoder.xxh128},
               "instance-decoder"}}}};
        ModelStore store(temp.path() / "store", known);
        const auto fetch = [&] { return fetchKnown(store, "pair", false, job_); };

        server_.put("/pair.pt", {.body = file::read(temp.path() / "b")});
        QVERIFY(has(errorOf(fetch), "hash of"));
        QVERIFY(store.find("pair").files.empty());
        server_.put("/pair.pt", {.body = file::read(temp.path() / "a"), .cuts = {1'000'000}});
        QVERIFY(has(errorOf(fetch), "HTTP 404"));  // the decoder's
        QCOMPARE(store.find("pair").files.size(), std::size_t(1));
        server_.put("/decoder.pt", {.body = file::read(temp.path() / "b")});
        server_.ranges();
        QCOMPARE(fetch().size(), std::size_t(1));
        QCOMPARE(server_.ranges().size(), std::size_t(1));  // the model is not fetched again
        QVERIFY(store.find("pair").usable());
        QCOMPARE(fetch().front().what.str(), std::string("This model is here already."));
        QVERIFY(fs::is_empty(store.folder() / ".downloads"));

        // Right bytes of another network than the table says.
        known[0].files[1].network = "sam/vit_t";
        store.remove("pair");
        QVERIFY(has(errorOf(fetch), "another model"));
    }

    void anyAddress() {
        const file::TempFolder temp;
        ModelStore store(temp.path() / "store");
        test::writeHollow(temp.path() / "mine", mobileSamParts(), 'm');
        server_.put("/mine.pt", {.body = file::read(temp.path() / "mine")});
        QCOMPARE(addUrl(store, server_.url("/mine.pt"), false, job_).front().id, std::string("mine"));
        QVERIFY(store.find("mine").usable());
        QCOMPARE(store.find("mine").files.front().origin, server_.url("/mine.pt"));
        server_.put("/page.pt", {.body = "<html>log in</html>"});
        QVERIFY(errorOf([&] { addUrl(store, server_.url("/page.pt"), false, job_); }) != "no error");
        QVERIFY(fs::is_empty(store.folder() / ".downloads"));  // no use in going on with that
        QVERIFY(has(errorOf([&] { fetchKnown(store, "cellsam", true, job_); }), "users.deepcell.org"));
        QVERIFY(has(errorOf([&] { fetchKnown(store, "mine", true, job_); }), "its maker"));
    }
};

QTEST_APPLESS_MAIN(TestDownload)
#include "tst_download.moc"

// fovea-cli models: the list, adding from files and addresses, licences, what is wrong told in a sentence.
#include <QTest>

#include "app/cli_process.h"
#include "models/hollow_weights.h"
#include "models/loopback_server.h"

using namespace fovea;
using namespace cliprocess;

namespace {

// A folder of models for every test, and weights that are the person's own.
struct Models {
    file::TempFolder temp;
    fs::path folder = temp.path() / "models", mine = temp.path() / "mine.safetensors";
    Models() {
        qputenv("FOVEA_MODELS", folder.c_str());
        test::writeHollow(mine, models::mobileSamParts(), 'm');
    }
    json row(const std::string& id) const {
        const Answer list = cli({"models", "--json"});
        for (const json& one : list.lines.at(0).at("models"))
            if (one.at("id") == id) return one;
        return {};
    }
};

}  // namespace

class TestModels : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void initTestCase() { qputenv("no_proxy", "127.0.0.1"); }

    void theListHasEnginesAndKnownModels() {
        const Models m;
        const Answer list = cli({"models", "--json"});
        QCOMPARE(list.code, 0);
        QCOMPARE(list.lines.size(), std::size_t(1));
        QCOMPARE(list.lines[0].size(), std::size_t(1));
        QVERIFY(m.row("geodesic").at("embedded").get<bool>());
        const json sam = m.row("sam_vit_b"), cellSam = m.row("cellsam");
        QCOMPARE(sam.at("state").get<std::string>(), std::string("missing"));
        QCOMPARE(sam.at("bytes").get<std::int64_t>(), std::int64_t(375042383));
        QVERIFY(sam.at("fetchable").get<bool>() && !sam.at("restricted").get<bool>() && !sam.at("ready").get<bool>());
        QVERIFY(!cellSam.at("fetchable").get<bool>() && cellSam.at("restricted").get<bool>());
        QVERIFY(contains(cli({"models"}).out, "bring the file"));
        QVERIFY(!fs::exists(m.folder));
    }

    void aFileComesAndGoes() {
        const Models m;
        const Answer added = cli({"models", "add", m.mine.string(), "--json"});
        QCOMPARE(added.code, 0);
        QCOMPARE(added.line("done").at("id").get<std::string>(), std::string("mine"));
        QVERIFY(contains(added.out, "MobileSAM recognised, 439 of 439 parts fit."));
        QVERIFY(m.row("mine").at("ready").get<bool>());
        const Answer kept = cli({"models", "info", "mine", "--json"});
        QCOMPARE(kept.code, 0);
        QCOMPARE(kept.lines[0].at("files")[0].at("sha256").get<std::string>(), sha256File(m.mine));
        const Answer file = cli({"--json", "models", "info", m.mine.string()});
        QCOMPARE(file.code, 0);
        QVERIFY(file.lines[0].at("usable").get<bool>());
        QCOMPARE(file.lines[0].at("network").get<std::string>(), std::string("sam/vit_t"));
        QVERIFY(contains(cli({"models", "info", "cellsam"}).out, "non-commercial"));
        QCOMPARE(cli({"models", "remove", "mine"}).code, 0);
        QVERIFY(m.row("mine").is_null());
    }

    void restrictedLicencesAreAskedForOnce() {
        const Models m;
        models::PartList parts;
        const auto add = [&](const char* prefix, const models::PartList& more) {
            for (const auto& [name, shape] : more) parts[prefix + name] = shape;
        };
        add(models::cellSamModel, models::samParts(models::vitSizes()[0], 64));
        add(models::cellSamBackbone, models::cellSamBackboneParts());
        add(models::cellSamDetector, models::cellSamDetectorParts());
        const fs::path file = m.temp.path() / "cellsam_general.pt";
        test::writeHollow(file, parts);
        const Answer refused = cli({"models", "add", file.string()});
        QCOMPARE(refused.code, 1);
        QVERIFY2(contains(refused.err, "--accept-licence") && contains(refused.err, "non-commercial"),
                 refused.err.c_str());
        QVERIFY(m.row("cellsam").at("accepted").is_null());
        QCOMPARE(cli({"models", "add", file.string(), "--accept-licence"}).code, 0);
        const json row = m.row("cellsam");
        QVERIFY(row.at("ready").get<bool>() && row.at("accepted").is_string());
    }

    void addresses() {
        const Models m;
        test::LoopbackServer server;
        server.put("/my%20net.pt", {.body = file::read(m.mine), .cuts = {1'000'000}});
        const Answer added = cli({"models", "add", server.url("/my%20net.pt"), "--json"});
        QCOMPARE(added.code, 0);
        QCOMPARE(added.line("done").at("id").get<std::string>(), std::string("my_net"));
        const auto fails = [](const std::string& what, const char* part) {
            const Answer a = cli({"models", "add", what});
            if (a.code == 1 && contains(a.err, part)) return true;
            qWarning("%d %s", a.code, a.err.c_str());
            return false;
        };
        QVERIFY(fails(server.url("/none.pt"), "404"));
        QVERIFY(fails("http://example.org/a.pt", "https"));
        QVERIFY(fails("cellsam", "users.deepcell.org"));
        QVERIFY(fails("sam_vit_bb", "Did you mean sam_vit_b"));
        QVERIFY(fails("./none.pt", "not there"));
    }

    void wrongFilesAreToldApart() {
        const Models m;
        const auto refused = [&](const fs::path& path, const char* part) {
            const Answer a = cli({"models", "add", path.string()});
            if (a.code == 1 && contains(a.err, part)) return true;
            qWarning("%d %s", a.code, a.err.c_str());
            return false;
        };
        const fs::path named = m.temp.path() / "mobile_sam.pt", cut = m.temp.path() / "cut.pt";
        fs::copy_file(m.mine, named);
        QVERIFY(refused(named, "hash differs"));
        fs::copy_file(m.mine, cut);
        fs::resize_file(cut, 5'000'000);
        QVERIFY(refused(cut, "cut.pt"));
        test::writeHollow(cut, {{"patch_embed.proj.weight", {1280, 3, 14, 14}}});
        QVERIFY(refused(cut, "This is a ViT-H encoder; Fovea has no use for it yet."));
        QCOMPARE(cli({"models", "add"}).code, 2);
        QCOMPARE(cli({"models", "remove", "sam_vit_b"}).code, 1);
        QCOMPARE(cli({"models", "remove", "../models"}).code, 1);
        QCOMPARE(cli({"models", "ad", "x"}).code, 2);
    }

    void fullDiskLeavesNothingBehind() {
        const Models m;
        const Answer a = cli({"models", "add", m.mine.string()}, {.largestFile = 1000});
        QCOMPARE(a.code, 1);
        QVERIFY2(contains(a.err, "disk is full"), a.err.c_str());
        QVERIFY(m.row("mine").is_null());
        QVERIFY(fs::is_empty(m.folder / ".staging"));
        QCOMPARE(cli({"models", "add", m.mine.string()}).code, 0);
    }
};

QTEST_GUILESS_MAIN(TestModels)
#include "tst_models.moc"

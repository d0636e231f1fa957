// What breaks, given to fovea-cli by a person: the answer names file, value and remedy, and nothing is lost.
#include <QTest>
#include <cmath>
#include <limits>

#include "app/cli_process.h"

using namespace fovea;
using namespace cliprocess;

namespace {

std::string bytesOf(std::uint64_t value, int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += char(value >> 8 * i);
    return bytes;
}

std::string bytesOf(const std::vector<float>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// An uncompressed TIFF with a page per string of pixels.
std::string tiff(int width, int height, const std::vector<std::string>& pages, int samples = 1, int bits = 8,
                 int format = 1) {
    std::string file = "II*" + bytesOf(0, 1) + bytesOf(8, 4);
    for (std::size_t i = 0; i < pages.size(); ++i) {
        const std::size_t entries = 10, table = file.size(), lists = table + 2 + 12 * entries + 4,
                          pixels = lists + 4 * std::size_t(samples);
        std::string each;  // a 16 bit number for each sample
        const auto entry = [&](int tag, int type, int count, std::uint64_t value) {
            file += bytesOf(std::uint64_t(tag), 2) + bytesOf(std::uint64_t(type), 2) +
                    bytesOf(std::uint64_t(count), 4) + bytesOf(value, 4);
        };
        const auto perSample = [&](int tag, int value) {
            entry(tag, 3, samples, samples < 3 ? std::uint64_t(value) : lists + each.size());
            for (int s = 0; s < samples; ++s) each += bytesOf(std::uint64_t(value), 2);
        };
        file += bytesOf(entries, 2);
        entry(256, 4, 1, std::uint64_t(width));
        entry(257, 4, 1, std::uint64_t(height));
        perSample(258, bits);
        entry(259, 3, 1, 1);
        entry(262, 3, 1, samples == 3 ? 2 : 1);
        entry(273, 4, 1, pixels);
        entry(277, 3, 1, std::uint64_t(samples));
        entry(278, 4, 1, std::uint64_t(height));
        entry(279, 4, 1, pages[i].size());
        perSample(339, format);
        file += bytesOf(i + 1 < pages.size() ? pixels + pages[i].size() : 0, 4);
        file += each + pages[i];
    }
    return file;
}

std::string nrrd(const std::string& type, const std::string& sizes, const std::string& bytes) {
    return "NRRD0004\ntype: " + type + "\ndimension: 3\nsizes: " + sizes + "\nencoding: raw\nendian: little\n\n" +
           bytes;
}

// The largest file below a folder whose name is made of digits and dots: a chunk.
fs::path someChunk(const fs::path& zarr) {
    fs::path largest;
    for (const auto& entry : fs::recursive_directory_iterator(zarr)) {
        const std::string name = entry.path().filename().string();
        if (entry.is_regular_file() && name.find_first_not_of("0123456789.") == std::string::npos &&
            (largest.empty() || entry.file_size() > fs::file_size(largest)))
            largest = entry.path();
    }
    return largest;
}

void setWritable(const fs::path& folder, bool yes) {
    const auto bits = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;
    const auto set = [&](const fs::path& path) {
        fs::permissions(path, bits, yes ? fs::perm_options::add : fs::perm_options::remove);
    };
    set(folder);
    for (const auto& entry : fs::recursive_directory_iterator(folder)) set(entry.path());
}

}  // namespace

// Fails the test unless the command failed and its answer, for people and for programs, holds every part.
#define VERIFY_REFUSED(answer, exitCode, ...)                                                      \
    do {                                                                                           \
        const Answer given = answer;                                                               \
        QVERIFY2(given.code == exitCode, (std::to_string(given.code) + " " + given.err).c_str());  \
        QVERIFY2(!given.lines.empty() && given.lines.back().contains("error"), given.out.c_str()); \
        const std::string text = given.lines.back()["error"].get<std::string>();                   \
        for (const std::string& wanted : std::vector<std::string>{__VA_ARGS__}) {                  \
            QVERIFY2(contains(text, wanted), ("not \"" + wanted + "\" in: " + text).c_str());      \
            QVERIFY2(contains(given.err, wanted), given.err.c_str());                              \
        }                                                                                          \
    } while (false)

class TestBadInput : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void unusableImages_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QStringList>("said");
        const auto row = [](const char* title, const char* name, const std::string& bytes, const QStringList& said) {
            QTest::newRow(title) << QString(name) << QByteArray(bytes.data(), int(bytes.size())) << said;
        };
        std::vector<float> values(2 * 8 * 8, 1.5f);
        values[70] = std::numeric_limits<float>::quiet_NaN();
        const std::string grey(64, 'g'), whole = tiff(8, 8, {grey, grey});
        row("truncated TIFF", "a.tif", whole.substr(0, whole.size() - 40), {"a.tif"});
        row("truncated NRRD", "a.nrrd", nrrd("uint8", "8 8 2", grey), {"a.nrrd", "64"});
        row("TIFF of complex numbers", "a.tif", tiff(8, 8, {std::string(512, 'x')}, 1, 64, 6), {"a.tif", "format 6"});
        row("NRRD of no known type", "a.nrrd", nrrd("block", "8 8 2", grey), {"a.nrrd", "block"});
        row("NRRD without voxels", "a.nrrd", nrrd("uint8", "8 0 2", ""), {"a.nrrd", "0"});
        row("empty file", "a.tif", "", {"a.tif", "empty"});
        row("TIFF with NaN", "a.tif",
            tiff(8, 8, {bytesOf({values.begin(), values.begin() + 64}), bytesOf({values.begin() + 64, values.end()})},
                 1, 32, 3),
            {"a.tif", "not numbers", "Replace"});
        row("NRRD with NaN", "a.nrrd", nrrd("float", "8 8 2", bytesOf(values)), {"a.nrrd", "not numbers", "Replace"});
        row("no image", "a.txt", "hello", {"a.txt", "format is not known"});
    }
    void unusableImages() {
        QFETCH(QString, name);
        QFETCH(QByteArray, bytes);
        QFETCH(QStringList, said);
        Fixture f;
        const std::string bad = f.path(name.toStdString());
        file::write(bad, bytes.toStdString());
        std::vector<std::string> parts;
        for (const QString& part : said) parts.push_back(part.toStdString());
        const auto verify = [&](const Answer& answer) {
            VERIFY_REFUSED(answer, 1, bad);
            for (const std::string& part : parts) QVERIFY2(contains(answer.err, part), answer.err.c_str());
        };
        verify(cli({"import", "--project", f.project, bad, "--json"}));
        QVERIFY(!fs::exists(f.project));  // no project is left that holds nothing
        QCOMPARE(f.import().code, 0);
        const auto before = filesIn(f.project);
        verify(cli({"import", "--project", f.project, f.truth, bad, "--json"}));  // one bad image, no new image
        QVERIFY(filesIn(f.project) == before);
        QVERIFY(fs::is_empty(fs::path(f.project) / "work"));
    }

    void truncatedChunk() {
        Fixture f;
        const fs::path chunk = someChunk(f.image);
        const std::string whole = file::read(chunk);
        file::write(chunk, whole.substr(0, whole.size() / 2));
        VERIFY_REFUSED(f.import(), 1, chunk.string());
        QVERIFY(!fs::exists(f.project));
        file::write(chunk, whole);
        QCOMPARE(f.import().code, 0);
        file::write(chunk, whole.substr(0, whole.size() / 2));
        const auto before = filesIn(f.project);
        VERIFY_REFUSED(f.stage("pseudo-label"), 1, f.image);  // damaged or another image: either way it is named
        QVERIFY(filesIn(f.project) == before);
        file::write(chunk, whole);
        QCOMPARE(f.stage("pseudo-label").code, 0);
    }

    void truncatedChunkOfTheProjectsOwn() {
        Fixture f;
        QCOMPARE(f.import().code, 0);
        QCOMPARE(f.stage("pseudo-label").code, 0);
        const fs::path chunk = someChunk(fs::path(f.project) / "rounds/0/pseudo-label/image/labels.zarr");
        const std::string whole = file::read(chunk);
        file::write(chunk, whole.substr(0, whole.size() / 2));
        VERIFY_REFUSED(f.stage("export"), 1, chunk.string());
        file::write(chunk, whole);
        QCOMPARE(f.stage("export").code, 0);
    }

    void zarrOfNoKnownType() {
        Fixture f;
        const fs::path meta = fs::path(f.image) / "0/.zarray";
        json array = file::readJson(meta);
        array["dtype"] = "<c16";
        file::writeJson(meta, array);
        VERIFY_REFUSED(f.import(), 1, f.image, "c16");
        array["dtype"] = "|u1";
        array["shape"] = {0, 64, 96};
        file::writeJson(meta, array);
        VERIFY_REFUSED(f.import(), 1, f.image, "0");
        QVERIFY(!fs::exists(f.project));
        QCOMPARE(cli({"sample", "--shape", "0,64,96", "--out", f.path("none")}).code, 2);
        const Answer large = cli({"sample", "--shape", "4000,4000,4000", "--out", f.path("none"), "--json"});
        VERIFY_REFUSED(large, 1, "4000 × 4000 × 4000", "2147483648");
        QVERIFY(!fs::exists(f.path("none")));
    }

    void colouredLabels() {
        Fixture f;
        const std::string rgb = f.path("rgb.tif"), real = f.path("real.nrrd"), flat = f.path("flat.tif");
        file::write(rgb, tiff(96, 64, std::vector<std::string>(6, std::string(64 * 96 * 3, 'c')), 3));
        file::write(real, nrrd("float", "96 64 6", bytesOf(std::vector<float>(6 * 64 * 96, 0.5f))));
        file::write(flat, tiff(96, 64, {std::string(64 * 96, '\1')}));
        QCOMPARE(f.import().code, 0);
        QCOMPARE(f.stage("pseudo-label").code, 0);
        QCOMPARE(f.stage("query", {"--set", "strategy=random", "--set", "patches=1", "--set", "patch=1,32,28"}).code,
                 0);
        const auto before = filesIn(f.project);
        VERIFY_REFUSED(f.stage("annotate", {"--from", rgb}), 1, rgb, "3 channels", "converted");
        VERIFY_REFUSED(f.stage("annotate", {"--from", real}), 1, real, "float32", "whole numbers");
        VERIFY_REFUSED(f.stage("annotate", {"--from", flat}), 1, flat, "1 × 64 × 96", "6 × 64 × 96");
        QVERIFY(filesIn(f.project) == before);
        QCOMPARE(f.stage("annotate", {"--from", f.truth}).line("done")["state"].get<std::string>(),
                 std::string("done"));
    }

    void truthThatIsNone() {
        Fixture f;
        const std::string rgb = f.path("rgb.tif"), flat = f.path("flat.tif");
        file::write(rgb, tiff(96, 64, std::vector<std::string>(6, std::string(64 * 96 * 3, 'c')), 3));
        file::write(flat, tiff(96, 64, {std::string(64 * 96, '\1')}));
        QCOMPARE(f.import().code, 0);
        for (const std::string& bad : {rgb, flat, f.path("none.tif")})
            VERIFY_REFUSED(f.stage("pseudo-label", {"--set", "from=" + bad}), 1, bad);
        QCOMPARE(f.stage("pseudo-label", {"--set", "from=" + f.truth}).code, 0);
    }

    void anotherNetwork() {
        Fixture f;
        const auto trained = [&](const std::string& project, const std::string& features) {
            for (const std::vector<std::string>& words :
                 {std::vector<std::string>{"import", "--project", project, f.image},
                  {"pseudo-label", "--project", project},
                  {"plan", "--project", project, "--set", "iterations=2", "--set", "pretrain_iterations=1", "--set",
                   "base_features=" + features},
                  {"pretrain", "--project", project, "--threads", "1"}})
                QCOMPARE(cli(words).code, 0);
        };
        trained(f.project, "4");
        trained(f.path("other"), "8");
        const fs::path name = "rounds/0/pretrain/model.safetensors", model = f.project / name;
        const std::string own = file::read(model);
        file::copy(f.path("other") / name, model);
        const auto before = filesIn(f.project);
        VERIFY_REFUSED(f.stage("predict"), 1, model.string(), "another network", "Put the model back");
        QVERIFY(filesIn(f.project) == before);
        QCOMPARE(f.stage("query", {"--set", "strategy=random", "--set", "patches=1", "--set", "patch=1,32,28"}).code,
                 0);
        QCOMPARE(f.stage("annotate", {"--from", f.truth}).code, 0);
        VERIFY_REFUSED(f.stage("fine-tune"), 1, model.string(), "another network");
        file::write(model, own.substr(0, own.size() / 2));
        VERIFY_REFUSED(f.stage("fine-tune"), 1, model.string());
        file::write(model, own);
        QCOMPARE(f.stage("fine-tune").code, 0);
    }

    void readOnlyProject() {
        Fixture f;
        const Surroundings closed{.obeyPermissions = true};
        QCOMPARE(f.import().code, 0);
        const auto before = filesIn(f.project);
        setWritable(f.temp.path(), false);
        VERIFY_REFUSED(f.stage("pseudo-label", {}, closed), 1, f.project, "permissions");
        VERIFY_REFUSED(cli({"import", "--project", f.path("new"), f.image, "--json"}, closed), 1, f.path("new"),
                       "permissions");
        VERIFY_REFUSED(cli({"convert", f.image, f.path("copy.tif"), "--json"}, closed), 1, f.path("copy.tif"));
        VERIFY_REFUSED(cli({"convert", f.image, f.path("copy.zarr"), "--json"}, closed), 1, f.temp.path().string());
        VERIFY_REFUSED(cli({"sample", "--shape", "2,32,32", "--out", f.path("more"), "--json"}, closed), 1,
                       f.path("more"), "permissions");
        setWritable(f.temp.path(), true);
        QVERIFY(filesIn(f.project) == before);
        QVERIFY(!fs::exists(f.path("new")) && !fs::exists(f.path("copy.tif")) && !fs::exists(f.path("more")));
        QCOMPARE(f.stage("pseudo-label").code, 0);
    }

    void fullDisk() {
        Fixture f;
        QCOMPARE(f.import().code, 0);
        for (const char* name : {"copy.tif", "copy.nrrd", "copy.mha", "copy.nii.gz", "copy.zarr", "copy.tif-series"}) {
            const std::string copy = f.path(name);
            QCOMPARE(cli({"convert", f.image, copy}).code, 0);
            const auto before = filesIn(f.temp.path());
            const Answer refused = cli({"convert", f.truth, copy, "--json"}, {.largestFile = 0});
            VERIFY_REFUSED(refused, 1, copy);
            QVERIFY2(!contains(refused.err, ".part"), refused.err.c_str());
            QVERIFY2(filesIn(f.temp.path()) == before, name);  // the old one, and nothing beside it
        }
        QCOMPARE(f.stage("pseudo-label").code, 0);
        QCOMPARE(f.stage("query", {"--set", "strategy=random", "--set", "patches=2", "--set", "patch=1,32,28"}).code,
                 0);
        const auto before = filesIn(f.project);
        const Answer edits = f.stage("annotate", {"--from", f.truth}, {.largestFile = 1});
        VERIFY_REFUSED(edits, 1, f.project, "full");
        for (const auto& [name, hash] : before)
            QVERIFY2(filesIn(f.project)[name] == hash || name.starts_with("cases/"), name.c_str());
        const Answer again = f.stage("annotate", {"--from", f.truth});
        QVERIFY2(again.code == 0 && again.lines.back()["state"] == "done", again.err.c_str());
        QCOMPARE(again.lines.back()["cases"]["image"]["result"]["complete_patches"].get<int>(), 2);
    }

    void lateOptionsAreNotSilent() {
        Fixture f;
        QCOMPARE(f.import().code, 0);
        QCOMPARE(f.stage("pseudo-label").code, 0);
        QVERIFY(!f.stage("pseudo-label").lines.back().contains("warning"));
        QCOMPARE(f.stage("query", {"--set", "strategy=random", "--set", "patches=1", "--set", "patch=1,32,28"}).code,
                 0);
        QVERIFY(!f.stage("pseudo-label").lines.back().contains("warning"));
        const Answer late = f.stage("pseudo-label", {"--set", "diameter=7"});
        QCOMPARE(late.code, 0);
        const json row = late.lines.back();
        QCOMPARE(row["state"].get<std::string>(), std::string("up-to-date"));
        QCOMPARE(row["unused"][0]["option"].get<std::string>(), std::string("diameter"));
        QCOMPARE(row["unused"][0]["wanted"].get<double>(), 7.0);
        for (const char* part : {"diameter=7", "round 0", "new project"}) {
            QVERIFY2(contains(late.err, part), late.err.c_str());
            QVERIFY(contains(row["warning"].get<std::string>(), part));
        }
    }

    void oddNames() {
        Fixture f;
        const std::string odd = f.path("Größe 1 [µm] 日本.zarr"), project = f.path("mein Projekt ü");
        fs::rename(f.image, odd);
        QCOMPARE(cli({"import", "--project", project, odd}).code, 0);
        QCOMPARE(cli({"pseudo-label", "--project", project}).code, 0);
        QCOMPARE(cli({"convert", odd, f.path("ü ö.tif")}).code, 0);
        QVERIFY((cli({"info", f.path("ü ö.tif"), "--json"}).lines[0]["shape"] == json{6, 64, 96}));
        VERIFY_REFUSED(cli({"import", "--project", f.project, "", "--json"}), 2, "empty");
        VERIFY_REFUSED(cli({"info", "", "--json"}), 2, "empty");
        fs::create_directory(f.path("nothing"));
        VERIFY_REFUSED(cli({"import", "--project", f.project, f.path("nothing"), "--json"}), 1, f.path("nothing"));
        file::write(f.path("plain"), "text");
        VERIFY_REFUSED(cli({"import", "--project", f.path("plain"), odd, "--json"}), 1, f.path("plain"));
        QCOMPARE(file::read(f.path("plain")), std::string("text"));
        VERIFY_REFUSED(cli({"import", "--project", "", odd, "--json"}), 2, "--project", "empty");
        VERIFY_REFUSED(cli({"convert", odd, f.path("flat.png"), "--json"}), 1, "flat.png", "one section",
                       ".png-series");
        VERIFY_REFUSED(cli({"sample", "--out", f.path("x"), "--seed", "-1", "--json"}), 2, "--seed", "-1 is negative");
    }

    void wrongOrder() {
        Fixture f;
        QCOMPARE(f.import().code, 0);
        VERIFY_REFUSED(f.stage("fine-tune"), 1, "fine-tune needs plan", "Run plan first");
        VERIFY_REFUSED(f.stage("instances"), 1, "Run predict first");
        VERIFY_REFUSED(f.stage("annotate", {"--from", f.truth}), 1, "Run query first");
        const Answer nothing = f.stage("annotate");
        QCOMPARE(nothing.code, 0);
        QVERIFY2(contains(nothing.err, "Run query first"), nothing.err.c_str());
        VERIFY_REFUSED(f.stage("pseudo-label", {"--set", "box=0:99,:,:"}), 1, "0:99,:,:", "6 × 64 × 96", "--set box=");
        // Nothing of this made round 0 final.
        const Answer found = f.stage("pseudo-label", {"--set", "box=", "--set", "diameter=3"});
        QCOMPARE(found.line("done")["round"].get<int>(), 0);
        QVERIFY(f.stage("pseudo-label", {"--set", "diameter=4"}).line("done").is_object());
    }
};

QTEST_GUILESS_MAIN(TestBadInput)
#include "tst_bad_input.moc"

// The folder of models: adding, checking, removing, licences.
#include <zlib.h>

#include <QtTest>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "models/add_model.h"
#include "models/archive.h"
#include "models/hollow_weights.h"
#include "models/recognise.h"
#include "models/weights.h"

using namespace fovea;
using namespace fovea::models;

namespace fs = std::filesystem;

namespace {

std::string errorOf(const std::function<void()>& f) {
    try {
        f();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

bool has(const std::string& text, const std::string& part) {
    if (text.find(part) != std::string::npos) return true;
    qWarning("%s", text.c_str());
    return false;
}

const Licence restricted{"only-here", "only here", true, "For tests only."};

// Known models of this test: MobileSAM with a decoder, both by hash; CellSAM's decoder-sized stand-in by name.
KnownModel known(const std::string& id, const Licence* licence, std::vector<KnownFile> files) {
    return {id,      "Model " + id,         "For tests.", Role::Prompts,
            licence, "https://example.org", "nothing",    std::move(files)};
}

struct Fixture {
    file::TempFolder temp;
    fs::path tiny = temp.path() / "tiny.safetensors", decoder = temp.path() / "decoder.safetensors";
    std::vector<KnownModel> models;
    Job job;
    Fixture() {
        test::writeHollow(tiny, mobileSamParts(), 'a');
        test::writeHollow(decoder, instanceDecoderParts(true), 'b');
        const Digest tinyDigest = digestOf(tiny, job), decoderDigest = digestOf(decoder, job);
        models = {
            known("pair", &ownLicence(),
                  {{"model", "pair.pt", "https://example.org/a.pt", 1, false, {"", tinyDigest.md5, ""}, "sam/vit_t"},
                   {"decoder",
                    "pair_decoder.pt",
                    "https://example.org/b.pt",
                    1,
                    false,
                    {"", "", decoderDigest.xxh128},
                    "instance-decoder"}}),
            known("brought", &restricted, {{"model", "brought.safetensors", "", 1, false, {}, "instance-decoder"}})};
    }
    ModelStore store() const { return ModelStore(temp.path() / "store", models); }
};

std::string tarHeader(const std::string& name, std::size_t size, char type = '0') {
    std::string block(512, '\0');
    block.replace(0, name.size(), name);
    char digits[16];
    std::snprintf(digits, sizeof digits, "%011zo", size);
    block.replace(124, 11, digits);
    block[156] = type;
    block.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const unsigned char c : block) sum += c;
    std::snprintf(digits, sizeof digits, "%06o", sum);
    block.replace(148, 7, std::string(digits) + '\0');
    return block;
}

std::string tarEntry(const std::string& name, const std::string& bytes, char type = '0') {
    return tarHeader(name, bytes.size(), type) + bytes + std::string((512 - bytes.size() % 512) % 512, '\0');
}

void writeGzip(const fs::path& path, const std::string& bytes) {
    gzFile out = gzopen(path.c_str(), "wb1");
    gzwrite(out, bytes.data(), unsigned(bytes.size()));
    gzclose(out);
}

}  // namespace

class TestStore : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void digestsAreThoseOfTheLibraries() {
        const file::TempFolder folder;
        file::write(folder.path() / "a", "abc");
        Job job;
        const Digest digest = digestOf(folder.path() / "a", job);
        QCOMPARE(digest.md5, std::string("900150983cd24fb0d6963f7d28e17f72"));
        QCOMPARE(digest.xxh128, std::string("06b05ab6733a618578af5f94892f3950"));  // xxhsum -H2
        QVERIFY(identifies(digest, {"", "9001", ""}) && !identifies(digest, {}) && !contradicts(digest, {}));
        QVERIFY(contradicts(digest, {"", "9001", "00"}) && !identifies(digest, {"", "9001", "00"}));
    }

    void theTableIsSound() {
        std::set<std::string> ids, names;
        for (const KnownModel& model : knownModels()) {
            QVERIFY(ids.insert(model.id).second);
            QVERIFY(!model.about.empty() && !model.learnedFrom.empty() && !model.source.empty());
            for (const KnownFile& file : model.files) {
                QVERIFY2(names.insert(file.name).second, file.name.c_str());
                QVERIFY(file.url.empty() == model.brought());
                QVERIFY(file.url.empty() || (file.url.starts_with("https://") && !file.digest.empty()));
                // Those that may not be passed on are never fetched.
                QVERIFY(!model.licence->restricted || model.brought());
            }
        }
        QVERIFY(ids.contains("cellsam") && ids.contains("sam_vit_b") && ids.contains("vit_b_em_organelles"));
    }

    void partsOfAKnownModelAreFoundByHash() {
        Fixture f;
        ModelStore store = f.store();
        QCOMPARE(store.find("pair").state, State::Missing);
        QVERIFY(!fs::exists(store.folder()));  // looking makes nothing
        QCOMPARE(addFile(store, f.tiny, false, f.job).front().id, std::string("pair"));
        const Model half = store.find("pair");
        QCOMPARE(half.state, State::Missing);
        QVERIFY(has(half.why.str(), "pair_decoder.pt"));
        QVERIFY(has(errorOf([&] { store.file("pair", "decoder"); }), "models add pair"));
        const auto added = addFile(store, f.decoder, false, f.job);
        QCOMPARE(added.front().id, std::string("pair"));
        QVERIFY(has(added.front().what.str(), "66 of 66"));
        const Model whole = store.find("pair");
        QVERIFY(whole.usable());
        QCOMPARE(whole.files.size(), std::size_t(2));
        QCOMPARE(store.file("pair", "decoder").filename().string(), std::string("pair_decoder.pt"));
        QCOMPARE(sha256File(store.file("pair")), sha256File(f.tiny));
        QCOMPARE(store.verified("pair", f.job).state, State::Ready);
        QVERIFY(has(addFile(store, f.tiny, false, f.job).front().what.str(), "439 of 439"));  // once more is no harm
        store.remove("pair");
        QCOMPARE(store.find("pair").state, State::Missing);
        QVERIFY(has(errorOf([&] { store.remove("pair"); }), "Nothing of"));
    }

    void ownModelsGetNamesOfTheirOwn() {
        Fixture f;
        ModelStore store = f.store();
        const fs::path mine = f.temp.path() / "My Cells (v2).pt", other = f.temp.path() / "sub/My cells (v2).pt";
        file::makeFolder(other.parent_path());
        test::writeHollow(mine, mobileSamParts(), 'x');
        test::writeHollow(other, mobileSamParts(), 'y');
        QCOMPARE(addFile(store, mine, false, f.job).front().id, std::string("my_cells__v2_"));
        QCOMPARE(addFile(store, other, false, f.job).front().id, std::string("my_cells__v2_-2"));
        QVERIFY(has(addFile(store, mine, false, f.job).front().what.str(), "here already"));
        const Model model = store.find("my_cells__v2_");
        QCOMPARE(model.title, std::string("My Cells (v2)"));
        QVERIFY(model.usable() && !model.known);
        QCOMPARE(store.list().size(), f.models.size() + 2);
        QVERIFY(has(errorOf([&] { store.find("my_cells__v2"); }), "Did you mean"));
        QVERIFY(has(errorOf([&] { store.find("../store"); }), "no model"));
        QVERIFY(has(errorOf([&] { store.remove(".staging"); }), "no model"));
    }

    void wrongFilesChangeNothing() {
        Fixture f;
        ModelStore store = f.store();
        const fs::path page = f.temp.path() / "page.pt", vit = f.temp.path() / "vit.safetensors",
                       false_ = f.temp.path() / "pair.pt", cut = f.temp.path() / "cut.safetensors";
        file::write(page, "<html>");
        test::writeHollow(vit, {{"patch_embed.proj.weight", {1280, 3, 14, 14}}});
        test::writeHollow(false_, mobileSamParts(), 'z');
        fs::copy_file(f.tiny, cut);
        fs::resize_file(cut, fs::file_size(cut) / 2);
        errorOf([&] { addFile(store, page, false, f.job); });
        QVERIFY(has(errorOf([&] { addFile(store, vit, false, f.job); }), "ViT-H encoder"));
        QVERIFY(has(errorOf([&] { addFile(store, false_, false, f.job); }), "hash differs"));
        QVERIFY(has(errorOf([&] { addFile(store, cut, false, f.job); }), "cut.safetensors"));
        QVERIFY(has(errorOf([&] { addFile(store, f.temp.path() / "none.pt", false, f.job); }), "none.pt"));
        QVERIFY(errorOf([&] { addFile(store, f.temp.path(), false, f.job); }) != "no error");
        for (const Model& model : store.list()) QVERIFY(model.files.empty());
        CancelFlag cancelled;
        cancelled.cancel();
        QVERIFY_EXCEPTION_THROWN(addFile(store, f.tiny, false, cancelled), Cancelled);
        QVERIFY(store.find("pair").files.empty());
        QVERIFY(fs::is_empty(store.folder() / ".staging"));
    }

    void licencesAreAcceptedOnce() {
        Fixture f;
        ModelStore store = f.store();
        const fs::path file = f.temp.path() / "brought.safetensors";
        test::writeHollow(file, instanceDecoderParts(false), 'q');
        const std::string why = errorOf([&] { addFile(store, file, false, f.job); });
        QVERIFY(has(why, "For tests only.") && has(why, "--accept-licence"));
        QVERIFY(store.find("brought").files.empty());
        QCOMPARE(addFile(store, file, true, f.job).front().id, std::string("brought"));
        const Model model = store.find("brought");
        QVERIFY(model.usable() && model.accepted && model.accepted->size() == 20);
        QCOMPARE(ModelStore(store.folder(), f.models).accepted(restricted), model.accepted);
        store.remove("brought");
        addFile(store, file, false, f.job);  // once was enough
        file::write(store.folder() / "licences.json", "{");
        QVERIFY(!store.find("brought").usable());
        QVERIFY(has(errorOf([&] { store.file("brought"); }), "only here"));
        store.accept(restricted);
        QVERIFY(store.find("brought").usable());
    }

    void weightsAreFoundByFileByNameOrWithoutEither() {
        Fixture f;
        ModelStore store = f.store();
        const auto find = [&](const std::string& named, bool withDecoder = false) {
            return findWeights(named, Role::Prompts, withDecoder, store);
        };
        QVERIFY(has(errorOf([&] { find(""); }), "No model for prompts is kept"));
        addFile(store, f.tiny, false, f.job);
        QVERIFY(has(errorOf([&] { find(""); }), "No model for prompts is kept"));  // half a model is none
        const fs::path alone = f.temp.path() / "alone.safetensors";
        test::writeHollow(alone, instanceDecoderParts(true), 'd');
        addFile(store, alone, false, f.job);
        QVERIFY(store.find("alone").usable());
        QVERIFY(has(errorOf([&] { find(""); }), "No model for prompts is kept"));  // it answers none
        const fs::path mine = f.temp.path() / "mine.safetensors";
        test::writeHollow(mine, mobileSamParts(), 'm');
        addFile(store, mine, false, f.job);
        QCOMPARE(find("").model, store.file("mine"));
        QVERIFY(find("mine").decoder.empty());
        QVERIFY(has(errorOf([&] { find("", true); }), "with an instance decoder"));
        addFile(store, f.decoder, false, f.job);
        QCOMPARE(find("").model, store.file("pair"));  // known ones come first
        QCOMPARE(find("", true).decoder, store.file("pair", "decoder"));
        QCOMPARE(find("pair").decoder, store.file("pair", "decoder"));
        QVERIFY(has(errorOf([&] { find("pairs"); }), "Did you mean pair?"));
        QVERIFY(has(errorOf([&] { findWeights("", Role::Features, false, store); }), "for features"));

        QCOMPARE(find(mine.string()).model, mine);
        QVERIFY(find(mine.string()).decoder.empty());
        const fs::path beside = f.temp.path() / "mine_decoder.safetensors";
        file::write(beside, "x");
        QCOMPARE(find(mine.string()).decoder, beside);
        QCOMPARE(find("not_there.pt").model, fs::path("not_there.pt"));  // whoever loads it says that it is missing
    }

    void damageIsSeen() {
        Fixture f;
        ModelStore store = f.store();
        addFile(store, f.tiny, false, f.job);
        addFile(store, f.decoder, false, f.job);
        const fs::path kept = store.file("pair");
        {
            std::fstream bytes(kept, std::ios::in | std::ios::out | std::ios::binary);
            bytes.seekp(-1, std::ios::end);
            bytes.put('?');
        }
        QCOMPARE(store.find("pair").state, State::Ready);  // not by its size
        const Model model = store.verified("pair", f.job);
        QCOMPARE(model.state, State::Damaged);
        QVERIFY(has(model.why.str(), "another hash"));
        fs::resize_file(kept, 100);
        QCOMPARE(store.find("pair").state, State::Damaged);
        QVERIFY(has(errorOf([&] { store.file("pair"); }), "damaged"));
        addFile(store, f.tiny, false, f.job);  // adding mends
        QVERIFY(store.find("pair").usable());
        for (const char* record : {"", "[]", "{\"name\": \"../../x\"}", "{\"name\": 3}"}) {
            file::write(store.folder() / "pair/decoder/part.json", record);
            QCOMPARE(store.find("pair").state, State::Damaged);
        }
        store.remove("pair");
        QVERIFY(!fs::exists(store.folder() / "pair"));
    }

    void archivesAreUnpacked() {
        Fixture f;
        f.models[1].archive = "all.tar.gz";
        ModelStore store = f.store();
        test::writeHollow(f.temp.path() / "in", instanceDecoderParts(false), 'q');
        const std::string weights = file::read(f.temp.path() / "in"), end(1024, '\0');
        const fs::path archive = f.temp.path() / "all.tar.gz";
        writeGzip(archive, tarEntry("models/", "", '5') + tarEntry("models/._brought.safetensors", "mac") +
                               tarEntry("../../brought.safetensors", weights) + tarEntry("models/readme.md", "read") +
                               end);
        f.models[1].archiveDigest = digestOf(archive, f.job);
        QVERIFY(has(errorOf([&] { addFile(store, archive, false, f.job); }), "only here"));
        const auto added = addFile(store, archive, true, f.job);
        QCOMPARE(added.size(), std::size_t(1));
        QCOMPARE(added.front().id, std::string("brought"));
        QCOMPARE(sha256File(store.file("brought")), sha256(weights));
        QVERIFY(fs::is_empty(store.folder() / ".staging"));
        store.remove("brought");

        f.models[1].archiveDigest = {"", "00", ""};
        QVERIFY(has(errorOf([&] { addFile(store, archive, false, f.job); }), "hash differs"));
        f.models[1].archive.clear();
        std::string bytes = file::read(archive);
        file::write(archive, bytes.substr(0, bytes.size() / 2));
        QVERIFY(has(errorOf([&] { addFile(store, archive, false, f.job); }), "ends early"));
        writeGzip(archive, "not a tar" + std::string(600, 'x'));
        QVERIFY(has(errorOf([&] { addFile(store, archive, false, f.job); }), "no tar"));
        writeGzip(archive, tarEntry("readme.md", "read") + end);
        QVERIFY(has(errorOf([&] { addFile(store, archive, false, f.job); }), "no weights"));
        writeGzip(archive, tarHeader("big.pt", std::size_t(1) << 32) + "x" + end);
        QVERIFY(has(errorOf([&] { addFile(store, archive, false, f.job); }), "ends early"));
        QVERIFY(store.find("brought").files.empty());
        QVERIFY(fs::is_empty(store.folder() / ".staging"));
    }

    void archivesOfTooManyEntriesAreRefused() {
        const file::TempFolder folder;
        const fs::path archive = folder.path() / "many.tar.gz";
        const std::string header = tarHeader("readme.md", 0);
        std::string headers;
        for (int i = 0; i < 100'001; ++i) headers += header;
        writeGzip(archive, headers);
        Job job;
        QVERIFY(has(errorOf([&] { unpackWeights(archive, folder.path(), job); }), "100,000"));
        struct : Job {
            mutable int asked = 0;
            bool cancelled() const override { return ++asked > 10; }
        } impatient;
        QVERIFY_EXCEPTION_THROWN(unpackWeights(archive, folder.path(), impatient), Cancelled);
        QCOMPARE(impatient.asked, 11);
    }

    void folderIsTheUsersOwn() {
        qputenv("FOVEA_MODELS", "/somewhere");
        QCOMPARE(ModelStore::defaultFolder().string(), std::string("/somewhere"));
        qunsetenv("FOVEA_MODELS");
        qputenv("XDG_DATA_HOME", "/data");
        QCOMPARE(ModelStore::defaultFolder().string(), std::string("/data/fovea/models"));
        qunsetenv("XDG_DATA_HOME");
        qputenv("HOME", "/home/me");
        QCOMPARE(ModelStore::defaultFolder().string(), std::string("/home/me/.local/share/fovea/models"));
        qunsetenv("HOME");
        QVERIFY(has(errorOf([] { ModelStore::defaultFolder(); }), "FOVEA_MODELS"));
    }
};

QTEST_APPLESS_MAIN(TestStore)
#include "tst_store.moc"

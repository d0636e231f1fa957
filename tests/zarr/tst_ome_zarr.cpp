#include <QtTest>
#include <atomic>
#include <cmath>
#include <fstream>
#include <functional>
#include <thread>

#include "base/file.h"
#include "data/chunk_cache.h"
#include "zarr/half.h"
#include "zarr/ome_zarr.h"

using namespace fovea;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::string messageOf(const std::function<void()>& f, ErrorKind kind) {
    try {
        f();
    } catch (const Error& e) {
        if (e.kind() == kind) return e.what();
        return std::string("another kind: ") + name(e.kind()) + ": " + e.what();
    }
    return "no error";
}

bool failsWith(const std::function<void()>& f, ErrorKind kind, const std::string& part = "") {
    const std::string text = messageOf(f, kind);
    const bool good = text != "no error" && !text.starts_with("another kind") && text.find(part) != std::string::npos;
    if (!good) qWarning("got: %s", text.c_str());
    return good;
}

template <class T>
Volume<T> ramp(Index shape) {
    Volume<T> v(shape);
    for (std::int64_t i = 0; i < v.size(); ++i) v.data()[i] = T(i * 7 + i / 5);
    return v;
}

json arrayJson(std::vector<std::int64_t> shape, std::vector<std::int64_t> chunks, const std::string& dtype = "<u2") {
    return {{"zarr_format", 2},      {"shape", shape},  {"chunks", chunks},   {"dtype", dtype},
            {"compressor", nullptr}, {"fill_value", 0}, {"filters", nullptr}, {"order", "C"}};
}

void put(const fs::path& folder, const json& zarray) {
    fs::create_directories(folder);
    file::writeJson(folder / ".zarray", zarray);
}

template <class T>
void putChunk(const fs::path& file, const std::vector<T>& values) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(values.data()), std::streamsize(values.size() * sizeof(T)));
}

template <class T>
void roundTrip(const char* codec) {
    const file::TempFolder temp;
    zarr::Layout layout;
    layout.dtype = dtypeOf<T>();
    layout.shape = {5, 37, 41};
    layout.chunk = {2, 16, 16};
    layout.codec = codec;
    layout.channels = 2;
    layout.channelNames = {"em", "nuclei"};
    layout.geometry.known = true;
    layout.geometry.spacing = {0.05, 0.0046, 0.005};
    layout.geometry.origin = {1, 2, 3};
    const Volume<T> a = ramp<T>(layout.shape);
    Volume<T> b = a;
    std::reverse(b.begin(), b.end());
    zarr::Writer writer(temp.path() / "x.zarr", layout);
    writer.write(0, {0, 0, 0}, a);
    writer.write(1, {0, 0, 0}, b);
    const ImagePtr image = zarr::open(temp.path() / "x.zarr");
    QCOMPARE(image->info().channels, 2);
    QCOMPARE(image->info().channelNames.at(1), std::string("nuclei"));
    QVERIFY(image->info().dtype == dtypeOf<T>());
    QVERIFY(image->info().geometry.known);
    QCOMPARE(image->info().geometry.spacing.y, 0.0046);
    QCOMPARE(image->info().geometry.origin.x, 3.0);
    QVERIFY(image->readAll<T>(0) == a);
    QVERIFY(image->readAll<T>(1) == b);
    const Box box{{1, 3, 15}, {4, 33, 41}};
    QVERIFY(image->readAs<T>(box, 1) == crop(b, box));
}

}  // namespace

class TestOmeZarr : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void halvesRound() {
        for (std::uint32_t h = 0; h < 0x10000; ++h) {
            const float value = zarr::halfToFloat(std::uint16_t(h));
            if (!std::isnan(value)) QCOMPARE(std::uint32_t(zarr::floatToHalf(value)), h);
        }
        QCOMPARE(zarr::floatToHalf(1 + 0x1p-11F), zarr::floatToHalf(1));  // ties go to even
        QCOMPARE(zarr::floatToHalf(1 + 0x3p-11F), zarr::floatToHalf(1 + 0x1p-9F));
        QCOMPARE(zarr::floatToHalf(65519.0F), zarr::floatToHalf(65504.0F));
        QVERIFY(std::isinf(zarr::halfToFloat(zarr::floatToHalf(65520.0F))));
        QCOMPARE(zarr::halfToFloat(zarr::floatToHalf(0x1p-25F)), 0.0F);
        QCOMPARE(zarr::halfToFloat(zarr::floatToHalf(-0x1.8p-25F)), -0x1p-24F);
        QVERIFY(std::isnan(zarr::halfToFloat(zarr::floatToHalf(NAN))));
    }
    void everyCodecAndType() {
        for (const char* codec : {"blosc", "zstd", "zlib", "raw"}) roundTrip<std::uint16_t>(codec);
        roundTrip<std::uint8_t>("blosc");
        roundTrip<std::int8_t>("blosc");
        roundTrip<std::int32_t>("zstd");
        roundTrip<std::uint64_t>("blosc");
        roundTrip<std::int64_t>("zlib");
        roundTrip<float>("blosc");
        roundTrip<double>("raw");
    }

    void oddShapesAndLargeIds() {
        const file::TempFolder temp;
        for (const Index shape : {Index{1, 1, 1}, Index{1, 7, 300}, Index{300, 1, 1}}) {
            Volume<std::int32_t> labels(shape, 0);
            labels.data()[labels.size() - 1] = 135719;
            const fs::path path = temp.path() / (std::to_string(shape.z) + "x" + std::to_string(shape.x) + ".zarr");
            zarr::save(path, labels, true);
            QVERIFY(zarr::open(path)->readAll<std::int32_t>() == labels);
            QVERIFY(!zarr::open(path)->info().geometry.known);
        }
    }

    void writesSlabBySlabAndGoesOn() {
        const file::TempFolder temp;
        zarr::Layout layout;
        layout.dtype = DType::U16;
        layout.shape = {9, 20, 30};
        layout.chunk = {4, 16, 16};
        const Volume<std::uint16_t> all = ramp<std::uint16_t>(layout.shape);
        const fs::path path = temp.path() / "slabs.zarr";
        const Box first{{0, 0, 0}, {4, 20, 30}}, second{{4, 0, 0}, {8, 20, 30}}, last{{8, 0, 0}, {9, 20, 30}};
        ImagePtr reader;
        {
            zarr::Writer writer(path, layout);
            writer.write(0, first.begin, crop(all, first));
            reader = zarr::open(path);
            QVERIFY(reader->readAs<std::uint16_t>(first) == crop(all, first));
            QVERIFY(reader->readAs<std::uint16_t>(second) == Volume<std::uint16_t>(second.extent(), 0));
            QVERIFY(writer.finished(0, first) && !writer.finished(0, second) &&
                    !writer.finished(0, Box::of(layout.shape)));
        }
        zarr::Writer writer(path, layout);  // as after a crash
        QVERIFY(writer.finished(0, first));
        writer.write(0, second.begin, crop(all, second));
        writer.write(0, last.begin, crop(all, last));
        QVERIFY(writer.finished(0, Box::of(layout.shape)));
        QVERIFY(reader->readAll<std::uint16_t>() == all);  // the reader of before sees what was missing then
        const Box inner{{3, 5, 7}, {6, 18, 29}};           // parts of chunks
        Volume<std::uint16_t> expected = all;
        const Volume<std::uint16_t> patch(inner.extent(), 60000);
        copyBox(patch, patch.box(), expected, inner.begin);
        writer.write(0, inner.begin, patch);
        QVERIFY(reader->readAll<std::uint16_t>() == expected);
        layout.chunk = {2, 16, 16};
        QVERIFY(failsWith([&] { zarr::Writer(path, layout); }, ErrorKind::Input, "chunks"));
    }

    void replacedFolderIsNotServedFromTheCache() {
        const file::TempFolder temp;
        zarr::save(temp.path() / "a.zarr", Volume<std::uint8_t>({1, 4, 4}, 1));
        QCOMPARE(int(zarr::open(temp.path() / "a.zarr")->readAll<std::uint8_t>()(0, 0, 0)), 1);
        zarr::save(temp.path() / "b.zarr", Volume<std::uint8_t>({1, 4, 4}, 2));
        file::commitFolder(temp.path() / "b.zarr", temp.path() / "a.zarr");
        QCOMPARE(int(zarr::open(temp.path() / "a.zarr")->readAll<std::uint8_t>()(0, 0, 0)), 2);
    }

    void threadsWriteDisjointChunks() {
        const file::TempFolder temp;
        zarr::Layout layout;
        layout.shape = {8, 64, 64};
        layout.chunk = {1, 32, 32};
        zarr::Writer writer(temp.path() / "t.zarr", layout);
        const Volume<std::uint8_t> all = ramp<std::uint8_t>(layout.shape);
        {
            std::vector<std::jthread> threads;
            for (int k = 0; k < 4; ++k)
                threads.emplace_back([&, k] {
                    for (std::int64_t z = k; z < 8; z += 4) {
                        const Box slab{{z, 0, 0}, {z + 1, 64, 64}};
                        writer.write(0, slab.begin, crop(all, slab));
                    }
                });
        }
        QVERIFY(zarr::open(temp.path() / "t.zarr")->readAll<std::uint8_t>() == all);
    }

    void levelsByMeanAndByMode() {
        const file::TempFolder temp;
        zarr::Layout layout;
        layout.shape = {3, 300, 520};
        layout.geometry.known = true;
        layout.geometry.spacing = {0.05, 0.005, 0.005};
        Volume<std::uint8_t> image(layout.shape, 0);
        for (std::int64_t i = 0; i < image.size(); ++i) image.data()[i] = std::uint8_t(i % 251);
        zarr::Writer writer(temp.path() / "mean.zarr", layout);
        writer.write(0, {0, 0, 0}, image);
        writer.buildLevels();
        const ImagePtr mean = zarr::open(temp.path() / "mean.zarr");
        QCOMPARE(mean->info().levels.size(), std::size_t(3));
        QVERIFY((mean->info().levels[1].shape == Index{3, 150, 260}));  // coarse z is not halved
        QVERIFY((mean->info().levels[2].shape == Index{3, 75, 130}));
        QCOMPARE(mean->info().levels[2].spacing.x, 0.02);
        const AnyVolume level = mean->read(1, 0, Box{{1, 10, 20}, {2, 11, 21}});
        const int sum = image(1, 20, 40) + image(1, 20, 41) + image(1, 21, 40) + image(1, 21, 41);
        QCOMPARE(int(level.as<std::uint8_t>()[0]), (sum + 2) / 4);

        layout.labels = true;
        layout.dtype = DType::I32;
        layout.shape = {1, 4, 600};
        Volume<std::int32_t> labels(layout.shape, 0);
        labels(0, 0, 0) = 70000, labels(0, 0, 1) = 70000;  // a tie with two zeros: the smaller wins
        labels(0, 0, 2) = 70000, labels(0, 0, 3) = 70000, labels(0, 1, 2) = 70000, labels(0, 1, 3) = 9;
        zarr::Writer labelWriter(temp.path() / "mode.zarr", layout);
        labelWriter.write(0, {0, 0, 0}, labels);
        labelWriter.buildLevels();
        const ImagePtr mode = zarr::open(temp.path() / "mode.zarr");
        const AnyVolume coarse = mode->read(1, 0, Box::of(mode->info().levels[1].shape));
        QCOMPARE(coarse.shape.y, std::int64_t(4));  // short axes stay
        QCOMPARE(coarse.as<std::int32_t>()[1], 70000);
        QVERIFY(file::readJson(temp.path() / "mode.zarr" / ".zattrs").contains("image-label"));

        CancelFlag cancel;
        cancel.cancel();
        QVERIFY_EXCEPTION_THROWN(labelWriter.buildLevels(cancel), Cancelled);
    }

    void ordersSeparatorsFillAndMissingChunks() {
        const file::TempFolder temp;
        json meta = arrayJson({3, 5}, {2, 3}, ">i2");
        meta["order"] = "F";
        meta["fill_value"] = -7;
        put(temp.path() / "f", meta);
        // Chunk 0.0 holds values z*10+x at (row, column); Fortran order, big-endian.
        putChunk<std::uint8_t>(temp.path() / "f" / "0.0", {0, 0, 0, 10, 0, 1, 0, 11, 0, 2, 0, 12});
        const Volume<std::int16_t> v = zarr::open(temp.path() / "f")->readAll<std::int16_t>();
        QVERIFY((v.shape() == Index{1, 3, 5}));
        QCOMPARE(int(v(0, 1, 2)), 12);
        QCOMPARE(int(v(0, 0, 1)), 1);
        QCOMPARE(int(v(0, 2, 0)), -7);
        QCOMPARE(int(v(0, 0, 4)), -7);

        meta = arrayJson({1, 2}, {1, 2}, "<f2");
        meta["dimension_separator"] = "/";
        meta["fill_value"] = "NaN";
        put(temp.path() / "h", meta);
        QVERIFY(std::isnan(zarr::open(temp.path() / "h")->readAll<float>()(0, 0, 0)));
        putChunk<std::uint16_t>(temp.path() / "h" / "0" / "0", {0x3c00, 0xc001});
        const Volume<float> halves = zarr::open(temp.path() / "h")->readAll<float>();
        QCOMPARE(halves(0, 0, 0), 1.0f);
        QCOMPARE(halves(0, 0, 1), -2.001953125f);

        put(temp.path() / "b", arrayJson({1, 2}, {1, 2}, "|b1"));
        putChunk<std::uint8_t>(temp.path() / "b" / "0.0", {1, 0});
        QCOMPARE(int(zarr::open(temp.path() / "b")->readAll<std::uint8_t>()(0, 0, 0)), 1);
    }

    void axesUnitsTimeAndChannels() {
        const file::TempFolder temp;
        const fs::path path = temp.path() / "xyc.zarr";
        put(path / "a", arrayJson({3, 2, 2, 2}, {3, 1, 2, 1}, "|u1"));  // x, t, y, c
        for (int t = 0; t < 2; ++t)
            for (int c = 0; c < 2; ++c) {
                std::vector<std::uint8_t> chunk;
                for (int x = 0; x < 3; ++x)
                    for (int y = 0; y < 2; ++y) chunk.push_back(std::uint8_t(100 * t + 50 * c + 10 * y + x));
                putChunk(path / "a" / ("0." + std::to_string(t) + ".0." + std::to_string(c)), chunk);
            }
        json attributes = {
            {"multiscales",
             json::array(
                 {{{"version", "0.4"},
                   {"axes", json::array({{{"name", "x"}, {"unit", "nanometer"}},
                                         {{"name", "t"}},
                                         {{"name", "y"}, {"unit", "micrometer"}},
                                         {{"name", "c"}}})},
                   {"datasets", json::array({{{"path", "a"},
                                              {"coordinateTransformations",
                                               json::array({{{"type", "scale"}, {"scale", {4.6, 1, 2, 1}}}})}}})}}})}};
        file::writeJson(path / ".zattrs", attributes);
        const ImagePtr image = zarr::open(path, 1);
        QCOMPARE(image->info().timepoints, 2);
        QCOMPARE(image->info().channels, 2);
        QVERIFY((image->info().shape() == Index{1, 2, 3}));
        QVERIFY(std::abs(image->info().geometry.spacing.x - 0.0046) < 1e-12);
        QCOMPARE(image->info().geometry.spacing.y, 2.0);
        const Volume<std::uint8_t> v = image->readAll<std::uint8_t>(1);
        QCOMPARE(int(v(0, 1, 2)), 162);
        QVERIFY(failsWith([&] { zarr::open(path, 2); }, ErrorKind::Input, "time"));

        auto& scale = attributes["multiscales"][0]["datasets"][0]["coordinateTransformations"][0]["scale"];
        scale = {1, 1};
        file::writeJson(path / ".zattrs", attributes);
        QVERIFY(failsWith([&] { zarr::open(path); }, ErrorKind::Format, "2 entries for 4 axes"));
        scale = {1, 1, -1, 1};
        file::writeJson(path / ".zattrs", attributes);
        QVERIFY(failsWith([&] { zarr::open(path); }, ErrorKind::Format));
        attributes["multiscales"][0]["axes"][0]["unit"] = "parsec";
        file::writeJson(path / ".zattrs", attributes);
        QVERIFY(failsWith([&] { zarr::open(path); }, ErrorKind::Unsupported, "parsec"));
    }

    void layoutsOfFolders() {
        const file::TempFolder temp;
        const fs::path root = temp.path() / "bf.zarr";
        zarr::save(root / "0", Volume<std::uint8_t>({1, 2, 2}, 5));
        zarr::save(root / "0" / "labels" / "mito", Volume<std::int32_t>({1, 2, 2}, 70001), true);
        file::writeJson(root / ".zattrs", {{"bioformats2raw.layout", 3}});
        file::writeJson(root / "0" / "labels" / ".zattrs", {{"labels", {"mito"}}});
        QVERIFY(zarr::isZarr(root) && zarr::isZarr(root / "0" / "0") && !zarr::isZarr(temp.path()));
        QCOMPARE(int(zarr::open(root)->readAll<std::uint8_t>()(0, 1, 1)), 5);
        QCOMPARE(zarr::open(root / "0" / "labels")->readAll<std::int32_t>()(0, 0, 0), 70001);
        QCOMPARE(zarr::open(root / "0" / "0")->info().format, std::string("zarr"));
        fs::create_directories(temp.path() / "three");
        file::writeJson(temp.path() / "three" / "zarr.json", {{"zarr_format", 3}});
        QVERIFY(failsWith([&] { zarr::open(temp.path() / "three"); }, ErrorKind::Unsupported, "OME-Zarr 0.4"));
        QVERIFY(failsWith([&] { zarr::open(temp.path() / "none"); }, ErrorKind::Missing));
        QVERIFY(failsWith([&] { zarr::open(temp.path()); }, ErrorKind::Format));
    }

    void hostileMetadata() {
        const file::TempFolder temp;
        const fs::path path = temp.path() / "x";
        const auto refused = [&](const json& meta, ErrorKind kind) {
            put(path, meta);
            return failsWith([&] { zarr::open(path)->readAll<float>(); }, kind);
        };
        QVERIFY(refused(arrayJson({4, 4}, {0, 4}), ErrorKind::Format));
        QVERIFY(refused(arrayJson({4, 4}, {-4, 4}), ErrorKind::Format));
        QVERIFY(refused(arrayJson({4, 4}, {4}), ErrorKind::Format));
        QVERIFY(refused(arrayJson({4, 4}, {1 << 20, 1 << 20}), ErrorKind::Unsupported));
        QVERIFY(refused(arrayJson({std::int64_t(1) << 40, std::int64_t(1) << 40}, {4, 4}), ErrorKind::Format));
        QVERIFY(refused(arrayJson({0, 4}, {1, 4}), ErrorKind::Input));
        QVERIFY(refused(arrayJson({4}, {4}), ErrorKind::Unsupported));
        QVERIFY(refused(arrayJson({4, 4}, {4, 4}, "<c8"), ErrorKind::Unsupported));
        QVERIFY(refused(arrayJson({4, 4}, {4, 4}, "|S5"), ErrorKind::Unsupported));
        json meta = arrayJson({4, 4}, {4, 4});
        meta["filters"] = json::array({{{"id", "delta"}}});
        QVERIFY(refused(meta, ErrorKind::Unsupported));
        meta = arrayJson({4, 4}, {4, 4});
        meta["compressor"] = {{"id", "lz4"}};
        QVERIFY(refused(meta, ErrorKind::Unsupported));
        meta = arrayJson({4, 4}, {4, 4});
        meta["shape"] = "many";
        QVERIFY(refused(meta, ErrorKind::Format));
        meta = arrayJson({4, 4}, {4, 4});
        putChunk<std::uint16_t>(path / "0.0", {1, 2, 3});
        QVERIFY(refused(meta, ErrorKind::Format));  // too short
        for (const char* id : {"zlib", "blosc", "zstd", "gzip"}) {
            meta["compressor"] = {{"id", id}};
            putChunk<std::uint8_t>(path / "0.0",
                                   {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20});
            QVERIFY(refused(meta, ErrorKind::Format));
        }
        for (const char* escape : {"../x", "/etc", "a/../../b", ""}) {
            const fs::path group = temp.path() / "group";
            fs::create_directories(group);
            file::writeJson(group / ".zattrs",
                            {{"multiscales", json::array({{{"datasets", json::array({{{"path", escape}}})}}})}});
            QVERIFY(failsWith([&] { zarr::open(group); }, ErrorKind::Format));
        }
        file::write(temp.path() / "group" / ".zattrs", "{not json");
        QVERIFY(failsWith([&] { zarr::open(temp.path() / "group"); }, ErrorKind::Format));
    }

    // Groups that point at themselves, out of their folder or too far, and JSON that would exhaust the stack.
    void circlesAndDepths() {
        const file::TempFolder temp;
        const fs::path group = temp.path() / "group", away = temp.path() / "away";
        zarr::save(away, Volume<std::uint8_t>({1, 2, 2}, 5));
        fs::create_directories(group);
        for (const char* name : {".", "..", "../away", "/etc", ""}) {
            file::writeJson(group / ".zattrs", {{"labels", {name}}});
            QVERIFY(failsWith([&] { zarr::open(group); }, ErrorKind::Format));
        }
        const std::string cut("..\0x", 4);  // the system would see only the two dots
        file::writeJson(group / ".zattrs", {{"labels", {cut}}});
        QVERIFY(failsWith([&] { zarr::open(group); }, ErrorKind::Format));
        fs::create_directory_symlink(away, group / "link");
        file::writeJson(group / ".zattrs", {{"labels", {"link"}}});
        QVERIFY(failsWith([&] { zarr::open(group); }, ErrorKind::Format, "outside"));
        file::writeJson(group / ".zattrs", {{"bioformats2raw.layout", 3}});
        fs::create_directory_symlink(".", group / "0");
        QVERIFY(failsWith([&] { zarr::open(group); }, ErrorKind::Format, "nested"));

        const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
        file::write(group / ".zattrs", R"({"labels": )" + deep + "}");
        QVERIFY(failsWith([&] { zarr::open(group); }, ErrorKind::Format, "deep"));
        for (const char* key : {"dtype", "filters", "compressor", "fill_value", "zarr_format"}) {
            const fs::path path = temp.path() / key;
            json meta = arrayJson({4, 4}, {4, 4});
            meta[key] = "HERE";
            std::string text = meta.dump();
            text.replace(text.find("\"HERE\""), 6, deep);
            fs::create_directories(path);
            file::write(path / ".zarray", text);
            QVERIFY(failsWith([&] { zarr::open(path); }, ErrorKind::Format, "deep"));
        }
    }

    void hostileSizesAndScales() {
        const file::TempFolder temp;
        // The voxels could be counted in 63 bits, their bytes could not.
        put(temp.path() / "large", arrayJson({2'000'000'000, 1'000'000'000}, {4, 4}, "<f8"));
        QVERIFY(failsWith([&] { zarr::open(temp.path() / "large"); }, ErrorKind::Format, "disk"));
        put(temp.path() / "much", arrayJson({400'000'000, 1'000'000'000}, {4, 4}, "<f8"));
#ifdef __SANITIZE_ADDRESS__
        qInfo("skipped: more bytes than there are, where the address sanitizer ends the program instead");
#else
        const ImagePtr much = zarr::open(temp.path() / "much");
        QVERIFY(failsWith([&] { much->read(0, 0, Box::of(much->info().shape())); }, ErrorKind::Memory, "much"));
#endif

        const fs::path group = temp.path() / "group";
        put(group / "0", arrayJson({4, 4}, {4, 4}));
        json step{{"type", "scale"}, {"scale", {1e300, 1e300}}};
        json image{{"axes", {"y", "x"}},
                   {"coordinateTransformations", {step}},
                   {"datasets", {{{"path", "0"}, {"coordinateTransformations", {step}}}}}};
        file::writeJson(group / ".zattrs", {{"multiscales", {image}}});
        QVERIFY(failsWith([&] { zarr::open(group); }, ErrorKind::Format, "sensible"));
        image["datasets"] = json(1000, json::object({{"path", "0"}}));
        file::writeJson(group / ".zattrs", {{"multiscales", {image}}});
        QVERIFY(failsWith([&] { zarr::open(group); }, ErrorKind::Format, "1000 levels"));
    }

    void truncatedChunkNamesItsFile() {
        const file::TempFolder temp;
        for (const char* codec : {"blosc", "zstd", "zlib", "raw"}) {
            zarr::Layout layout;
            layout.shape = {2, 40, 40};
            layout.codec = codec;
            const fs::path path = temp.path() / codec;
            zarr::Writer(path, layout).write(0, {0, 0, 0}, ramp<std::uint8_t>(layout.shape));
            const fs::path chunk = path / "0" / "0" / "0" / "0";
            fs::resize_file(chunk, fs::file_size(chunk) / 2);
            QVERIFY(failsWith([&] { zarr::open(path)->readAll<std::uint8_t>(); }, ErrorKind::Format, chunk.string()));
        }
    }

    void nothingToWrite() {
        const file::TempFolder temp;
        QVERIFY(failsWith([&] { zarr::Writer(temp.path() / "x", zarr::Layout{}); }, ErrorKind::Input, "voxels"));
        zarr::Layout layout;
        layout.shape = {1, 1, 1};
        layout.codec = "zip";
        QVERIFY(failsWith([&] { zarr::Writer(temp.path() / "y", layout); }, ErrorKind::Input, "zip"));
    }
};

QTEST_APPLESS_MAIN(TestOmeZarr)
#include "tst_ome_zarr.moc"

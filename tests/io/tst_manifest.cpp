#include <QtTest>
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/hash.h"
#include "io/formats.h"
#include "shared_data.h"

using namespace fovea;
using nlohmann::json;

namespace {

// All time points and channels of an image.
struct Decoded {
    ImageInfo info;
    std::vector<std::int64_t> shape;  // t, c, z, y, x
    std::vector<std::byte> bytes;
};

Decoded decode(const std::string& path) {
    Decoded d;
    ImagePtr image = io::open(path);
    d.info = image->info();
    const Index n = d.info.shape();
    d.shape = {d.info.timepoints, d.info.channels, n.z, n.y, n.x};
    for (int t = 0; t < d.info.timepoints; ++t) {
        if (t > 0) image = io::open(path, {.timepoint = t, .cache = {}});
        for (int c = 0; c < d.info.channels; ++c) {
            const AnyVolume v = image->read(0, c, Box::of(n));
            d.bytes.insert(d.bytes.end(), v.bytes.begin(), v.bytes.end());
        }
    }
    return d;
}

std::vector<std::int64_t> squeezed(std::vector<std::int64_t> shape) {
    std::erase(shape, 1);
    return shape;
}

// The bytes with their axes in another order (letters of "tczyx").
std::vector<std::byte> permuted(const Decoded& d, const std::string& order, std::vector<std::int64_t>& shape) {
    static const std::string axes = "tczyx";
    std::vector<std::int64_t> step(5, 1), steps;
    for (int i = 3; i >= 0; --i) step[std::size_t(i)] = step[std::size_t(i + 1)] * d.shape[std::size_t(i + 1)];
    shape.clear();
    for (char a : order) shape.push_back(d.shape[axes.find(a)]), steps.push_back(step[axes.find(a)]);
    const std::size_t size = sizeOf(d.info.dtype);
    std::vector<std::byte> result(d.bytes.size());
    std::size_t at = 0;
    std::vector<std::int64_t> i(5, 0);
    for (i[0] = 0; i[0] < shape[0]; ++i[0])
        for (i[1] = 0; i[1] < shape[1]; ++i[1])
            for (i[2] = 0; i[2] < shape[2]; ++i[2])
                for (i[3] = 0; i[3] < shape[3]; ++i[3])
                    for (i[4] = 0; i[4] < shape[4]; ++i[4], at += size) {
                        std::int64_t from = 0;
                        for (std::size_t k = 0; k < 5; ++k) from += i[k] * steps[k];
                        std::memcpy(result.data() + at, d.bytes.data() + std::size_t(from) * size, size);
                    }
    return result;
}

struct Statistics {
    double mean = 0, least = 0, most = 0;
};

Statistics statistics(const Decoded& d) {
    Statistics s;
    double sum = 0, count = 0;
    dispatch(d.info.dtype, [&]<class T>(T) {
        const T* v = reinterpret_cast<const T*>(d.bytes.data());
        const std::size_t n = d.bytes.size() / sizeof(T);
        for (std::size_t i = 0; i < n; ++i) {
            const double value = double(v[i]);
            if (!std::isfinite(value)) continue;
            s.least = count == 0 ? value : std::min(s.least, value);
            s.most = count == 0 ? value : std::max(s.most, value);
            sum += value, ++count;
        }
    });
    s.mean = sum / std::max(1.0, count);
    return s;
}

bool near(double a, double b, double tolerance = 1e-6) {
    return std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

// Empty when the voxel size is the manifest's, in µm.
std::string voxelProblem(const json& entry, const ImageInfo& info) {
    if (!entry.contains("voxel_size")) return "";
    const json& size = entry["voxel_size"];
    static const std::map<std::string, double> units{{"nm", 1e-3},
                                                     {"nanometer", 1e-3},
                                                     {"um", 1},
                                                     {"micron", 1},
                                                     {"angstrom", 1e-4},
                                                     {"mm", 1e3},
                                                     {"mm (format has no unit)", 1e3},
                                                     {"unknown", 1e3}};
    std::vector<double> zyx;
    for (const char* key : {"zyx", "scale", "xyz", "xyz_t"}) {
        if (!size.contains(key)) continue;
        zyx = size[key].get<std::vector<double>>();
        if (std::string(key).starts_with("xyz")) {
            zyx.resize(std::min<std::size_t>(zyx.size(), 3));
            std::reverse(zyx.begin(), zyx.end());
        }
    }
    if (zyx.empty() || !units.contains(size.value("unit", ""))) return "";
    const double unit = units.at(size["unit"].get<std::string>());
    if (!info.geometry.known) return "voxel size unknown";
    for (std::size_t k = 0; k < zyx.size(); ++k) {
        const double got = info.geometry.spacing[int(3 - zyx.size() + k)];
        if (!near(got / unit, zyx[k], 1e-5))
            return "voxel size " + std::to_string(got) + " µm, not " + std::to_string(zyx[k] * unit);
    }
    return "";
}

std::string problem(const json& entry, const Decoded& d) {
    const json& expect = entry["expect"];
    const bool scaled =
        entry.contains("scaled") && (entry["scaled"]["slope"] != 1.0 || entry["scaled"]["inter"] != 0.0);
    const bool lossy = entry.contains("tolerance"), half = expect["dtype"] == "float16";
    const Statistics s = statistics(d);
    if (scaled)
        return near(s.mean, entry["scaled"]["mean"].get<double>(), 1e-4) ? voxelProblem(entry, d.info)
                                                                         : "scaled mean " + std::to_string(s.mean);
    const std::string type = expect["dtype"] == "bool" ? "uint8"
                             : half                    ? "float32"
                                                       : expect["dtype"].get<std::string>();
    if (type != name(d.info.dtype)) return std::string("type ") + name(d.info.dtype);
    if (!near(s.mean, expect["mean"].get<double>(), lossy ? 0.02 : 1e-5)) return "mean " + std::to_string(s.mean);
    if (!lossy && (!near(s.least, expect["min"].get<double>()) || !near(s.most, expect["max"].get<double>())))
        return "range";
    const std::vector<std::int64_t> wanted = squeezed(expect["shape"].get<std::vector<std::int64_t>>());
    bool shapeFits = false, same = false;
    for (const char* order : {"tczyx", "tzcyx", "tzyxc", "ztcyx", "ctzyx"}) {
        std::vector<std::int64_t> shape;
        const std::vector<std::byte> bytes = permuted(d, order, shape);
        if (squeezed(shape) != wanted) continue;
        shapeFits = true;
        if (lossy || half ||
            sha256({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) ==
                expect["pixel_sha256_le_c_order"].get<std::string>()) {
            same = true;
            break;
        }
    }
    if (!shapeFits) return "shape " + json(d.shape).dump();
    return same ? voxelProblem(entry, d.info) : "pixels";
}

// What Fovea does not read, and says so.
bool mayBeRefused(const json& entry) {
    const std::string format = entry["format"], path = entry["path"];
    for (const char* f : {"HDF5", "Zarr v3", "OME-Zarr 0.5 (zarr v3)", "OME-TIFF multi-file"})
        if (format == f) return true;
    for (const char* part : {".bz2", "_bz2", "bz2.nrrd", "/1d.", ".lz4.", "sgi_volume", "logluv", "nifti2",
                             "test_customFields", "test_simple4d"})
        if (path.find(part) != std::string::npos) return true;
    return false;
}

}  // namespace

class TestManifest : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void everyEntryIsReadRightOrRefused() {
        const std::filesystem::path folder = test::sharedData() / "formats";
        if (!std::filesystem::exists(folder / "MANIFEST.json")) QSKIP("shared/data/formats is not there");
        const json manifest = file::readJson(folder / "MANIFEST.json");
        int right = 0, refused = 0, absent = 0;
        QStringList wrong;
        for (const json& entry : manifest["entries"]) {
            const std::string path = entry["path"];
            if (entry["format"] == "broken") continue;
            if (!std::filesystem::exists(folder / path)) {
                ++absent;
                continue;
            }
            std::string what;
            try {
                what = problem(entry, decode((folder / path).string()));
            } catch (const Error& e) {
                if (mayBeRefused(entry) && e.kind() == ErrorKind::Unsupported) {
                    ++refused;
                    qInfo("refused: %s", e.what());
                    continue;
                }
                what = std::string(name(e.kind())) + ": " + e.what();
            }
            if (what.empty())
                ++right;
            else
                wrong << QString::fromStdString(path + ": " + what);
        }
        qInfo("%d read right, %d refused with a reason, %d absent", right, refused, absent);
        for (const QString& line : wrong) qWarning("%s", qPrintable(line));
        QCOMPARE(wrong.size(), 0);
        QVERIFY(right > 150);
    }

    void levelsAndChannelNamesOfZarr() {
        const std::filesystem::path path = test::sharedData() / "formats" / "made" / "zarr" / "ome04_tczyx_zlib.zarr";
        if (!std::filesystem::exists(path)) QSKIP("shared/data/formats is not there");
        const ImagePtr image = io::open(path.string());
        QCOMPARE(image->info().levels.size(), std::size_t(3));
        QCOMPARE(image->info().channelNames.at(0), std::string("em"));
        QVERIFY(near(image->info().levels[2].spacing.x, 0.048));
        QVERIFY(near(image->info().levels[2].spacing.z, 0.030));
    }
};

QTEST_APPLESS_MAIN(TestManifest)
#include "tst_manifest.moc"

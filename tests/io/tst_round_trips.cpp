#include <QtTest>
#include <cmath>
#include <fstream>
#include <limits>

#include "base/file.h"
#include "base/job.h"
#include "io/formats.h"
#include "shared_data.h"

using namespace fovea;
namespace fs = std::filesystem;
using test::failsWith;

namespace {

Geometry anisotropic() {
    Geometry g;
    g.known = true;
    g.spacing = {0.05, 0.0046, 0.005};
    return g;
}

template <class T>
Volume<T> ramp(Index shape) {
    Volume<T> v(shape);
    for (std::int64_t i = 0; i < v.size(); ++i) v.data()[i] = T(i * 37 + i / 7);
    v.geometry = anisotropic();
    return v;
}

template <class T>
MemoryImage image(const Volume<T>& v) {
    return MemoryImage({AnyVolume::from(v)});
}

template <class T>
void append(const fs::path& path, const std::vector<T>& values) {
    std::ofstream(path, std::ios::binary | std::ios::app)
        .write(reinterpret_cast<const char*>(values.data()), std::streamsize(values.size() * sizeof(T)));
}

bool nearSpacing(const Geometry& a, const Geometry& b, bool withDepth = true) {
    for (int axis = withDepth ? 0 : 1; axis < 3; ++axis)
        if (std::abs(a.spacing[axis] / b.spacing[axis] - 1) > 1e-5) return false;
    return a.known == b.known;
}

const char* const kVolumes[] = {".tif", ".nrrd", ".nii", ".nii.gz", ".mha", ".zarr"};

template <class T>
void everyFormat(const fs::path& folder, Index shape, std::vector<std::string> suffixes) {
    const Volume<T> v = ramp<T>(shape);
    Job job;
    for (const std::string& suffix : suffixes)
        for (const bool compress : {true, false}) {
            const fs::path path = folder / ("v" + suffix);
            io::write(path, image(v), {.labels = false, .compress = compress}, job);
            const ImagePtr back = io::open(path.string());
            QVERIFY2(back->info().dtype == dtypeOf<T>() && back->info().shape() == shape,
                     qPrintable(QString::fromStdString(suffix) + name(dtypeOf<T>())));
            QVERIFY2(back->readAll<T>() == v, suffix.c_str());
            QVERIFY2(nearSpacing(back->info().geometry, v.geometry, shape.z > 1 || suffix != ".tif"), suffix.c_str());
            const Box box{{shape.z / 2, shape.y / 3, shape.x / 4}, {shape.z / 2 + 1, shape.y / 3 + 1, shape.x}};
            QVERIFY2(back->readAs<T>(box) == crop(v, box), suffix.c_str());
        }
}

int filesIn(const fs::path& folder) {
    return int(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

class Cancels : public Job {
  public:
    void progress(double done, double total, const Text&) override { share = done / total; }
    bool cancelled() const override { return share > 0.4; }
    double share = 0;
};

}  // namespace

class TestRoundTrips : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void nrrdInItsOwnUnit() {
        const file::TempFolder temp;
        const auto opened = [&](const std::string& fields) {
            const fs::path path = temp.path() / "unit.nrrd";
            file::write(path, "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 2 2 2\nencoding: raw\nendian: little\n" +
                                  fields + "\n" + std::string(8, '\1'));
            return io::open(path.string())->info();
        };
        const std::string space = "space dimension: 3\nspace directions: (0.5,0,0) (0,0.25,0) (0,0,2)\n";
        const std::pair<std::string, double> units[] = {
            {space + "space units: \"microns\" \"microns\" \"microns\"\n", 1},
            {space + "space units: \"nm\" \"nm\" \"nm\"\n", 1e-3},
            {space + "space units: \"mm\" \"mm\" \"mm\"\n", 1000},
            {"spacings: 0.5 0.25 2\nunits: \"um\" \"um\" \"um\"\n", 1},
            {space, 1000}};  // as ITK takes it
        for (const auto& [fields, unit] : units) {
            const ImageInfo info = opened(fields);
            QVERIFY2(info.lengthUnit == unit, fields.c_str());
            const Vec3 spacing = info.geometry.spacing;
            QVERIFY2(std::abs(spacing.z / unit - 2) < 1e-9 && std::abs(spacing.x / unit - 0.5) < 1e-9, fields.c_str());
        }
        QVERIFY_THROWS_EXCEPTION(Error, opened(space + "space units: \"nm\" \"um\" \"um\"\n"));
    }

    void typesAndFormats() {
        const file::TempFolder temp;
        const std::vector<std::string> all(std::begin(kVolumes), std::end(kVolumes));
        const Index shape{5, 33, 47};
        everyFormat<std::uint8_t>(temp.path(), shape, all);
        everyFormat<std::uint16_t>(temp.path(), shape, all);
        everyFormat<std::int16_t>(temp.path(), shape, all);
        everyFormat<std::int32_t>(temp.path(), shape, all);
        everyFormat<std::uint32_t>(temp.path(), shape, all);
        everyFormat<float>(temp.path(), shape, all);
        everyFormat<double>(temp.path(), shape, all);
        everyFormat<std::int8_t>(temp.path(), shape, all);
        everyFormat<std::uint64_t>(temp.path(), shape, {".tif", ".zarr", ".nrrd", ".mha", ".nii"});
        everyFormat<std::int16_t>(temp.path(), shape, {".mrc"});
        everyFormat<float>(temp.path(), shape, {".mrc"});
    }

    void oddShapes() {
        const file::TempFolder temp;
        const std::vector<std::string> all(std::begin(kVolumes), std::end(kVolumes));
        everyFormat<std::uint16_t>(temp.path(), {1, 31, 17}, all);
        everyFormat<std::uint8_t>(temp.path(), {1, 1, 1}, all);
        everyFormat<std::uint8_t>(temp.path(), {7, 1, 300}, all);
    }

    void largeIdsSurvive() {
        const file::TempFolder temp;
        Volume<std::int32_t> labels({2, 5, 5}, 0);
        labels(1, 2, 3) = 135719;
        labels(0, 0, 0) = 65536;
        Job job;
        for (const char* suffix : kVolumes) {
            const fs::path path = temp.path() / (std::string("labels") + suffix);
            io::write(path, image(labels), {.labels = true, .compress = true}, job);
            QVERIFY2(io::open(path.string())->readAll<std::int32_t>() == labels, suffix);
        }
        QVERIFY(failsWith([&] { io::write(temp.path() / "x.png-series", image(labels), {}, job); },
                          ErrorKind::Unsupported, "65536"));
        labels(1, 2, 3) = 65535, labels(0, 0, 0) = 0;
        io::write(temp.path() / "y.png-series", image(labels), {}, job);
        QVERIFY(io::open((temp.path() / "y.png-series").string())->readAll<std::int32_t>() == labels);
    }

    void picturesOfOneSection() {
        const file::TempFolder temp;
        Job job;
        const auto kept = [&](const auto& labels, DType stored) {
            const fs::path path = temp.path() / (std::string(name(stored)) + ".png");
            io::write(path, image(labels), {.labels = true, .compress = true}, job);
            const ImagePtr back = io::open(path.string());
            return back->info().dtype == stored &&
                   back->readAll<std::int32_t>() == AnyVolume::from(labels).template to<std::int32_t>();
        };
        QVERIFY(kept(ramp<std::uint8_t>({1, 7, 9}), DType::U8));
        QVERIFY(kept(Volume<std::uint16_t>({1, 2, 2}, {0, 65535, 256, 1}), DType::U16));
        QVERIFY(failsWith([&] { io::write(temp.path() / "z.png", image(Volume<std::uint8_t>({2, 3, 3})), {}, job); },
                          ErrorKind::Unsupported, "one section"));
        QCOMPARE(filesIn(temp.path()), 2);
    }

    void notANumberSurvives() {
        const file::TempFolder temp;
        Volume<float> v({2, 3, 4}, 1.5f);
        v(0, 1, 2) = std::numeric_limits<float>::quiet_NaN();
        v(1, 0, 0) = std::numeric_limits<float>::infinity();
        Job job;
        for (const char* suffix : kVolumes) {
            const fs::path path = temp.path() / (std::string("nan") + suffix);
            io::write(path, image(v), {}, job);
            const Volume<float> back = io::open(path.string())->readAll<float>();
            QVERIFY2(std::isnan(back(0, 1, 2)) && std::isinf(back(1, 0, 0)) && back(1, 2, 3) == 1.5f, suffix);
        }
    }

    void channelsInTiffAndZarr() {
        const file::TempFolder temp;
        const Volume<std::uint16_t> a = ramp<std::uint16_t>({4, 9, 11});
        Volume<std::uint16_t> b = a;
        std::reverse(b.begin(), b.end());
        const MemoryImage two({AnyVolume::from(a), AnyVolume::from(b)});
        Job job;
        for (const char* suffix : {".tif", ".zarr"}) {
            const fs::path path = temp.path() / (std::string("two") + suffix);
            io::write(path, two, {}, job);
            const ImagePtr back = io::open(path.string());
            QCOMPARE(back->info().channels, 2);
            QVERIFY(back->readAll<std::uint16_t>(0) == a && back->readAll<std::uint16_t>(1) == b);
        }
        QVERIFY(failsWith([&] { io::write(temp.path() / "two.nrrd", two, {}, job); }, ErrorKind::Unsupported,
                          "one channel"));
    }

    void orderOfAxesAndGeometry() {
        const file::TempFolder temp;
        Volume<std::uint8_t> v({3, 4, 5}, 0);
        v(2, 1, 0) = 9;
        v.geometry = anisotropic();
        v.geometry.origin = {7, -3, 2};
        v.geometry.direction = {1, 0, 0, 0, 0, 1, 0, -1, 0};  // turned about z
        Job job;
        for (const char* suffix : {".nrrd", ".nii.gz", ".mha"}) {
            const fs::path path = temp.path() / (std::string("g") + suffix);
            io::write(path, image(v), {}, job);
            const ImagePtr back = io::open(path.string());
            QCOMPARE(int(back->readAll<std::uint8_t>()(2, 1, 0)), 9);
            for (int a = 0; a < 3; ++a)
                QVERIFY2(std::abs(back->info().geometry.origin[a] - v.geometry.origin[a]) < 1e-4, suffix);
            for (std::size_t i = 0; i < 9; ++i)
                QVERIFY2(std::abs(back->info().geometry.direction[i] - v.geometry.direction[i]) < 1e-5, suffix);
        }
    }

    void decodedCopiesAreKeptAndRenewed() {
        const file::TempFolder temp;
        const fs::path path = temp.path() / "c.nrrd", cache = temp.path() / "cache";
        Job job;
        const Volume<std::uint16_t> a = ramp<std::uint16_t>({3, 20, 20});
        io::write(path, image(a), {}, job);
        for (int i = 0; i < 2; ++i) {
            const ImagePtr back = io::open(path.string(), {.timepoint = 0, .cache = cache});
            QVERIFY(back->readAll<std::uint16_t>() == a);
            QCOMPARE(back->info().format, std::string("nrrd"));
            QCOMPARE(back->info().path, path.string());
            QCOMPARE(filesIn(cache), 1);
        }
        io::write(path, image(Volume<std::uint16_t>({3, 20, 21}, 4)), {}, job);
        QCOMPARE(io::open(path.string(), {.timepoint = 0, .cache = cache})->info().shape().x, std::int64_t(21));
    }

    void cancelAndFailureLeaveTheOldFile() {
        const file::TempFolder temp;
        const Volume<std::uint8_t> old = ramp<std::uint8_t>({2, 8, 8}), fresh = ramp<std::uint8_t>({20, 8, 8});
        Job job;
        for (const char* suffix : {".tif", ".nrrd", ".mha", ".zarr", ".png-series"}) {
            const fs::path path = temp.path() / (std::string("keep") + suffix);
            io::write(path, image(old), {}, job);
            const int files = filesIn(temp.path());
            Cancels cancel;
            QVERIFY_EXCEPTION_THROWN(io::write(path, image(fresh), {}, cancel), Cancelled);
            QVERIFY2(io::open(path.string())->readAll<std::uint8_t>() == old, suffix);
            QCOMPARE(filesIn(temp.path()), files);
        }
    }

    void refusedTargets() {
        const file::TempFolder temp;
        Job job;
        const Volume<std::int32_t> v({1, 2, 2}, 1);
        QVERIFY(
            failsWith([&] { io::write(temp.path() / "x.xyz", image(v), {}, job); }, ErrorKind::Unsupported, ".tif"));
        QVERIFY(
            failsWith([&] { io::write(temp.path() / "x.mrc", image(v), {}, job); }, ErrorKind::Unsupported, "int32"));
        QVERIFY(failsWith([&] { io::write(temp.path() / "x.png", image(Volume<float>({1, 2, 2}, 1)), {}, job); },
                          ErrorKind::Unsupported, "float32"));
        QVERIFY(failsWith(
            [&] { io::write(temp.path() / "x.tif", MemoryImage({AnyVolume(DType::F32, {0, 2, 2})}), {}, job); },
            ErrorKind::Input, "without voxels"));
        QCOMPARE(filesIn(temp.path()), 0);
    }

    // ImageJ writes stacks beyond 4 GB as one directory with the planes behind one another.
    void imageJWithOneDirectory() {
        const file::TempFolder temp;
        const fs::path path = temp.path() / "big.tif", one = temp.path() / "one.tif";
        const Volume<std::uint16_t> all = ramp<std::uint16_t>({6, 10, 12});
        Job job;
        MemoryImage first({AnyVolume::from(crop(all, Box{{0, 0, 0}, {1, 10, 12}}))});
        io::write(one, first, {.labels = false, .compress = false}, job);
        std::string bytes = file::read(one);
        const std::string old = "ImageJ=1.53t\nimages=1\nunit=micron\n",
                          wanted = "ImageJ=1.53t\nimages=6\nunit=micron\n";
        const auto at = bytes.find(old);
        QVERIFY(at != std::string::npos);
        bytes.replace(at, old.size(), wanted);
        // The planes go to the end of the file, and the only strip's offset points there.
        const std::uint32_t planes = std::uint32_t(bytes.size());
        const auto strip = [&](std::uint16_t tag) {
            std::uint32_t directory;
            std::memcpy(&directory, bytes.data() + 4, 4);
            std::uint16_t count;
            std::memcpy(&count, bytes.data() + directory, 2);
            for (int i = 0; i < count; ++i) {
                std::uint16_t id;
                std::memcpy(&id, bytes.data() + directory + 2 + 12 * i, 2);
                if (id == tag) return directory + 2 + 12 * std::uint32_t(i) + 8;
            }
            return std::uint32_t(0);
        };
        std::memcpy(bytes.data() + strip(273), &planes, 4);
        file::write(path, bytes);
        append(path, all.vector());
        const ImagePtr back = io::open(path.string());
        QCOMPARE(back->info().format, std::string("imagej"));
        QVERIFY(back->readAll<std::uint16_t>() == all);
        const Box box{{2, 3, 4}, {5, 9, 11}};
        QVERIFY(back->readAs<std::uint16_t>(box) == crop(all, box));
        fs::resize_file(path, fs::file_size(path) - 10);
        QVERIFY(failsWith([&] { io::open(path.string()); }, ErrorKind::Format, "before the last"));
    }
};

QTEST_APPLESS_MAIN(TestRoundTrips)
#include "tst_round_trips.moc"

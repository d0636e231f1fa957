#include <QtTest>
#include <fstream>

#include "base/file.h"
#include "base/job.h"
#include "io/formats.h"
#include "shared_data.h"

using namespace fovea;
namespace fs = std::filesystem;
using test::failsWith;

namespace {

void putPicture(const fs::path& path, Index shape, std::uint8_t value) {
    fs::create_directories(path.parent_path());
    Job job;
    io::write(path, MemoryImage({AnyVolume::from(Volume<std::uint8_t>(shape, value))}), {}, job);
}

// A bilevel TIFF of 8 × 2 pixels: rows 10101010 and 01010101.
void putBilevel(const fs::path& path) {
    const auto entry = [](std::uint16_t tag, std::uint16_t type, std::uint32_t value) {
        std::string e(12, '\0');
        const std::uint32_t count = 1;
        std::memcpy(e.data(), &tag, 2);
        std::memcpy(e.data() + 2, &type, 2);
        std::memcpy(e.data() + 4, &count, 4);
        std::memcpy(e.data() + 8, &value, 4);
        return e;
    };
    std::string bytes("II*\0\x0a\0\0\0\xaa\x55", 10);
    bytes += std::string("\x08\0", 2) + entry(256, 3, 8) + entry(257, 3, 2) + entry(258, 3, 1) + entry(259, 3, 1) +
             entry(262, 3, 1) + entry(273, 4, 8) + entry(278, 3, 2) + entry(279, 4, 2) + std::string(4, '\0');
    std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

class TestSeries : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void numberedPicturesAreOneVolume() {
        const file::TempFolder temp;
        for (int i : {1, 2, 10, 9})
            putPicture(temp.path() / "a" / ("z" + std::to_string(i) + ".png"), {1, 4, 5}, std::uint8_t(i));
        const std::string folder = (temp.path() / "a").string();
        const ImagePtr image = io::open(folder);
        QVERIFY((image->info().shape() == Index{4, 4, 5}));
        const Volume<std::uint8_t> v = image->readAll<std::uint8_t>();
        QCOMPARE(int(v(0, 0, 0)), 1);
        QCOMPARE(int(v(2, 3, 4)), 9);
        QCOMPARE(int(v(3, 0, 0)), 10);
        QCOMPARE(io::resolve(folder), std::vector<std::string>{folder});
        QVERIFY((io::open(folder + "/z1*.png")->info().shape() == Index{2, 4, 5}));
        QVERIFY((io::open(folder + "/z9.png")->info().shape() == Index{1, 4, 5}));
    }

    void otherFoldersAreManyImages() {
        const file::TempFolder temp;
        putPicture(temp.path() / "sizes" / "z1.png", {1, 4, 5}, 1);
        putPicture(temp.path() / "sizes" / "z2.png", {1, 4, 6}, 1);
        putPicture(temp.path() / "names" / "cat.png", {1, 4, 5}, 1);
        putPicture(temp.path() / "names" / "dog.png", {1, 4, 5}, 1);
        putPicture(temp.path() / "two" / "c1_z1.tif", {1, 4, 5}, 1);
        putPicture(temp.path() / "two" / "c2_z2.tif", {1, 4, 5}, 1);
        putPicture(temp.path() / "stacks" / "s1.tif", {3, 4, 5}, 1);
        putPicture(temp.path() / "stacks" / "s2.tif", {3, 4, 5}, 1);
        for (const char* folder : {"sizes", "names", "two", "stacks"}) {
            const std::string path = (temp.path() / folder).string();
            QCOMPARE(io::resolve(path).size(), std::size_t(2));
            QVERIFY(failsWith([&] { io::open(path); }, ErrorKind::Input, "2 separate images"));
        }
        QVERIFY(failsWith([&] { io::open((temp.path() / "sizes" / "*.png").string()); }, ErrorKind::Input, "z2.png"));
        QCOMPARE(io::resolve((temp.path() / "sizes" / "z1.png").string()).size(), std::size_t(1));
    }

    void bilevelPagesAmongGreyOnesAreBlackAndWhite() {
        const file::TempFolder temp;
        putPicture(temp.path() / "m0.tif", {1, 2, 8}, 200);
        putBilevel(temp.path() / "m1.tif");
        const Volume<std::uint8_t> mixed = io::open(temp.path().string())->readAll<std::uint8_t>();
        QCOMPARE(int(mixed(0, 0, 0)), 200);
        QCOMPARE(int(mixed(1, 0, 0)), 255);
        QCOMPARE(int(mixed(1, 1, 0)), 0);
        fs::rename(temp.path() / "m0.tif", temp.path() / "m0.gone");
        putBilevel(temp.path() / "m2.tif");
        QCOMPARE(int(io::open(temp.path().string())->readAll<std::uint8_t>()(1, 0, 0)), 1);
        QCOMPARE(int(io::open((temp.path() / "m1.tif").string())->readAll<std::uint8_t>()(0, 0, 2)), 1);
    }

    void realMasks() {
        const fs::path folder = test::sharedData() / "vnc1";
        if (!fs::exists(folder / "raw")) QSKIP("shared/data/vnc1 is not there");
        const ImagePtr raw = io::open((folder / "raw").string()), membranes = io::open((folder / "membranes").string());
        QVERIFY((raw->info().shape() == Index{20, 1024, 1024}));
        QVERIFY((membranes->info().shape() == Index{20, 1024, 1024}));
        const ImagePtr ids = io::open((folder / "mito_instances").string());
        const Volume<std::int32_t> v = ids->readAll<std::int32_t>();
        QCOMPARE(*std::max_element(v.begin(), v.end()), 47);
    }

    void realFolderOfManyImages() {
        const fs::path folder = test::sharedData() / "dsb2018_subset" / "images";
        if (!fs::exists(folder)) QSKIP("shared/data/dsb2018_subset is not there");
        const std::vector<std::string> paths = io::resolve(folder.string());
        QCOMPARE(paths.size(), std::size_t(24));
        for (const std::string& path : paths) QCOMPARE(io::open(path)->info().shape().z, std::int64_t(1));
    }

    void formatsAreListed() {
        QVERIFY(io::formats().size() >= 7);
        for (const io::FormatInfo& format : io::formats()) QVERIFY(!format.id.empty() && !format.title.empty());
    }
};

QTEST_APPLESS_MAIN(TestSeries)
#include "tst_series.moc"

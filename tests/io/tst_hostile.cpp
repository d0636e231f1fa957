#include <sys/stat.h>

#include <QtTest>
#include <bit>
#include <fstream>

#include "base/file.h"
#include "base/job.h"
#include "io/formats.h"
#include "io/xml.h"
#include "shared_data.h"

using namespace fovea;
namespace fs = std::filesystem;
using test::failsWith;

// Headers that are well-formed and still mean harm: counts whose products overflow, scales that multiply to nothing,
// names that lead elsewhere, endless lists.
class TestHostile : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void countsOfImageJ();
    void spacings();
    void planesOfOme();
    void xml();
    void descriptionOfShapes();
    void dataElsewhere();
    void bomb();
    void pipes();
    void compressedUnderLargeLetters();
};

namespace {

void put(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

template <class T>
std::string raw(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

std::string entry(std::uint16_t tag, std::uint16_t type, std::uint32_t count, std::uint32_t value) {
    return raw(tag) + raw(type) + raw(count) + raw(value);
}

// A TIFF of `pages` pictures of one pixel, all the same byte; the first has the description and 2 pixels per unit, or
// the resolution given.
std::string tiff(const std::string& description, int pages = 1, float resolution = 2) {
    const std::uint32_t text = 9, size = std::uint32_t(description.size() + 1);
    const std::uint32_t first = (text + size + 1) / 2 * 2, directory = 2 + 11 * 12 + 4;
    std::string bytes = std::string("II*\0", 4) + raw(first) + "\x07" + description + '\0';
    bytes.resize(first);
    for (int i = 0; i < pages; ++i) {
        const std::uint32_t next = i + 1 < pages ? first + std::uint32_t(i + 1) * directory : 0;
        bytes += raw(std::uint16_t(11)) + entry(256, 3, 1, 1) + entry(257, 3, 1, 1) + entry(258, 3, 1, 8) +
                 entry(259, 3, 1, 1) + entry(262, 3, 1, 1) + entry(270, 2, size, text) + entry(273, 4, 1, 8) +
                 entry(278, 3, 1, 1) + entry(279, 4, 1, 1) +
                 entry(282, 11, 1, std::bit_cast<std::uint32_t>(resolution)) +
                 entry(283, 11, 1, std::bit_cast<std::uint32_t>(resolution)) + raw(next);
    }
    return bytes;
}

std::string omeXml(const std::string& pixels, const std::string& inside) {
    return R"(<?xml version="1.0"?><OME><Image><Pixels )" + pixels + ">" + inside + "</Pixels></Image></OME>";
}

}  // namespace

void TestHostile::countsOfImageJ() {
    const file::TempFolder temp;
    const std::string path = (temp.path() / "x.tif").string();
    // 2²² · 2²² · 2²⁰ is 2⁶⁴, which is 0 in 64 bits; the other product is beyond them.
    for (const char* counts :
         {"channels=4194304\nslices=4194304\nframes=1048576", "channels=10000000\nslices=10000000\nframes=10000000"}) {
        put(path, tiff(std::string("ImageJ=1.53t\nimages=3\n") + counts + "\n", 3));
        const ImagePtr image = io::open(path);
        QVERIFY((image->info().shape() == Index{3, 1, 1}));
        QCOMPARE(int(image->readAll<std::uint8_t>()(2, 0, 0)), 7);
    }
}

void TestHostile::spacings() {
    const file::TempFolder temp;
    const std::string path = (temp.path() / "x.tif").string();
    const std::string imageJ = "ImageJ=1.53t\nimages=2\nslices=2\nunit=km\nspacing=";
    put(path, tiff(imageJ + "3\n", 2));
    QCOMPARE(io::open(path)->info().geometry.spacing.z, 3e9);
    QVERIFY(io::open(path)->info().geometry.known);
    put(path, tiff(imageJ + "1e305\n", 2));
    QVERIFY(!io::open(path)->info().geometry.known);
    put(path, tiff(imageJ + "3\n", 2, 0));
    QVERIFY(!io::open(path)->info().geometry.known);
    for (const char* size : {"1e305", "1e-320"}) {
        const std::string unit = size[2] == '3' ? "m" : "pm";
        std::string sizes = R"(SizeX="1" SizeY="1" SizeZ="1" SizeC="1" SizeT="1")";
        for (const char axis : {'X', 'Y', 'Z'})
            sizes +=
                std::string(" PhysicalSize") + axis + "=\"" + size + "\" PhysicalSize" + axis + "Unit=\"" + unit + "\"";
        put(path, tiff(omeXml(sizes, "<TiffData/>")));
        QVERIFY(!io::open(path)->info().geometry.known);
        QCOMPARE(io::open(path)->info().geometry.spacing.x, 1.0);
    }
}

void TestHostile::planesOfOme() {
    const file::TempFolder temp;
    const std::string path = (temp.path() / "x.tif").string();
    const std::string huge = R"(SizeZ="100000000" SizeC="100000000" SizeT="100000000")";
    put(path, tiff(omeXml(huge, "<TiffData/>")));
    QVERIFY(failsWith([&] { io::open(path); }, ErrorKind::Format, "100000000"));
    const std::string four = R"(SizeZ="4" SizeC="1" SizeT="1" DimensionOrder="XYZCT")";
    put(path, tiff(omeXml(four, "<TiffData/>"), 4));
    QVERIFY((io::open(path)->info().shape() == Index{4, 1, 1}));
    std::string blocks;
    for (int i = 0; i < 100; ++i) blocks += R"(<TiffData IFD="0" PlaneCount="4"/>)";
    put(path, tiff(omeXml(four, blocks), 4));
    QVERIFY(failsWith([&] { io::open(path); }, ErrorKind::Format, "over and over"));
    put(path, tiff(omeXml(four, R"(<TiffData IFD="99999999" PlaneCount="100000000" FirstZ="99999999"/>)"), 4));
    QVERIFY(failsWith([&] { io::open(path); }, ErrorKind::Format, "every plane"));
}

void TestHostile::xml() {
    const auto walk = [](const std::string& text) {
        int elements = 0;
        io::walkXml(text, [&](const io::XmlElement&) { ++elements; }, [](const std::string&) {});
        return elements;
    };
    const std::string fine = R"(<a x="&#65;&lt;"><!-- <b> --><b/><![CDATA[<c>]]></a>)";
    QCOMPARE(walk(fine), 2);
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "<a>";
    QVERIFY(failsWith([&] { walk(deep); }, ErrorKind::Format, "deeply"));
    const std::string declares = R"(<!DOCTYPE a [<!ENTITY b "c">]><a/>)";
    QVERIFY(failsWith([&] { walk(declares); }, ErrorKind::Format, "entities"));
    for (const std::string& text : {R"(<a x="&#x110000;"/>)", R"(<a x="&#-5;"/>)"})
        QVERIFY(failsWith([&] { walk(text); }, ErrorKind::Format, "does not exist"));
    const std::string whole = R"(<a b="c"><d e='f'/><!-- g --><h>i</h></a>)";
    QCOMPARE(walk(whole), 3);
    for (std::size_t n = 1; n < whole.size(); ++n)  // cut anywhere: an error, never more
        QVERIFY2(failsWith([&] { walk(whole.substr(0, n)); }, ErrorKind::Format), qPrintable(QString::number(n)));
}

void TestHostile::descriptionOfShapes() {
    const file::TempFolder temp;
    const std::string path = (temp.path() / "x.tif").string();
    put(path, tiff(R"({"shape": [2, 3, 1, 1]})", 6));
    QCOMPARE(io::open(path)->info().channels, 2);
    for (const std::string& text :
         {std::string(R"({"shape": [18446744073709551615, 3, 1, 1]})"), std::string(R"({"shape": [)"),
          R"({"shape": )" + std::string(100'000, '[') + std::string(100'000, ']') + "}"}) {
        put(path, tiff(text, 6));
        QVERIFY((io::open(path)->info().shape() == Index{6, 1, 1}));
    }
}

void TestHostile::dataElsewhere() {
    const file::TempFolder temp;
    const std::string path = (temp.path() / "x.nhdr").string();
    put(temp.path() / "a.raw", std::string(64, 'a'));
    const std::string start = "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 4 4 4\nencoding: raw\n";
    put(path, start + "data file: a.raw\n");
    QVERIFY((io::open(path)->info().shape() == Index{4, 4, 4}));
    put(path, start + "data file: a.raw\ndatafile: /etc/hostname\n");
    QVERIFY(failsWith([&] { io::open(path); }, ErrorKind::Format, "two data files"));
    put(path, start + "datafile: ../a.raw\n");
    QVERIFY(failsWith([&] { io::open(path); }, ErrorKind::Format, "outside"));
}

// A small file that unpacks to far more than its header says would keep the program busy for hours.
void TestHostile::bomb() {
    const file::TempFolder temp;
    const std::string path = (temp.path() / "x.nrrd").string();
    const std::string start = "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 4 4 4\nencoding: gzip\n\n";
    const fs::path packed = temp.path() / "packed.nii.gz";
    Job job;
    io::write(packed, MemoryImage({AnyVolume::from(Volume<std::uint8_t>({16, 512, 512}))}), {}, job);
    put(path, start + file::read(packed));
    QVERIFY(failsWith([&] { io::open(path); }, ErrorKind::Format, "far more"));
}

// Opening a pipe would wait for ever.
void TestHostile::pipes() {
    const file::TempFolder temp;
    const fs::path folder = temp.path() / "stack", pipe = folder / "z2.tif";
    fs::create_directories(folder);
    QVERIFY(::mkfifo(pipe.c_str(), 0600) == 0);
    QVERIFY(failsWith([&] { io::open(pipe.string()); }, ErrorKind::Input, "plain file"));
    put(folder / "z1.tif", tiff("plain"));
    QVERIFY((io::open(folder.string())->info().shape() == Index{1, 1, 1}));
    QVERIFY(failsWith([&] { io::open(std::string(10'000, 'x')); }, ErrorKind::Missing));
}

void TestHostile::compressedUnderLargeLetters() {
    const file::TempFolder temp;
    const fs::path small = temp.path() / "a.nii.gz", large = temp.path() / "A.NII.GZ";
    Volume<std::uint16_t> volume({3, 4, 5});
    for (std::int64_t i = 0; i < volume.size(); ++i) volume.data()[i] = std::uint16_t(i * 7);
    Job job;
    io::write(small, MemoryImage({AnyVolume::from(volume)}), {}, job);
    fs::rename(small, large);
    bool same = true;  // or refused, but never compressed bytes as voxels
    try {
        same = io::open(large.string())->readAll<std::uint16_t>() == volume;
    } catch (const Error& e) {
        qInfo("refused: %s", e.what());
    }
    QVERIFY(same);
}

QTEST_APPLESS_MAIN(TestHostile)
#include "tst_hostile.moc"

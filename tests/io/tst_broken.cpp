#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QtTest>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/job.h"
#include "io/formats.h"
#include "shared_data.h"

using namespace fovea;
namespace fs = std::filesystem;

namespace {

constexpr int kRead = 0, kRefused = 3, kOther = 4, kTooLarge = 5;

std::uint64_t addressSpace() {
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * std::uint64_t(::sysconf(_SC_PAGESIZE));
}

// The address sanitizer reserves terabytes of address space and takes several times as long. There the peak of what the
// child had in memory is looked at instead; a request beyond all memory ends the child.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
constexpr rlim_t kSeconds = kSanitized ? 30 : 5;

// Opens the image and reads all of it in a child that may use 1 GiB more than it has and 5 s of processor time.
// Returns kRead, kRefused, kOther, kTooLarge or −signal.
int tryInChild(const std::string& path) {
    const pid_t child = ::fork();
    if (child == 0) {
        const rlimit memory{addressSpace() + (1u << 30), addressSpace() + (1u << 30)}, time{kSeconds, kSeconds};
        if (!kSanitized) ::setrlimit(RLIMIT_AS, &memory);
        ::setrlimit(RLIMIT_CPU, &time);
        ::alarm(unsigned(4 * kSeconds));
        try {
            const ImagePtr image = io::open(path);
            for (int c = 0; c < image->info().channels; ++c) image->read(0, c, Box::of(image->info().shape()));
            ::_exit(kRead);
        } catch (const Error& e) {
            if (std::getenv("FOVEA_SHOW_ERRORS")) std::fprintf(stderr, "%s\n", e.what());
            ::_exit(kRefused);
        } catch (...) {
            ::_exit(kOther);
        }
    }
    int status = 0;
    rusage used{};
    ::wait4(child, &status, 0, &used);
    if (kSanitized && used.ru_maxrss > (2 << 20)) return kTooLarge;  // in KiB
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void put(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

void cut(const fs::path& path, double share) {
    fs::resize_file(path, std::uintmax_t(double(fs::file_size(path)) * share));
}

std::shared_ptr<MemoryImage> noise(Index shape) {
    Volume<std::uint16_t> v(shape);
    std::uint32_t state = 1;
    for (auto& x : v) x = std::uint16_t((state = state * 1664525u + 1013904223u) >> 16);
    v.geometry.known = true;
    v.geometry.spacing = {0.05, 0.01, 0.01};
    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(v)});
}

}  // namespace

class TestBroken : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void initTestCase() {
        if (kSanitized) qInfo("skipped: the limit on address space; the peak of memory in use is checked instead");
    }

    void damagedFilesOfTheCollection() {
        const fs::path folder = test::sharedData() / "formats";
        if (!fs::exists(folder / "MANIFEST.json")) QSKIP("shared/data/formats is not there");
        int read = 0, refused = 0;
        const nlohmann::json manifest = file::readJson(folder / "MANIFEST.json");
        for (const auto& entry : manifest["entries"]) {
            const std::string path = entry["path"];
            if (entry["format"] != "broken" || !fs::exists(folder / path)) continue;
            const int result = tryInChild((folder / path).string());
            // Fuzzer finds may hold an image; the damaged copies must be refused.
            const bool fuzz = path.starts_with("broken/fuzz");
            QVERIFY2(result == kRefused || (fuzz && result == kRead),
                     qPrintable(QString::fromStdString(path) + ": " + QString::number(result)));
            ++(result == kRead ? read : refused);
        }
        qInfo("%d damaged files refused, %d read", refused, read);
        QVERIFY(read + refused > 0);
    }

    void truncatedFiles() {
        const file::TempFolder temp;
        const auto image = noise({6, 60, 70});
        Job job;
        for (const char* suffix : {".tif", ".nrrd", ".nii", ".nii.gz", ".mha", ".mrc"})
            for (const bool compress : {true, false})
                for (const double share : {0.0, 0.02, 0.5, 0.97}) {
                    const fs::path path = temp.path() / (std::string("cut") + suffix);
                    io::write(path, *image, {.labels = false, .compress = compress}, job);
                    cut(path, share);
                    QVERIFY2(tryInChild(path.string()) == kRefused,
                             qPrintable(QString("%1 %2 %3").arg(suffix).arg(compress).arg(share)));
                }
    }

    void strangersAndNothing() {
        using test::failsWith;
        const file::TempFolder temp;
        const std::string path = (temp.path() / "x.tif").string();
        QVERIFY(failsWith([&] { io::open(path); }, ErrorKind::Missing, path));
        put(path, "");
        QVERIFY(failsWith([&] { io::open(path); }, ErrorKind::Format, "empty"));
        put(path, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
        QVERIFY(failsWith([&] { io::open(path); }, ErrorKind::Format, "Git LFS"));
        put(path, std::string("\x89HDF\r\n\x1a\n") + std::string(600, 'x'));
        QVERIFY(failsWith([&] { io::open(path); }, ErrorKind::Unsupported, "HDF5"));
        put(path, "what is this?");
        QVERIFY(failsWith([&] { io::open(path); }, ErrorKind::Format, path));
        QVERIFY(failsWith([&] { io::open((temp.path() / "none*.png").string()); }, ErrorKind::Missing));
        fs::create_directories(temp.path() / "folder");
        QVERIFY(failsWith([&] { io::open((temp.path() / "folder").string()); }, ErrorKind::Missing, "no images"));
        put(temp.path() / "x.xyz", "abc");
        QVERIFY(failsWith([&] { io::open((temp.path() / "x.xyz").string()); }, ErrorKind::Unsupported, "not known"));
    }

    void unknownTypesAndSizes() {
        using test::failsWith;
        const file::TempFolder temp;
        const std::string nrrd = (temp.path() / "x.nrrd").string(), meta = (temp.path() / "x.mhd").string();
        const auto header = [&](const std::string& type, const std::string& sizes) {
            put(nrrd, "NRRD0004\ntype: " + type + "\ndimension: 3\nsizes: " + sizes +
                          "\nencoding: raw\nendian: little\n\n" + std::string(64, 'a'));
        };
        header("quaternion", "4 4 4");
        QVERIFY(failsWith([&] { io::open(nrrd); }, ErrorKind::Unsupported, "quaternion"));
        header("uint8", "4 0 4");
        QVERIFY(failsWith([&] { io::open(nrrd); }, ErrorKind::Format));
        header("uint8", "4 -4 4");
        QVERIFY(failsWith([&] { io::open(nrrd); }, ErrorKind::Format));
        header("uint16", "4 4 4");
        QVERIFY(failsWith([&] { io::open(nrrd); }, ErrorKind::Format, "incomplete"));
        header("uint8", "4 4 4");
        QVERIFY((io::open(nrrd)->info().shape() == Index{4, 4, 4}));
        const std::string start = "ObjectType = Image\nNDims = 2\nDimSize = 4 4\nElementType = ";
        put(meta, start + "MET_STRING\nElementDataFile = a.raw\n");
        QVERIFY(failsWith([&] { io::open(meta); }, ErrorKind::Unsupported, "MET_STRING"));
        put(meta, start + "MET_UCHAR\nElementDataFile = a.raw\n");
        QVERIFY(failsWith([&] { io::open(meta); }, ErrorKind::Missing, "a.raw"));
        put(meta, start + "MET_UCHAR\nElementDataFile = /etc/hostname\n");
        QVERIFY(failsWith([&] { io::open(meta); }, ErrorKind::Format, "outside"));
    }
};

QTEST_APPLESS_MAIN(TestBroken)
#include "tst_broken.moc"

// Deflate streams made by zlib are unpacked to what went in; damaged ones are told, never believed.
#include <zlib.h>

#include <QTest>

#include "base/file.h"
#include "base/rng.h"
#include "tensorfile/inflate.h"
#include "tensorfile/refused.h"
#include "tensorfile/zip_reader.h"
#include "tensorfile/zip_writer.h"

using namespace fovea;
using namespace fovea::tensorfile;

namespace {

std::string deflatedBy(const std::string& bytes, int level, int strategy) {
    z_stream stream{};
    deflateInit2(&stream, level, Z_DEFLATED, -15, 8, strategy);
    std::string packed(deflateBound(&stream, bytes.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = uInt(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = uInt(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

// From all alike (`kinds` 1) to noise (256), with repeated parts.
std::string sample(std::size_t size, int kinds) {
    Rng rng(std::uint64_t(kinds), size);
    std::string bytes;
    while (bytes.size() < size)
        if (bytes.size() > 100 && rng.uniform() < 0.05)
            bytes += bytes.substr(std::size_t(rng.below(std::int64_t(bytes.size() - 50))), std::size_t(rng.below(300)));
        else
            bytes += char(rng.below(kinds));
    bytes.resize(size);
    return bytes;
}

// A record of this archive told to be deflated: in its local header and in the directory.
void markDeflated(const std::filesystem::path& path, std::uint32_t crc, std::uint32_t size) {
    std::string zip = file::read(path);
    const std::size_t local = zip.find("PK\3\4"), entry = zip.find("PK\1\2");
    for (const std::size_t at : {local + 8, entry + 10}) zip[at] = 8;
    for (const std::size_t at : {local + 14, entry + 16}) std::memcpy(zip.data() + at, &crc, 4);
    for (const std::size_t at : {local + 22, entry + 24}) std::memcpy(zip.data() + at, &size, 4);
    file::write(path, zip);
}

}  // namespace

class TestInflate : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void whatZlibPacked() {
        for (const std::size_t size : {0, 1, 100, 70'000, 300'000})
            for (const int kinds : {1, 5, 256})
                for (const int level : {0, 1, 6, 9})
                    for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY}) {
                        const std::string bytes = sample(size, kinds);
                        QVERIFY(inflated(deflatedBy(bytes, level, strategy), size) == bytes);
                    }
    }
    void damagedStreams() {
        const std::string bytes = sample(3000, 20), packed = deflatedBy(bytes, 6, Z_DEFAULT_STRATEGY);
        QVERIFY(!inflated(packed, bytes.size() - 1) && !inflated(packed, bytes.size() + 1) && !inflated("", 0));
        for (std::size_t cut = 0; cut < packed.size(); ++cut)
            QVERIFY(!inflated(std::string_view(packed).substr(0, cut), bytes.size()));
        // Turned bits may give other bytes, but never more or fewer.
        for (std::size_t i = 0; i < packed.size(); ++i)
            for (int bit = 0; bit < 8; ++bit) {
                std::string turned = packed;
                turned[i] = char(turned[i] ^ 1 << bit);
                const auto result = inflated(turned, bytes.size());
                QVERIFY(!result || result->size() == bytes.size());
            }
        for (int first = 0; first < 256; ++first)  // noise
            QVERIFY(!inflated(char(first) + sample(40, 256), std::uint64_t(1) << 60));
    }
    void inAnArchive() {
        const file::TempFolder temp;
        const auto path = temp.path() / "x.npz";
        const std::string bytes = sample(5000, 9), packed = deflatedBy(bytes, 6, Z_DEFAULT_STRATEGY);
        const auto crc = std::uint32_t(::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), uInt(bytes.size())));
        writeZip(path, {{"a.npy", {std::as_bytes(std::span(packed))}}});
        markDeflated(path, crc, std::uint32_t(bytes.size()));
        {
            const ByteFile file(path);
            const ZipReader zip(file);
            QVERIFY(zip.readUnpacked("a.npy", 1 << 20) == bytes);
            QVERIFY_EXCEPTION_THROWN(zip.readUnpacked("a.npy", 4999), RefusedFile);
            QVERIFY_EXCEPTION_THROWN(zip.read("a.npy", 1 << 20), RefusedFile);  // torch's are never compressed
            QVERIFY_EXCEPTION_THROWN(zip.verify("a.npy"), RefusedFile);
        }
        markDeflated(path, crc + 1, std::uint32_t(bytes.size()));
        const ByteFile file(path);
        QVERIFY_EXCEPTION_THROWN(ZipReader(file).readUnpacked("a.npy", 1 << 20), RefusedFile);
    }
    void recordsOfSeveralParts() {
        const file::TempFolder temp;
        const auto path = temp.path() / "parts.zip";
        const std::string a = "first, ", b = "second", c;
        writeZip(path, {{"ab", {std::as_bytes(std::span(a)), std::as_bytes(std::span(c)), std::as_bytes(std::span(b))}},
                        {"none", {}}});
        const ByteFile file(path);
        const ZipReader zip(file);
        zip.verify("ab");
        QCOMPARE(zip.read("ab", 100), a + b);
        QCOMPARE(zip.read("none", 100), std::string());
    }
};

QTEST_GUILESS_MAIN(TestInflate)
#include "tst_inflate.moc"

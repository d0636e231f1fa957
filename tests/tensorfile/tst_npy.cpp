#include <QtTest>
#include <numeric>

#include "base/file.h"
#include "tensorfile/npy.h"

using namespace fovea;
using namespace fovea::tensorfile;

static std::string npy(const std::string& dictionary, const std::string& data, char version = 1) {
    std::string bytes("\x93NUMPY", 6);
    bytes += version;
    bytes += '\0';
    bytes += static_cast<char>(dictionary.size() & 255);
    bytes += static_cast<char>(dictionary.size() >> 8);
    if (version > 1) bytes += std::string(2, '\0');
    return bytes + dictionary + data;
}

static ErrorKind kindOf(const std::string& bytes) {
    try {
        parseNpy(bytes, "here.npy");
    } catch (const Error& error) {
        return std::string(error.what()).find("here.npy") == std::string::npos ? ErrorKind::Internal : error.kind();
    }
    return ErrorKind::Remote;  // did not throw
}

class TestNpy : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void roundTrip() {
        const file::TempFolder folder;
        for (const Shape& shape : {Shape{2, 3, 4}, Shape{24}, Shape{1, 24, 1, 1}}) {
            std::vector<float> values(24);
            std::iota(values.begin(), values.end(), -3.5f);
            writeNpy(folder.path() / "a.npy", Tensor::from(shape, values));
            const Tensor again = readNpy(folder.path() / "a.npy");
            QCOMPARE(again.shape, shape);
            QCOMPARE(again.toFloat(), values);
            QCOMPARE(again.as<float>()[3], -0.5f);
        }
        const Tensor scalar =
            parseNpy(npyBytes(Tensor::from<std::int64_t>({}, std::vector<std::int64_t>{1ll << 40})), "x");
        QCOMPARE(scalar.toInt()[0], std::int64_t(1) << 40);
        const Tensor empty = parseNpy(npyBytes(Tensor::from<double>({0, 5}, std::vector<double>{})), "x");
        QCOMPARE(empty.count(), std::int64_t(0));
        QVERIFY(npyBytes(Tensor::from<double>({1}, std::vector<double>{1})).size() == 64 + 64 + 8 ||
                npyBytes(Tensor::from<double>({1}, std::vector<double>{1})).size() == 128 + 8);
    }
    void foreignFiles() {
        QCOMPARE(parseNpy(npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }",
                              std::string("\x01\x02\xff\xfe", 4)),
                          "x")
                     .toInt(),
                 (std::vector<std::int64_t>{258, -2}));
        QCOMPARE(parseNpy(npy("{\"shape\": (1, 2), \"descr\": \"|b1\", \"fortran_order\": False}\n",
                              std::string("\x01\x00", 2), 2),
                          "x")
                     .toInt(),
                 (std::vector<std::int64_t>{1, 0}));
        QCOMPARE(parseNpy(npy("{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }",
                              std::string("\x00\x3c\x00\xc0\x01\x00", 6)),
                          "x")
                     .toDouble(),
                 (std::vector<double>{1, -2, std::ldexp(1, -24)}));
        QVERIFY(parseNpy(npy("{'descr': '<f8', 'fortran_order': True, 'shape': (1,), }", std::string(8, '\0')), "x")
                    .shape == Shape{1});
    }
    void refusals() {
        const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
        QVERIFY(kindOf(npy(good, std::string(8, 'x'))) == ErrorKind::Remote);
        QVERIFY(kindOf(npy(good, std::string(7, 'x'))) == ErrorKind::Format);
        QVERIFY(kindOf("") == ErrorKind::Format);
        QVERIFY(kindOf("\x93NUMPY") == ErrorKind::Format);
        QVERIFY(kindOf(npy(good, "", 9)) == ErrorKind::Format);
        const std::string whole = npy(good, std::string(8, 'x'));
        for (std::size_t cut = 0; cut < whole.size(); ++cut) QVERIFY(kindOf(whole.substr(0, cut)) == ErrorKind::Format);
        for (const char* shape : {"(-1,)", "(9223372036854775807,)", "(99999999999999999999,)",
                                  "(4294967296, 4294967296)", "(2", "2", "(2;)"})
            QVERIFY(kindOf(npy(std::string("{'descr': '<f4', 'fortran_order': False, 'shape': ") + shape + ", }",
                               "")) == ErrorKind::Format);
        for (const char* text :
             {"{}", "{'descr': '<f4'}", "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
              "{'other': '<f4'}", "{'descr': <f4}", "nothing", "{'descr': '<f4', 'fortran_order': None, 'shape': ()}"})
            QVERIFY(kindOf(npy(text, "")) == ErrorKind::Format);
        for (const char* type : {"'|O'", "'<U5'", "'<c16'", "'<f16'", "[('a', '<f4')]", "''"})
            QVERIFY(kindOf(npy(std::string("{'descr': ") + type + ", 'fortran_order': False, 'shape': (1,), }",
                               std::string(64, 'x'))) == ErrorKind::Unsupported);
        QVERIFY(kindOf(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", std::string(8, 'x'))) ==
                ErrorKind::Unsupported);
        const file::TempFolder folder;
        file::write(folder.path() / "big.npy", whole);
        QVERIFY_EXCEPTION_THROWN(readNpy(folder.path() / "big.npy", 10), Error);
        QVERIFY_EXCEPTION_THROWN(readNpy(folder.path() / "missing.npy"), Error);
        QVERIFY_EXCEPTION_THROWN(npyBytes(Tensor{ElementType::BF16, {1}, std::vector<std::byte>(2)}), Error);
        QVERIFY_EXCEPTION_THROWN((Tensor::from<float>({3}, std::vector<float>{1, 2})), Error);
        QVERIFY_EXCEPTION_THROWN((Tensor::from<float>({1}, std::vector<float>{1}).as<double>()), Error);
        QVERIFY_EXCEPTION_THROWN((Tensor::from<float>({1}, std::vector<float>{1}).toInt()), Error);
    }
};

QTEST_APPLESS_MAIN(TestNpy)
#include "tst_npy.moc"

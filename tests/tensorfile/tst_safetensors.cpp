#include <QtTest>

#include "base/file.h"
#include "tensorfile/safetensors.h"

using namespace fovea;
using namespace fovea::tensorfile;

// JSON written with single quotes: moc loses its way in raw strings.
static std::string quoted(std::string text) {
    std::replace(text.begin(), text.end(), '\'', '"');
    return text;
}

static std::string container(const std::string& header, const std::string& data) {
    const std::uint64_t length = header.size();
    return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

class TestSafetensors : public QObject {
    Q_OBJECT

    // Why a file with these bytes is refused; empty when it is read.
    std::string refusal(const std::string& bytes) {
        const auto path = folder_.path() / "x.safetensors";
        file::writeQuick(path, bytes);
        try {
            SafetensorsFile(path).readAll();
        } catch (const Error& error) {
            const std::string text = error.what();
            return text.find(path.string()) == std::string::npos ? "does not name the file" : text;
        }
        return "";
    }
    file::TempFolder folder_;

  private Q_SLOTS:
    void roundTrip() {
        TensorMap tensors;
        tensors["weight"] = Tensor::from<float>({2, 2}, std::vector<float>{1, 2, 3, 4});
        tensors["mask"] = {ElementType::Bool, {3}, {std::byte(1), std::byte(0), std::byte(1)}};
        tensors["half"] = {ElementType::F16, {1}, {std::byte(0), std::byte(0x3c)}};
        tensors["brain"] = {
            ElementType::BF16, {2, 1}, {std::byte(0x80), std::byte(0x3f), std::byte(0), std::byte(0xc0)}};
        tensors["scalar"] = Tensor::from<double>({}, std::vector<double>{0.1});
        tensors["empty"] = Tensor::from<std::int64_t>({0, 7}, std::vector<std::int64_t>{});
        tensors["ids"] = Tensor::from<std::int32_t>({1}, std::vector<std::int32_t>{70000});
        const auto path = folder_.path() / "a.safetensors";
        writeSafetensors(path, tensors, {{"made_by", "test \"quoted\" µ"}});
        const SafetensorsFile again(path);
        QCOMPARE(again.tensors().size(), tensors.size());
        QCOMPARE(again.metadata().at("made_by"), std::string("test \"quoted\" µ"));
        for (const auto& [key, tensor] : tensors) {
            const Tensor read = again.read(key);
            QVERIFY(read.type == tensor.type && read.shape == tensor.shape && read.bytes == tensor.bytes);
        }
        QCOMPARE(again.read("brain").toDouble(), (std::vector<double>{1, -2}));
        QCOMPARE(again.read("half").toFloat(), (std::vector<float>{1}));
        QVERIFY(again.has("ids") && !again.has("nothing"));
        QVERIFY_EXCEPTION_THROWN(again.read("nothing"), Error);
        writeSafetensors(path, {}, {});
        QVERIFY(SafetensorsFile(path).readAll().empty());
    }
    void smallFloats() {
        const Tensor e4m3{
            ElementType::F8E4M3, {4}, {std::byte(0x38), std::byte(0x7e), std::byte(0x01), std::byte(0xb8)}};
        QCOMPARE(e4m3.toDouble(), (std::vector<double>{1, 448, std::ldexp(1, -9), -1}));
        const Tensor e5m2{ElementType::F8E5M2, {2}, {std::byte(0x3c), std::byte(0x7b)}};
        QCOMPARE(e5m2.toDouble(), (std::vector<double>{1, 57344}));
        const Tensor half{ElementType::F16, {1}, {std::byte(0), std::byte(0x7c)}};
        QVERIFY(std::isinf(half.toDouble()[0]));
    }
    void damagedContainers() {
        const std::string good = quoted("{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]}}");
        QCOMPARE(refusal(container(good, "data")), std::string());
        QCOMPARE(refusal(container(good + "     ", "data")), std::string());
        const std::string whole = container(good, "data");
        for (std::size_t cut = 0; cut < whole.size(); ++cut) QVERIFY(!refusal(whole.substr(0, cut)).empty());
        QVERIFY(!refusal(whole + "x").empty());
        QVERIFY(refusal(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8) + "{}").find("100 MB") != std::string::npos);
        QVERIFY(!refusal(container("", "")).empty());
        QVERIFY(!refusal(container("[]", "")).empty());
        QVERIFY(!refusal(container(" {}", "")).empty());
        QVERIFY(!refusal(container("{\"a\":", "")).empty());
        QVERIFY(!refusal(container("{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}", "")).empty());
    }
    void damagedEntries() {
        const auto one = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
            return container(quoted("{'a':{'dtype':") + dtype + quoted(",'shape':") + shape +
                                 quoted(",'data_offsets':") + offsets + "}}",
                             "datadata");
        };
        QCOMPARE(refusal(one("\"F32\"", "[2]", "[0,8]")), std::string());
        for (const char* shape :
             {"[3]", "[-2]", "[2.0]", "2", "[\"2\"]", "[18446744073709551615]", "[4611686018427387904,4]", "[[2]]"})
            QVERIFY2(!refusal(one("\"F32\"", shape, "[0,8]")).empty(), shape);
        for (const char* offsets :
             {"[0,9]", "[8,0]", "[0,4]", "[1,9]", "[0]", "[0,8,8]", "8", "[-8,0]", "[0,18446744073709551615]"})
            QVERIFY2(!refusal(one("\"F32\"", "[2]", offsets)).empty(), offsets);
        QVERIFY(refusal(one("\"F13\"", "[2]", "[0,8]")).find("F13") != std::string::npos);
        QVERIFY(!refusal(one("7", "[2]", "[0,8]")).empty());
        QVERIFY(!refusal(container(quoted("{'a':3}"), "")).empty());
        QVERIFY(!refusal(container(quoted("{'a':{'dtype':'U8','shape':[0]}}"), "")).empty());
        QVERIFY(!refusal(container(quoted("{'__metadata__':{'a':1}}"), "")).empty());
        QVERIFY(!refusal(container(quoted("{'__metadata__':'x'}"), "")).empty());
    }
    void overlapsHolesAndDuplicates() {
        const auto entry = [](const char* name, int begin, int end) {
            return std::string("\"") + name + quoted("':{'dtype':'U8','shape':[") + std::to_string(end - begin) +
                   quoted("],'data_offsets':[") + std::to_string(begin) + "," + std::to_string(end) + "]}";
        };
        QCOMPARE(refusal(container("{" + entry("a", 0, 4) + "," + entry("b", 4, 8) + "}", "datadata")), std::string());
        QVERIFY(refusal(container("{" + entry("a", 0, 5) + "," + entry("b", 4, 8) + "}", "datadata")).find("overlap") !=
                std::string::npos);
        QVERIFY(!refusal(container("{" + entry("a", 0, 3) + "," + entry("b", 4, 8) + "}", "datadata")).empty());
        QVERIFY(refusal(container("{" + entry("a", 0, 4) + "," + entry("a", 4, 8) + "}", "datadata")).find("twice") !=
                std::string::npos);
        QVERIFY(refusal(container(quoted("{'a':{'dtype':'U8','dtype':'U8','shape':[4],'data_offsets':[0,4]}}"), "data"))
                    .find("twice") != std::string::npos);
    }
    void missingFile() {
        QVERIFY_EXCEPTION_THROWN(SafetensorsFile(folder_.path() / "missing"), Error);
        QVERIFY_EXCEPTION_THROWN(SafetensorsFile(folder_.path()), Error);
    }
};

QTEST_APPLESS_MAIN(TestSafetensors)
#include "tst_safetensors.moc"

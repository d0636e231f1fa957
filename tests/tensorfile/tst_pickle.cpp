#include <QtTest>
#include <functional>

#include "base/file.h"
#include "tensorfile/crc32.h"
#include "tensorfile/torch_file.h"
#include "tensorfile/torch_writer.h"
#include "tensorfile/zip_reader.h"
#include "tensorfile/zip_writer.h"

using namespace fovea;
using namespace fovea::tensorfile;

using namespace std::string_literals;
using Json = nlohmann::ordered_json;

// Why f() refuses; "read" when it does not.
static std::string refusal(const std::function<void()>& f) {
    try {
        f();
    } catch (const RefusedFile& refused) {
        return name(refused.reason());
    } catch (const Error& error) {
        return error.what();
    }
    return "read";
}

static std::string text(const std::string& word) {
    return std::string("\x8c") + char(word.size()) + word;  // SHORT_BINUNICODE
}
static std::string global(const std::string& module, const std::string& what) {
    return "c" + module + "\n" + what + "\n";
}

// A tensor as torch.save writes it: sizes, strides and offset are pickles of their own.
static std::string tensorPickle(const std::string& sizes, const std::string& strides,
                                const std::string& offset = "K\0"s, const std::string& type = "FloatStorage",
                                const std::string& key = "0", const std::string& count = "K\x06") {
    return global("torch._utils", "_rebuild_tensor_v2") + "((" + text("storage") + global("torch", type) + text(key) +
           text("cpu") + count + "tQ" + offset + sizes + strides + "\x89" + global("collections", "OrderedDict") +
           ")RtR";
}

static std::span<const std::byte> bytesOf(const std::string& text) { return std::as_bytes(std::span(text)); }

class TestPickle : public QObject {
    Q_OBJECT

    file::TempFolder folder_;
    const std::string where_ = "memory";

    std::string pickleRefusal(const std::string& body) {
        return refusal([&] { readPickle("\x80\x02" + body, where_); });
    }
    // A zip with this data.pkl and 24 bytes of numbers 0 … 5.
    std::filesystem::path zipWith(const std::string& pickle, const std::vector<ZipContent>& more = {}) {
        static const std::vector<float> numbers{0, 1, 2, 3, 4, 5};
        const auto path = folder_.path() / "x.pth";
        std::vector<ZipContent> contents{{"a/data.pkl", {bytesOf(pickle)}},
                                         {"a/data/0", {std::as_bytes(std::span(numbers))}}};
        contents.insert(contents.end(), more.begin(), more.end());
        writeZip(path, contents);
        return path;
    }
    std::string tensorRefusal(const std::string& tensor) {
        const auto path = zipWith("\x80\x02}" + text("w") + tensor + "s.");
        return refusal([&] {
            TorchFile file(path);
            for (const auto& [name, view] : file.tensors()) file.read(view);
        });
    }
    std::string jsonOf(const std::string& body) {
        const std::string pickle = "\x80\x02" + body + ".";
        return torchValues(readPickle(pickle, where_), where_).values.dump();
    }

  private Q_SLOTS:
    void checksum() {
        QCOMPARE(crc32(bytesOf("123456789")), 0xCBF43926u);
        QCOMPARE(crc32(bytesOf("6789"), crc32(bytesOf("12345"))), 0xCBF43926u);
        QCOMPARE(crc32({}), 0u);
    }
    void plainValues() {
        QCOMPARE(jsonOf("N"), std::string("null"));
        QCOMPARE(jsonOf("(\x88\x89K\xffM\x01\x01J\xff\xff\xff\xfft"), std::string("[true,false,255,257,-1]"));
        QCOMPARE(jsonOf("\x8a\x03\xff\xff\xff"), std::string("-1"));
        QCOMPARE(jsonOf("\x8a\x06" + std::string("\0\0\0\0\0\1", 6)), std::string("1099511627776"));
        QCOMPARE(jsonOf("G" + std::string("\x3f\xf8\0\0\0\0\0\0", 8)), std::string("1.5"));
        QCOMPARE(jsonOf("}(" + text("b") + "K\1" + text("a") + "](K\2K\3eu"), std::string("{\"b\":1,\"a\":[2,3]}"));
        QCOMPARE(jsonOf(global("collections", "OrderedDict") + "](](" + text("k") + "K\1ee\x85R"),
                 std::string("{\"k\":1}"));
        QCOMPARE(jsonOf("}(K\7K\1NK\2u"), std::string("{\"7\":1,\"null\":2}"));
        QCOMPARE(jsonOf("\x8f(K\1K\1\x90"), std::string("[1,1]"));
        QCOMPARE(jsonOf(global("torch", "device") + text("cuda") + "K\1\x86R"), std::string("\"cuda:1\""));
        QCOMPARE(jsonOf(global("argparse", "Namespace") + ")\x81}" + text("lr") + "K\5sb"), std::string("{\"lr\":5}"));
        QCOMPARE(jsonOf(global("somewhere", "Class") + "K\1\x85R"),
                 std::string("{\"python_class\":\"somewhere.Class\"}"));
        QCOMPARE(jsonOf(global("torch", "float32")), std::string("\"torch.float32\""));
        // Protocol 4: names from the stack, a frame, a memo without numbers.
        QCOMPARE(jsonOf("\x95" + std::string(8, '\0') + text("torch") + "\x94" + text("float16") + "\x93"),
                 std::string("\"torch.float16\""));
    }
    void numpyScalars() {
        const std::string dtype = global("numpy", "dtype") + text("f8") + "\x89\x88\x87R";
        const std::string state = "(K\3" + text("<") + "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"s;
        const std::string big = "(K\3" + text(">") + "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"s;
        const std::string value = "C\x08" + std::string("\0\0\0\0\0\0\xf8\x3f", 8);
        for (const char* module : {"numpy.core.multiarray", "numpy._core.multiarray"})
            QCOMPARE(jsonOf(global(module, "scalar") + dtype + state + value + "\x86R"), std::string("1.5"));
        // As protocol 2 writes bytes: text in which one character stands for each.
        const std::string encoded = global("_codecs", "encode") + "X\x09\0\0\0"s +
                                    std::string("\0\0\0\0\0\0\xc3\xb8\x3f", 9) + text("latin1") + "\x86R";
        QCOMPARE(jsonOf(global("numpy.core.multiarray", "scalar") + dtype + state + encoded + "\x86R"),
                 std::string("1.5"));
        QCOMPARE(jsonOf(global("numpy.core.multiarray", "scalar") + dtype + big + value + "\x86R"),
                 std::string("null"));
    }
    void nothingRuns() {
        for (const char* pickle : {"cos\nsystem\n", "cposix\nsystem\n", "csubprocess\nPopen\n", "cbuiltins\neval\n",
                                   "c__builtin__\nexec\n", "cos.path\njoin\n", "cbuiltins\neval.__call__\n",
                                   "ctorch.hub\nload\n", "ctorch.storage\n_load_from_bytes\n",
                                   "cimportlib.util\nspec_from_file_location\n", "(ios\nsystem\n", "(cx\ny\no"})
            QCOMPARE(pickleRefusal(std::string(pickle) + "."), std::string("unsafe-global"));
        QCOMPARE(pickleRefusal(text("os") + text("system") + "\x93."), std::string("unsafe-global"));
        QCOMPARE(pickleRefusal("cmy.os\nsystem\n."), std::string("read"));  // a package of somebody's
        QCOMPARE(pickleRefusal("cbuiltins\ngetattr\n."), std::string("read"));
    }
    void damagedPickles() {
        for (const std::string& body : std::vector<std::string>{"",
                                                                "K",
                                                                "R.",
                                                                "0.",
                                                                "h\5.",
                                                                "K\1",
                                                                "K\1K\2.",
                                                                "(K\1.",
                                                                "t.",
                                                                "}K\1s.",
                                                                "K\1K\2s.",
                                                                "]K\1(u.",
                                                                "K\1K\2a.",
                                                                "\x80\x09N.",
                                                                "\xf0.",
                                                                "X\xff\xff\xff\x7f.",
                                                                "\x8b\xff\xff\xff\x7f.",
                                                                "\x8b\xff\xff\xff\xff.",
                                                                "K\1(0.",
                                                                "cos",
                                                                "}(K\1u.",
                                                                "K\1K\2\x93.",
                                                                "b.",
                                                                "Q.",
                                                                "S'x'\n."})
            QVERIFY2(pickleRefusal(body) == "pickle", body.c_str());
        const std::string whole = "\x80\x02}" + text("w") + tensorPickle("K\6\x85", "K\1\x85") + "s.";
        for (std::size_t cut = 0; cut < whole.size(); ++cut)
            QVERIFY(refusal([&] { readPickle(std::string_view(whole).substr(0, cut), where_); }) != "read");
    }
    void depthAndAmount() {
        const auto said = [&](const std::string& body) { return refusal([&] { jsonOf(body); }); };
        QCOMPARE(said(")" + std::string(50, '\x85')), std::string("read"));
        QCOMPARE(said(")" + std::string(300'000, '\x85')), std::string("limits"));
        QCOMPARE(pickleRefusal(std::string(1'100'000, ']') + "."), std::string("limits"));
        // Every list holds the one before twice: 2^64 values in a few bytes.
        std::string bomb = "]q\1";
        for (char n = 1; n < 65; ++n) bomb += std::string("0](h") + n + "h" + n + "eq" + char(n + 1);
        QCOMPARE(said(bomb), std::string("limits"));
        // A long text said very often.
        std::string copies = "X" + std::string("\0\0\1\0", 4) + std::string(65536, 'x') + "q\0010](";
        for (int i = 0; i < 100'000; ++i) copies += "h\1";
        QCOMPARE(said(copies + "e"), std::string("limits"));
        QCOMPARE(jsonOf("]q\1h\1a"), std::string("[null]"));  // a list that contains itself
        QCOMPARE(jsonOf("}q\1" + text("x") + "h\1s"), std::string("{\"x\":null}"));
    }
    void tensorsOutsideTheirStorage() {
        const std::string minus = "J\xff\xff\xff\xff", wide = "\x8a\x08" + std::string("\0\0\0\0\0\0\0\x40", 8);
        QCOMPARE(tensorRefusal(tensorPickle("K\2K\3\x86", "K\3K\1\x86")), std::string("read"));
        QCOMPARE(tensorRefusal(tensorPickle(")", ")", "K\5")), std::string("read"));
        QCOMPARE(tensorRefusal(tensorPickle("K\0\x85"s, "K\1\x85")), std::string("read"));
        for (const std::string& tensor :
             {tensorPickle("K\7\x85", "K\1\x85"), tensorPickle("K\6\x85", "K\1\x85", "K\1"),
              tensorPickle(")", ")", "K\6"), tensorPickle("K\6\x85", "K\1\x85", minus),
              tensorPickle(minus + "\x85", "K\1\x85"), tensorPickle("K\2\x85", minus + "\x85", "K\3"),
              tensorPickle("K\3\x85", "K\3\x85"), tensorPickle("K\2K\3\x86", "K\1\x85"),
              tensorPickle(wide + wide + "\x86", "K\0K\0\x86"s), tensorPickle(wide + "\x85", "K\0\x85"s),
              tensorPickle("K\2\x85", wide + "\x85"), tensorPickle("K\2", "K\1\x85"),
              tensorPickle(text("2") + "\x85", "K\1\x85"), tensorPickle("J\0\0\0\x10\x85"s, "K\0\x85"s)})
            QCOMPARE(tensorRefusal(tensor), std::string("bounds"));
        QCOMPARE(tensorRefusal(tensorPickle("K\6\x85", "K\1\x85", "K\0"s, "QInt8Storage")), std::string("dtype"));
        QCOMPARE(tensorRefusal(tensorPickle("K\6\x85", "K\1\x85", "K\0"s, "DoubleStorage")),
                 std::string("storage-size"));
        for (const std::string& count : {"K\5"s, "K\7"s, minus, wide})
            QCOMPARE(tensorRefusal(tensorPickle("K\1\x85", "K\1\x85", "K\0"s, "FloatStorage", "0", count)),
                     std::string("storage-size"));
        for (const char* key : {"1", "../data/0", "/etc/passwd", "..", ""})
            QCOMPARE(tensorRefusal(tensorPickle("K\6\x85", "K\1\x85", "K\0"s, "FloatStorage", key)),
                     std::string("missing-record"));
    }
    void views() {
        const auto read = [&](const std::string& tensor) {
            TorchFile file(zipWith("\x80\x02}" + text("w") + tensor + "s."));
            return file.read(file.tensors().front().second).toDouble();
        };
        QCOMPARE(read(tensorPickle("K\3K\2\x86", "K\1K\3\x86")),
                 (std::vector<double>{0, 3, 1, 4, 2, 5}));  // transposed
        QCOMPARE(read(tensorPickle("K\2\x85", "K\3\x85", "K\1")), (std::vector<double>{1, 4}));
        QCOMPARE(read(tensorPickle("K\2K\2\x86", "K\0K\1\x86"s, "K\4")),
                 (std::vector<double>{4, 5, 4, 5}));  // repeated
        QCOMPARE(read(tensorPickle(")", ")", "K\2")), (std::vector<double>{2}));
        QCOMPARE(read(tensorPickle("K\1K\3\x86", "K\7K\1\x86", "K\2")), (std::vector<double>{2, 3, 4}));
    }
    void hostileArchives() {
        const std::string pickle = "\x80\x02}" + text("w") + tensorPickle("K\6\x85", "K\1\x85") + "s.";
        const auto opened = [&](const std::vector<ZipContent>& more) {
            const auto path = zipWith(pickle, more);
            return refusal([&] { TorchFile file(path); });
        };
        const std::string little = "little", big = "big";
        QCOMPARE(opened({{"a/byteorder", {bytesOf(little)}}}), std::string("read"));
        QCOMPARE(opened({{"a/byteorder", {bytesOf(big)}}}), std::string("byteorder"));
        QCOMPARE(opened({{"a/data/0", {bytesOf(big)}}}), std::string("ambiguous"));
        QCOMPARE(opened({{"b/data.pkl", {bytesOf(pickle)}}}), std::string("ambiguous"));
        for (const char* bad : {"../x", "/x", "a/../x", "a//x", "c:x", "a\\x", "./x", ""})
            QCOMPARE(opened({{bad, {bytesOf(big)}}}), std::string("path"));
        const auto path = zipWith(pickle);
        const std::string whole = file::read(path);
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            file::writeQuick(path, whole.substr(0, cut));
            const std::string reason = refusal([&] { TorchFile file(path); });
            QVERIFY2(reason != "read" && reason.size() < 20, reason.c_str());
        }
        // No byte of the archive can be turned without a refusal or an equal result; nothing may crash.
        for (std::size_t i = 0; i < whole.size(); ++i)
            for (const int bit : {0, 7}) {
                std::string turned = whole;
                turned[i] = char(turned[i] ^ 1 << bit);
                file::writeQuick(path, turned);
                const std::string reason = refusal([&] {
                    TorchFile file(path);
                    for (const auto& [name, view] : file.tensors()) file.read(view);
                });
                QVERIFY2(reason.size() < 20, reason.c_str());
            }
    }
    void turnedPickles() {
        const std::string whole = "\x80\x02}(" + text("w") + tensorPickle("K\6\x85", "K\1\x85") + text("x") +
                                  global("numpy.core.multiarray", "scalar") + "K\1K\2\x86Ru.";
        for (std::size_t i = 0; i < whole.size(); ++i)
            for (int byte = 0; byte < 256; byte += 5) {
                std::string turned = whole;
                turned[i] = char(byte);
                const std::string reason = refusal([&] { torchValues(readPickle(turned, where_), where_); });
                QVERIFY2(reason.size() < 20, reason.c_str());
            }
    }
    void roundTrip() {
        const std::vector<float> weights{1, 2, 3, 4, 5, 6};
        const std::vector<std::int64_t> counts{7};
        const std::vector<std::uint16_t> halves{0x3c00, 0xc000};
        const TorchArray w{ElementType::F32, {2, 3}, std::as_bytes(std::span(weights))};
        PickleDict state, root, empty;
        state.add("a.weight", w);
        state.add("b.weight", w);
        state.add("flat", TorchArray{ElementType::F32, {6}, w.bytes});
        state.add("steps", TorchArray{ElementType::I64, {}, std::as_bytes(std::span(counts))});
        state.add("half", TorchArray{ElementType::F16, {2}, std::as_bytes(std::span(halves))});
        state.add("nothing", TorchArray{ElementType::F32, {0, 4}, {}});
        root.add("network_weights", state);
        root.add("axes", PickleTuple{{0, 1, 2}});
        root.add(std::int64_t(3), PickleList{{true, PickleValue(), 0.1, -5, std::int64_t(1) << 40, "µm"}});
        root.add("plans", PickleValue::from(Json::parse("{\"z\":[1,2.5,null],\"a\":{\"b\":false}}")));
        root.add("empty", empty);
        const auto path = folder_.path() / "round.pth";
        writeTorch(path, root);
        TorchFile file(path);
        QCOMPARE(file.tensors().size(), std::size_t(6));
        QCOMPARE(file.tensors()[0].first, std::string("network_weights/a.weight"));
        QCOMPARE(file.tensors()[0].second.storage, file.tensors()[2].second.storage);
        QVERIFY(file.tensors()[0].second == file.tensors()[1].second);
        for (const auto& [name, view] : file.tensors()) {
            const Tensor tensor = file.read(view);
            if (name.ends_with("weight")) QCOMPARE(tensor.toFloat(), weights);
            if (name.ends_with("steps")) QCOMPARE(tensor.toInt(), counts);
            if (name.ends_with("half")) QCOMPARE(tensor.toDouble(), (std::vector<double>{1, -2}));
            if (name.ends_with("nothing")) QCOMPARE(tensor.shape, (Shape{0, 4}));
        }
        Json values = file.values();
        QCOMPARE(values.at("axes").dump(), std::string("[0,1,2]"));
        QCOMPARE(values.at("3").dump(), std::string("[true,null,0.1,-5,1099511627776,\"µm\"]"));
        QCOMPARE(values.at("plans").dump(), std::string("{\"z\":[1,2.5,null],\"a\":{\"b\":false}}"));
        QCOMPARE(values.at("empty").dump(), std::string("{}"));
        const ByteFile bytes(path);
        const ZipReader zip(bytes);
        for (const auto& item : zip.records()) QCOMPARE(item.second.begin % 64, std::uint64_t(0));
    }
    void damagedNumbers() {
        const auto path = zipWith("\x80\x02}" + text("w") + tensorPickle("K\2\x85", "K\1\x85") + "s.");
        std::string bytes = file::read(path);
        const std::size_t at = bytes.find("\x40\x40");  // within 3.0f, outside the view
        bytes[at] = char(bytes[at] ^ 1);
        file::writeQuick(path, bytes);
        TorchFile file(path);
        QCOMPARE(refusal([&] { file.read(file.tensors().front().second); }), std::string("crc"));
    }
    void otherFiles() {
        const auto path = folder_.path() / "other.pth";
        const auto opened = [&](const std::string& bytes) {
            file::writeQuick(path, bytes);
            return refusal([&] { TorchFile file(path); });
        };
        QCOMPARE(opened(""), std::string("empty"));
        QCOMPARE(opened("P"), std::string("bad-magic"));
        QCOMPARE(opened("<html>404 Not Found</html>"), std::string("bad-magic"));
        QCOMPARE(opened("PK\3\4"), std::string("truncated"));
        QCOMPARE(opened("PK\5\6" + std::string(18, '\0')), std::string("bad-magic"));
        QCOMPARE(opened("\x80\x02" + global("os", "system") + "."), std::string("unsafe-global"));
        QVERIFY(refusal([&] { TorchFile file(folder_.path() / "missing.pth"); }).find("missing.pth") !=
                std::string::npos);
        QVERIFY(refusal([&] { TorchFile file(folder_.path()); }).find("plain file") != std::string::npos);
        QVERIFY(!TorchFile::looksLike(path) || file::read(path)[0] == '\x80');
    }
};

QTEST_APPLESS_MAIN(TestPickle)
#include "tst_pickle.moc"

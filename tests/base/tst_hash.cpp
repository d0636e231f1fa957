#include <QtTest>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

using namespace fovea;

class TestHash : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void knownDigests() {  // FIPS 180-4 examples
        QCOMPARE(sha256(""), std::string("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        QCOMPARE(sha256("abc"), std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        QCOMPARE(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                 std::string("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
        QCOMPARE(sha256(std::string(1000000, 'a')),
                 std::string("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
    }
    void piecesGiveTheSameDigest() {
        const std::string text = std::string(200, 'x') + "tail";
        for (std::size_t cut = 0; cut <= text.size(); cut += 13) {
            Sha256 hash;
            hash.add(std::string_view(text).substr(0, cut)).add(std::string_view(text).substr(cut));
            QCOMPARE(hash.hex(), sha256(text));
        }
    }
    void md5() {  // RFC 1321, A.5
        const auto hex = [](const std::string& text) { return Md5().add(text.data(), text.size()).hex(); };
        QCOMPARE(hex(""), std::string("d41d8cd98f00b204e9800998ecf8427e"));
        QCOMPARE(hex("message digest"), std::string("f96b697d7cb7938d525a2f31aaf161d0"));
        const std::string digits = "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
        QCOMPARE(hex(digits), std::string("57edf4a22be3c955ac49da2e2107b67a"));
        for (std::size_t cut = 0; cut <= digits.size(); cut += 9)
            QCOMPARE(Md5().add(digits.data(), cut).add(digits.data() + cut, digits.size() - cut).hex(), hex(digits));
    }
    void files() {
        const file::TempFolder folder;
        file::write(folder.path() / "a", "abc");
        QCOMPARE(sha256File(folder.path() / "a"), sha256("abc"));
        QVERIFY_EXCEPTION_THROWN(sha256File(folder.path() / "missing"), Error);
        QVERIFY_EXCEPTION_THROWN(sha256File(folder.path()), Error);
    }
};

QTEST_APPLESS_MAIN(TestHash)
#include "tst_hash.moc"

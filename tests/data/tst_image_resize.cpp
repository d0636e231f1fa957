#include <QtTest>

#include <numeric>

#include "base/error.h"
#include "data/image_resize.h"
#include "support/hash_uniform.h"

using namespace fovea;

// Sums and pixels that Pillow gives (spec models.md 7.3 H).
class TstImageResize : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void pillow_data();
    void pillow();
    void sameSizeIsTheSame();
    void onePixel();
    void planesApart();
    void realNumbersAreNotRounded();
    void refuses();
};

namespace {

Volume<std::uint8_t> noise(std::uint64_t key, Index shape) {
    Volume<std::uint8_t> volume(shape);
    for (std::int64_t i = 0; i < volume.size(); ++i)
        volume.data()[i] = std::uint8_t((test::hashUniform(key, std::uint64_t(i)) + 1) / 2 * 256);
    return volume;
}

}  // namespace

void TstImageResize::pillow_data() {
    QTest::addColumn<int>("key");
    QTest::addColumn<QSize>("from");
    QTest::addColumn<QSize>("to");
    QTest::addColumn<bool>("cubic");
    QTest::addColumn<int>("sum");
    QTest::addColumn<QList<int>>("pixels");
    const QSize small(53, 37), larger(91, 64), tall(211, 300), smaller(90, 128);
    QTest::newRow("bilinear up") << 1014 << small << larger << false << 751534 << QList<int>{137, 174, 138};
    QTest::newRow("bicubic up") << 1014 << small << larger << true << 750780 << QList<int>{127, 189, 145};
    QTest::newRow("bilinear down") << 1015 << tall << smaller << false << 1461153 << QList<int>{113, 136, 143};
    QTest::newRow("bicubic down") << 1015 << tall << smaller << true << 1460917 << QList<int>{116, 138, 139};
}

void TstImageResize::pillow() {
    QFETCH(int, key);
    QFETCH(QSize, from);
    QFETCH(QSize, to);
    QFETCH(bool, cubic);
    QFETCH(int, sum);
    QFETCH(QList<int>, pixels);
    const auto result = resized(noise(std::uint64_t(key), {1, from.height(), from.width()}), to.height(), to.width(),
                                cubic ? ResizeFilter::Bicubic : ResizeFilter::Bilinear);
    QCOMPARE(std::accumulate(result.begin(), result.end(), 0), sum);
    const auto& all = result.vector();
    QCOMPARE((QList<int>{all.front(), all[all.size() / 3], all.back()}), pixels);
}

void TstImageResize::sameSizeIsTheSame() {
    const auto image = noise(1, {3, 7, 5});
    QVERIFY(resized(image, 7, 5) == image);
}

void TstImageResize::onePixel() {
    const Volume<std::uint8_t> dot({1, 1, 1}, 77);
    QVERIFY(resized(dot, 4, 9) == Volume<std::uint8_t>({1, 4, 9}, 77));
    QVERIFY(resized(Volume<std::uint8_t>({2, 500, 3}, 9), 1, 1, ResizeFilter::Bicubic) ==
            Volume<std::uint8_t>({2, 1, 1}, 9));
}

void TstImageResize::planesApart() {
    const auto both = noise(2, {2, 20, 31});
    const auto result = resized(both, 11, 40);
    for (std::int64_t z = 0; z < 2; ++z) {
        const auto alone = resized(crop(both, {{z, 0, 0}, {z + 1, 20, 31}}), 11, 40);
        QVERIFY(crop(result, {{z, 0, 0}, {z + 1, 11, 40}}) == alone);
    }
}

void TstImageResize::realNumbersAreNotRounded() {
    const auto bytes = noise(3, {1, 40, 30});
    const Volume<float> real(bytes.shape(), std::vector<float>(bytes.begin(), bytes.end()));
    const auto rounded = resized(bytes, 17, 50);
    const auto exact = resized(real, 17, 50);
    for (std::int64_t i = 0; i < exact.size(); ++i)
        QVERIFY(std::abs(exact.data()[i] - float(rounded.data()[i])) < 1.5f);
    QVERIFY(exact.data()[5] != std::round(exact.data()[5]));
}

void TstImageResize::refuses() {
    QVERIFY_EXCEPTION_THROWN(resized(Volume<float>(), 3, 3), Error);
    QVERIFY_EXCEPTION_THROWN(resized(Volume<float>({1, 2, 2}), 0, 3), Error);
}

QTEST_APPLESS_MAIN(TstImageResize)
#include "tst_image_resize.moc"

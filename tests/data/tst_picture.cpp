#include <QImage>
#include <QTest>

#include "data/picture.h"

using namespace fovea;

class TestPicture : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void picturesAreRealPng() {
        for (const Index n : {Index{1, 1, 1}, Index{1, 301, 257}}) {
            Volume<float> image(n);
            for (std::int64_t i = 0; i < image.size(); ++i) image.data()[i] = float(i % 200);
            const Picture picture = overlay(image, 0, 255, {});
            const QByteArray bytes = QByteArray::fromStdString(pngBytes(picture));
            QImage read;
            QVERIFY(read.loadFromData(bytes, "PNG"));
            QCOMPARE(read.width(), int(n.x));
            QCOMPARE(read.height(), int(n.y));
            QCOMPARE(qRed(read.pixel(int(n.x) - 1, int(n.y) - 1)), int((image.size() - 1) % 200));
        }
    }

    void outlinesAreColoured() {
        Volume<float> image({1, 9, 9}, 100.f);
        Volume<std::int32_t> labels({1, 9, 9});
        for (int y = 2; y < 7; ++y)
            for (int x = 2; x < 7; ++x) labels(0, y, x) = 70001;
        const Picture p = overlay(image, 0, 200, labels);
        const auto grey = [&](int y, int x) {
            const auto* rgb = p.rgb.data() + (y * 9 + x) * 3;
            return rgb[0] == rgb[1] && rgb[1] == rgb[2];
        };
        QVERIFY(grey(0, 0) && !grey(2, 2) && !grey(4, 4));
        QCOMPARE(overlay(image, 5, 5, {}).rgb[0], std::uint8_t(0));  // no contrast to stretch
    }

    void besideEachOther() {
        const Picture row = beside({{1, 2, {1, 1, 1, 2, 2, 2}}, {2, 1, {3, 3, 3, 4, 4, 4}}});
        QCOMPARE(row.width, std::int64_t(3));
        QCOMPARE(row.height, std::int64_t(2));
        QVERIFY((row.rgb == std::vector<std::uint8_t>{1, 1, 1, 3, 3, 3, 4, 4, 4, 2, 2, 2, 0, 0, 0, 0, 0, 0}));
    }
};

QTEST_APPLESS_MAIN(TestPicture)
#include "tst_picture.moc"

#include <QImage>
#include <QTest>

#include "stage/report.h"

using namespace fovea;
using namespace fovea::stage;

class TestReport : public QObject {
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
            QCOMPARE(QByteArray::fromStdString(base64(bytes.toStdString())), bytes.toBase64());
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

    void pageIsEscapedAndComplete() {
        HtmlReport report("a < b");
        report.heading("h & h");
        report.table({"x"}, {{"<script>"}});
        report.curve("loss", {{0, 2}, {1, 1}});
        report.curve("nothing", {{0, 1}});
        const std::string html = report.html();
        QVERIFY(html.find("<script>") == std::string::npos);
        QVERIFY(html.find("a &lt; b") != std::string::npos);
        QVERIFY(html.find("<polyline") != std::string::npos);
        QVERIFY(html.find("nothing") == std::string::npos);
        QVERIFY(html.find("http") == std::string::npos);  // nothing is loaded from anywhere
    }
};

QTEST_APPLESS_MAIN(TestReport)
#include "tst_report.moc"

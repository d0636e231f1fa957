#include <QTest>

#include "stage/report.h"

using namespace fovea;
using namespace fovea::stage;

class TestReport : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void bytesAsText() {
        for (const char* text : {"", "a", "ab", "abc", "abcd"})
            QCOMPARE(QByteArray::fromStdString(base64(text)), QByteArray(text).toBase64());
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

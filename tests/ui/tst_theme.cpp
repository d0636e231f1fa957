#include <QApplication>
#include <QSet>
#include <QTest>

#include "ui/theme/colour_map.h"
#include "ui/theme/icons.h"
#include "ui/theme/object_colours.h"
#include "ui/theme/style_sheet.h"
#include "ui/theme/theme.h"

using namespace fovea::ui;

class TestTheme : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void tableIsInTokenOrder() {
        for (int i = 0; i < tokenCount; ++i) {
            const TokenRow& row = tokenTable()[std::size_t(i)];
            QCOMPARE(int(row.token), i);
            QVERIFY2(QColor(row.dark).isValid() && QColor(row.light).isValid(), row.name);
        }
    }
    void iconsAreDrawnOnce() {
        const QPixmap once = renderIcon("check", 14, Qt::red, 2);
        QCOMPARE(once.size(), QSize(28, 28));
        QCOMPARE(renderIcon("check", 14, Qt::red, 2).cacheKey(), once.cacheKey());
        QVERIFY(renderIcon("check", 14, Qt::blue, 2).toImage() != once.toImage());
        QCOMPARE(renderIcon("check", 14, Qt::red, 1).size(), QSize(14, 14));
        QVERIFY(renderIcon("no such icon", 14, Qt::red).isNull());
    }
    void contrastKnownValues() {
        QVERIFY(std::abs(contrastRatio(Qt::black, Qt::white) - 21.0) < 1e-9);
        QVERIFY(std::abs(contrastRatio(QColor("#777777"), Qt::white) - 4.48) < 0.01);
    }
    void textIsReadable() {
        for (const bool dark : {true, false}) {
            const auto c = [dark](Token t) { return tokenColour(t, dark); };
            for (const Token ground : {Token::Window, Token::Panel, Token::Raised, Token::Field, Token::Canvas})
                for (const Token ink :
                     {Token::Text, Token::Muted, Token::Faint, Token::Accent, Token::Ok, Token::Warn, Token::Bad})
                    QVERIFY2(
                        contrastRatio(c(ink), c(ground)) >= 4.5,
                        qPrintable(QString("%1 on %2, dark %3: %4")
                                       .arg(tokenTable()[std::size_t(ink)].name, tokenTable()[std::size_t(ground)].name)
                                       .arg(dark)
                                       .arg(contrastRatio(c(ink), c(ground)))));
            QVERIFY(contrastRatio(c(Token::OnAccent), c(Token::Accent)) >= 4.5);
            QVERIFY(contrastRatio(c(Token::Text), c(Token::AccentSoft)) >= 4.5);
            QVERIFY(contrastRatio(c(Token::Muted), c(Token::AccentSoft)) >= 4.5);
            QVERIFY(contrastRatio(c(Token::Text), c(Token::Hover)) >= 4.5);
            for (const auto& [ink, soft] : {std::pair{Token::Ok, Token::OkSoft},
                                            {Token::Warn, Token::WarnSoft},
                                            {Token::Bad, Token::BadSoft},
                                            {Token::Accent, Token::AccentSoft}})
                QVERIFY2(contrastRatio(c(ink), c(soft)) >= 4.5, tokenTable()[std::size_t(ink)].name);
            for (const Token ground : {Token::Window, Token::Panel, Token::Raised, Token::Field})
                QVERIFY(contrastRatio(c(Token::LineStrong), c(ground)) >= 3.0);
        }
    }
    void styleSheetIsComplete() {
        for (const bool dark : {true, false}) {
            const QString sheet = styleSheet(dark, 1.25, "DejaVu Sans", "DejaVu Sans Mono");
            QVERIFY(!sheet.contains('@'));
            QVERIFY(!sheet.contains('$'));
            QVERIFY(!sheet.contains('%'));
            QVERIFY(sheet.contains("font-size: 16px"));  // 13 × 1.25
            QVERIFY(sheet.contains(tokenColour(Token::AccentSoft, dark).name()));
            for (const char* name : {"QPushButton", "QLineEdit", "QComboBox", "QTableView", "QMenu", "QScrollBar",
                                     "QSlider", "QCheckBox", "QToolTip", "QDockWidget"})
                QVERIFY2(sheet.contains(name), name);
        }
    }
    void everyIconLoads() {
        const QStringList names = iconNames();
        QVERIFY(names.size() >= 45);
        const QColor ink("#123456");
        for (const QString& name : names) {
            const QImage image = renderIcon(name, 24, ink, 2).toImage();
            QCOMPARE(image.size(), QSize(48, 48));
            int solid = 0;
            for (int y = 0; y < 48; ++y)
                for (int x = 0; x < 48; ++x)
                    if (qAlpha(image.pixel(x, y)) == 255) {
                        ++solid;
                        QCOMPARE(image.pixel(x, y) & 0xffffff, ink.rgb() & 0xffffff);
                    }
            QVERIFY2(solid > 12, qPrintable(name));
        }
        for (const char* name :
             {"cursor", "move",   "point",  "brush", "eraser", "fill",  "pick",  "undo",  "redo",  "eye",
              "eyeoff", "lock",   "check",  "x",     "flag",   "skip",  "dots",  "warn",  "bell",  "search",
              "folder", "file",   "layers", "cube",  "grid",   "table", "queue", "spark", "train", "stop",
              "play",   "export", "import", "gpu",   "plus",   "right", "down"})
            QVERIFY2(names.contains(name), name);
        QVERIFY(renderIcon("no such icon", 24, ink).isNull());
    }
    void colourMaps() {
        for (const QString& name : colourMapNames()) {
            const auto map = colourMap(name);
            QVERIFY(map.front() != map.back());
        }
        const auto grey = colourMap("grey");
        for (int i = 0; i < 256; ++i) QCOMPARE(grey[std::size_t(i)], qRgb(i, i, i));
        QCOMPARE(colourMap("viridis").front(), qRgb(0x44, 0x01, 0x54));
        QCOMPARE(colourMap("viridis").back(), qRgb(0xfd, 0xe7, 0x25));
        QCOMPARE(colourMap("unknown"), grey);
    }
    void objectSlots() {
        QSet<int> seen;
        for (int id = 1; id <= 12; ++id) seen.insert(birthSlot(id));
        QCOMPARE(seen.size(), 12);
        QCOMPARE(birthSlot(44), (7 * 44) % 12);
        QCOMPARE(birthSlot(2147483647), int(7ll * 2147483647ll % 12));
        QCOMPARE(objectColour(-1), objectPalette[11]);
    }
    void themeSwitches() {
        Theme theme;
        theme.apply(*qApp);
        theme.setMode(ThemeMode::Dark);
        int changes = 0;
        connect(&theme, &Theme::changed, this, [&] { ++changes; });
        theme.setMode(ThemeMode::Light);
        QCOMPARE(changes, 1);
        QVERIFY(!theme.isDark());
        QCOMPARE(QApplication::palette().color(QPalette::Window), tokenColour(Token::Window, false));
        theme.setMode(ThemeMode::Light);
        QCOMPARE(changes, 1);
        theme.setTextScale(9);
        QCOMPARE(theme.textScale(), 1.6);
        QCOMPARE(theme.font(TextRole::Body).pixelSize(), 21);
        theme.setTextScale(1);
    }
};

QTEST_MAIN(TestTheme)
#include "tst_theme.moc"

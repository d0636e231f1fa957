#include <QTest>

#include "ui/view/axis_samples.h"
#include "ui/view/scale_bar.h"
#include "ui/view/tile_composer.h"

using namespace fovea;
using namespace fovea::ui;

namespace {

// A volume whose grey value tells its place: z * 60 + y * 10 + x.
TileStyle coded(Index shape) {
    Volume<std::uint8_t> image(shape);
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x) image(z, y, x) = std::uint8_t(z * 60 + y * 10 + x);
    TileStyle style;
    style.image = std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(image)});
    style.look = std::make_shared<LabelLook>();
    style.ramp = makeRamp(style.contrast);
    return style;
}

LabelReader reader(const Volume<std::int32_t>& labels) {
    return [labels](const Box& box) { return crop(labels, box); };
}

TileRequest request(Plane plane, std::int64_t slice, QRect pixels, double perU, double perV) {
    TileRequest r;
    r.plane = plane, r.slice = slice, r.pixels = pixels, r.perVoxelU = perU, r.perVoxelV = perV;
    return r;
}

}  // namespace

class TestTileComposer : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void planesShowTheRightVoxels() {
        const TileStyle style = coded({3, 5, 7});
        const auto grey = [&](Plane plane, std::int64_t slice, int u, int v) {
            const QImage tile = composeTile(style, request(plane, slice, QRect(0, 0, 64, 64), 8, 8));
            return qRed(tile.pixel(u * 8 + 4, v * 8 + 4));
        };
        QCOMPARE(grey(Plane::XY, 2, 6, 4), 2 * 60 + 4 * 10 + 6);
        QCOMPARE(grey(Plane::XZ, 3, 5, 1), 1 * 60 + 3 * 10 + 5);
        QCOMPARE(grey(Plane::YZ, 5, 2, 4), 2 * 60 + 4 * 10 + 5);
    }
    void nearestIsExactAtAnisotropy() {
        const TileStyle style = coded({4, 5, 7});
        // XZ: x 4 pixels, z 11 pixels per voxel.
        const QImage tile = composeTile(style, request(Plane::XZ, 1, QRect(0, 0, 28, 44), 4, 11));
        for (int y = 0; y < 44; ++y)
            for (int x = 0; x < 28; ++x) QCOMPARE(qRed(tile.pixel(x, y)), (y / 11) * 60 + 10 + x / 4);
    }
    void layersCanBeHiddenAndWashed() {
        TileStyle style = coded({3, 5, 7});
        const TileRequest where = request(Plane::XY, 1, QRect(0, 0, 56, 40), 8, 8);
        style.imageOpacity = 0;
        const int full = qRed(composeTile(coded({3, 5, 7}), where).pixel(20, 20));
        QCOMPARE(composeTile(style, where).pixel(20, 20), qRgb(0, 0, 0));
        style.imageOpacity = 0.5;
        QVERIFY(std::abs(qRed(composeTile(style, where).pixel(20, 20)) - full / 2) <= 1);
        style.imageOpacity = 0;
        Volume<std::uint8_t> sure({3, 5, 7});
        sure(1, 2, 2) = 255, sure(1, 2, 3) = 128;
        style.prediction = std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(sure)});
        style.predictionColour = qRgb(0, 200, 0);
        const QImage tile = composeTile(style, where);
        const int certain = qGreen(tile.pixel(2 * 8 + 4, 2 * 8 + 4)), half = qGreen(tile.pixel(3 * 8 + 4, 2 * 8 + 4));
        QVERIFY(certain > half && half > 0 && certain < 200);  // the image stays to be seen under it
        QCOMPARE(qGreen(tile.pixel(5 * 8 + 4, 2 * 8 + 4)), 0);
        style.predictionOpacity = 0.3;
        QVERIFY(std::abs(qGreen(composeTile(style, where).pixel(2 * 8 + 4, 2 * 8 + 4)) - certain / 2) <= 2);
    }
    void tilesMeetWithoutSeam() {
        TileStyle style = coded({1, 5, 7});
        Volume<std::int32_t> labels({1, 5, 7});
        labels(0, 2, 2) = labels(0, 2, 3) = labels(0, 3, 3) = 70000;
        style.labels = reader(labels);
        for (const double per : {0.7, 2.5, 9.0}) {
            const QImage whole = composeTile(style, request(Plane::XY, 0, QRect(0, 0, 64, 48), per, per));
            for (const QRect part :
                 {QRect(0, 0, 32, 24), QRect(32, 0, 32, 24), QRect(0, 24, 32, 24), QRect(32, 24, 32, 24)})
                QCOMPARE(composeTile(style, request(Plane::XY, 0, part, per, per)), whole.copy(part));
        }
    }
    void outsideIsTransparent() {
        const TileStyle style = coded({1, 5, 7});
        const QImage tile = composeTile(style, request(Plane::XY, 0, QRect(-8, -8, 96, 96), 8, 8));
        QCOMPARE(qAlpha(tile.pixel(7, 20)), 0);
        QCOMPARE(qAlpha(tile.pixel(8, 8)), 255);
        QCOMPARE(qAlpha(tile.pixel(8 + 56, 8)), 0);
        QCOMPARE(qAlpha(composeTile(style, request(Plane::XY, 1, QRect(0, 0, 8, 8), 8, 8)).pixel(3, 3)), 0);
    }
    void contrastAndRamp() {
        TileStyle style = coded({1, 1, 1});
        Volume<std::uint16_t> image({1, 1, 3}, std::vector<std::uint16_t>{1000, 30000, 60000});
        style.image = std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(image)});
        style.contrast.low = 1000, style.contrast.high = 60000;
        const QImage tile = composeTile(style, request(Plane::XY, 0, QRect(0, 0, 24, 8), 8, 8));
        QCOMPARE(qRed(tile.pixel(4, 4)), 0);
        QCOMPARE(qRed(tile.pixel(12, 4)), 125);
        QCOMPARE(qRed(tile.pixel(20, 4)), 255);
        style.contrast.invert = true;
        style.ramp = makeRamp(style.contrast);
        QCOMPARE(qRed(composeTile(style, request(Plane::XY, 0, QRect(0, 0, 24, 8), 8, 8)).pixel(4, 4)), 255);
    }
    void notANumberIsBlack() {
        TileStyle style = coded({1, 1, 1});
        Volume<float> image({1, 1, 1}, std::vector<float>{std::nanf("")});
        style.image = std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(image)});
        QCOMPARE(composeTile(style, request(Plane::XY, 0, QRect(0, 0, 8, 8), 8, 8)).pixel(4, 4), qRgb(0, 0, 0));
    }
    void shrinkingAverages() {
        TileStyle style = coded({1, 1, 1});
        Volume<std::uint8_t> image({1, 4, 4});
        for (int i = 0; i < 16; ++i) image.data()[i] = (i % 4 + i / 4) % 2 ? 200 : 0;
        style.image = std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(image)});
        const QImage tile = composeTile(style, request(Plane::XY, 0, QRect(0, 0, 2, 2), 0.5, 0.5));
        for (int y = 0; y < 2; ++y)
            for (int x = 0; x < 2; ++x) QCOMPARE(qRed(tile.pixel(x, y)), 100);
    }
    void axisWeightsSumToOne() {
        for (const double per : {0.13, 0.5, 0.99, 1.0, 2.7, 4.0, 10.9}) {
            const AxisSamples axis = sampleAxis(-20, 300, per, 17);
            for (std::size_t i = 0; i < axis.first.size(); ++i) {
                if (axis.first[i] < 0) continue;
                float sum = 0;
                for (int k = axis.start[i]; k < axis.start[i + 1]; ++k) sum += axis.weights[std::size_t(k)];
                QVERIFY(std::abs(sum - 1) < 1e-5f);
                QVERIFY(axis.begin + axis.first[i] + (axis.start[i + 1] - axis.start[i]) <= 17);
            }
        }
        QCOMPARE(sampleAxis(0, 10, 5, 1).end, 1);
        QCOMPARE(nearestVoxels(0, 12, 3, 3), (std::vector<std::int64_t>{0, 0, 0, 1, 1, 1, 2, 2, 2, -1, -1, -1}));
    }
    void labelFillAndOutline() {
        TileStyle style = coded({1, 8, 8});
        Volume<std::uint8_t> black({1, 8, 8});
        style.image = std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(black)});
        Volume<std::int32_t> labels({1, 8, 8});
        for (int y = 2; y < 6; ++y)
            for (int x = 2; x < 6; ++x) labels(0, y, x) = 3;
        style.labels = reader(labels);
        auto look = std::make_shared<LabelLook>();
        look->fill = 0.5;
        look->outline = 2;
        look->objects[3].colour = qRgb(200, 100, 40);
        style.look = look;
        const TileRequest r = request(Plane::XY, 0, QRect(0, 0, 80, 80), 10, 10);
        QImage tile = composeTile(style, r);
        QCOMPARE(tile.pixel(40, 40), qRgb(100, 50, 20));   // inside: half of the colour over black
        QCOMPARE(tile.pixel(20, 40), qRgb(200, 100, 40));  // border: the colour itself
        QCOMPARE(tile.pixel(19, 40), qRgb(0, 0, 0));       // outside
        QCOMPARE(tile.pixel(21, 40), qRgb(200, 100, 40));  // second pixel of the line
        QCOMPARE(tile.pixel(22, 40), qRgb(100, 50, 20));
        // Selected: 1.7 times as wide, with a halo outside.
        look->selected = {3};
        tile = composeTile(style, r);
        QCOMPARE(tile.pixel(22, 40), qRgb(200, 100, 40));
        // Hidden, and all but one.
        look->objects[3].hidden = true;
        QCOMPARE(composeTile(style, r).pixel(40, 40), qRgb(0, 0, 0));
        look->objects[3].hidden = false;
        look->only = 5;
        QCOMPARE(composeTile(style, r).pixel(40, 40), qRgb(0, 0, 0));
        look->only = 3;
        QCOMPARE(composeTile(style, r).pixel(40, 40), qRgb(100, 50, 20));
        look->visible = false;
        QCOMPARE(composeTile(style, r).pixel(40, 40), qRgb(0, 0, 0));
    }
    void touchingObjectsKeepTheirOwnOutline() {
        TileStyle style = coded({1, 1, 2});
        Volume<std::int32_t> labels({1, 1, 2}, std::vector<std::int32_t>{1, 2});
        style.labels = reader(labels);
        const QImage tile = composeTile(style, request(Plane::XY, 0, QRect(0, 0, 40, 20), 20, 20));
        QCOMPARE(tile.pixel(19, 10), objectColour(birthSlot(1)));
        QCOMPARE(tile.pixel(20, 10), objectColour(birthSlot(2)));
    }
    void previewReplacesTheObject() {
        TileStyle style = coded({1, 8, 8});
        Volume<std::uint8_t> black({1, 8, 8});
        style.image = std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(black)});
        Volume<std::int32_t> labels({1, 8, 8}, 9);
        style.labels = reader(labels);
        auto preview = std::make_shared<PreviewMask>();
        preview->origin = {0, 0, 0};
        preview->mask = Volume<std::uint8_t>({1, 8, 8});
        preview->before = Volume<std::uint8_t>({1, 8, 8}, 1);
        for (int y = 0; y < 8; ++y)
            for (int x = 0; x < 4; ++x) preview->mask(0, y, x) = 1;
        preview->object = 9;
        preview->colour = qRgb(100, 100, 100);
        style.preview = preview;
        const QImage tile = composeTile(style, request(Plane::XY, 0, QRect(0, 0, 80, 80), 10, 10));
        QCOMPARE(tile.pixel(15, 40), qRgb(20, 20, 20));                     // stays: 20 % fill
        QCOMPARE(tile.pixel(39, 40), lightVersion(preview->colour).rgb());  // new outline
        int hatched = 0, untouched = 0;
        for (int x = 48; x < 72; ++x) {
            const QRgb p = tile.pixel(x, 40);
            if (qRed(p) > 100 && qBlue(p) < 100) ++hatched;
            if (p == qRgb(0, 0, 0)) ++untouched;
        }
        QVERIFY(hatched >= 3);
        QVERIFY(untouched >= 10);
        style.previewOpacity = 0.5;
        const QImage faint = composeTile(style, request(Plane::XY, 0, QRect(0, 0, 80, 80), 10, 10));
        QCOMPARE(faint.pixel(15, 40), qRgb(10, 10, 10));
        QVERIFY(qRed(faint.pixel(39, 40)) < qRed(tile.pixel(39, 40)));
    }
    void coarseLevelIsRead() {
        class Pyramid : public ImageSource {
          public:
            Pyramid() { info_.levels = {{{1, 64, 64}, {1, 1, 1}}, {{1, 16, 16}, {1, 4, 4}}}; }
            const ImageInfo& info() const override { return info_; }
            using ImageSource::read;
            void read(int level, int, const Box& box, AnyVolume& out) const override {
                out = AnyVolume::from(Volume<std::uint8_t>(box.extent(), std::uint8_t(level == 0 ? 10 : 200)));
            }
            ImageInfo info_;
        };
        TileStyle style = coded({1, 1, 1});
        style.image = std::make_shared<Pyramid>();
        QCOMPARE(qRed(composeTile(style, request(Plane::XY, 0, QRect(0, 0, 8, 8), 1, 1)).pixel(2, 2)), 10);
        QCOMPARE(qRed(composeTile(style, request(Plane::XY, 0, QRect(0, 0, 8, 8), 0.25, 0.25)).pixel(2, 2)), 200);
        QCOMPARE(qRed(composeTile(style, request(Plane::XY, 0, QRect(0, 0, 8, 8), 0.3, 0.3)).pixel(2, 2)), 10);
    }
    void scaleBarSteps() {
        for (double zoom = 0.001; zoom < 5e5; zoom *= 1.37)
            for (const double width : {90.0, 400.0, 1333.0}) {
                const ScaleBar bar = makeScaleBar(zoom, width);
                QVERIFY(bar.pixels <= 0.25 * width * (1 + 1e-9));
                QVERIFY(bar.pixels >= 0.0999 * width);
                const double mantissa = bar.um / std::pow(10, std::floor(std::log10(bar.um) + 1e-9));
                QVERIFY(std::abs(mantissa - 1) < 1e-9 || std::abs(mantissa - 2) < 1e-9 ||
                        std::abs(mantissa - 5) < 1e-9);
            }
        QCOMPARE(makeScaleBar(0, 100).um, 0.0);
        QCOMPARE(lengthText(0.5), QString("500 nm"));
        QCOMPARE(lengthText(0.45), QString("450 nm"));
        QCOMPARE(lengthText(1), QString::fromUtf8("1 µm"));
        QCOMPARE(lengthText(0.9999), QString::fromUtf8("1 µm"));
        QCOMPARE(lengthText(2500), QString("2.5 mm"));
    }
};

QTEST_GUILESS_MAIN(TestTileComposer)
#include "tst_tile_composer.moc"

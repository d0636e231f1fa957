#include <QTest>

#include <map>

#include "label_samples.h"
#include "labels/brush.h"
#include "labels/surface.h"

using namespace samples;

class TestSurface : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void ball_data();
    void ball();
    void thinThings();
    void coarse();
    void nothing();
};

namespace {

struct Shape {
    double volume = 0, area = 0;
    bool closed = true;
    Vec3 least{1e9, 1e9, 1e9}, most{-1e9, -1e9, -1e9};
};

// Volume by the divergence theorem: positive when triangles run counter-clockwise seen from outside.
Shape measure(const Mesh& mesh) {
    Shape shape;
    std::map<std::pair<std::uint32_t, std::uint32_t>, int> edges;
    for (std::size_t i = 0; i < mesh.triangles.size(); i += 3) {
        double p[3][3];
        for (int c = 0; c < 3; ++c) {
            const std::uint32_t a = mesh.triangles[i + c], b = mesh.triangles[i + (c + 1) % 3];
            ++edges[{a, b}];
            --edges[{b, a}];
            for (int k = 0; k < 3; ++k) p[c][k] = mesh.vertices[a * 3 + k];
        }
        double u[3], v[3], n[3];
        for (int k = 0; k < 3; ++k) u[k] = p[1][k] - p[0][k], v[k] = p[2][k] - p[0][k];
        for (int k = 0; k < 3; ++k) n[k] = u[(k + 1) % 3] * v[(k + 2) % 3] - u[(k + 2) % 3] * v[(k + 1) % 3];
        shape.area += std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) / 2;
        shape.volume += (p[0][0] * n[0] + p[0][1] * n[1] + p[0][2] * n[2]) / 6;
    }
    for (const auto& [edge, balance] : edges) shape.closed = shape.closed && balance == 0;
    for (std::size_t i = 0; i < mesh.vertices.size(); i += 3)
        for (int k = 0; k < 3; ++k) {
            shape.least[2 - k] = std::min(shape.least[2 - k], double(mesh.vertices[i + k]));
            shape.most[2 - k] = std::max(shape.most[2 - k], double(mesh.vertices[i + k]));
        }
    return shape;
}

LabelLayer layerWith(Index shape, Vec3 spacing, const Stamp& stamp, ObjectId id) {
    Geometry geometry;
    geometry.spacing = spacing;
    LabelLayer layer(shape, geometry);
    Volume<std::int32_t> values(stamp.mask.shape());
    for (std::int64_t i = 0; i < values.size(); ++i) values.data()[i] = stamp.mask.data()[i] ? id : 0;
    layer.write(stamp.box(), values);
    return layer;
}

}  // namespace

void TestSurface::ball_data() {
    QTest::addColumn<double>("z");
    QTest::addColumn<double>("x");
    QTest::addColumn<bool>("smooth");
    QTest::newRow("isotropic") << 0.1 << 0.1 << true;
    QTest::newRow("anisotropic") << 0.3 << 0.1 << true;
    QTest::newRow("plain") << 0.1 << 0.1 << false;
}

void TestSurface::ball() {
    QFETCH(double, z);
    QFETCH(double, x);
    QFETCH(bool, smooth);
    const Index shape{64, 64, 64};
    const double r = 2.4;
    const Vec3 spacing{z, x, x};
    const LabelLayer layer =
        layerWith(shape, spacing, dab({BrushShape::Sphere, 2 * r}, {30, 33, 31}, spacing, shape), 70001);
    SurfaceOptions options;
    options.smooth = smooth;
    Job job;
    const Mesh mesh = objectSurface(layer, 70001, Box::of(shape), options, job);
    const Shape found = measure(mesh);
    const double volume = 4 * M_PI / 3 * r * r * r, area = 4 * M_PI * r * r;
    QVERIFY(found.closed);
    QVERIFY2(std::abs(found.volume / volume - 1) < 0.03, qPrintable(QString::number(found.volume / volume)));
    // Steps of unsmoothed voxels add area.
    QVERIFY2(std::abs(found.area / area - 1) < (smooth && z == x ? 0.06 : 0.2),
             qPrintable(QString::number(found.area / area)));
    const Vec3 centre{30.5 * z, 33.5 * x, 31.5 * x};
    for (int k = 0; k < 3; ++k) {
        QVERIFY(std::abs(found.least[k] - (centre[k] - r)) < spacing[k]);
        QVERIFY(std::abs(found.most[k] - (centre[k] + r)) < spacing[k]);
    }
    for (std::size_t i = 0; i < mesh.vertices.size(); i += 3) {
        double out = 0, length = 0;
        for (int k = 0; k < 3; ++k) {
            out += mesh.normals[i + k] * (mesh.vertices[i + k] - centre[2 - k]);
            length += mesh.normals[i + k] * mesh.normals[i + k];
        }
        QVERIFY(out > 0 && std::abs(length - 1) < 1e-3);
    }
    QVERIFY(objectSurface(layer, 70001, {{0, 0, 0}, {30, 64, 64}}, options, job).triangles.size() <
            mesh.triangles.size());
    QVERIFY(measure(objectSurface(layer, 70001, {{0, 0, 0}, {30, 64, 64}}, options, job)).closed);
}

void TestSurface::thinThings() {
    const Index shape{1, 30, 30};
    Job job;
    const LabelLayer slice = layerWith(shape, {0.05, 0.01, 0.01}, {{0, 5, 5}, block({1, 20, 1})}, 3);
    const Shape line = measure(objectSurface(slice, 3, Box::of(shape), {}, job));
    QVERIFY(line.closed && line.volume > 0);
    QVERIFY(line.most.y - line.least.y > 0.15);
    const LabelLayer pixel = layerWith({1, 1, 1}, {1, 1, 1}, {{0, 0, 0}, block({1, 1, 1})}, 3);
    const Shape one = measure(objectSurface(pixel, 3, Box::of({1, 1, 1}), {}, job));
    QVERIFY(one.closed && one.volume > 0 && one.most.x <= 1 && one.least.x >= 0);
    // Two voxels that touch at an edge only.
    LabelLayer diagonal({4, 4, 4}, {});
    diagonal.write({{1, 1, 1}, {2, 2, 2}}, Volume<std::int32_t>({1, 1, 1}, 3));
    diagonal.write({{1, 2, 2}, {2, 3, 3}}, Volume<std::int32_t>({1, 1, 1}, 3));
    QVERIFY(measure(objectSurface(diagonal, 3, Box::of({4, 4, 4}), {}, job)).closed);
}

void TestSurface::coarse() {
    const Index shape{70, 70, 70};
    const LabelLayer layer =
        layerWith(shape, {1, 1, 1}, dab({BrushShape::Sphere, 60}, {34, 34, 34}, {1, 1, 1}, shape), 3);
    SurfaceOptions options;
    options.mostCells = 30000;
    Job job;
    const Shape found = measure(objectSurface(layer, 3, Box::of(shape), options, job));
    QVERIFY(found.closed);
    QVERIFY2(std::abs(found.volume / (M_PI / 6 * 216000) - 1) < 0.05, qPrintable(QString::number(found.volume)));
}

void TestSurface::nothing() {
    Job job;
    const LabelLayer layer({5, 5, 5}, {});
    QVERIFY(objectSurface(layer, 3, Box::of({5, 5, 5}), {}, job).empty());
    QVERIFY(objectSurface(layer, 3, {{7, 7, 7}, {9, 9, 9}}, {}, job).empty());
    CancelFlag cancelled;
    cancelled.cancel();
    QVERIFY_EXCEPTION_THROWN(objectSurface(layer, 3, Box::of({5, 5, 5}), {}, cancelled), Cancelled);
}

QTEST_APPLESS_MAIN(TestSurface)
#include "tst_surface.moc"

#include "ui/view/tile_composer.h"

#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/theme/colour_map.h"
#include "ui/view/axis_samples.h"
#include "ui/view/tile_labels.h"

namespace fovea::ui {

std::array<QRgb, 256> makeRamp(const Contrast& contrast) {
    const std::array<QRgb, 256> map = colourMap(contrast.map);
    std::array<QRgb, 256> ramp;
    const double power = 1 / std::clamp(contrast.gamma, 0.2, 5.0);
    for (int i = 0; i < 256; ++i) {
        const double t = std::pow(i / 255.0, power);
        const int at = std::clamp(int(std::lround(t * 255)), 0, 255);
        ramp[std::size_t(i)] = map[std::size_t(contrast.invert ? 255 - at : at)];
    }
    return ramp;
}

namespace {

// The coarsest level whose voxels are still no larger than a pixel on both axes.
int levelFor(const ImageInfo& info, const TileRequest& request) {
    const PlaneAxes a = axesOf(request.plane);
    const Index full = info.shape();
    int best = 0;
    for (int level = 1; level < int(info.levels.size()); ++level) {
        const Index shape = info.levels[std::size_t(level)].shape;
        if (shape.count() <= 0) break;
        const double stepU = double(full[a.u]) / double(shape[a.u]), stepV = double(full[a.v]) / double(shape[a.v]);
        if (request.perVoxelU * stepU > 1.001 || request.perVoxelV * stepV > 1.001) break;
        best = level;
    }
    return best;
}

// Source values as grey 0…255 before the ramp, v rows of u.
std::vector<float> readGrey(const TileStyle& style, const TileRequest& request, int level, const AxisSamples& u,
                            const AxisSamples& v) {
    const ImageInfo& info = style.image->info();
    const PlaneAxes a = axesOf(request.plane);
    const Index shape = info.levels[std::size_t(level)].shape;
    const std::int64_t slice = std::min(request.slice * shape[a.n] / info.shape()[a.n], shape[a.n] - 1);
    const Box box = sliceBox(request.plane, slice, u.begin, u.end, v.begin, v.end);
    const AnyVolume values = style.image->read(level, style.channel, box);
    const std::int64_t width = u.end - u.begin, height = v.end - v.begin;
    std::vector<float> grey(std::size_t(width * height));
    const double range = style.contrast.high - style.contrast.low;
    const double scale = range > 0 ? 255 / range : 0;
    // In YZ the u axis (z) is the slow one in memory.
    const bool turned = request.plane == Plane::YZ;
    dispatch(values.dtype, [&]<class T>(T) {
        const T* from = values.as<T>();
        for (std::int64_t y = 0; y < height; ++y)
            for (std::int64_t x = 0; x < width; ++x) {
                const auto value = double(from[turned ? x * height + y : y * width + x]);
                const double g = scale > 0                      ? (value - style.contrast.low) * scale
                                 : value >= style.contrast.high ? 255
                                                                : 0;
                grey[std::size_t(y * width + x)] = float(g >= 0 ? std::min(g, 255.0) : 0.0);  // NaN becomes 0
            }
    });
    return grey;
}

void paintImage(const TileStyle& style, const TileRequest& request, QImage& tile) {
    const PlaneAxes a = axesOf(request.plane);
    const Index full = style.image->info().shape();
    const int level = levelFor(style.image->info(), request);
    const Index shape = style.image->info().levels[std::size_t(level)].shape;
    const double perU = request.perVoxelU * double(full[a.u]) / double(shape[a.u]);
    const double perV = request.perVoxelV * double(full[a.v]) / double(shape[a.v]);
    const AxisSamples u = sampleAxis(request.pixels.x(), request.pixels.width(), perU, shape[a.u]);
    const AxisSamples v = sampleAxis(request.pixels.y(), request.pixels.height(), perV, shape[a.v]);
    if (u.end <= u.begin || v.end <= v.begin) return;

    const std::vector<float> grey = readGrey(style, request, level, u, v);
    const std::int64_t width = u.end - u.begin, height = v.end - v.begin;
    const int columns = request.pixels.width();
    // First along u, into rows of the source; then along v.
    std::vector<float> rows(std::size_t(height) * std::size_t(columns), 0.0f);
    for (std::int64_t y = 0; y < height; ++y) {
        const float* from = grey.data() + y * width;
        float* to = rows.data() + y * columns;
        for (int x = 0; x < columns; ++x) {
            if (u.first[std::size_t(x)] < 0) continue;
            const float* sample = from + u.first[std::size_t(x)];
            float sum = 0;
            for (std::int32_t k = u.start[std::size_t(x)]; k < u.start[std::size_t(x) + 1]; ++k)
                sum += *sample++ * u.weights[std::size_t(k)];
            to[x] = sum;
        }
    }
    for (int y = 0; y < request.pixels.height(); ++y) {
        if (v.first[std::size_t(y)] < 0) continue;
        auto* line = reinterpret_cast<QRgb*>(tile.scanLine(y));
        const std::int32_t k0 = v.start[std::size_t(y)], k1 = v.start[std::size_t(y) + 1];
        for (int x = 0; x < columns; ++x) {
            if (u.first[std::size_t(x)] < 0) continue;
            const float* sample = rows.data() + std::int64_t(v.first[std::size_t(y)]) * columns + x;
            float sum = 0;
            for (std::int32_t k = k0; k < k1; ++k, sample += columns) sum += *sample * v.weights[std::size_t(k)];
            line[x] = style.ramp[std::size_t(std::clamp(int(sum + 0.5f), 0, 255))];
        }
    }
}

QRgb overBlack(QRgb colour, double opacity) {
    const auto part = [opacity](int value) { return int(std::lround(value * opacity)); };
    return qRgb(part(qRed(colour)), part(qGreen(colour)), part(qBlue(colour)));
}

// A wash of one colour, the stronger the surer the model is.
void paintPrediction(const TileStyle& style, const TileRequest& request, QImage& tile) {
    TileStyle wash;
    wash.image = style.prediction;
    const QColor colour = QColor::fromRgb(style.predictionColour);
    for (int i = 0; i < 256; ++i)
        wash.ramp[std::size_t(i)] =
            qPremultiply(qRgba(colour.red(), colour.green(), colour.blue(), int(i * style.predictionOpacity)));
    QImage layer(tile.size(), QImage::Format_ARGB32_Premultiplied);
    layer.fill(Qt::transparent);
    paintImage(wash, request, layer);
    QPainter(&tile).drawImage(0, 0, layer);
}

}  // namespace

QImage composeTile(const TileStyle& style, const TileRequest& request) {
    QImage tile(request.pixels.size(), QImage::Format_ARGB32_Premultiplied);
    tile.fill(Qt::transparent);
    if (!style.image || tile.isNull()) return tile;
    const Index shape = style.image->info().shape();
    if (request.slice < 0 || request.slice >= shape[axesOf(request.plane).n]) return tile;
    if (style.imageOpacity >= 1) {
        paintImage(style, request, tile);
    } else {
        TileStyle faint = style;
        for (QRgb& colour : faint.ramp) colour = overBlack(colour, style.imageOpacity);
        paintImage(faint, request, tile);
    }
    if (style.prediction) paintPrediction(style, request, tile);
    if (style.look && ((style.labels && style.look->visible) || style.preview)) paintLabels(style, request, tile);
    return tile;
}

}  // namespace fovea::ui

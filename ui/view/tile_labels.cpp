#include "ui/view/tile_labels.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ui/view/axis_samples.h"

namespace fovea::ui {

namespace {

// Ids (or mask values) at the middle of every pixel of a rectangle that reaches `margin` beyond the tile, so that
// outlines of neighbouring tiles meet.
struct PixelGrid {
    int width = 0, height = 0, margin = 0;
    std::vector<std::int32_t> ids;
    std::int32_t at(int x, int y) const { return ids[std::size_t(y) * std::size_t(width) + std::size_t(x)]; }
};

QRgb over(QRgb below, QRgb colour, double alpha) {
    const auto mix = [alpha](int a, int b) { return int(std::lround(a + (b - a) * alpha)); };
    return qRgb(mix(qRed(below), qRed(colour)), mix(qGreen(below), qGreen(colour)), mix(qBlue(below), qBlue(colour)));
}

struct Columns {
    std::vector<std::int64_t> u, v;
    std::int64_t u0 = 0, u1 = 0, v0 = 0, v1 = 0;  // voxels touched, half-open
};

Columns voxelsUnder(const TileRequest& request, const Index& shape, int margin) {
    const PlaneAxes a = axesOf(request.plane);
    Columns c;
    c.u =
        nearestVoxels(request.pixels.x() - margin, request.pixels.width() + 2 * margin, request.perVoxelU, shape[a.u]);
    c.v =
        nearestVoxels(request.pixels.y() - margin, request.pixels.height() + 2 * margin, request.perVoxelV, shape[a.v]);
    const auto range = [](const std::vector<std::int64_t>& voxels, std::int64_t& low, std::int64_t& high) {
        low = -1, high = -1;
        for (const std::int64_t v : voxels)
            if (v >= 0) low = low < 0 ? v : low, high = v + 1;
    };
    range(c.u, c.u0, c.u1);
    range(c.v, c.v0, c.v1);
    return c;
}

PixelGrid emptyGrid(const TileRequest& request, int margin) {
    PixelGrid grid;
    grid.margin = margin;
    grid.width = request.pixels.width() + 2 * margin;
    grid.height = request.pixels.height() + 2 * margin;
    grid.ids.assign(std::size_t(grid.width) * std::size_t(grid.height), 0);
    return grid;
}

// Spreads a slice of voxels over the grid; `turned` when u is the slow axis in memory.
template <class T>
void spread(PixelGrid& grid, const Columns& c, const Volume<T>& voxels, std::int64_t u0, std::int64_t u1,
            std::int64_t v0, std::int64_t v1, bool turned) {
    const std::int64_t width = u1 - u0, height = v1 - v0;
    for (int y = 0; y < grid.height; ++y) {
        const std::int64_t v = c.v[std::size_t(y)];
        if (v < v0 || v >= v1) continue;
        for (int x = 0; x < grid.width; ++x) {
            const std::int64_t u = c.u[std::size_t(x)];
            if (u < u0 || u >= u1) continue;
            const std::int64_t i = u - u0, j = v - v0;
            grid.ids[std::size_t(y) * std::size_t(grid.width) + std::size_t(x)] =
                std::int32_t(voxels.data()[turned ? i * height + j : j * width + i]);
        }
    }
}

PixelGrid readIds(const TileStyle& style, const TileRequest& request, const Columns& c, int margin) {
    PixelGrid grid = emptyGrid(request, margin);
    if (!style.labels || !style.look->visible) return grid;
    const Volume<std::int32_t> labels = style.labels(sliceBox(request.plane, request.slice, c.u0, c.u1, c.v0, c.v1));
    spread(grid, c, labels, c.u0, c.u1, c.v0, c.v1, request.plane == Plane::YZ);
    return grid;
}

// 0 nothing, 1 inside, for one of the preview's two masks.
PixelGrid readMask(const Volume<std::uint8_t>& mask, Index origin, const TileRequest& request, const Columns& c,
                   int margin) {
    PixelGrid grid = emptyGrid(request, margin);
    if (mask.empty()) return grid;
    const PlaneAxes a = axesOf(request.plane);
    const Index shape = mask.shape();
    const std::int64_t n = request.slice - origin[a.n];
    if (n < 0 || n >= shape[a.n]) return grid;
    const Box box = sliceBox(request.plane, n, 0, shape[a.u], 0, shape[a.v]);
    const Volume<std::uint8_t> slice = crop(mask, box);
    spread(grid, c, slice, origin[a.u], origin[a.u] + shape[a.u], origin[a.v], origin[a.v] + shape[a.v],
           request.plane == Plane::YZ);
    return grid;
}

// Coverage 0…1 of a line of `width` pixels inside the border of every region (`inside`) or just outside it, kept only
// where `wanted(id)` is above 0. Stamps a disc at each border pixel.
class OutlineLayer {
  public:
    explicit OutlineLayer(const PixelGrid& grid) : grid_(grid), cover_(grid.ids.size(), 0.0f) {}

    template <class Width>
    void stampInside(Width width) {
        forBorder([&](int x, int y, std::int32_t id) {
            const double w = width(id);
            if (w > 0) disc(x, y, w, [&](int px, int py) { return grid_.at(px, py) == id; });
        });
    }
    template <class Width>
    void stampOutside(Width width) {
        forBorder([&](int x, int y, std::int32_t id) {
            const double w = width(id);
            if (w > 0) disc(x, y, w + 1, [&](int px, int py) { return grid_.at(px, py) != id; });
        });
    }
    float at(int x, int y) const { return cover_[std::size_t(y) * std::size_t(grid_.width) + std::size_t(x)]; }

  private:
    template <class F>
    void forBorder(F&& f) {
        for (int y = 0; y < grid_.height; ++y)
            for (int x = 0; x < grid_.width; ++x) {
                const std::int32_t id = grid_.at(x, y);
                if (id == 0) continue;
                const bool border =
                    (x > 0 && grid_.at(x - 1, y) != id) || (x + 1 < grid_.width && grid_.at(x + 1, y) != id) ||
                    (y > 0 && grid_.at(x, y - 1) != id) || (y + 1 < grid_.height && grid_.at(x, y + 1) != id);
                if (border) f(x, y, id);
            }
    }
    template <class Inside>
    void disc(int cx, int cy, double width, Inside&& inside) {
        const int r = int(std::ceil(width));
        for (int y = std::max(0, cy - r); y <= std::min(grid_.height - 1, cy + r); ++y)
            for (int x = std::max(0, cx - r); x <= std::min(grid_.width - 1, cx + r); ++x) {
                if (!inside(x, y)) continue;
                const double cover = std::clamp(width - std::hypot(x - cx, y - cy), 0.0, 1.0);
                float& cell = cover_[std::size_t(y) * std::size_t(grid_.width) + std::size_t(x)];
                cell = std::max(cell, float(cover));
            }
    }
    const PixelGrid& grid_;
    std::vector<float> cover_;
};

bool shown(const LabelLook& look, std::int32_t id) {
    if (id == 0 || (look.only != 0 && look.only != id)) return false;
    return !look.look(id).hidden;
}

// Dashes follow the picture, so that neighbouring tiles agree.
bool dashOn(const TileRequest& request, int x, int y) {
    return ((request.pixels.x() + x + request.pixels.y() + y) / 4) % 2 == 0;
}

template <class F>
void forPixels(const TileRequest& request, QImage& tile, F&& f) {
    for (int y = 0; y < request.pixels.height(); ++y) {
        auto* line = reinterpret_cast<QRgb*>(tile.scanLine(y));
        for (int x = 0; x < request.pixels.width(); ++x)
            if (qAlpha(line[x]) != 0) f(x, y, line[x]);
    }
}

void paintObjects(const TileStyle& style, const TileRequest& request, const PixelGrid& grid, QImage& tile) {
    const LabelLook& look = *style.look;
    const double ratio = request.devicePixelRatio;
    const auto selected = [&](std::int32_t id) { return look.selected.count(id) > 0; };
    OutlineLayer halo(grid), outline(grid), rim(grid);
    if (look.outline > 0)
        outline.stampInside(
            [&](std::int32_t id) { return shown(look, id) ? look.outline * ratio * (selected(id) ? 1.7 : 1.0) : 0.0; });
    if (!look.selected.empty())
        halo.stampOutside([&](std::int32_t id) { return selected(id) && shown(look, id) ? 1.5 * ratio : 0.0; });
    if (look.hovered != 0)
        rim.stampOutside([&](std::int32_t id) { return id == look.hovered && shown(look, id) ? ratio : 0.0; });

    std::int32_t lastId = 0;
    ObjectLook last;
    bool lastShown = false;
    const int m = grid.margin;
    forPixels(request, tile, [&](int x, int y, QRgb& pixel) {
        const std::int32_t id = grid.at(x + m, y + m);
        if (const float h = halo.at(x + m, y + m); h > 0) pixel = over(pixel, 0xff000000, 0.55 * h);
        if (const float r = rim.at(x + m, y + m); r > 0) pixel = over(pixel, 0xffffffff, 0.8 * r);
        if (id == 0) return;
        if (id != lastId) lastId = id, last = look.look(id), lastShown = shown(look, id);
        if (!lastShown) return;
        pixel = over(pixel, last.colour, look.fill);
        const float cover = outline.at(x + m, y + m);
        if (cover > 0 && (!last.dashed || dashOn(request, x, y))) pixel = over(pixel, last.colour, cover);
    });
}

void paintPreview(const TileStyle& style, const TileRequest& request, const Columns& c, int margin, QImage& tile) {
    const PreviewMask& preview = *style.preview;
    const PixelGrid after = readMask(preview.mask, preview.origin, request, c, margin);
    const PixelGrid before = readMask(preview.before, preview.origin, request, c, margin);
    const double ratio = request.devicePixelRatio, opacity = style.previewOpacity;
    OutlineLayer outline(after), dashes(before);
    outline.stampInside([&](std::int32_t) { return 2.4 * ratio; });
    dashes.stampInside([&](std::int32_t) { return 1.2 * ratio; });
    const QRgb light = lightVersion(preview.colour).rgb();
    const int hatch = std::max(5, int(std::lround(6 * ratio)));
    forPixels(request, tile, [&](int x, int y, QRgb& pixel) {
        const bool isAfter = after.at(x + margin, y + margin) != 0, isBefore = before.at(x + margin, y + margin) != 0;
        if (isAfter) pixel = over(pixel, preview.colour, 0.20 * opacity);
        if (isBefore && !isAfter) {
            const int diagonal = ((request.pixels.x() + x + request.pixels.y() + y) % hatch + hatch) % hatch;
            if (diagonal < std::max(1, hatch / 4)) pixel = over(pixel, style.removedColour, 0.75 * opacity);
        }
        if (const float d = dashes.at(x + margin, y + margin); d > 0 && dashOn(request, x, y))
            pixel = over(pixel, 0xffffffff, 0.9 * d * opacity);
        if (const float o = outline.at(x + margin, y + margin); o > 0 && (!preview.interim || dashOn(request, x, y)))
            pixel = over(pixel, light, o * opacity);
    });
}

}  // namespace

void paintLabels(const TileStyle& style, const TileRequest& request, QImage& tile) {
    const double widest = std::max(style.look->outline * 1.7, 2.4) * request.devicePixelRatio;
    const int margin = int(std::ceil(widest)) + 2;
    const Columns c = voxelsUnder(request, style.image->info().shape(), margin);
    if (c.u1 <= c.u0 || c.v1 <= c.v0) return;
    PixelGrid grid = readIds(style, request, c, margin);
    // The object under repair is drawn by its preview alone, inside the preview's box.
    if (style.preview && style.preview->object != 0) {
        const PreviewMask& preview = *style.preview;
        const PlaneAxes a = axesOf(request.plane);
        const Box box{preview.origin, preview.origin + preview.mask.shape()};
        if (request.slice >= box.begin[a.n] && request.slice < box.end[a.n])
            for (int y = 0; y < grid.height; ++y)
                for (int x = 0; x < grid.width; ++x) {
                    std::int32_t& id = grid.ids[std::size_t(y) * std::size_t(grid.width) + std::size_t(x)];
                    const std::int64_t u = c.u[std::size_t(x)], v = c.v[std::size_t(y)];
                    if (id == preview.object && u >= box.begin[a.u] && u < box.end[a.u] && v >= box.begin[a.v] &&
                        v < box.end[a.v])
                        id = 0;
                }
    }
    if (std::any_of(grid.ids.begin(), grid.ids.end(), [](std::int32_t id) { return id != 0; }))
        paintObjects(style, request, grid, tile);
    if (style.preview) paintPreview(style, request, c, margin, tile);
}

}  // namespace fovea::ui

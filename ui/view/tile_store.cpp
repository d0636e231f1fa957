#include "ui/view/tile_store.h"

#include <QMutex>
#include <QPainter>
#include <QThreadPool>
#include <cmath>

namespace fovea::ui {

namespace {

constexpr int tileSide = 256;  // device pixels

}  // namespace

// The wish for one tile, read by the worker when its turn comes.
struct TileStore::Slot {
    QMutex mutex;
    TileRequest request;
    std::shared_ptr<const TileStyle> style;
    quint64 stamp = 0;
    bool queued = false, dead = false;
};

TileStore::TileStore(ViewScene& scene) : scene_(scene) {}

TileStore::~TileStore() {
    forget();
    scene_.workers().waitForDone();  // workers hold `this` to report to
}

void TileStore::forget() {
    for (Tile& tile : tiles_)
        if (tile.slot) {
            const QMutexLocker lock(&tile.slot->mutex);
            tile.slot->dead = true;
            tile.slot->style.reset();
        }
    tiles_.clear();
    backdrop_.clear();
    visible_ = {};
    problem_.clear();
    ++stamp_;
}

QRectF TileStore::voxelsOf(QPoint tile) const {
    return {tile.x() * tileSide / perU_, tile.y() * tileSide / perV_, tileSide / perU_, tileSide / perV_};
}

QRect TileStore::visibleTiles(const SliceTransform& transform) const {
    const PlaneAxes a = axesOf(plane_);
    const Index shape = scene_.shape();
    const QPointF begin = transform.toVoxel(QPointF(0, 0)),
                  end = transform.toVoxel(QPointF(transform.size.width(), transform.size.height()));
    const double u0 = std::max(0.0, begin.x()), u1 = std::min(double(shape[a.u]), end.x());
    const double v0 = std::max(0.0, begin.y()), v1 = std::min(double(shape[a.v]), end.y());
    if (u1 <= u0 || v1 <= v0) return {};
    const QPoint first(int(std::floor(u0 * perU_ / tileSide)), int(std::floor(v0 * perV_ / tileSide)));
    const QPoint last(int(std::ceil(u1 * perU_ / tileSide)) - 1, int(std::ceil(v1 * perV_ / tileSide)) - 1);
    return {first, QPoint(std::max(first.x(), last.x()), std::max(first.y(), last.y()))};
}

void TileStore::show(const SliceTransform& transform, std::int64_t slice, double devicePixelRatio) {
    if (scene_.empty() || transform.size.isEmpty()) return;
    const double perU = transform.pixelsPerVoxelU() * devicePixelRatio,
                 perV = transform.pixelsPerVoxelV() * devicePixelRatio;
    if (transform.plane != plane_) forget(), plane_ = transform.plane;
    if (perU != perU_ || perV != perV_ || devicePixelRatio != ratio_) {
        QVector<Old> old;
        bool complete = true;
        for (auto tile = tiles_.cbegin(); tile != tiles_.cend(); ++tile) {
            if (!tile->image.isNull())
                old.push_back({tile->image, voxelsOf(tile.key())});
            else
                complete = false;
        }
        // Unfinished pictures stay beneath what came since; a bounded number of layers.
        backdrop_ = complete || backdrop_.size() > 96 ? old : backdrop_ + old;
        for (Tile& tile : tiles_)
            if (tile.slot) {
                const QMutexLocker lock(&tile.slot->mutex);
                tile.slot->dead = true;
            }
        tiles_.clear();
        perU_ = perU, perV_ = perV, ratio_ = devicePixelRatio;
    }
    if (slice != slice_) {
        slice_ = slice;
        ++stamp_;
        for (Tile& tile : tiles_) tile.want = stamp_;
    }
    visible_ = visibleTiles(transform);
    const QRect kept = visible_.adjusted(-1, -1, 1, 1);
    for (auto tile = tiles_.begin(); tile != tiles_.end();) {
        if (kept.contains(tile.key())) {
            ++tile;
            continue;
        }
        if (tile->slot) {
            const QMutexLocker lock(&tile->slot->mutex);
            tile->slot->dead = true;
        }
        tile = tiles_.erase(tile);
    }
    if (visible_.isEmpty()) return;
    for (int y = visible_.top(); y <= visible_.bottom(); ++y)
        for (int x = visible_.left(); x <= visible_.right(); ++x) {
            Tile& tile = tiles_[QPoint(x, y)];
            if (tile.want == 0) tile.want = stamp_;
            if (tile.have != tile.want) request(QPoint(x, y), tile);
        }
    if (ready()) backdrop_.clear();
}

void TileStore::request(QPoint at, Tile& tile) {
    if (!tile.slot) tile.slot = std::make_shared<Slot>();
    const std::shared_ptr<Slot> slot = tile.slot;
    {
        const QMutexLocker lock(&slot->mutex);
        if (slot->stamp == tile.want) return;  // queued or running already
        slot->request = {plane_, slice_, QRect(at * tileSide, QSize(tileSide, tileSide)), perU_, perV_, ratio_};
        slot->style = scene_.style();
        slot->stamp = tile.want;
        if (slot->queued) return;
        slot->queued = true;
    }
    scene_.workers().start([this, at, slot] {
        TileRequest request;
        std::shared_ptr<const TileStyle> style;
        quint64 stamp = 0;
        {
            const QMutexLocker lock(&slot->mutex);
            slot->queued = false;
            if (slot->dead) return;
            request = slot->request, style = slot->style, stamp = slot->stamp;
        }
        QImage image;
        QString problem;
        try {
            image = composeTile(*style, request);
        } catch (const std::exception& e) {
            problem = QString::fromUtf8(e.what());
        }
        style.reset();
        QMetaObject::invokeMethod(this, [=, this] { finished(at, slot, stamp, image, problem); }, Qt::QueuedConnection);
    });
}

void TileStore::finished(QPoint at, const std::shared_ptr<Slot>& slot, quint64 stamp, const QImage& image,
                         const QString& problem) {
    const auto tile = tiles_.find(at);
    if (tile == tiles_.end() || tile->slot != slot || stamp <= tile->have) return;
    tile->have = stamp;
    if (problem.isEmpty()) tile->image = image;
    problem_ = problem;
    if (ready()) backdrop_.clear();
    Q_EMIT arrived();
}

void TileStore::paint(QPainter& painter, const SliceTransform& transform) const {
    if (perU_ <= 0) return;
    const auto draw = [&](const QImage& image, const QRectF& voxels, bool smooth) {
        painter.setRenderHint(QPainter::SmoothPixmapTransform, smooth);
        painter.drawImage(transform.toPixel(voxels.left(), voxels.top(), voxels.right(), voxels.bottom()), image);
    };
    for (const Old& old : backdrop_) draw(old.image, old.voxels, false);
    // Whole device pixels: the grid moves as one, so that tiles meet without seams and stay sharp.
    const QPointF origin = transform.toPixel(QPointF(0, 0)) * ratio_;
    const QPoint offset(qRound(origin.x()), qRound(origin.y()));
    painter.save();
    painter.scale(1 / ratio_, 1 / ratio_);
    for (auto tile = tiles_.cbegin(); tile != tiles_.cend(); ++tile)
        if (!tile->image.isNull()) painter.drawImage(offset + tile.key() * tileSide, tile->image);
    painter.restore();
}

void TileStore::styleChanged() {
    ++stamp_;
    for (Tile& tile : tiles_) tile.want = stamp_;
}

void TileStore::labelsEdited(const Box& box) {
    const PlaneAxes a = axesOf(plane_);
    if (slice_ < box.begin[a.n] || slice_ >= box.end[a.n]) return;
    ++stamp_;
    // Outlines reach a few pixels beyond the voxels that changed.
    const double du = 10 * ratio_ / perU_ + 1, dv = 10 * ratio_ / perV_ + 1;
    const QRectF changed(QPointF(double(box.begin[a.u]) - du, double(box.begin[a.v]) - dv),
                         QPointF(double(box.end[a.u]) + du, double(box.end[a.v]) + dv));
    for (auto tile = tiles_.begin(); tile != tiles_.end(); ++tile)
        if (voxelsOf(tile.key()).intersects(changed)) tile->want = stamp_;
}

bool TileStore::ready() const {
    if (visible_.isEmpty()) return true;
    for (int y = visible_.top(); y <= visible_.bottom(); ++y)
        for (int x = visible_.left(); x <= visible_.right(); ++x) {
            const auto tile = tiles_.constFind(QPoint(x, y));
            if (tile == tiles_.cend() || tile->have != tile->want) return false;
        }
    return true;
}

}  // namespace fovea::ui

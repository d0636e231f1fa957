#pragma once
#include <QHash>
#include <QImage>
#include <QObject>
#include <QPoint>
#include <QRect>
#include <QVector>
#include <memory>

#include "ui/view/slice_transform.h"
#include "ui/view/view_scene.h"

class QPainter;

namespace fovea::ui {

// The tiles of one slice view. Knows which are seen, asks the scene's workers for those that are stale and keeps the
// old picture until the new one is there. Queued work always composes the newest wish, so fast scrolling never piles
// up.
class TileStore : public QObject {
    Q_OBJECT
  public:
    explicit TileStore(ViewScene& scene);
    ~TileStore() override;

    // What is looked at now; cheap when nothing changed. Asks for what is missing.
    void show(const SliceTransform& transform, std::int64_t slice, double devicePixelRatio);
    void paint(QPainter& painter, const SliceTransform& transform) const;
    void styleChanged();                // all tiles stale
    void labelsEdited(const Box& box);  // those over the box
    void forget();                      // another volume or plane
    bool ready() const;
    // Why the last tile could not be read; empty when all is well.
    const QString& problem() const { return problem_; }

  Q_SIGNALS:
    void arrived();  // repaint

  private:
    struct Slot;
    struct Tile {
        QImage image;
        quint64 have = 0, want = 0;
        std::shared_ptr<Slot> slot;
    };
    struct Old {
        QImage image;
        QRectF voxels;  // u, v
    };
    QRect visibleTiles(const SliceTransform& transform) const;
    QRectF voxelsOf(QPoint tile) const;
    void request(QPoint at, Tile& tile);
    void finished(QPoint at, const std::shared_ptr<Slot>& slot, quint64 stamp, const QImage& image,
                  const QString& problem);

    ViewScene& scene_;
    QHash<QPoint, Tile> tiles_;
    QVector<Old> backdrop_;  // pictures of another zoom, drawn scaled until the new ones are there
    QRect visible_;          // in tiles
    Plane plane_ = Plane::XY;
    std::int64_t slice_ = -1;
    double perU_ = 0, perV_ = 0, ratio_ = 1;
    quint64 stamp_ = 1;
    QString problem_;
};

}  // namespace fovea::ui

#pragma once
#include <QImage>
#include <QTimer>
#include <QVector>
#include <QWidget>
#include <optional>

#include "ui/view/view_scene.h"

namespace fovea::ui {

class Theme;

// Up to eight slices through an object as thumbnails; the present slice is framed, a click jumps there. Thumbnails are
// composed on the scene's workers.
class Filmstrip : public QWidget {
    Q_OBJECT
  public:
    Filmstrip(Theme& theme, ViewScene& scene, QWidget* parent = nullptr);
    // Empty box: nothing to show.
    void setBox(const Box& box);
    void refresh();                        // voxels changed
    void refreshSoon() { soon_.start(); }  // after a pause: strokes come in many dabs
    QSize sizeHint() const override { return {320, 54}; }
    QSize minimumSizeHint() const override { return {160, 54}; }

  Q_SIGNALS:
    void sliceChosen(std::int64_t z);

  protected:
    void paintEvent(QPaintEvent*) override;
    void mousePressEvent(QMouseEvent*) override;

  private:
    QRect cell(int index) const;
    void compose();

    Theme& theme_;
    ViewScene& scene_;
    Box box_;
    QVector<std::int64_t> slices_;
    QVector<QImage> images_;
    int generation_ = 0;
    QTimer soon_;
};

}  // namespace fovea::ui

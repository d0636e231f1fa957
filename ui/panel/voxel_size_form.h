#pragma once
#include <QFrame>
#include <array>
#include <optional>

#include "data/box.h"

class QDoubleSpinBox;
class QLabel;
class QPushButton;

namespace fovea::ui {

class SegmentedControl;
class Theme;

// Floats over the slice: how large a voxel is along z, y and x, in nm or µm. x follows y until it is given itself; a
// single section is as deep as its pixels are wide. Return sets, Esc closes.
class VoxelSizeForm : public QFrame {
    Q_OBJECT
  public:
    VoxelSizeForm(Theme& theme, QWidget* parent);
    // Opens for an image of this shape; `known`: its size so far (µm).
    void ask(Index shape, const std::optional<Vec3>& known);
    // While it works on the image nothing can be set; the button says why.
    void setBusy(bool busy);
    // The view it floats over, in the parent's coordinates.
    void setPlace(const QRect& view);
    Vec3 size() const;  // µm; 0 where nothing was given

  Q_SIGNALS:
    void given(const fovea::Vec3& um);
    void leftOpen();  // "Go on in voxels"

  protected:
    bool event(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

  private:
    void give();
    void fill(int axis, double value);
    void refresh();
    void place();

    Theme& theme_;
    Index shape_;
    std::array<QLabel*, 3> names_{};
    std::array<QDoubleSpinBox*, 3> fields_{};  // z, y, x
    SegmentedControl* unit_ = nullptr;
    QLabel *title_ = nullptr, *reason_ = nullptr, *whole_ = nullptr;
    QPushButton *set_ = nullptr, *leave_ = nullptr;
    bool busy_ = false, xGiven_ = false;
    QRect view_;
};

}  // namespace fovea::ui

#pragma once
#include <memory>

#include "ui/tool/tool.h"

namespace fovea::ui {

// Left paints, right erases (the eraser: left erases). One press to release is one undo step; segments follow the
// pointer without gaps. Brush and eraser share their shape.
class BrushTool : public Tool {
  public:
    BrushTool(EditTarget& target, bool eraser, std::shared_ptr<BrushShape> shape)
        : Tool(target), eraser_(eraser), shape_(std::move(shape)) {}
    QString id() const override { return eraser_ ? "erase" : "brush"; }
    void press(const SliceEvent& event) override;
    void move(const SliceEvent& event) override;
    void release(const SliceEvent& event) override;
    void finish() override;
    bool showsBrush() const override { return true; }
    Qt::CursorShape cursor() const override { return Qt::CrossCursor; }
    QVector<std::pair<QString, QString>> hints() const override;
    bool painting() const { return painting_; }

  private:
    bool eraser_;
    std::shared_ptr<BrushShape> shape_;
    bool painting_ = false, erasing_ = false;
    Qt::MouseButton button_ = Qt::NoButton;
    Plane plane_ = Plane::XY;
    Vec3 last_;
};

}  // namespace fovea::ui

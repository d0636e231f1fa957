#pragma once
#include "ui/tool/tool.h"

namespace fovea::ui {

// Looking never edits: a click selects, Ctrl + click extends, hovering is linked to the other panes.
class SelectTool : public Tool {
  public:
    using Tool::Tool;
    QString id() const override { return "select"; }
    void press(const SliceEvent& event) override;
    void move(const SliceEvent& event) override;
    void release(const SliceEvent&) override {}
    QVector<std::pair<QString, QString>> hints() const override;
};

// Left drag moves the picture (done by the view), nothing else.
class PanTool : public Tool {
  public:
    using Tool::Tool;
    QString id() const override { return "pan"; }
    void press(const SliceEvent&) override {}
    void move(const SliceEvent&) override {}
    void release(const SliceEvent&) override {}
    bool pans() const override { return true; }
    Qt::CursorShape cursor() const override { return Qt::OpenHandCursor; }
    QVector<std::pair<QString, QString>> hints() const override;
};

// A click makes the object under the pointer current.
class PickTool : public Tool {
  public:
    using Tool::Tool;
    QString id() const override { return "pick"; }
    void press(const SliceEvent& event) override;
    void move(const SliceEvent& event) override;
    void release(const SliceEvent&) override {}
    Qt::CursorShape cursor() const override { return Qt::PointingHandCursor; }
    QVector<std::pair<QString, QString>> hints() const override;
};

// A click fills a hole or region with the current object; Ctrl = 3D.
class FillTool : public Tool {
  public:
    using Tool::Tool;
    QString id() const override { return "fill"; }
    void press(const SliceEvent& event) override;
    void move(const SliceEvent&) override {}
    void release(const SliceEvent&) override {}
    Qt::CursorShape cursor() const override { return Qt::CrossCursor; }
    QVector<std::pair<QString, QString>> hints() const override;
};

}  // namespace fovea::ui

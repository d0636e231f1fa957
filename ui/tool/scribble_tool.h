#pragma once
#include <QPointF>

#include "ui/tool/prompt_tool.h"

namespace fovea::ui {

// Scribble prompts: a drag sets points along its way, its release runs them. Signs and Ctrl as with PromptTool.
class ScribbleTool : public PromptTool {
  public:
    using PromptTool::PromptTool;
    QString id() const override { return "scribble"; }
    void press(const SliceEvent& event) override;
    void move(const SliceEvent& event) override;
    void release(const SliceEvent& event) override;
    void finish() override;
    QVector<std::pair<QString, QString>> hints() const override;

  private:
    void set(const SliceEvent& event);

    Qt::MouseButton button_ = Qt::NoButton;  // that draws
    Plane plane_ = Plane::XY;
    bool positive_ = true;
    QPointF last_;  // point set
};

}  // namespace fovea::ui

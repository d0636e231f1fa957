#include "ui/tool/tool_box.h"

#include <algorithm>
#include <cmath>

#include "ui/view/slice_view.h"
#include "ui/view/view_grid.h"

namespace fovea::ui {

ToolBox::ToolBox(EditTarget& target, QObject* parent) : QObject(parent), shape_(std::make_shared<BrushShape>()) {
    tools_.push_back(std::make_unique<SelectTool>(target));
    tools_.push_back(std::make_unique<PanTool>(target));
    const auto addPrompting = [this](auto tool) {
        prompting_.push_back(tool.get());
        tools_.push_back(std::move(tool));
    };
    addPrompting(std::make_unique<PromptTool>(target));
    addPrompting(std::make_unique<BoxTool>(target));
    addPrompting(std::make_unique<ScribbleTool>(target));
    addPrompting(std::make_unique<LassoTool>(target));
    tools_.push_back(std::make_unique<BrushTool>(target, false, shape_));
    tools_.push_back(std::make_unique<BrushTool>(target, true, shape_));
    tools_.push_back(std::make_unique<FillTool>(target));
    tools_.push_back(std::make_unique<PickTool>(target));
    current_ = previous_ = tools_.front().get();
}

void ToolBox::connectTo(ViewGrid& grid) {
    connect(&grid, &ViewGrid::pressed, this, &ToolBox::press);
    connect(&grid, &ViewGrid::moved, this, &ToolBox::move);
    connect(&grid, &ViewGrid::released, this, &ToolBox::release);
    connect(&grid, &ViewGrid::brushSizeRequested, this, &ToolBox::brushSteps);
    const auto follow = [this, &grid] {
        grid.setPanning(current_->pans());
        if (!current_->pans())
            for (const Plane plane : {Plane::XY, Plane::XZ, Plane::YZ}) grid.view(plane).setCursor(current_->cursor());
        grid.scene().setBrushRadius(current_->showsBrush() ? shape_->radiusUm : 0);
    };
    connect(this, &ToolBox::toolChanged, &grid, follow);
    connect(this, &ToolBox::brushChanged, &grid, follow);
    follow();
}

void ToolBox::flipPrompts() {
    for (PromptTool* tool : prompting_) tool->flip();
}

bool ToolBox::dropGesture() {
    if (!current_->drawing()) return false;
    current_->finish();
    return true;
}

QStringList ToolBox::ids() const {
    QStringList ids;
    for (const auto& tool : tools_) ids << tool->id();
    return ids;
}

void ToolBox::switchTo(Tool* tool) {
    if (tool == current_) return;
    current_->finish();
    current_ = tool;
    Q_EMIT toolChanged(current_->id());
}

void ToolBox::choose(const QString& id) {
    const auto found = std::find_if(tools_.begin(), tools_.end(), [&id](const auto& tool) { return tool->id() == id; });
    if (found == tools_.end() || found->get() == current_) return;
    previous_ = beforeHold_ ? beforeHold_ : current_;
    beforeHold_ = nullptr;
    switchTo(found->get());
}

void ToolBox::choosePrevious() {
    Tool* back = previous_;
    previous_ = current_;
    switchTo(back);
}

void ToolBox::hold(const QString& id) {
    if (beforeHold_) return;
    const auto found = std::find_if(tools_.begin(), tools_.end(), [&id](const auto& tool) { return tool->id() == id; });
    if (found == tools_.end() || found->get() == current_) return;
    beforeHold_ = current_;
    switchTo(found->get());
}

void ToolBox::releaseHeld() {
    if (!beforeHold_) return;
    Tool* back = beforeHold_;
    beforeHold_ = nullptr;
    switchTo(back);
}

void ToolBox::setBrushRadius(double um) {
    um = std::clamp(um, 0.001, 1000.0);
    if (um == shape_->radiusUm) return;
    shape_->radiusUm = um;
    Q_EMIT brushChanged();
}

void ToolBox::brushSteps(int steps) {
    if (current_->showsBrush()) setBrushRadius(shape_->radiusUm * std::pow(1.15, steps));
}

void ToolBox::setBall(bool ball) {
    if (ball == shape_->ball) return;
    shape_->ball = ball;
    Q_EMIT brushChanged();
}

void ToolBox::press(const SliceEvent& event) { current_->press(event); }
void ToolBox::move(const SliceEvent& event) { current_->move(event); }
void ToolBox::release(const SliceEvent& event) { current_->release(event); }

}  // namespace fovea::ui

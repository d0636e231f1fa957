#pragma once
#include <QPolygonF>
#include <optional>

#include "ui/tool/prompt_tool.h"

namespace fovea::ui {

// Lasso prompts: a drag around what belongs to the object, or, with the other button, around what does not; it closes
// itself. Clicks are points, signs and Ctrl as with PromptTool.
class LassoTool : public PromptTool {
  public:
    using PromptTool::PromptTool;
    QString id() const override { return "lasso"; }
    void press(const SliceEvent& event) override;
    void move(const SliceEvent& event) override;
    void release(const SliceEvent& event) override;
    void finish() override;
    bool drawing() const override { return from_.has_value(); }
    QVector<std::pair<QString, QString>> hints() const override;

  private:
    void drop();

    std::optional<SliceEvent> from_;  // where the button went down
    bool positive_ = true;
    QPolygonF path_;  // u, v
};

}  // namespace fovea::ui

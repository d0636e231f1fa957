#pragma once
#include <optional>

#include "ui/tool/prompt_tool.h"

namespace fovea::ui {

// Box prompts: a drag with the left button in an XY slice draws a box around the object. Clicks are points, as with
// PromptTool, and so is everything else.
class BoxTool : public PromptTool {
  public:
    using PromptTool::PromptTool;
    QString id() const override { return "box"; }
    void press(const SliceEvent& event) override;
    void move(const SliceEvent& event) override;
    void release(const SliceEvent& event) override;
    void finish() override;
    bool drawing() const override { return from_.has_value(); }
    QVector<std::pair<QString, QString>> hints() const override;

  private:
    Box drawn(const SliceEvent& event) const;

    std::optional<SliceEvent> from_;  // where the button went down
};

}  // namespace fovea::ui

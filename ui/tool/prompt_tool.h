#pragma once
#include <optional>

#include "ui/tool/tool.h"

namespace fovea::ui {

// Point prompts: left adds, right or Alt + left takes away; flip() swaps the two. Ctrl collects, its release runs.
// Prompts act only on the current object: without one a click says so.
class PromptTool : public Tool {
  public:
    using Tool::Tool;
    QString id() const override { return "point"; }
    void press(const SliceEvent& event) override;
    void move(const SliceEvent& event) override;
    void release(const SliceEvent&) override {}
    void finish() override;
    void controlReleased() override;
    Qt::CursorShape cursor() const override { return Qt::CrossCursor; }
    QVector<std::pair<QString, QString>> hints() const override;
    void flip() { flipped_ = !flipped_; }
    bool flipped() const { return flipped_; }
    bool collecting() const { return collecting_; }

  protected:
    // Whether there is an object to prompt; else says why not.
    bool mayPrompt() const;
    // Whether the button that went down adds (true) or takes away; nothing when it gives no prompt.
    std::optional<bool> signOf(const SliceEvent& event) const;
    void collect(bool collecting) { collecting_ = collecting; }

  private:
    bool flipped_ = false, collecting_ = false;
};

}  // namespace fovea::ui

#pragma once
#include <QObject>
#include <QStringList>
#include <memory>
#include <vector>

#include "ui/tool/box_tool.h"
#include "ui/tool/brush_tool.h"
#include "ui/tool/lasso_tool.h"
#include "ui/tool/prompt_tool.h"
#include "ui/tool/scribble_tool.h"
#include "ui/tool/select_tool.h"

namespace fovea::ui {

class ViewGrid;

// The tools of the Review page, the one in hand, and the one before. Starts with select.
class ToolBox : public QObject {
    Q_OBJECT
  public:
    explicit ToolBox(EditTarget& target, QObject* parent = nullptr);

    // Sends the grid's events to the tool in hand; keeps its pan mode and cursor in step.
    void connectTo(ViewGrid& grid);
    QStringList ids() const;
    Tool& current() const { return *current_; }
    PromptTool& promptTool() const { return *prompting_.front(); }
    // Swaps plus and minus of points, whichever tool gives them.
    void flipPrompts();
    // Esc: forgets a box or line being drawn. False when there is none.
    bool dropGesture();
    // Switches; an unknown id does nothing. The tool before is finished first.
    void choose(const QString& id);
    void choosePrevious();
    // A key held longer than 250 ms uses the tool for that moment: hold on press, release(…) goes back.
    void hold(const QString& id);
    void releaseHeld();

    BrushShape brush() const { return *shape_; }
    void setBrushRadius(double um);  // 0.001 … 1000 µm
    void brushSteps(int steps);      // × 1.15 each
    void setBall(bool ball);

    void press(const SliceEvent& event);
    void move(const SliceEvent& event);
    void release(const SliceEvent& event);

  Q_SIGNALS:
    void toolChanged(const QString& id);
    void brushChanged();

  private:
    void switchTo(Tool* tool);

    std::shared_ptr<BrushShape> shape_;
    std::vector<std::unique_ptr<Tool>> tools_;
    std::vector<PromptTool*> prompting_;  // those that give prompts, points first
    Tool* current_ = nullptr;
    Tool* previous_ = nullptr;
    Tool* beforeHold_ = nullptr;
};

}  // namespace fovea::ui

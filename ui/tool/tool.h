#pragma once
#include <QCursor>
#include <QString>
#include <QVector>
#include <utility>

#include "ui/tool/edit_target.h"
#include "ui/view/slice_event.h"

namespace fovea::ui {

// A small state machine between a slice view's events and an EditTarget. Knows no widget, no layer, no journal.
class Tool {
  public:
    explicit Tool(EditTarget& target) : target_(target) {}
    virtual ~Tool() = default;
    Tool(const Tool&) = delete;
    Tool& operator=(const Tool&) = delete;

    // "select", "pan", "point", "box", "scribble", "lasso", "brush", "erase", "fill", "pick"
    virtual QString id() const = 0;
    virtual void press(const SliceEvent& event) = 0;
    virtual void move(const SliceEvent& event) = 0;
    virtual void release(const SliceEvent& event) = 0;
    // Ends what is under way (tool switched, Esc): strokes are kept, open gestures forgotten.
    virtual void finish() {}
    // A gesture is open that finish() forgets.
    virtual bool drawing() const { return false; }
    // Ctrl came up without a mouse event.
    virtual void controlReleased() {}
    virtual bool pans() const { return false; }
    virtual bool showsBrush() const { return false; }
    virtual Qt::CursorShape cursor() const { return Qt::ArrowCursor; }
    // What the status bar says: {"Left", "add"}, {"Right", "remove"}, …
    virtual QVector<std::pair<QString, QString>> hints() const = 0;

  protected:
    EditTarget& target_;
};

}  // namespace fovea::ui

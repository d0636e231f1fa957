#pragma once
#include <QObject>
#include <QRect>
#include <memory>

#include "ui/edit/prompt_ahead.h"
#include "ui/edit/prompt_session.h"

namespace fovea::ui {

class Actions;
class PromptBar;
class Theme;
class ViewScene;
class Workspace;

// Prompting on the Review page: the session of the open case, what the views show of it, the floating bar, the actions,
// and the slices that are read ahead.
class ReviewPrompts : public QObject {
    Q_OBJECT
  public:
    // `views`: what the bar floats over.
    ReviewPrompts(Theme& theme, Actions& actions, Workspace& workspace, ViewScene& scene, QWidget* views);
    ~ReviewPrompts() override;

    void open(ReviewSession& review);
    void close();
    PromptSession* session() const { return session_.get(); }
    // Writes an open proposal. False when there is none.
    bool commit();
    void setTool(const QString& id);
    void setPlace(const QRect& view);  // of the view that the bar floats over
    // Slices are read ahead while the page is seen; models may have come meanwhile.
    void setSeen(bool seen);

  Q_SIGNALS:
    void changed();  // what is shown

  private:
    void bindActions(Actions& actions);
    void show();
    void lookAhead();

    Workspace& workspace_;
    ViewScene& scene_;
    PromptBar* bar_ = nullptr;
    std::unique_ptr<PromptSession> session_;
    std::unique_ptr<PromptAhead> ahead_;
    bool seen_ = false;
};

}  // namespace fovea::ui

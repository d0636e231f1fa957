#pragma once
#include <QWidget>

class QAbstractButton;
class QLabel;

namespace fovea::ui {

class Actions;
class PromptSession;
class SegmentedControl;
class Theme;

// Floats over the slice that is prompted while there are prompts: with which tool, how many, last and all of them away,
// which of several answers, on what they act, commit, accept. Everything in it is an action with its key.
class PromptBar : public QWidget {
    Q_OBJECT
  public:
    PromptBar(Theme& theme, Actions& actions, QWidget* parent);
    // Null hides it. Shown from the first prompt to the commit.
    void setSession(PromptSession* prompts);
    void setTool(const QString& id);  // in hand
    // The view it floats over, in the parent's coordinates; empty hides it.
    void setPlace(const QRect& view);

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    void refresh();
    void place();

    Theme& theme_;
    Actions& actions_;
    PromptSession* prompts_ = nullptr;
    QLabel* count_ = nullptr;
    SegmentedControl *tool_ = nullptr, *scope_ = nullptr;
    QAbstractButton* answer_ = nullptr;  // "2 of 3"
    QWidget *last_ = nullptr, *clear_ = nullptr, *commit_ = nullptr, *accept_ = nullptr;
    QRect view_;
};

}  // namespace fovea::ui

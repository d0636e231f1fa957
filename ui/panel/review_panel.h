#pragma once
#include <QWidget>

#include "ui/edit/prompt_session.h"
#include "ui/edit/review_session.h"

class QLabel;
class QPushButton;

namespace fovea::ui {

class Actions;
class Chip;
class EngineLine;
class Filmstrip;
class ObjectTableView;
class ProgressStrip;
class PromptList;
class SectionHeader;
class Theme;
class VerdictButton;
class ViewScene;

// Right dock of Review: queue with progress, the current object with its verdicts, the table of all objects.
class ReviewPanel : public QWidget {
    Q_OBJECT
  public:
    ReviewPanel(Theme& theme, Actions& actions, ViewScene& scene, QWidget* parent = nullptr);
    // Null when no case is open.
    void setSession(ReviewSession* review, PromptSession* prompts);
    // Lights up the button of a verdict.
    void flash(labels::State state);

  Q_SIGNALS:
    void objectChosen(std::int32_t id);
    void sliceChosen(std::int64_t z);

  private:
    QWidget* makeQueue(Actions& actions);
    QWidget* makeCard(Actions& actions);
    void showProgress();
    void showObject();
    void showPrompts();
    void chooseOrder();

    Theme& theme_;
    ViewScene& scene_;
    ReviewSession* review_ = nullptr;
    PromptSession* prompts_ = nullptr;
    Chip* order_ = nullptr;
    ProgressStrip* strip_ = nullptr;
    QLabel *reviewed_ = nullptr, *left_ = nullptr;
    QWidget* card_ = nullptr;
    QLabel *swatch_ = nullptr, *title_ = nullptr, *score_ = nullptr, *reason_ = nullptr, *reasonIcon_ = nullptr,
           *hint_ = nullptr;
    Filmstrip* film_ = nullptr;
    PromptList* promptList_ = nullptr;
    EngineLine* engine_ = nullptr;
    VerdictButton *accept_ = nullptr, *unsure_ = nullptr, *reject_ = nullptr;
    SectionHeader* tableHeader_ = nullptr;
    ObjectTableView* table_ = nullptr;
    QLabel* empty_ = nullptr;
};

}  // namespace fovea::ui

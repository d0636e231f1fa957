#pragma once
#include <QWidget>

class QVBoxLayout;

namespace fovea::ui {

class PromptSession;
class SectionHeader;
class Theme;
class ToggleRow;

// The prompts given so far, one row each: box, plus or minus, where, and a cross that takes it away and runs the others
// again. Hidden while there are none.
class PromptList : public QWidget {
    Q_OBJECT
  public:
    explicit PromptList(Theme& theme, QWidget* parent = nullptr);
    void setSession(PromptSession* prompts);  // null when no case is open

  Q_SIGNALS:
    void sliceChosen(std::int64_t z);

  private:
    void refresh();
    class Row;
    Theme& theme_;
    PromptSession* prompts_ = nullptr;
    SectionHeader* header_ = nullptr;
    QVBoxLayout* rows_ = nullptr;
    ToggleRow* keepOff_ = nullptr;
};

}  // namespace fovea::ui

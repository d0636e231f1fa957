#pragma once
#include <QWidget>

namespace fovea::ui {

class Actions;
class Chip;
class PromptSession;
class Theme;

// Which engine answers prompts, and how it stands: "SAM ViT-B · ready · 28 ms". Shown while there are prompts. Where no
// model is here, a click goes to those there are.
class EngineLine : public QWidget {
    Q_OBJECT
  public:
    EngineLine(Theme& theme, Actions& actions, QWidget* parent = nullptr);
    void setSession(PromptSession* prompts);  // null when no case is open
    QString text() const;

  private:
    void refresh();
    QString name() const;

    Theme& theme_;
    PromptSession* prompts_ = nullptr;
    Chip* chip_ = nullptr;
};

}  // namespace fovea::ui

#pragma once
#include <QWidget>

class QLabel;
class QVBoxLayout;

namespace fovea::ui {

class Actions;
class Theme;
class Workspace;

// First page: drop field, open, sample; at the right what this computer can do and what was open last.
class StartPage : public QWidget {
    Q_OBJECT
  public:
    StartPage(Theme& theme, Actions& actions, Workspace& workspace, QWidget* parent = nullptr);
    void refresh();  // recent projects

  private:
    QWidget* makeLeft(Actions& actions);
    QWidget* makeDropField();
    QWidget* makeRight();
    QWidget* makeReadyRow(const QString& icon, const QString& title, const QString& detail);

    Theme& theme_;
    Workspace& workspace_;
    QVBoxLayout* recent_ = nullptr;
};

}  // namespace fovea::ui

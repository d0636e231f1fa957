#pragma once
#include <QWidget>

class QTreeWidget;

namespace fovea::ui {

class Theme;
class Workspace;

// Tools › Pipeline: every stage with its state in the active round, the reason, and Run up to here.
class PipelinePanel : public QWidget {
    Q_OBJECT
  public:
    PipelinePanel(Theme& theme, Workspace& workspace, QWidget* parent = nullptr);
    void refresh();

  private:
    void runSelected(bool withThoseBefore);

    Theme& theme_;
    Workspace& workspace_;
    QTreeWidget* tree_ = nullptr;
};

}  // namespace fovea::ui

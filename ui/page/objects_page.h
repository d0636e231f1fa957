#pragma once
#include <QWidget>

class QLabel;
class QPushButton;

namespace fovea::ui {

class OptionForm;
class ProgressStrip;
class Theme;
class Workspace;

// Objects: the built-in engine finds them, a trained model does, or labels the person has are brought in. Settings are
// folded.
class ObjectsPage : public QWidget {
    Q_OBJECT
  public:
    ObjectsPage(Theme& theme, Workspace& workspace, QWidget* parent = nullptr);
    void refresh();

  Q_SIGNALS:
    void bringLabels();
    void askModel();

  private:
    void find();

    Theme& theme_;
    Workspace& workspace_;
    QWidget* settings_ = nullptr;
    OptionForm* form_ = nullptr;
    QPushButton* find_ = nullptr;
    QLabel* state_ = nullptr;
    ProgressStrip* busy_ = nullptr;
};

}  // namespace fovea::ui

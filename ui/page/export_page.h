#pragma once
#include <QWidget>

class QLabel;
class QLineEdit;
class QPushButton;

namespace fovea::ui {

class OptionForm;
class Theme;
class Workspace;

// Export as one card: what, as which format, where. Nothing is hidden behind Next.
class ExportPage : public QWidget {
    Q_OBJECT
  public:
    ExportPage(Theme& theme, Workspace& workspace, QWidget* parent = nullptr);
    void refresh();
    void setFolder(const QString& folder);

  Q_SIGNALS:
    void exported(const QString& folder);

  private:
    void chooseFolder();
    Q_INVOKABLE void start();
    void deliver();

    Theme& theme_;
    Workspace& workspace_;
    QWidget* formPlace_ = nullptr;
    OptionForm* form_ = nullptr;
    QLineEdit* folder_ = nullptr;
    QPushButton* export_ = nullptr;
    QPushButton* show_ = nullptr;
    QLabel *note_ = nullptr, *state_ = nullptr;
    bool mine_ = false;  // the running chain was started here
};

}  // namespace fovea::ui

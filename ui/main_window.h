#pragma once
#include <QMainWindow>
#include <QTimer>

class QDockWidget;
class QStackedWidget;

namespace fovea::ui {

class Actions;
class Chip;
class ExportPage;
class FlowBar;
class HintBar;
class JobChip;
class JobTray;
class LearnPage;
class ModelsPage;
class NotificationStrip;
class ObjectsPage;
class PipelinePanel;
class ReviewPage;
struct ReviewProgress;
class StartPage;
class Theme;
class Workspace;

// The window only wires: menu row, flow bar, pages, status bar, job tray, pipeline dock.
class MainWindow : public QMainWindow {
    Q_OBJECT
  public:
    MainWindow(Theme& theme, Workspace& workspace, QWidget* parent = nullptr);
    ~MainWindow() override;

    enum Page { Images, Objects, Review, Learn, Export, Models };
    void showPage(Page page);
    Page page() const;
    Actions& actions() { return *actions_; }
    ReviewPage& reviewPage() { return *review_; }
    LearnPage& learnPage() { return *learn_; }
    ExportPage& exportPage() { return *export_; }
    ModelsPage& modelsPage() { return *models_; }
    // Brings a label image in as proposals of the open case.
    // Finds objects anew: by labels somebody made, or by a folder that nnU-Net trained, in place of the engine.
    void findWith(const char* option, const QString& path);

  protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void closeEvent(QCloseEvent* event) override;

  private:
    QSize usualSize() const;  // no larger than the screen
    QWidget* makeMenuRow();
    void makePages();
    void bindActions();
    void bindWorkspace();
    void openImages();
    void refreshFlow();
    void refreshJobs();
    void refreshSaved();
    void nextStep();
    void tellRound();
    bool showBeforeReview(const ReviewProgress& progress);
    bool showNextAfterRound(const ReviewProgress& progress);
    void tell(const QString& problem);

    Theme& theme_;
    Workspace& workspace_;
    Actions* actions_ = nullptr;
    FlowBar* flow_ = nullptr;
    NotificationStrip* strip_ = nullptr;
    QStackedWidget* stack_ = nullptr;
    StartPage* start_ = nullptr;
    ObjectsPage* objects_ = nullptr;
    ReviewPage* review_ = nullptr;
    LearnPage* learn_ = nullptr;
    ExportPage* export_ = nullptr;
    ModelsPage* models_ = nullptr;
    HintBar* hints_ = nullptr;
    Chip *saved_ = nullptr, *device_ = nullptr;
    JobChip* jobChip_ = nullptr;
    JobTray* tray_ = nullptr;
    QDockWidget* pipeline_ = nullptr;
    QTimer saveCheck_;  // a journal that cannot be written is told within a second
    QString nextAction_;
    bool findAfterImport_ = false;
    int worseRound_ = 0;  // the strip offers to use it anyway
};

}  // namespace fovea::ui

#include "ui/main_window.h"

#include <QApplication>
#include <QCloseEvent>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QScreen>
#include <QSettings>
#include <QStackedWidget>
#include <QUrl>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/actions.h"
#include "ui/edit/round_report.h"
#include "ui/page/export_page.h"
#include "ui/page/learn_page.h"
#include "ui/page/models_page.h"
#include "ui/page/objects_page.h"
#include "ui/page/review_page.h"
#include "ui/page/start_page.h"
#include "ui/panel/pipeline_panel.h"
#include "ui/theme/theme.h"
#include "ui/widget/flow_bar.h"
#include "ui/widget/hint_bar.h"
#include "ui/widget/job_tray.h"
#include "ui/widget/labels.h"
#include "ui/widget/notification_strip.h"
#include "ui/workspace.h"

namespace fovea::ui {

using project::Status;

namespace {

// Steps of the flow bar; Choose has no page of its own yet, it fills the queue of Review.
enum Step { ImagesStep, ObjectsStep, ChooseStep, ReviewStep, LearnStep, ExportStep };

constexpr int menuRowHeight = 34, saveCheckMs = 1000;
constexpr int pipelineHeight = 400;  // all stages and the buttons
constexpr int enoughNew = 10;        // verdicts since the last round before another one makes sense
constexpr int enoughAccepted = 3;    // objects, beside one complete patch, before learning makes sense

}  // namespace

MainWindow::MainWindow(Theme& theme, Workspace& workspace, QWidget* parent)
    : QMainWindow(parent), theme_(theme), workspace_(workspace), actions_(new Actions(this)) {
    setMinimumSize(1100, 700);
    setAcceptDrops(true);
    setMenuWidget(makeMenuRow());
    auto* centre = new QWidget;
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    flow_ = new FlowBar(theme);
    strip_ = new NotificationStrip(theme);
    strip_->hide();
    stack_ = new QStackedWidget;
    hints_ = new HintBar(theme);
    column->addWidget(flow_);
    column->addWidget(makeLine());
    column->addWidget(strip_);
    column->addWidget(stack_, 1);
    column->addWidget(makeLine());
    column->addWidget(hints_);
    setCentralWidget(centre);
    makePages();
    pipeline_ = new QDockWidget(tr("Pipeline"), this);
    pipeline_->setObjectName("pipeline");
    pipeline_->setWidget(new PipelinePanel(theme, workspace));
    addDockWidget(Qt::BottomDockWidgetArea, pipeline_);
    pipeline_->hide();
    tray_ = new JobTray(theme, this);
    tray_->hide();
    connect(tray_, &JobTray::cancelRequested, this, [this](qint64 id) { workspace_.jobs().cancel(id); });
    workspace_.jobs().onChange([this] { refreshJobs(); });
    actions_->attach("app", this);
    actions_->attach("project", this);
    bindActions();
    bindWorkspace();
    resize(usualSize());
    restoreGeometry(QSettings().value("geometry").toByteArray());
    showPage(Images);
    refreshSaved();
    saveCheck_.setInterval(saveCheckMs);
    connect(&saveCheck_, &QTimer::timeout, this, &MainWindow::refreshSaved);
    saveCheck_.start();
}

MainWindow::~MainWindow() { workspace_.jobs().onChange({}); }

QSize MainWindow::usualSize() const {
    const QSize room = screen() ? screen()->availableSize() : QSize(1600, 1000);
    return QSize(1600, 1000).boundedTo(room).expandedTo(minimumSize());
}

QWidget* MainWindow::makeMenuRow() {
    auto* row = new QFrame;
    row->setProperty("kind", "panel");
    const auto setHeight = [this, row] { row->setFixedHeight(theme_.size(menuRowHeight)); };
    setHeight();
    connect(&theme_, &Theme::changed, row, setHeight);
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(12, 0, 12, 0);
    layout->setSpacing(8);
    auto* mark = new QLabel;
    const auto draw = [this, mark] { mark->setPixmap(theme_.pixmap("mark", 18, Token::Accent, devicePixelRatioF())); };
    draw();
    connect(&theme_, &Theme::changed, mark, draw);
    layout->addWidget(mark);
    auto* bar = new QMenuBar;
    for (const char* name :
         {"File", "Edit", "View", "Object", "Prompts", "Review", "Train", "Tools", "Window", "Help"}) {
        QMenu* menu = bar->addMenu(tr(name));
        for (const ActionRow& entry : actionTable())
            if (QLatin1String(entry.menu) == QLatin1String(name)) menu->addAction(actions_->action(entry.id));
    }
    layout->addWidget(bar, 0, Qt::AlignVCenter);
    layout->addStretch();
    jobChip_ = new JobChip(theme_);
    jobChip_->setClickable(true);
    connect(jobChip_, &QAbstractButton::clicked, actions_->action("window.jobs"), &QAction::trigger);
    jobChip_->hide();
    saved_ = new Chip(theme_);
    const Backend& backend = workspace_.backend();
    device_ = new Chip(theme_, QString::fromStdString(backend.deviceText), backend.gpu ? "gpu" : "processor");
    layout->addWidget(jobChip_);
    layout->addWidget(saved_);
    layout->addWidget(device_);
    return row;
}

void MainWindow::makePages() {
    start_ = new StartPage(theme_, *actions_, workspace_);
    objects_ = new ObjectsPage(theme_, workspace_);
    review_ = new ReviewPage(theme_, *actions_, workspace_);
    learn_ = new LearnPage(theme_, workspace_);
    export_ = new ExportPage(theme_, workspace_);
    models_ = new ModelsPage(theme_, workspace_.jobs());
    for (QWidget* page : std::initializer_list<QWidget*>{start_, objects_, review_, learn_, export_, models_})
        stack_->addWidget(page);
    connect(models_, &ModelsPage::failed, this, &MainWindow::tell);
    connect(models_, &ModelsPage::said, this, [this](const QString& text) { strip_->say(Tone::Ok, text); });
    connect(objects_, &ObjectsPage::bringLabels, actions_->action("file.bring_labels"), &QAction::trigger);
    connect(objects_, &ObjectsPage::askModel, actions_->action("file.ask_model"), &QAction::trigger);
    connect(review_, &ReviewPage::hintsChanged, this, [this](const QVector<std::pair<QString, QString>>& hints) {
        if (page() == Review) hints_->setHints(hints);  // an image may be opened while another page is shown
    });
    connect(review_, &ReviewPage::readingsChanged, hints_, &HintBar::setReadings);
    connect(review_, &ReviewPage::failed, this, &MainWindow::tell);
    connect(review_, &ReviewPage::progressChanged, this, [this] {
        refreshFlow();
        refreshSaved();
        const ReviewSession* review = review_->review();
        learn_->setReviewed(review ? review->progress() : ReviewProgress{}, review ? review->caseId() : std::string());
    });
    connect(learn_, &LearnPage::goOnReviewing, this, [this] { showPage(Review); });
}

void MainWindow::bindActions() {
    Actions& a = *actions_;
    a.on("file.open_image", [this] { openImages(); });
    a.on("file.open_folder", [this] {
        const QString folder = QFileDialog::getExistingDirectory(this, tr("Open folder of images"));
        if (!folder.isEmpty()) workspace_.openImages({folder});
    });
    a.on("file.open_project", [this] {
        const QString folder = QFileDialog::getExistingDirectory(this, tr("Open project"));
        if (!folder.isEmpty()) workspace_.openProject(folder);
    });
    a.on("file.sample", [this] { workspace_.openSample(); });
    a.on("file.bring_labels", [this] {
        const QString path = QFileDialog::getOpenFileName(this, tr("Bring labels"));
        if (!path.isEmpty()) findWith("from", path);
    });
    a.on("file.ask_model", [this] {
        const QString folder =
            QFileDialog::getExistingDirectory(this, tr("Model folder: plans.json, dataset.json, fold_0, …"));
        if (!folder.isEmpty()) findWith("model", folder);
    });
    a.on("file.close_project", [this] { workspace_.closeProject(); });
    a.on("file.quit", [this] { close(); });
    a.on("image.voxel_size", [this] {
        showPage(Review);
        review_->askVoxelSize();
    });
    a.on("train.start", [this] {
        showPage(Learn);
        workspace_.learn();
    });
    a.on("train.stop", [this] { workspace_.stopChain(); });
    a.on("page.images", [this] { showPage(Images); });
    a.on("page.objects", [this] { showPage(Objects); });
    a.on("page.review", [this] { showPage(Review); });
    a.on("page.fine_tune", [this] { showPage(Learn); });
    a.on("page.export", [this] { showPage(Export); });
    a.on("page.models", [this] { showPage(Models); });
    a.on("page.next_step", [this] { nextStep(); });
    a.on("window.pipeline", [this] {
        pipeline_->setVisible(!pipeline_->isVisible());
        resizeDocks({pipeline_}, {theme_.size(pipelineHeight)}, Qt::Vertical);
    });
    a.on("window.jobs", [this] {
        if (tray_->isVisible())
            tray_->hide();
        else
            tray_->popUpBelow(jobChip_->isVisible() ? static_cast<QWidget*>(jobChip_) : saved_);
    });
    a.on("window.reset_layout", [this] {
        resize(usualSize());
        pipeline_->hide();
        review_->views().setLayoutFor(review_->scene().shape());
    });
    a.on("app.theme", [this] { theme_.setMode(theme_.isDark() ? ThemeMode::Light : ThemeMode::Dark); });
    a.on("app.full_screen", [this] { isFullScreen() ? showNormal() : showFullScreen(); });
    a.on("help.about", [this] {
        QMessageBox::about(
            this, tr("About Fovea"),
            tr("Fovea %1\n\nFrom image to checked labels. Runs on: %2.")
                .arg(QCoreApplication::applicationVersion(), QString::fromStdString(workspace_.backend().deviceText)));
    });
    connect(flow_, &FlowBar::nextClicked, this, &MainWindow::nextStep);
    connect(flow_, &FlowBar::stepClicked, this, [this](int step) {
        switch (step) {
            case ImagesStep:
                return showPage(Images);
            case ObjectsStep:
                return showPage(Objects);
            case ReviewStep:
                return showPage(Review);
            case LearnStep:
                return showPage(Learn);
            case ExportStep:
                return showPage(Export);
            default:
                break;
        }
        if (workspace_.statusOf("query") == Status::UpToDate)
            showPage(Review);
        else if (workspace_.statusOf("pseudo-label") != Status::UpToDate)
            showPage(Objects);
        else
            workspace_.choose();
    });
}

void MainWindow::bindWorkspace() {
    connect(&workspace_, &Workspace::projectChanged, this, [this] {
        setWindowTitle(workspace_.project() ? tr("%1 — Fovea").arg(workspace_.projectName()) : tr("Fovea"));
        start_->refresh();
        review_->reload();
        refreshFlow();
        refreshSaved();
        if (!workspace_.project()) return showPage(Images);
        const bool found = workspace_.statusOf("pseudo-label") != Status::Missing;
        findAfterImport_ = !found;
        showPage(found ? Review : Objects);
    });
    connect(&workspace_, &Workspace::imported, this, [this] {
        review_->reload();
        // One step fewer: finding starts by itself with what was just opened, and can be repeated with other settings.
        if (std::exchange(findAfterImport_, false)) workspace_.findObjects();
        refreshFlow();
    });
    connect(&workspace_, &Workspace::stageFinished, this, [this](const QString& stage) {
        // A round's objects are shown once it is scored: a worse one never takes the place of a better one.
        if (stage == "pseudo-label" || stage == "evaluate" || stage == "query") review_->refreshLabels();
        if (stage == "evaluate") tellRound();
        if (stage == "pseudo-label" && page() == Objects) showPage(Review);
        if (stage == "query")
            strip_->say(Tone::Ok, tr("The patches to label are chosen; the queue goes through them one by one."));
        refreshFlow();
    });
    connect(&workspace_, &Workspace::voxelSizeChanged, this, [this](const QString& id) {
        refreshFlow();
        strip_->say(Tone::Ok, tr("The voxel size of %1 is stored.").arg(id));
    });
    connect(&workspace_, &Workspace::chainStarted, this, &MainWindow::refreshFlow);
    connect(&workspace_, &Workspace::chainFinished, this, [this](bool ok, const QString& text) {
        if (!ok && !text.isEmpty()) tell(text);
        refreshFlow();
    });
    connect(&workspace_, &Workspace::roundInUse, this, [this](int round) {
        review_->refreshLabels();
        refreshFlow();
        strip_->say(Tone::Ok, tr("%1: in use now. What you accepted, fixed or rejected stayed.").arg(roundName(round)));
    });
    connect(strip_, &NotificationStrip::actionClicked, this, [this] {
        if (worseRound_ > 0) workspace_.useRound(std::exchange(worseRound_, 0));
    });
    connect(&workspace_, &Workspace::failed, this, &MainWindow::tell);
    connect(&workspace_, &Workspace::said, this, [this](const QString& text) { strip_->say(Tone::Plain, text); });
}

// What the check says of the round that was just scored.
void MainWindow::tellRound() {
    try {
        const RoundReport report = readRoundReport(*workspace_.artifacts());
        worseRound_ = report.worse() && report.inUse != report.scored ? report.scored : 0;
        if (worseRound_ > 0)
            strip_->say(Tone::Warn, verdictText(report), tr("Use it anyway"));
        else if (report.scored > 0)
            strip_->say(Tone::Ok, verdictText(report));
    } catch (const Error& error) {
        tell(QString::fromStdString(error.what()));
    }
}

void MainWindow::openImages() {
    const QStringList paths = QFileDialog::getOpenFileNames(this, tr("Open image"));
    if (!paths.isEmpty()) workspace_.openImages(paths);
}

void MainWindow::findWith(const char* option, const QString& path) {
    project::Project* project = workspace_.project();
    if (!project) return;
    try {
        const project::Stage& stage = project::stageById(workspace_.backend().stages, "pseudo-label");
        nlohmann::json values = {{"from", ""}, {"model", ""}};
        values[option] = path.toStdString();
        project->setOptions(stage, values);
        workspace_.findObjects();
    } catch (const Error& error) {
        tell(QString::fromStdString(error.what()));
    }
}

void MainWindow::showPage(Page page) {
    stack_->setCurrentIndex(page);
    constexpr int steps[] = {ImagesStep, ObjectsStep, ReviewStep, LearnStep, ExportStep};
    if (page != Models) flow_->setCurrent(steps[page]);  // models are no step of the way
    if (page == Images)
        hints_->setHints({{tr("Drop"), tr("a file or a folder")}, {tr("Ctrl O"), tr("open")}});
    else if (page == Review)
        review_->showHints();
    else
        hints_->setHints({{tr("Alt 1 … 6"), tr("other steps")}, {tr("Ctrl J"), tr("jobs")}});
    if (page != Review) hints_->setReadings({tr("Nothing leaves this computer")});
    if (page == Images) start_->refresh();
    if (page == Models) models_->refresh();
    if (page == Export) {
        workspace_.forgetStatus();
        export_->refresh();
    }
    if (page == Review) review_->setFocus();
    refreshFlow();
}

MainWindow::Page MainWindow::page() const { return Page(stack_->currentIndex()); }

void MainWindow::refreshFlow() {
    const auto step = [this](int index, const char* stage, const QString& done, const QString& open) {
        if (workspace_.running(stage)) return flow_->setStep(index, StepState::Partly, tr("working"));
        const Status status = workspace_.statusOf(stage);
        const StepState state = status == Status::UpToDate  ? StepState::Done
                                : status == Status::Stale   ? StepState::OutOfDate
                                : status == Status::Partial ? StepState::Partly
                                                            : StepState::Open;
        flow_->setStep(index, state,
                       status == Status::Missing ? open
                       : status == Status::Stale ? tr("out of date")
                                                 : done);
    };
    const project::Project* project = workspace_.project();
    const int volumes = project ? int(project->caseIds().size()) : 0;
    flow_->setStep(ImagesStep, volumes > 0 ? StepState::Done : StepState::Open,
                   volumes > 0 ? counted(volumes, tr("%1 volume"), tr("%1 volumes")) : tr("start here"));
    const ReviewProgress progress = review_->review() ? review_->review()->progress() : ReviewProgress{};
    step(ObjectsStep, "pseudo-label", counted(progress.total, tr("%1 object"), tr("%1 objects")), tr("found for you"));
    step(ChooseStep, "query", tr("patches chosen"), tr("what to label"));
    const bool some = progress.reviewed() > 0, all = progress.total > 0 && progress.reviewed() == progress.total;
    flow_->setStep(
        ReviewStep,
        all    ? StepState::Done
        : some ? StepState::Partly
               : StepState::Open,
        progress.total > 0 ? tr("%1 of %2").arg(progress.reviewed()).arg(progress.total) : tr("accept or fix"));
    const int round = project ? project->activeRound() : 0;
    step(LearnStep, "fine-tune", tr("round %1").arg(round), tr("in the background"));
    step(ExportStep, "export", tr("exported"), tr("labels and table"));

    nextAction_.clear();
    if (volumes == 0) return flow_->setNext(tr("Next: drop an image"), {});
    if (workspace_.running()) {
        nextAction_ = "page.review";
        return flow_->setNext(tr("Work goes on in the background"),
                              progress.total > 0 ? tr("Go on reviewing") : QString());
    }
    if (showBeforeReview(progress)) return;
    if (progress.total == 0) {
        nextAction_ = "page.objects";
        return flow_->setNext(tr("Let Fovea find the objects first"), tr("Find objects"), page() == Review);
    }
    const bool patch = progress.patchesDone > 0;
    if (progress.accepted < enoughAccepted || !patch) {
        nextAction_ = workspace_.statusOf("query") == Status::UpToDate ? "page.review" : "choose";
        if (nextAction_ == "choose")
            return flow_->setNext(tr("Choose the places that teach most"), tr("Choose what to label"));
        return flow_->setNext(
            tr("%1 accepted; learning needs %2 and one complete patch").arg(progress.accepted).arg(enoughAccepted),
            page() == Review ? QString() : tr("Review next"));
    }
    if (all) {
        nextAction_ = "page.export";
        return flow_->setNext(tr("All %1 objects reviewed").arg(progress.total), tr("Export"));
    }
    if (showNextAfterRound(progress)) return;
    nextAction_ = "train.start";
    flow_->setNext(tr("%1 accepted objects ready to learn from").arg(progress.accepted), tr("Fine-tune now"),
                   page() == Review);
}

// Before the first verdict: what the objects are found from comes first. False when nothing is amiss.
bool MainWindow::showBeforeReview(const ReviewProgress& progress) {
    if (progress.reviewed() > 0) return false;
    if (review_->voxelSizeMissing()) {
        nextAction_ = "image.voxel_size";
        flow_->setNext(tr("The file does not say how large a voxel is"), tr("Set voxel size"), page() == Review);
        return true;
    }
    if (workspace_.statusOf("pseudo-label") != Status::Stale) return false;
    nextAction_ = "find";
    flow_->setNext(tr("Voxel size or settings changed since the objects were found"), tr("Find objects again"),
                   page() == Review);
    return true;
}

// Right after a round there is nothing new to learn from: what is sensible then. False when there is.
bool MainWindow::showNextAfterRound(const ReviewProgress& progress) {
    const ReviewSession* review = review_->review();
    const auto learned = review ? workspace_.learned(review->caseId()) : std::nullopt;
    if (!learned || progress.patchesDone > learned->patches || progress.reviewed() >= learned->decided + enoughNew)
        return false;
    const int round = workspace_.project()->activeRound();
    if (progress.checkOpen > 0 && progress.checkDone == 0) {
        nextAction_ = "page.review";
        flow_->setNext(tr("Did round %1 help? A reviewed check patch tells").arg(round), tr("Review a check patch"),
                       false);
    } else if (progress.patchesOpen > 0) {
        nextAction_ = "page.review";
        flow_->setNext(counted(progress.patchesOpen, tr("%1 chosen patch is left to review"),
                               tr("%1 chosen patches are left to review")),
                       page() == Review ? QString() : tr("Review next"));
    } else {
        nextAction_ = "choose";
        flow_->setNext(tr("Everything chosen is reviewed; more patches teach more, or export"), tr("Choose what next"));
    }
    return true;
}

void MainWindow::nextStep() {
    if (nextAction_ == "choose")
        workspace_.choose();
    else if (nextAction_ == "find")
        workspace_.findObjects();
    else if (!nextAction_.isEmpty())
        actions_->trigger(nextAction_);
}

void MainWindow::refreshJobs() {
    const auto jobs = workspace_.jobs().jobs();
    jobChip_->setJobs(jobs);
    tray_->setJobs(jobs);
    learn_->setJobs(jobs);
    models_->setJobs(jobs);
}

void MainWindow::refreshSaved() {
    saved_->setVisible(workspace_.project() != nullptr);
    if (!review_->review()) return saved_->set(tr("All saved"), "check", Tone::Ok);
    const std::string problem = review_->review()->edits().saveProblem();
    if (problem.empty())
        saved_->set(tr("All saved"), "check", Tone::Ok);
    else
        saved_->set(tr("Not saved: %1").arg(QString::fromStdString(problem)), "warn", Tone::Warn);
}

void MainWindow::tell(const QString& problem) { strip_->say(Tone::Bad, problem); }

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    QStringList paths;
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile()) paths << url.toLocalFile();
    if (!paths.isEmpty() && std::all_of(paths.begin(), paths.end(), ModelsPage::looksLikeWeights)) {
        showPage(Models);
        return models_->add(paths);
    }
    workspace_.openImages(paths);
}

void MainWindow::closeEvent(QCloseEvent* event) {
    QSettings().setValue("geometry", saveGeometry());
    tray_->hide();
    workspace_.jobs().cancelAll();  // they stop while the labels are written and closed
    QMainWindow::closeEvent(event);
}

}  // namespace fovea::ui

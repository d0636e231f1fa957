// screenshots OUT [IMAGE or PROJECT]: every page of the window on an image (or an invented one), dark and light, as
// PNG, and the longest time the event loop stood still while a person worked during learning. Run by
// packaging/screenshots under a virtual display; for looking at, not a test. Of a project the first image is taken,
// with its voxel size.
#include <QAbstractButton>
#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QThread>
#include <QTimer>
#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "gap_meter.h"
#include "gui_executor.h"
#include "services.h"
#include "slice_events.h"
#include "ui/actions.h"
#include "ui/main_window.h"
#include "ui/page/review_page.h"
#include "ui/panel/voxel_size_form.h"
#include "ui/theme/theme.h"
#include "ui/view/slice_view.h"
#include "ui/view/view3d.h"
#include "ui/workspace.h"

using namespace fovea;
using namespace fovea::ui;

namespace {

constexpr int workSeconds = 60;          // of work while it learns
constexpr int promptCount = 30;          // after that, on one slice
constexpr double learningMinutes = 2.5;  // by its own estimate, which people at work make longer

// Lets the window work until `done`, at most `seconds`.
template <class F>
bool until(F done, int seconds) {
    QElapsedTimer clock;
    clock.start();
    while (!done() && clock.elapsed() < seconds * 1000) {
        QEventLoop loop;
        QTimer::singleShot(50, &loop, &QEventLoop::quit);
        loop.exec();
    }
    return done();
}

// Remembers which single event (without those it waited for) took longest.
class TimedApplication : public QApplication {
  public:
    using QApplication::QApplication;
    bool notify(QObject* receiver, QEvent* event) override {
        if (QThread::currentThread() != thread()) return QApplication::notify(receiver, event);  // the 3D view's own
        const QString name = QString("%1 at %2 of %3")
                                 .arg(int(event->type()))
                                 .arg(receiver->metaObject()->className(),
                                      receiver->parent() ? receiver->parent()->metaObject()->className() : "nobody");
        QElapsedTimer clock;
        clock.start();
        const qint64 outer = std::exchange(inner_, 0);
        const bool result = QApplication::notify(receiver, event);
        const qint64 all = clock.elapsed(), own = all - inner_;
        inner_ = outer + all;
        if (own > longest_) longest_ = own, slowest_ = name;
        return result;
    }
    QString slowest() const { return QString("%1 ms in event %2").arg(longest_).arg(slowest_); }
    void reset() { longest_ = 0; }

  private:
    qint64 inner_ = 0, longest_ = 0;
    QString slowest_;
};

class Camera {
  public:
    Camera(MainWindow& window, Theme& theme, QString folder)
        : window_(window), theme_(theme), folder_(std::move(folder)) {}

    void shoot(const QString& name) {
        for (const ThemeMode mode : {ThemeMode::Dark, ThemeMode::Light}) {
            theme_.setMode(mode);
            settle();
            save(name + (mode == ThemeMode::Dark ? "_dark" : "_light"));
        }
        theme_.setMode(ThemeMode::Dark);
    }
    // The smallest window and the largest usual text.
    void shootTight(const QString& name) {
        const QSize size = window_.size();
        window_.resize(window_.minimumSize());
        settle();
        save(name + "_small");
        window_.resize(size);
        theme_.setTextScale(1.4);
        settle();
        save(name + "_text140");
        theme_.setTextScale(1);
    }

  private:
    void settle() {
        until([&] { return window_.reviewPage().views().ready(); }, 20);
        until([] { return false; }, 1);
    }
    void save(const QString& name) {
        const QString path = QString("%1/%2.png").arg(folder_, name);
        window_.grab().save(path);
        std::printf("%s\n", qPrintable(path));
        std::fflush(stdout);
    }

    MainWindow& window_;
    Theme& theme_;
    QString folder_;
};

void click(ReviewPage& page, Index at) {
    page.tools()->press(eventAt(at));
    page.tools()->release(eventAt(at));
}

// Its properties, below the list of layers.
void showLayer(ReviewPage& page, const QString& name) {
    for (auto* button : page.findChildren<QAbstractButton*>())
        if (button->accessibleName() == name) button->click();
}

// A stroke of `dabs` moves to the right, one each 10 ms as a hand would make them.
void stroke(ReviewPage& page, Index at, int dabs) {
    page.tools()->press(eventAt(at));
    for (int i = 0; i < dabs; ++i) {
        at.x += 2;
        page.tools()->move(eventAt(at));
        QEventLoop loop;
        QTimer::singleShot(10, &loop, &QEventLoop::quit);
        loop.exec();
    }
    page.tools()->release(eventAt(at));
}

// What a person does while the network learns: strokes, prompts, verdicts, undo. False when learning ended before the
// time was over: what was measured then is no figure of working while learning.
bool workWhileLearning(TimedApplication& application, MainWindow& window, Workspace& workspace, int seconds) {
    ReviewPage& page = window.reviewPage();
    const Index shape = page.scene().shape();
    const char* slowest = "";
    qint64 slowestMs = 0;
    const auto act = [&](const char* id) {
        QElapsedTimer one;
        one.start();
        window.actions().trigger(id);
        if (one.elapsed() > slowestMs) slowestMs = one.elapsed(), slowest = id;
    };
    application.reset();
    const DrawingCost before = page.views().view3d().cost();
    GapMeter gaps;
    QElapsedTimer clock;
    clock.start();
    int prompts = 0, strokes = 0;
    while (clock.elapsed() < seconds * 1000) {
        if (!workspace.running()) {
            std::fprintf(stderr, "Learning ended after %.0f of %d s. Give it more minutes.\n",
                         double(clock.elapsed()) / 1000, seconds);
            return false;
        }
        act("object.new");
        act("tool.brush");
        const Index at{shape.z / 2, (strokes * 37) % shape.y, shape.x / 4};
        stroke(page, at, 25);
        ++strokes;
        act("tool.point");
        click(page, {at.z, at.y, at.x + 60});
        if (until([&] { return page.prompts()->state() == PromptState::Preview; }, 10)) ++prompts;
        act("prompt.commit");
        act("review.accept");
        act("edit.undo");
        act("object.delete");
        act("slice.next");
        until([] { return false; }, 1);
    }
    std::printf("slowest: %s; slowest action: %s, %lld ms\n", qPrintable(application.slowest()), slowest,
                static_cast<long long>(slowestMs));
    std::printf(
        "while learning, %d s: %d strokes, %d prompts answered, longest gap of the event loop %lld ms (%d over 100), "
        "in "
        "which it worked at most %.0f ms itself\n",
        seconds, strokes, prompts, static_cast<long long>(gaps.longest()), gaps.over100(), gaps.longestWork());
    const DrawingCost after = page.views().view3d().cost();
    std::printf("3D, beside the event loop: %d pictures in %.1f s, the slowest since the start %.0f ms\n",
                after.pictures - before.pictures, (after.milliseconds - before.milliseconds) / 1000, after.longest);
    std::fflush(stdout);
    return true;
}

// How long a prompt on one slice takes from the click to the picture with its outline while the network learns. The
// first is not counted: the engine may have to read the slice for it.
void promptWhileLearning(MainWindow& window, Workspace& workspace, int count) {
    ReviewPage& page = window.reviewPage();
    const Index shape = page.scene().shape();
    for (const char* id : {"object.new", "tool.point", "prompt.scope"}) window.actions().trigger(id);
    std::vector<double> ms, answers;
    for (int i = 0; i <= count && workspace.running(); ++i) {
        QEventLoop loop;
        const auto answered = [&] {
            const PromptState state = page.prompts()->state();
            if (state == PromptState::Growing || state == PromptState::Preview) loop.quit();
        };
        QObject::connect(page.prompts(), &PromptSession::changed, &loop, answered);
        QTimer::singleShot(100'000, &loop, &QEventLoop::quit);
        QElapsedTimer clock;
        clock.start();
        click(page, {shape.z / 2, (i * 37 + 60) % shape.y, (i * 53 + 60) % (shape.x / 2)});
        loop.exec();
        page.views().repaint();
        ms.push_back(double(clock.nsecsElapsed()) / 1e6);
        answers.push_back(page.prompts()->milliseconds());
        window.actions().trigger("prompt.clear");
        until([] { return false; }, 1);
    }
    window.actions().trigger("prompt.scope");
    if (ms.size() < 2) return;
    std::sort(ms.begin() + 1, ms.end());
    std::sort(answers.begin() + 1, answers.end());
    const auto share = [](const std::vector<double>& sorted, double q) {
        return sorted[1 + std::size_t(q * double(sorted.size() - 2))];
    };
    std::printf(
        "%s, while learning, %zu prompts on one slice, click to outline: median %.0f ms (%.0f until the answer is "
        "there), "
        "95%% within %.0f ms; the first %.0f ms\n",
        qPrintable(page.prompts()->engineName()), ms.size() - 1, share(ms, 0.5), share(answers, 0.5), share(ms, 0.95),
        ms.front());
    std::fflush(stdout);
}

std::string projectFor(const QString& given, const QString& scratch, const app::Services& services) {
    const std::string folder = (scratch + "/shots.fovea").toStdString();
    if (!given.isEmpty() && project::Project::isProject(given.toStdString())) {
        const auto from = project::Project::open(given.toStdString(), services.opener);
        const project::Case first = from->cases().front();
        project::NewCase details;
        details.spacing = first.spacing;
        details.timepoint = first.timepoint;
        project::Project::create(folder, services.opener)->addCase(from->imagePath(first).string(), details);
        return folder;
    }
    Job nothing;
    const std::string image =
        given.isEmpty()
            ? app::writeSample((scratch + "/sample").toStdString(), "em", {16, 384, 384}, 1, nothing).image.string()
            : given.toStdString();
    project::Project::create(folder, services.opener)->addCase(image);
    return folder;
}

}  // namespace

int main(int argc, char** argv) {
    chooseOpenGl();
    TimedApplication application(argc, argv);
    QStandardPaths::setTestModeEnabled(true);
    QApplication::setOrganizationName("FoveaScreenshots");
    if (argc < 2) return std::fprintf(stderr, "screenshots OUT [IMAGE or PROJECT]\n"), 2;
    const QString out = QDir(argv[1]).absolutePath();
    QTemporaryDir scratch;

    const app::Services services = app::makeServices();
    app::GuiExecutor executor;
    JobQueue jobs(executor);
    Backend backend;
    backend.stages = services.stages;
    backend.opener = services.opener;
    backend.promptEngines = services.promptEngines;
    backend.device = "cpu";
    backend.deviceText = "Processor, 2 cores";
    Workspace workspace(backend, jobs);
    Theme theme;
    theme.setMode(ThemeMode::Dark);
    theme.apply(application);
    MainWindow window(theme, workspace);
    window.resize(1600, 1000);
    window.show();
    Camera camera(window, theme, out);
    camera.shoot("start");

    const QString given = argc > 2 ? QDir(argv[2]).absolutePath() : QString();
    const std::string folder = projectFor(given, scratch.path(), services);
    workspace.openProject(QString::fromStdString(folder));
    window.showPage(MainWindow::Objects);
    camera.shoot("objects");
    workspace.findObjects();
    if (!until([&] { return !workspace.running(); }, 600)) return 1;
    ReviewPage& page = window.reviewPage();
    if (!until([&] { return page.review() && !page.review()->edits().objects().empty(); }, 60)) return 1;
    window.showPage(MainWindow::Review);
    until([] { return false; }, 5);
    for (int i = 0; i < 6; ++i) window.actions().trigger("review.accept");
    window.actions().trigger("review.unsure");
    window.actions().trigger("review.reject");
    // The largest one left shows more than an outline.
    const labels::Object* shown = nullptr;
    for (const auto& [id, object] : page.review()->edits().objects())
        if (object.state == labels::State::ToReview && (!shown || object.voxels > shown->voxels)) shown = &object;
    if (shown) page.review()->setCurrent(shown->id);
    until([] { return false; }, 3);
    camera.shoot("review");
    camera.shootTight("review");
    showLayer(page, "Image");
    camera.shoot("layer_image");
    showLayer(page, "Labels (you edit these)");
    if (page.voxelSizeMissing()) {
        window.actions().trigger("image.voxel_size");
        camera.shoot("voxel_size");
        camera.shootTight("voxel_size");
        page.findChild<VoxelSizeForm*>()->hide();
    }
    window.actions().trigger("tool.point");
    if (const labels::Object* object = page.review()->currentObject()) {
        const Box box = object->box;
        click(page, {(box.begin.z + box.end.z) / 2, (box.begin.y + box.end.y) / 2,
                     std::min(box.end.x + 4, page.scene().shape().x - 1)});
        until([&] { return page.prompts()->state() == PromptState::Preview; }, 30);
        showLayer(page, "Proposal");
        camera.shoot("prompt");
        showLayer(page, "Labels (you edit these)");
        window.actions().trigger("draw.cancel");
    }

    const auto set = [&](const char* stage, const nlohmann::json& values) {
        workspace.project()->setOptions(project::stageById(services.stages, stage), values);
    };
    set("plan", {{"minutes", learningMinutes}});
    set("query", {{"strategy", "random"}, {"patches", 4}});
    workspace.runStages({"query"}, Text("Choose what to label"));
    until([&] { return !workspace.running(); }, 60);
    for (const ChosenPatch& chosen : page.review()->patches()) page.review()->markPatchDone(chosen.patch.box);
    window.showPage(MainWindow::Learn);
    camera.shoot("learn_ready");
    workspace.learn();
    until([&] { return !workspace.running(); }, 40);
    camera.shoot("learn_running");
    window.actions().trigger("window.jobs");
    if (QWidget* tray = QApplication::activePopupWidget()) {
        tray->grab().save(out + "/jobs.png");
        tray->hide();
    }
    window.showPage(MainWindow::Review);
    if (!workWhileLearning(application, window, workspace, workSeconds)) return 1;
    promptWhileLearning(window, workspace, promptCount);
    window.showPage(MainWindow::Learn);
    until([&] { return !workspace.running(); }, 600);
    camera.shoot("learn_done");
    camera.shootTight("learn_done");
    window.showPage(MainWindow::Export);
    camera.shoot("export");
    Q_EMIT workspace.failed("The disk is full: labels.zarr could not be written. Free some space and export again.");
    window.showPage(MainWindow::Review);
    window.actions().trigger("window.pipeline");
    camera.shoot("pipeline");
    camera.shootTight("pipeline");
    workspace.findObjects();  // something to stop
    until([] { return false; }, 2);
    QElapsedTimer closing;
    closing.start();
    window.close();
    workspace.closeProject();
    until([&] { return jobs.idle(); }, 60);
    std::printf("closing while a job runs took %lld ms\n", static_cast<long long>(closing.elapsed()));
    return 0;
}

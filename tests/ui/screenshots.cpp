// screenshots OUT [IMAGE]: every page of the window on an image (or an invented one), dark and light, as PNG. Run by
// packaging/screenshots under a virtual display; for looking at, not a test.
#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QStandardPaths>
#include <QSurfaceFormat>
#include <QTemporaryDir>
#include <QTimer>
#include <cstdio>

#include "gui_executor.h"
#include "services.h"
#include "ui/actions.h"
#include "ui/main_window.h"
#include "ui/page/review_page.h"
#include "ui/theme/theme.h"
#include "ui/view/slice_view.h"
#include "ui/workspace.h"

using namespace fovea;
using namespace fovea::ui;

namespace {

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

class Camera {
  public:
    Camera(MainWindow& window, Theme& theme, QString folder) : window_(window), theme_(theme), folder_(std::move(folder)) {}

    void shoot(const QString& name) {
        for (const ThemeMode mode : {ThemeMode::Dark, ThemeMode::Light}) {
            theme_.setMode(mode);
            until([&] { return window_.reviewPage().views().ready(); }, 20);
            until([] { return false; }, 1);
            const QString path = QString("%1/%2_%3.png").arg(folder_, name, mode == ThemeMode::Dark ? "dark" : "light");
            window_.grab().save(path);
            std::printf("%s\n", qPrintable(path));
        }
        theme_.setMode(ThemeMode::Dark);
    }

  private:
    MainWindow& window_;
    Theme& theme_;
    QString folder_;
};

void click(ReviewPage& page, Index at) {
    SliceEvent event;
    event.at = at;
    event.voxel = {double(at.z) + 0.5, double(at.y) + 0.5, double(at.x) + 0.5};
    event.inside = true;
    event.button = Qt::LeftButton;
    page.tools()->press(event);
    page.tools()->release(event);
}

}  // namespace

int main(int argc, char** argv) {
    QSurfaceFormat format;
    format.setVersion(3, 2);
    format.setProfile(QSurfaceFormat::CoreProfile);
    format.setDepthBufferSize(24);
    QSurfaceFormat::setDefaultFormat(format);
    QApplication application(argc, argv);
    QStandardPaths::setTestModeEnabled(true);
    QApplication::setOrganizationName("FoveaScreenshots");
    if (argc < 2) return std::fprintf(stderr, "screenshots OUT [IMAGE]\n"), 2;
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

    // A project of its own in the scratch folder, whatever lies beside the image.
    Job nothing;
    std::string image = argc > 2 ? QDir(argv[2]).absolutePath().toStdString() : std::string();
    if (image.empty()) image = app::writeSample((scratch.path() + "/sample").toStdString(), "em", {16, 384, 384}, 1, nothing).image.string();
    const std::string folder = (scratch.path() + "/shots.fovea").toStdString();
    project::Project::create(folder, services.opener)->addCase(image);
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
    until([] { return false; }, 3);
    camera.shoot("review");
    window.actions().trigger("tool.point");
    const Box box = page.review()->currentObject()->box;
    click(page, {(box.begin.z + box.end.z) / 2, (box.begin.y + box.end.y) / 2, box.end.x});
    until([&] { return page.prompts()->state() == PromptState::Preview; }, 30);
    camera.shoot("prompt");
    window.actions().trigger("draw.cancel");

    const auto set = [&](const char* stage, const nlohmann::json& values) {
        workspace.project()->setOptions(project::stageById(services.stages, stage), values);
    };
    set("plan", {{"minutes", 0.5}});
    page.review()->markPatchDone({{0, 0, 0}, {1, 256, 256}});
    window.showPage(MainWindow::Learn);
    workspace.learn();
    until([&] { return !workspace.running(); }, 40);
    camera.shoot("learn_running");
    until([&] { return !workspace.running(); }, 600);
    camera.shoot("learn_done");
    window.showPage(MainWindow::Export);
    camera.shoot("export");
    window.showPage(MainWindow::Review);
    window.actions().trigger("window.pipeline");
    camera.shoot("pipeline");
    workspace.closeProject();
    return 0;
}

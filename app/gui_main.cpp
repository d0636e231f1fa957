// fovea: the window. `fovea [FILE…]` opens images or a project, `fovea --sample` the sample project.
#include <QApplication>
#include <QCommandLineParser>
#include <QMetaObject>
#include <QSettings>
#include <QStandardPaths>
#include <QTimer>
#include <cstring>
#include <functional>
#include <iostream>

#include "base/log.h"
#include "environment.h"
#include "guarded_main.h"
#include "gui_executor.h"
#include "nn/device.h"
#include "services.h"
#include "ui/main_window.h"
#include "ui/theme/theme.h"
#include "ui/view/view3d.h"
#include "ui/workspace.h"

namespace fovea::app {

namespace {

constexpr Index sampleShape{16, 384, 384};

// What an action could not do is told in the window: nothing thrown in it ends the program.
class GuardedApplication : public QApplication {
  public:
    using QApplication::QApplication;
    std::function<void(const QString&)> tell;

    bool notify(QObject* receiver, QEvent* event) override {
        try {
            return QApplication::notify(receiver, event);
        } catch (const Cancelled&) {
        } catch (const std::exception& error) {
            log::error(error.what());
            const QString problem = QString::fromStdString(error.what());
            if (tell) QMetaObject::invokeMethod(this, [this, problem] { tell(problem); }, Qt::QueuedConnection);
        }
        return false;
    }
};

ui::Backend makeBackend(const Services& services) {
    ui::Backend backend;
    backend.stages = services.stages;
    backend.opener = services.opener;
    backend.promptEngines = services.promptEngines;
    const nn::DeviceInfo device = nn::findDevice();
    backend.device = device.name;
    backend.gpu = device.gpu;
    backend.deviceText = device.gpu ? device.model : "Processor, " + std::to_string(nn::hardwareThreads()) + " cores";
    backend.makeSample = [](const std::filesystem::path& folder, Job& job) {
        return writeSample(folder, "em", sampleShape, 1, job).image.string();
    };
    return backend;
}

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i)
        if (std::strcmp(argv[i], "--version") == 0) {
            std::cout << versionText();
            return 0;
        }
    settleEnvironment(argc, argv, 0);
    ui::chooseOpenGl();
    GuardedApplication application(argc, argv);
    QApplication::setApplicationName("Fovea");
    QApplication::setOrganizationName("Fovea");
    QApplication::setApplicationVersion(FOVEA_VERSION);
    QCommandLineParser parser;
    parser.setApplicationDescription("From image to checked labels.");
    parser.addHelpOption();
    parser.addOption({"sample", "Open the sample project."});
    parser.addOption({"theme", "dark, light or system.", "name"});
    parser.addPositionalArgument("files", "Images, a folder of images, or a project.", "[files…]");
    parser.process(application);

    ui::Theme theme;
    const QString mode = parser.isSet("theme") ? parser.value("theme") : QSettings().value("theme", "dark").toString();
    theme.setMode(mode == "light"    ? ui::ThemeMode::Light
                  : mode == "system" ? ui::ThemeMode::System
                                     : ui::ThemeMode::Dark);
    theme.apply(application);
    QObject::connect(&theme, &ui::Theme::changed,
                     [&] { QSettings().setValue("theme", theme.isDark() ? "dark" : "light"); });

    stage::SamWeights sam;
    sam.file = QSettings().value("sam/weights").toString().toStdString();
    sam.cache = QStandardPaths::writableLocation(QStandardPaths::CacheLocation).toStdString() + "/embeddings";
    const Services services = makeServices(sam);
    GuiExecutor executor;
    JobQueue jobs(executor);
    ui::Workspace workspace(makeBackend(services), jobs);
    ui::MainWindow window(theme, workspace);
    application.tell = [&](const QString& problem) { Q_EMIT workspace.failed(problem); };
    window.show();
    QTimer::singleShot(0, &window, [&] {
        if (parser.isSet("sample"))
            workspace.openSample();
        else if (!parser.positionalArguments().isEmpty())
            workspace.openImages(parser.positionalArguments());
    });
    const int code = QApplication::exec();
    application.tell = nullptr;
    workspace.closeProject();
    jobs.cancelAll();
    return code;
}

}  // namespace

}  // namespace fovea::app

int main(int argc, char** argv) { return fovea::app::guarded(fovea::app::main, argc, argv); }

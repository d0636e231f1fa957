#pragma once
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <string>

#include "data/synthetic.h"
#include "gui_executor.h"
#include "services.h"
#include "slice_events.h"
#include "ui/actions.h"
#include "ui/main_window.h"
#include "ui/page/review_page.h"
#include "ui/theme/theme.h"
#include "ui/workspace.h"
#include "zarr/ome_zarr.h"

namespace fovea::ui {

constexpr int patience = 900000;  // ms; only a bound for a test that hangs

inline Backend backendOf(const app::Services& services) {
    Backend backend;
    backend.stages = services.stages;
    backend.opener = services.opener;
    backend.promptEngines = services.promptEngines;
    backend.device = "cpu";
    backend.deviceText = "test";
    return backend;
}

// Settings of tests stay apart from those of people.
inline void keepSettingsApart() {
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName("FoveaTest");
    QCoreApplication::setApplicationName("FoveaTest");
    QSettings().clear();
}

// The program's own, or with other engines for prompts.
inline app::Services servicesWith(decltype(app::Services::promptEngines) engines) {
    app::Services services = app::makeServices();
    if (engines) services.promptEngines = std::move(engines);
    return services;
}

// The whole window over the real stages, in a folder that goes with it.
struct WindowHouse {
    QTemporaryDir folder;
    app::Services services;
    app::GuiExecutor executor;
    JobQueue jobs{executor};
    Workspace workspace{backendOf(services), jobs};
    Theme theme;
    MainWindow window{theme, workspace};

    explicit WindowHouse(decltype(app::Services::promptEngines) engines = {})
        : services(servicesWith(std::move(engines))) {}
    ~WindowHouse() { workspace.closeProject(); }

    // Writes an invented volume, opens it and waits for the objects that are found by themselves. Empty when all went
    // well, else what went wrong.
    QString open(const QString& name, const SyntheticSample& sample) {
        const QString image = folder.path() + "/" + name;
        zarr::save(image.toStdString(), sample.image);
        QSignalSpy finished(&workspace, &Workspace::chainFinished);
        QSignalSpy failures(&workspace, &Workspace::failed);
        workspace.openImages({image});
        if (!finished.wait(patience)) return "finding objects never ended";
        if (!failures.isEmpty()) return failures.first().first().toString();
        if (!finished.first().first().toBool()) return finished.first().at(1).toString();
        const auto objects = [this] {
            ReviewSession* review = window.reviewPage().review();
            return review && !review->edits().objects().empty();
        };
        return QTest::qWaitFor(objects, patience) ? QString() : "no objects came";
    }
};

}  // namespace fovea::ui

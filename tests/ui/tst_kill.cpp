// A killed program loses at most the last second: a child edits labels through a ReviewSession and is killed, the
// parent opens them again.
#include <signal.h>
#include <unistd.h>

#include <QCoreApplication>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>
#include <QThread>

#include "project/project.h"
#include "services.h"
#include "ui/edit/review_session.h"
#include "zarr/ome_zarr.h"

using namespace fovea;
using namespace fovea::ui;

namespace {

constexpr Index shape{4, 32, 32};
constexpr int edits = 40;
constexpr int journalMs = 1000;  // what may be lost, and what the child waits before it dies

// One dab per edit, each on a voxel of its own.
Index placeOf(int edit) { return {edit % 4, edit / 4, 5}; }

struct Opened {
    app::Services services = app::makeServices();
    std::unique_ptr<project::Project> project;
    std::unique_ptr<project::Artifacts> artifacts;
    std::unique_ptr<ReviewSession> review;

    explicit Opened(const std::string& folder) {
        project = project::Project::open(folder, services.opener);
        artifacts = std::make_unique<project::Artifacts>(*project, services.stages);
        const std::string id = project->caseIds().front();
        review = std::make_unique<ReviewSession>(*project, *artifacts, id, project->image(id));
    }
};

// The child: never returns.
void editAndDie(const std::string& folder) {
    Opened opened(folder);
    ReviewSession& review = *opened.review;
    const std::int32_t id = review.startNewObject();
    for (int i = 0; i < edits; ++i)
        review.edits().paint("Brush", placeOf(i), Volume<std::uint8_t>({1, 1, 1}, 1), id, "hand");
    review.accept(false);
    QThread::msleep(journalMs + 200);
    ::kill(::getpid(), SIGKILL);
}

}  // namespace

class TestKill : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void whatWasDoneASecondBeforeIsThere() {
        QTemporaryDir scratch;
        const std::string image = (scratch.path() + "/image.zarr").toStdString();
        const std::string folder = (scratch.path() + "/p.fovea").toStdString();
        zarr::save(image, Volume<std::uint8_t>(shape, 7));
        {
            const app::Services services = app::makeServices();
            project::Project::create(folder, services.opener)->addCase(image);
        }
        for (int round = 0; round < 2; ++round) {  // what is there survives a second kill
            QProcess child;
            child.start(QCoreApplication::applicationFilePath(), {"--edit-and-die", QString::fromStdString(folder)});
            QVERIFY(child.waitForFinished(900000));
            QCOMPARE(child.exitStatus(), QProcess::CrashExit);
        }
        Opened opened(folder);  // the lock of the dead does not keep anybody out
        const labels::EditSession& session = opened.review->edits();
        QVERIFY(!session.readOnly());
        QVERIFY(session.problems().empty());
        QCOMPARE(session.objects().size(), std::size_t(1));  // the second child painted into frozen voxels: nothing
        const labels::Object& object = session.objects().begin()->second;
        QCOMPARE(object.voxels, std::int64_t(edits));
        QVERIFY(labels::isFrozen(object.state));
        for (int i = 0; i < edits; ++i) QCOMPARE(session.layer().at(placeOf(i)), object.id);
        for (int i = 0; i <= edits; ++i) {
            QVERIFY(opened.review->edits().canUndo());
            opened.review->undo();
        }
        QVERIFY(session.objects().empty());
    }
};

int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    if (argc == 3 && QString::fromLatin1(argv[1]) == "--edit-and-die") editAndDie(argv[2]);
    TestKill test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_kill.moc"

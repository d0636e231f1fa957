// The page of models: its rows, adding and removing a file, a licence that must be accepted first.
#include <QCheckBox>
#include <QLabel>
#include <QPushButton>
#include <QScopeGuard>
#include <QSignalSpy>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTest>
#include <map>

#include "base/file.h"
#include "models/hollow_weights.h"
#include "ui/page/models_page.h"
#include "ui/theme/theme.h"

using namespace fovea;
using namespace fovea::ui;

class TestModelsPage : public QObject {
    Q_OBJECT

    Theme theme_;
    ManualExecutor executor_;

    static QPushButton* button(const ModelsPage& page, const QString& text) {
        for (auto* one : page.findChildren<QPushButton*>())
            if (one->text() == text) return one;
        return nullptr;
    }
    void finish(const JobQueue& jobs) {
        while (!jobs.idle()) executor_.waitAndDrain(std::chrono::milliseconds(50));
        executor_.drain();
    }
    static QString state(const ModelsPage& page) {
        const auto* table = page.findChild<QTableWidget*>();
        return table->item(table->currentRow(), table->columnCount() - 1)->text();
    }

  private Q_SLOTS:
    void filesComeAndGo() {
        const QTemporaryDir folder;
        qputenv("FOVEA_MODELS", folder.filePath("models").toUtf8());
        const QString file = folder.filePath("mine.safetensors"), page = folder.filePath("page.pt");
        test::writeHollow(file.toStdString(), models::mobileSamParts(), 'm');
        file::write(page.toStdString(), "<html>");
        JobQueue jobs(executor_);
        ModelsPage models(theme_, jobs);
        const int before = models.findChild<QTableWidget*>()->rowCount();
        QVERIFY(before >= 15);
        QSignalSpy said(&models, &ModelsPage::said), failed(&models, &ModelsPage::failed);
        models.add({file, page});
        finish(jobs);
        QCOMPARE(said.size(), 1);
        QVERIFY(said[0][0].toString().contains("439 of 439"));
        QCOMPARE(failed.size(), 1);
        QVERIFY(failed[0][0].toString().contains("page.pt"));
        QCOMPARE(models.findChild<QTableWidget*>()->rowCount(), before + 1);
        models.choose("mine");
        QCOMPARE(state(models), QString("Ready"));
        QTest::mouseClick(button(models, "Remove from disk"), Qt::LeftButton);
        QCOMPARE(models.findChild<QTableWidget*>()->rowCount(), before);
    }

    void restrictedOnesWaitForTheTick() {
        const QTemporaryDir folder;
        qputenv("FOVEA_MODELS", folder.filePath("models").toUtf8());
        JobQueue jobs(executor_);
        ModelsPage models(theme_, jobs);
        models.show();
        models.choose("cellsam");
        QCOMPARE(state(models), QString("Bring file"));
        QVERIFY(!button(models, "Choose the file…")->isEnabled());
        QTest::mouseClick(models.findChild<QCheckBox*>(), Qt::LeftButton, {}, QPoint(6, 8));
        QVERIFY(button(models, "Choose the file…")->isEnabled());
        QVERIFY(models::ModelStore().find("cellsam").accepted);
        models.choose("sam_vit_b");
        QVERIFY(!models.findChild<QCheckBox*>()->isVisible());
        QCOMPARE(state(models), QString("Get"));
        QVERIFY(button(models, "Get it")->isEnabled());
    }

    void withoutAPlaceItSaysSo() {
        std::map<const char*, QByteArray> before;
        for (const char* name : {"FOVEA_MODELS", "XDG_DATA_HOME", "HOME"}) {
            before[name] = qgetenv(name);
            qunsetenv(name);
        }
        const auto restore = qScopeGuard([&] {
            for (const auto& [name, value] : before) qputenv(name, value);  // empty counts as unset
        });
        JobQueue jobs(executor_);
        ModelsPage models(theme_, jobs);
        QVERIFY(!models.isEnabled());
        bool said = false;
        for (const auto* label : models.findChildren<QLabel*>()) said = said || label->text().contains("FOVEA_MODELS");
        QVERIFY(said);
        QSignalSpy failed(&models, &ModelsPage::failed);
        models.add({"mine.pt"});
        models.refresh();
        models.setJobs({});
        QCOMPARE(failed.size(), 1);
        QVERIFY(jobs.idle());
    }

    void fetchingKeepsOutOfTheWayOfOtherWork() {
        const QTemporaryDir folder;
        qputenv("FOVEA_MODELS", folder.filePath("models").toUtf8());
        JobQueue jobs(executor_);
        ModelsPage models(theme_, jobs);
        models.add({folder.filePath("none.pt")});
        QCOMPARE(jobs.jobs().front().lane, Lane::Fetch);
        finish(jobs);
    }

    void weightsAreToldByTheirNames() {
        for (const char* name : {"a.pt", "a.PTH", "b.safetensors", "c.tar.gz"})
            QVERIFY(ModelsPage::looksLikeWeights(name));
        for (const char* name : {"a.tif", "a.zarr", "pt", "a.gz"}) QVERIFY(!ModelsPage::looksLikeWeights(name));
    }
};

QTEST_MAIN(TestModelsPage)
#include "tst_models_page.moc"

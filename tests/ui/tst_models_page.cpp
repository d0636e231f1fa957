// The page of models: its rows, adding and removing a file, a licence that must be accepted first.
#include <QCheckBox>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTest>

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

    void weightsAreToldByTheirNames() {
        for (const char* name : {"a.pt", "a.PTH", "b.safetensors", "c.tar.gz"})
            QVERIFY(ModelsPage::looksLikeWeights(name));
        for (const char* name : {"a.tif", "a.zarr", "pt", "a.gz"}) QVERIFY(!ModelsPage::looksLikeWeights(name));
    }
};

QTEST_MAIN(TestModelsPage)
#include "tst_models_page.moc"

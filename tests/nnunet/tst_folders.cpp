// Names of data sets and the folders they stand for.
#include <QTest>

#include "base/error.h"
#include "base/file.h"
#include "nnunet/folders.h"

using namespace fovea;
using nnunet::DatasetFolders;
using nnunet::Roots;

class TestFolders : public QObject {
    Q_OBJECT
    file::TempFolder temp;
    Roots roots{temp.path() / "raw", temp.path() / "pre", temp.path() / "res"};

    ErrorKind refused(const Roots& where, const std::string& wanted) {
        try {
            DatasetFolders(where, wanted).preprocessed();
        } catch (const Error& error) {
            return error.kind();
        }
        return ErrorKind::Internal;
    }

  private Q_SLOTS:
    void byNameOrNumber() {
        file::makeFolder(roots.raw / "Dataset004_Hippocampus");
        file::makeFolder(roots.raw / "Dataset014_Other");
        for (const char* wanted : {"4", "04", "004", "Dataset004_Hippocampus"})
            QCOMPARE(DatasetFolders(roots, wanted).name(), std::string("Dataset004_Hippocampus"));
        const DatasetFolders folders(roots, "4");
        QCOMPARE(folders.model("nnUNetPlans", "2d"),
                 roots.results / "Dataset004_Hippocampus" / "nnUNetTrainer__nnUNetPlans__2d");
    }
    void whatIsRefused() {
        file::makeFolder(roots.preprocessed / "Dataset014_Twin");
        QCOMPARE(refused(roots, "14"), ErrorKind::Input);
        QCOMPARE(refused(roots, "77"), ErrorKind::Missing);
        QCOMPARE(refused(roots, ""), ErrorKind::Missing);
        QCOMPARE(refused(roots, "Dataset099_No"), ErrorKind::Missing);
        QCOMPARE(refused({roots.raw, {}, roots.results}, "4"), ErrorKind::Missing);
    }
};

QTEST_GUILESS_MAIN(TestFolders)
#include "tst_folders.moc"

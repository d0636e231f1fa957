// Names of data sets and the folders they stand for.
#include <QTest>

#include "base/error.h"
#include "base/file.h"
#include "nnunet/files.h"
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
    // A file that is opened for this alone, as the programs do.
    void readerOfTheFirstImage() {
        const auto folder = temp.path() / "images";
        plan::nnunet::DatasetJson dataset;
        dataset.channelNames = {"light"};
        dataset.numTraining = 1;
        const auto reader = [&](const char* ending, std::int64_t pages) {
            dataset.fileEnding = ending;
            for (const char* name : {"imagesTr/a_0000", "labelsTr/a"}) {
                file::makeFolder((folder / name).parent_path());
                file::write(folder / (std::string(name) + ending), "");
            }
            const nnunet::Files files{
                [&](const std::filesystem::path&) -> ImagePtr {
                    const Volume<std::uint8_t> volume({pages, 6, 7});
                    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(volume)});
                },
                {}};
            return nnunet::readerFor(files, folder, dataset);
        };
        QCOMPARE(reader(".png", 1), std::string("NaturalImage2DIO"));
        QCOMPARE(reader(".tif", 1), std::string("NaturalImage2DIO"));
        QCOMPARE(reader(".tif", 5), std::string("Tiff3DIO"));
        QCOMPARE(reader(".nrrd", 1), std::string("SimpleITKIO"));
    }
};

QTEST_GUILESS_MAIN(TestFolders)
#include "tst_folders.moc"

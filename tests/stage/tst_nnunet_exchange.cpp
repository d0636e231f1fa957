// Between nnU-Net's folders and projects: data sets in and out, models out, a model that finds objects.
#include <QTest>

#include "base/file.h"
#include "measure/components.h"
#include "nn/trained_model.h"
#include "nnunet/tiny_dataset.h"
#include "project/runner.h"
#include "stage/case_session.h"
#include "stage/nnunet_export.h"
#include "stage/nnunet_import.h"
#include "stage/object_file.h"
#include "stage/stages.h"
#include "zarr/ome_zarr.h"

using namespace fovea;
using fovea::test::TinyDataset;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const Index shape{8, 48, 48};

int one(int) { return 1; }
int oddOrEven(int id) { return 1 + id % 2; }
int withIgnored(int id) { return id % 4 == 0 ? 2 : 1; }

struct Room {
    file::TempFolder temp;
    project::StageList stages = stage::stages();
    std::unique_ptr<project::Project> project;
    Job job;

    Room()
        : project(project::Project::create(temp.path() / "p",
                                           [](const std::string& path, int timepoint, const fs::path& cache) {
                                               return io::open(path, {.timepoint = timepoint, .cache = cache});
                                           })) {}

    void set(const std::string& stage, const json& values) {
        project->setOptions(project::stageById(stages, stage), values);
    }
    json run(std::vector<std::string> ids) {
        return project::run(*project, stages, {.stages = std::move(ids)}, job).json;
    }
    fs::path newest(const std::string& kind, const std::string& caseId) const {
        return *project::Artifacts(*project, stages).newest(kind, caseId, project->activeRound());
    }
    std::unique_ptr<labels::EditSession> edits(const std::string& id) {
        return stage::openSession(project->caseFolder(id), project->image(id)->info(), std::nullopt, true, job);
    }
    stage::ExportedDataset exported(const TinyDataset& data, const std::string& name, bool model) {
        return stage::exportDataset(*project, stages, temp.path() / name,
                                    model ? std::optional(temp.path() / "models") : std::nullopt, data.files, job);
    }
};

nnunet::Files withImages(TinyDataset& data) {
    data.files.writeImage = [](const fs::path& path, const ImageSource& image, Job& job) {
        io::write(path, image, {}, job);
    };
    return data.files;
}

template <class F>
ErrorKind refused(F&& f) {
    try {
        f();
    } catch (const Error& error) {
        return error.kind();
    }
    return ErrorKind::Internal;
}

}  // namespace

class TestNnunetExchange : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    // In, and out again: the same voxels, now as interior and border.
    void thereAndBack() {
        TinyDataset data(2, shape, R"({"background": 0, "nucleus": 1})", one);
        withImages(data);
        Room room;
        const auto in = stage::importDataset(*room.project, room.stages, data.folders().raw(), data.files, room.job);
        QCOMPARE(in.cases, 2);
        QVERIFY(in.objects > 2);
        QCOMPARE(room.project->caseIds(), (std::vector<std::string>{"cell_0", "cell_1"}));
        QCOMPARE(room.project->activeRound(), 1);
        const auto truth = data.files.open(data.folders().raw() / "labelsTr/cell_0.nii.gz")->readAll<std::int32_t>();
        {
            const auto session = room.edits("cell_0");
            QCOMPARE(session->completePatches().size(), std::size_t(1));
            QCOMPARE(std::int32_t(session->objects().size()), measure::connectedComponents(truth, 26).count());
            for (const auto& [id, object] : session->objects()) {
                QVERIFY(labels::isFrozen(object.state));
                QCOMPARE(object.cls, std::string("nucleus"));
            }
        }
        // Again: nothing new.
        QCOMPARE(stage::importDataset(*room.project, room.stages, data.folders().raw(), data.files, room.job).cases, 0);

        QCOMPARE(refused([&] { room.exported(data, "Dataset001_Early", false); }), ErrorKind::Missing);
        room.set("plan", {{"minutes", 0.2}, {"iterations", 2}, {"pretrain_iterations", 0}, {"base_features", 4}});
        room.set("fine-tune", {{"start", "fresh"}, {"replay_share", 0}});
        room.run({"plan", "annotate", "fine-tune"});
        const auto out = room.exported(data, "Dataset011_Back", true);
        QCOMPARE(out.cases, 2);
        QCOMPARE(refused([&] { room.exported(data, "Dataset011_Back", true); }), ErrorKind::Input);
        const auto back = data.files.open(out.raw / "labelsTr/cell_0.nii.gz")->readAll<std::int32_t>();
        const auto plan = plan::nnunet::loadDatasetJson(out.raw / "dataset.json");
        for (std::int64_t i = 0; i < truth.size(); ++i)
            QVERIFY((back.data()[i] > 0) == (truth.data()[i] > 0) && back.data()[i] != *plan.labels.ignore());
        const auto grey = data.files.open(data.folders().raw() / "imagesTr/cell_0_0000.nii.gz"),
                   greyBack = data.files.open(out.raw / "imagesTr/cell_0_0000.nii.gz");
        QVERIFY(grey->readAll<float>() == greyBack->readAll<float>());
        QVERIFY(grey->info().geometry == greyBack->info().geometry);

        // The model that was trained here finds objects as one of nnU-Net's would.
        const nn::TrainedModel model = nn::loadTrainedModel(*out.model);
        QCOMPARE(model.folds, std::vector<std::string>{"all"});
        room.set("pseudo-label", {{"model", out.model->string()}, {"mirror", false}, {"box", "0:8,0:32,0:48"}});
        room.run({"pseudo-label"});
        const fs::path found = room.newest("pseudo-labels", "cell_1");
        const auto rows = stage::readObjects(found / "objects.json");
        const auto labels = zarr::open(found / "labels.zarr")->readAll<std::int32_t>();
        QCOMPARE(rows.size(), std::size_t(*std::max_element(labels.begin(), labels.end())));
        for (const stage::ObjectRow& row : rows) {
            QCOMPARE(row.source, std::string("nnunet"));
            QVERIFY(row.score > 0 && row.score <= 1 && row.box.end.y <= 32);
        }
    }

    void classesAndWhatIsIgnored() {
        TinyDataset two(1, shape, R"({"background": 0, "odd": 2, "even": 1})", oddOrEven);
        Room room;
        stage::importDataset(*room.project, room.stages, two.folders().raw(), two.files, room.job);
        std::set<std::string> classes;
        const auto session = room.edits("cell_0");
        for (const auto& [id, object] : session->objects()) classes.insert(object.cls);
        QCOMPARE(classes, (std::set<std::string>{"even", "odd"}));

        TinyDataset ignoring(1, {8, 160, 160}, R"({"background": 0, "nucleus": 1, "ignore": 2})", withIgnored);
        withImages(ignoring);
        Room other;
        const auto in =
            stage::importDataset(*other.project, other.stages, ignoring.folders().raw(), ignoring.files, other.job);
        QVERIFY(in.patches > 0);
        const auto truth = ignoring.files.open(ignoring.folders().raw() / "labelsTr/cell_0.nii.gz");
        const auto labels = truth->readAll<std::int32_t>();
        const auto edits = other.edits("cell_0");
        for (const Box& patch : edits->completePatches()) {
            const Volume<std::int32_t> part = crop(labels, patch);
            QCOMPARE(std::count(part.begin(), part.end(), 2), std::ptrdiff_t(0));
        }
        other.set("plan", {{"minutes", 0.2}, {"iterations", 2}, {"pretrain_iterations", 0}, {"base_features", 4}});
        other.run({"plan", "annotate"});
        const auto out = other.exported(ignoring, "Dataset012_Ignoring", false);
        const auto back = ignoring.files.open(out.raw / "labelsTr/cell_0.nii.gz")->readAll<std::int32_t>();
        const std::int32_t ignore = *plan::nnunet::loadDatasetJson(out.raw / "dataset.json").labels.ignore();
        QVERIFY(std::count(back.begin(), back.end(), ignore) > 0);
        for (std::int64_t i = 0; i < back.size(); ++i)
            if (labels.data()[i] == 2) QCOMPARE(back.data()[i], ignore);
    }

    void whatIsRefused() {
        TinyDataset regions(1, shape, R"({"background": 0, "cell": [1, 2], "even": 1})", oddOrEven, "[2, 1]");
        Room room;
        const fs::path raw = regions.folders().raw();
        QCOMPARE(refused([&] { stage::importDataset(*room.project, room.stages, raw, regions.files, room.job); }),
                 ErrorKind::Unsupported);
        QCOMPARE(refused([&] {
                     stage::importDataset(*room.project, room.stages, raw / "nowhere", regions.files, room.job);
                 }),
                 ErrorKind::Missing);
        QVERIFY(room.project->caseIds().empty());
    }
};

QTEST_GUILESS_MAIN(TestNnunetExchange)
#include "tst_nnunet_exchange.moc"

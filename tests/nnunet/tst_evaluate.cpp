// Scoring folders of label maps, and keeping the largest components of them.
#include <QTest>
#include <cmath>
#include <mutex>

#include "label_folders.h"
#include "nnunet/evaluate.h"
#include "nnunet/postprocess.h"

using namespace fovea;
using namespace fovea::test;
using namespace fovea::nnunet;

namespace {

class Told : public Job {
  public:
    void message(MessageLevel, const Text& text) override { warning += text.str(); }
    void progress(double done, double total, const Text&) override {
        const std::lock_guard lock(mutex);
        share = std::max(share, done / total);
    }
    std::mutex mutex;
    std::string warning;
    double share = 0;
};

const std::string two = R"({"background": 0, "a": 1, "b": 2})";

}  // namespace

class TestEvaluate : public QObject {
    Q_OBJECT
    file::TempFolder temp;
    const fs::path references = temp.path() / "ref", predictions = temp.path() / "pred";

    void put(const std::string& name, const Labels& reference, const Labels& prediction) {
        putMap(references / name, reference);
        putMap(predictions / name, prediction);
    }
    measure::LabelSummary scoreOf(const plan::nnunet::DatasetJson& dataset, Job& job, bool partial = false) {
        const ComparedFolders compared = compareFolders(references, predictions, dataset.fileEnding, partial, job);
        const ScoredClasses scored = scoredClasses(dataset.labels);
        const auto summary = evaluate(files(), compared, scored, job);
        writeSummary(predictions / "summary.json", summary, compared, scored);
        return summary;
    }

  private Q_SLOTS:
    void init() {
        file::remove(references);
        file::remove(predictions);
    }

    void namesAsInSummaries() {
        const auto plain = scoredClasses(datasetOf(R"({"background": 0, "a": 1, "b": 2, "ignore": 3})", ".tif").labels);
        QCOMPARE(plain.names, (std::vector<std::string>{"1", "2"}));
        QCOMPARE(plain.ignore, std::optional<std::int32_t>(3));
        const auto regions = scoredClasses(
            datasetOf(R"({"background": 0, "whole": [1, 2, 3], "core": [3], "rim": 2})", ".tif", "[1, 2, 3]").labels);
        QCOMPARE(regions.names, (std::vector<std::string>{"(1, 2, 3)", "(3,)", "2"}));
        QCOMPARE(regions.classes, (std::vector<measure::LabelClass>{{1, 2, 3}, {3}, {2}}));
    }

    void everyFormat_data() {
        QTest::addColumn<QString>("ending");
        for (const char* ending : {".tif", ".nii.gz", ".nrrd", ".zarr", ".png"}) QTest::newRow(ending) << ending;
    }
    void everyFormat() {
        QFETCH(QString, ending);
        const std::string end = ending.toStdString();
        put("b" + end, rows(2, 3, {1, 1, 0, 2, 0, 0}), rows(2, 3, {1, 0, 0, 2, 2, 0}));
        put("a" + end, rows(1, 2, {1, 0}), rows(1, 2, {1, 0}));
        Told job;
        const auto summary = scoreOf(datasetOf(two, end), job);
        QCOMPARE(summary.byCase.size(), std::size_t(2));
        QCOMPARE(summary.byCase[0][0].dice, 1.0);  // a comes first
        QVERIFY(std::isnan(summary.byCase[0][1].dice));
        QCOMPARE(summary.byCase[1][0].dice, 2.0 / 3);
        QCOMPARE(summary.mean[0].dice, 5.0 / 6);
        QCOMPARE(summary.mean[1].dice, 2.0 / 3);  // of the one case that has it
        QCOMPARE(summary.foreground.dice, 0.75);
        QCOMPARE(job.share, 1.0);
    }

    void summaryAsNnunetWritesIt() {
        put("x.tif", rows(1, 4, {1, 1, 0, 0}), rows(1, 4, {1, 0, 0, 0}));
        Job job;
        scoreOf(datasetOf(two, ".tif"), job);
        const auto summary = file::readJson(predictions / "summary.json");
        const auto& one = summary.at("metric_per_case").at(0);
        QCOMPARE(one.at("prediction_file").get<std::string>(), (predictions / "x.tif").string());
        QCOMPARE(one.at("reference_file").get<std::string>(), (references / "x.tif").string());
        QCOMPARE(one.at("metrics").at("1").at("TP").get<double>(), 1.0);
        QCOMPARE(one.at("metrics").at("1").at("n_ref").get<double>(), 2.0);
        const auto isNan = [](const nlohmann::json& value) { return std::isnan(value.get<double>()); };
        QVERIFY(isNan(one.at("metrics").at("2").at("Dice")));
        QVERIFY(isNan(summary.at("mean").at("2").at("IoU")) && isNan(summary.at("foreground_mean").at("Dice")));
        const std::string text = file::read(predictions / "summary.json");
        QVERIFY2(says(text, "\"Dice\": NaN") && !says(text, "null"), text.c_str());  // as Python's json has it
        QCOMPARE(summary.at("mean").at("1").at("FN").get<double>(), 1.0);
    }

    void regionsAndIgnore() {
        const auto dataset =
            datasetOf(R"({"background": 0, "whole": [1, 2], "core": [2], "ignore": 3})", ".tif", "[1, 2]");
        put("x.tif", rows(1, 6, {1, 2, 0, 3, 3, 0}), rows(1, 6, {2, 2, 0, 1, 2, 1}));
        Job job;
        const auto summary = scoreOf(dataset, job);
        QCOMPARE(summary.byCase[0][0].tp, 2.0);
        QCOMPARE(summary.byCase[0][0].fp, 1.0);  // not where the reference says ignore
        QCOMPARE(summary.byCase[0][1].dice, 2.0 / 3);
        QVERIFY(file::readJson(predictions / "summary.json").at("mean").contains("(1, 2)"));
    }

    void whatIsMissing() {
        Told job;
        const auto dataset = datasetOf(two, ".tif");
        QVERIFY(says(refusal(ErrorKind::Missing, [&] { scoreOf(dataset, job); }), "no label maps"));
        for (const char* name : {"a.tif", "b.tif", "c.tif"}) putMap(references / name, rows(1, 2, {1, 0}));
        putMap(predictions / "b.tif", rows(1, 2, {1, 0}));
        putMap(predictions / "z.tif", rows(1, 2, {1, 0}));
        putMap(predictions / ".b.tif", rows(1, 2, {1, 0}));
        const std::string why = refusal(ErrorKind::Missing, [&] { scoreOf(dataset, job); });
        QVERIFY2(says(why, ": a, c.") && says(why, "2 of the cases"), why.c_str());
        QCOMPARE(job.warning, std::string());
        QCOMPARE(scoreOf(dataset, job, true).byCase.size(), std::size_t(1));
        QVERIFY2(says(job.warning, "1 predictions") && says(job.warning, ": z."), job.warning.c_str());
        file::remove(predictions / "b.tif");
        QVERIFY(says(refusal(ErrorKind::Missing, [&] { scoreOf(dataset, job, true); }), "3 of the cases"));
    }

    void whatCannotBeCompared() {
        const auto dataset = datasetOf(two, ".tif");
        Job job;
        put("a.tif", rows(1, 2, {1, 0}), rows(2, 1, {1, 0}));
        QVERIFY(says(refusal(ErrorKind::Input, [&] { scoreOf(dataset, job); }), "working on the case a"));
        file::write(predictions / "a.tif", "no picture at all");
        QVERIFY(says(refusal(ErrorKind::Format, [&] { scoreOf(dataset, job); }), "working on the case a"));
        Job quiet;
        io::write(predictions / "a.tif", MemoryImage({AnyVolume::from(rows(1, 2, {70'000, 0}))}), {}, quiet);
        QVERIFY(says(refusal(ErrorKind::Input, [&] { scoreOf(dataset, job); }), "70000"));
        CancelFlag cancelled;
        cancelled.cancel();
        QVERIFY_EXCEPTION_THROWN(scoreOf(dataset, cancelled), Cancelled);
    }

    void postprocessingIsDecidedAndApplied() {
        const Labels truth = rows(2, 6, {1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0});
        const Labels speckled = rows(2, 6, {1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0});
        const auto dataset = datasetOf(R"({"background": 0, "a": 1})", ".nii.gz");
        put("x.nii.gz", truth, speckled);
        Job job;
        const ScoredClasses scored = scoredClasses(dataset.labels);
        const auto chosen =
            choosePostprocessing(files(), compareFolders(references, predictions, ".nii.gz", false, job), scored, job);
        QCOMPARE(chosen.steps, (std::vector<measure::LabelClass>{{1}}));
        const fs::path rule = temp.path() / "postprocessing.pkl", out = temp.path() / "out";
        writePostprocessing(temp.path(), chosen, scored);
        for (const char* name : {"postprocessing.json", "postprocessing.pkl"})
            QCOMPARE(loadPostprocessing(temp.path() / name), chosen.steps);
        putMap(predictions / "x.nii.gz", speckled, true);
        postprocess(files(), predictions, out, ".nii.gz", loadPostprocessing(rule), job);
        QVERIFY(map(out / "x.nii.gz") == truth);
        const ImagePtr before = io::open((predictions / "x.nii.gz").string()),
                       after = io::open((out / "x.nii.gz").string());
        QVERIFY(after->info().geometry == before->info().geometry);
        QVERIFY(std::abs(after->info().geometry.spacing.z - 0.03) < 1e-6);
        QCOMPARE(after->info().dtype, DType::U8);
    }

    void postprocessingIsRejected() {
        const Labels both = rows(1, 6, {1, 1, 0, 0, 1, 0});
        put("x.tif", both, both);
        Job job;
        const ScoredClasses scored = scoredClasses(datasetOf(two, ".tif").labels);
        const auto chosen =
            choosePostprocessing(files(), compareFolders(references, predictions, ".tif", false, job), scored, job);
        QVERIFY(chosen.steps.empty());
        postprocess(files(), predictions, temp.path() / "same", ".tif", chosen.steps, job);
        QVERIFY(map(temp.path() / "same" / "x.tif") == both);
    }

    // As Python's pickle writes nnU-Net's: protocol 5, the function by name, labels and regions of all kinds.
    void rulesOfNnunet() {
        const fs::path rule = temp.path() / "theirs.pkl";
        const std::string module = "nnunetv2.postprocessing.remove_connected_components",
                          function = "remove_all_but_largest_component_from_segmentation";
        const auto text = [](const std::string& t) { return "\x8c" + std::string(1, char(t.size())) + t; };
        const std::string key = text("labels_or_regions");
        const auto rules = [&](const std::string& name) {
            return "\x80\x05](" + text(module) + text(name) + "\x93\x94h" + std::string(1, '\0') + "e](}" + key +
                   "](K\x01K\x02K\x03\x86" + "es}" + key + "K\x02se\x86.";
        };
        file::write(rule, rules(function));
        QCOMPARE(loadPostprocessing(rule), (std::vector<measure::LabelClass>{{1, 2, 3}, {2}}));
        file::write(rule, rules("another"));
        QVERIFY(says(refusal(ErrorKind::Unsupported, [&] { loadPostprocessing(rule); }), rule.string()));
        file::write(rule, "\x80\x02cos\nsystem\n.");
        QVERIFY(says(refusal(ErrorKind::Format, [&] { loadPostprocessing(rule); }), rule.string()));
        file::write(rule, "\x80\x02K\x05.");
        QVERIFY(says(refusal(ErrorKind::Format, [&] { loadPostprocessing(rule); }), rule.string()));
    }

    void damagedRules() {
        const fs::path rule = temp.path() / "bad.json";
        file::write(rule, "{");
        QVERIFY(says(refusal(ErrorKind::Format, [&] { loadPostprocessing(rule); }), rule.string()));
        file::write(rule, R"({"postprocessing_fns": ["fill_holes"], "postprocessing_kwargs": [{}]})");
        QVERIFY(says(refusal(ErrorKind::Unsupported, [&] { loadPostprocessing(rule); }), rule.string()));
        file::write(rule, R"({"postprocessing_fns": 7})");
        QVERIFY(says(refusal(ErrorKind::Format, [&] { loadPostprocessing(rule); }), rule.string()));
        QVERIFY(says(refusal(ErrorKind::Missing, [&] { loadPostprocessing(temp.path() / "none.json"); }), "none.json"));
    }
};

QTEST_GUILESS_MAIN(TestEvaluate)
#include "tst_evaluate.moc"

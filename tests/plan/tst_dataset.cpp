#include <QtTest>

#include <cstdlib>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "data/channel_stack.h"
#include "error_of.h"
#include "plan/nnunet/raw_dataset.h"

using namespace fovea;
using namespace fovea::plan::nnunet;

namespace {

using Numbers = std::vector<std::int32_t>;

const char* const plain = R"({
    "channel_names": {"1": "b", "0": "a"},
    "note": "kept",
    "labels": {"background": 0, "whole": [1, 2], "core": [2], "ignore": 3},
    "regions_class_order": [1, 2],
    "numTraining": 2,
    "file_ending": ".tif"})";

nlohmann::ordered_json with(const char* key, nlohmann::ordered_json value) {
    nlohmann::ordered_json json = parseOrderedJson(plain);
    json[key] = std::move(value);
    return json;
}

std::string refusal(const nlohmann::ordered_json& json) {
    return errorOf([&] { datasetFromJson(json); });
}

template <class T>
ImagePtr memory(const Volume<T>& volume) {
    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(volume)}, "image");
}

}  // namespace

class TestDataset : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void readsAndWritesInOrder() {
        const DatasetJson dataset = datasetFromJson(parseOrderedJson(plain));
        QCOMPARE(dataset.channelNames, (std::vector<std::string>{"b", "a"}));
        QCOMPARE(dataset.numTraining, 2);
        QCOMPARE(dataset.labels.outputs(), 2);
        QCOMPARE(toJson(dataset).dump(), parseOrderedJson(plain).dump());

        file::TempFolder folder;
        DatasetJson changed = dataset;
        changed.numTraining = 5;
        changed.channelNames = {"µ"};
        changed.reader = "Tiff3DIO";
        saveDatasetJson(folder.path() / "dataset.json", changed);
        const std::string text = file::read(folder.path() / "dataset.json");
        QVERIFY(text.starts_with(
            "{\n    \"channel_names\": {\n        \"0\": \"\\u00b5\"\n    },\n    \"note\": \"kept\""));
        const DatasetJson again = loadDatasetJson(folder.path() / "dataset.json");
        QCOMPARE(again.channelNames, changed.channelNames);
        QCOMPARE(again.reader, changed.reader);
        QCOMPARE(again.numTraining, 5);
        DatasetJson fresh;
        fresh.channelNames = {"EM"}, fresh.fileEnding = ".nrrd";
        QCOMPARE(datasetFromJson(toJson(fresh)).labels.outputs(), 1);
    }

    void olderAndOptionalKeys() {
        nlohmann::ordered_json json = with("overwrite_image_reader_writer", "None");
        json["modality"] = {{"0", "CT"}};
        QCOMPARE(datasetFromJson(json).channelNames.size(), std::size_t(2));
        json.erase("channel_names");
        QCOMPARE(datasetFromJson(json).channelNames, std::vector<std::string>{"CT"});
        QVERIFY(datasetFromJson(json).reader.empty());
        QVERIFY(toJson(datasetFromJson(json)).contains("modality"));
    }

    void hostileFiles() {
        for (const char* text : {"[]", "3", "null", "{}", R"({"channel_names": []})"})
            QVERIFY(!refusal(parseOrderedJson(text)).empty());
        for (const char* key : {"channel_names", "labels", "numTraining", "file_ending"}) {
            nlohmann::ordered_json lacking = parseOrderedJson(plain);
            lacking.erase(key);
            QVERIFY(refusal(lacking).find(key) != std::string::npos);
            for (const nlohmann::ordered_json& wrong :
                 {nlohmann::ordered_json(), nlohmann::ordered_json::array(), nlohmann::ordered_json(true),
                  nlohmann::ordered_json(-1), nlohmann::ordered_json::object()})
                QVERIFY2(!refusal(with(key, wrong)).empty(), key);
        }
        for (const char* ending : {"tif", ".", "./../x", ".tif\n", ".a/b", ".aaaaaaaaaaaaaaaaaaaaaaaa"})
            QVERIFY2(!refusal(with("file_ending", ending)).empty(), ending);
        QVERIFY(!refusal(with("numTraining", 1e300)).empty());
        QVERIFY(!refusal(with("channel_names", {{"0", 7}})).empty());
        QVERIFY(!refusal(with("overwrite_image_reader_writer", 7)).empty());
        QVERIFY(!refusal(with("dataset", {{"a", {{"images", "x"}}}})).empty());
        QVERIFY(!refusal(with("dataset", {{"a", {{"images", {1}}, {"label", "x"}}}})).empty());

        file::TempFolder folder;
        file::write(folder.path() / "deep.json", std::string(100'000, '['));
        file::write(folder.path() / "binary.json", std::string("\xff\xfe\0{", 4));
        for (const char* name : {"deep.json", "binary.json", "absent.json"})
            QVERIFY(errorOf([&] { loadDatasetJson(folder.path() / name); }).find(name) != std::string::npos);
    }

    void wrongLabels() {
        const auto labels = [](const char* text) { return refusal(with("labels", parseOrderedJson(text))); };
        QVERIFY(labels(R"({"a": 1, "b": 2})").find("background") != std::string::npos);
        QVERIFY(labels(R"({"background": 1})").find("background") != std::string::npos);
        QVERIFY(!labels(R"({"background": 0, "a": "1"})").empty());
        QVERIFY(!labels(R"({"background": 0, "a": 1.5})").empty());
        QVERIFY(!labels(R"({"background": 0, "a": true})").empty());
        QVERIFY(!labels(R"({"background": 0, "a": []})").empty());
        QVERIFY(!labels(R"({"background": 0, "a": [[1]]})").empty());
        QVERIFY(!labels(R"({"background": 0, "a": -1})").empty());
        QVERIFY(!labels(R"({"background": 0, "a": 70000})").empty());
        QVERIFY(!labels(R"({"background": 0, "a": 18446744073709551615})").empty());
        QVERIFY(labels(R"({"background": 0, "a": 1, "ignore": 5})").find("must be 2") != std::string::npos);
        QVERIFY(!labels(R"({"background": 0, "a": 1, "ignore": [2]})").empty());
        QVERIFY(labels(R"({"background": 0, "a": [1, 2], "b": [2, 3], "c": 3})").find("3 regions") !=
                std::string::npos);
        QVERIFY(!refusal(with("regions_class_order", "1")).empty());
    }

    // A gap passes the reader, as in nnU-Net, and is found by the check.
    void gaps() {
        const Labels gap = Labels::fromJson(parseOrderedJson(R"({"background": 0, "a": 1, "b": 3})"), {});
        QCOMPARE(gap.outputs(), 3);
        QVERIFY(errorOf([&] { gap.checkConsecutive(); }).find("label 2") != std::string::npos);
        Labels::fromJson(parseOrderedJson(R"({"background": 0, "b": 2, "a": 1, "ignore": 3})"), {}).checkConsecutive();
        Labels().checkConsecutive();
    }

    void masksAndMaps() {
        const Volume<std::int32_t> map({1, 1, 5}, {-1, 0, 1, 2, 3});
        const Labels regions = datasetFromJson(parseOrderedJson(plain)).labels;
        const auto masks = regions.masks(map);
        QCOMPARE(masks.size(), std::size_t(2));
        QCOMPARE(masks[0].vector(), (std::vector<std::uint8_t>{0, 0, 1, 1, 0}));
        QCOMPARE(masks[1].vector(), (std::vector<std::uint8_t>{0, 0, 0, 1, 0}));
        const Volume<float> whole({1, 1, 3}, {0.5f, 0.6f, 0.9f}), core({1, 1, 3}, {0.5f, 0.1f, 0.7f});
        QCOMPARE(regions.mapOf({whole, core}).vector(), (Numbers{0, 1, 2}));
        const Labels classes = Labels::fromJson(parseOrderedJson(R"({"background": 0, "a": 1})"), {});
        QCOMPARE(classes.mapOf({whole, core}).vector(), (Numbers{0, 0, 0}));
        QCOMPARE(classes.mapOf({core, whole}).vector(), (Numbers{0, 1, 1}));
        QCOMPARE(classes.masks(map)[0].vector(), (std::vector<std::uint8_t>{0, 1, 0, 0, 0}));
        QVERIFY(!errorOf([&] { classes.mapOf({whole}); }).empty());
    }

    void readers() {
        DatasetJson dataset = datasetFromJson(parseOrderedJson(plain));
        QCOMPARE(readerOf(dataset, false), std::string("Tiff3DIO"));
        QCOMPARE(readerOf(dataset, true), std::string("NaturalImage2DIO"));
        dataset.fileEnding = ".nii.gz";
        QCOMPARE(readerOf(dataset, false), std::string("SimpleITKIO"));
        dataset.fileEnding = ".png";
        QCOMPARE(readerOf(dataset, true), std::string("NaturalImage2DIO"));
        QVERIFY(!errorOf([&] { readerOf(dataset, false); }).empty());
        dataset.reader = "MyReader";
        QCOMPARE(readerOf(dataset, false), std::string("MyReader"));
    }

    void casesOfAFolder() {
        file::TempFolder folder;
        const auto put = [&](const char* name) {
            file::makeFolder((folder.path() / name).parent_path());
            file::write(folder.path() / name, "");
        };
        const DatasetJson dataset = datasetFromJson(parseOrderedJson(plain));
        const auto list = [&] { return listCases(folder.path(), dataset); };
        QVERIFY(errorOf(list).find("imagesTr") != std::string::npos);
        for (const char* name : {"imagesTr/b_1_0000.tif", "imagesTr/b_1_0001.tif", "imagesTr/a_0000.tif",
                                 "imagesTr/notes.txt", "labelsTr/a.tif", "labelsTr/b_1.tif"})
            put(name);
        QVERIFY(errorOf(list).find("a_0001.tif") != std::string::npos);
        put("imagesTr/a_0001.tif");
        const auto cases = list();
        QCOMPARE(cases.size(), std::size_t(2));
        QCOMPARE(cases.begin()->first, std::string("a"));
        QVERIFY(cases.at("b_1").images.at(1) == folder.path() / "imagesTr/b_1_0001.tif");
        put("imagesTr/c_0000.tif"), put("imagesTr/c_0001.tif"), put("labelsTr/c.tif");
        QVERIFY(errorOf(list).find("3 training cases") != std::string::npos);
        put("imagesTr/d.tif");
        QVERIFY(errorOf(list).find("channel number") != std::string::npos);
    }

    void namedFilesAndVariables() {
        file::TempFolder folder;
        file::write(folder.path() / "i.tif", "");
        file::write(folder.path() / "l.tif", "");
        setenv("FOVEA_TEST_FOLDER", folder.path().c_str(), 1);
        nlohmann::ordered_json json = with(
            "dataset",
            {{"one", {{"images", {"$FOVEA_TEST_FOLDER/i.tif", "i.tif"}}, {"label", "${FOVEA_TEST_FOLDER}/l.tif"}}}});
        json["numTraining"] = 1;
        const auto cases = listCases(folder.path(), datasetFromJson(json));
        QVERIFY(cases.at("one").images.at(0) == folder.path() / "i.tif");
        QVERIFY(cases.at("one").label == folder.path() / "l.tif");
        QCOMPARE(toJson(datasetFromJson(json)).at("dataset").at("one").at("label"), "${FOVEA_TEST_FOLDER}/l.tif");
        json["dataset"]["one"]["label"] = "${FOVEA_UNKNOWN/$";
        QVERIFY(errorOf([&] { listCases(folder.path(), datasetFromJson(json)); }).find("${FOVEA_UNKNOWN/$") !=
                std::string::npos);
    }

    void integrityOfACase() {
        const DatasetJson dataset = datasetFromJson(with("channel_names", {{"0", "EM"}}));
        Job job;
        const auto check = [&](ImagePtr image, ImagePtr label) {
            return errorOf([&] { checkCase({"a", image, label, {1, 1, 1}}, dataset, job); });
        };
        const ImagePtr grey = memory(Volume<std::uint8_t>({2, 3, 4}, 7));
        Volume<std::int16_t> known({2, 3, 4}, 1);
        known(1, 2, 3) = 3;  // ignore
        QVERIFY(check(grey, memory(known)).empty());
        QVERIFY(check(grey, memory(Volume<float>({2, 3, 4}, 2))).empty());
        QVERIFY(check(grey, memory(Volume<std::uint16_t>({2, 3, 4}, 42))).find("label 42") != std::string::npos);
        QVERIFY(check(grey, memory(Volume<std::int8_t>({2, 3, 4}, -1))).find("label -1") != std::string::npos);
        QVERIFY(check(grey, memory(Volume<std::uint8_t>({2, 4, 3}))).find("equal shapes") != std::string::npos);
        const float nan = std::numeric_limits<float>::quiet_NaN();
        QVERIFY(check(memory(Volume<float>({2, 3, 4}, nan)), memory(known)).find("not numbers") != std::string::npos);
        QVERIFY(check(grey, memory(Volume<float>({2, 3, 4}, nan))).find("not numbers") != std::string::npos);
        QVERIFY(!check(grey, nullptr).empty());
        QVERIFY(check(stackChannels({grey, grey}), memory(known)).find("2 channels") != std::string::npos);
    }

    void channelsOfManyFiles() {
        const ImagePtr bytes = memory(Volume<std::uint8_t>({2, 3, 4}, 7)),
                       floats = memory(Volume<float>({2, 3, 4}, 0.5f));
        QVERIFY(stackChannels({bytes}) == bytes);
        const ImagePtr mixed = stackChannels({bytes, floats, bytes});
        QCOMPARE(mixed->info().channels, 3);
        QCOMPARE(mixed->info().dtype, DType::F32);
        QCOMPARE(mixed->readAll<float>(1)(1, 2, 3), 0.5f);
        QCOMPARE(mixed->read(0, 2, Box::of({1, 1, 1})).dtype, DType::F32);
        QCOMPARE(stackChannels({bytes, bytes})->info().dtype, DType::U8);
        QVERIFY(errorOf([&] {
                    stackChannels({bytes, memory(Volume<std::uint8_t>({2, 4, 3}))});
                }).find("equal shapes") != std::string::npos);
        QVERIFY(!errorOf([] { stackChannels({}); }).empty());
    }
};

QTEST_APPLESS_MAIN(TestDataset)
#include "tst_dataset.moc"

#include <QtTest>

#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "base/numpy_random.h"
#include "error_of.h"
#include "plan/nnunet/dataset_fingerprint.h"

using namespace fovea;
using namespace fovea::plan;
using namespace fovea::plan::nnunet;

namespace {

DatasetJson oneChannel() {
    DatasetJson dataset;
    dataset.channelNames = {"EM"};
    dataset.labels = Labels({{"background", {0}, false}, {"a", {1}, false}, {"ignore", {2}, false}}, {});
    return dataset;
}

template <class T>
ImagePtr memory(const Volume<T>& volume) {
    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(volume)}, "image");
}

// Grey values 1, 2, … in C order inside of `box`, 0 elsewhere.
Volume<float> counted(Index shape, const Box& box) {
    Volume<float> image(shape);
    float value = 0;
    for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
        for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
            for (std::int64_t x = box.begin.x; x < box.end.x; ++x) image(z, y, x) = ++value;
    return image;
}

}  // namespace

class TestDatasetFingerprint : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    // The very voxels that NumPy's stream picks, in the cropped image, ignored ones included.
    void drawsLikeNnunet() {
        const Box inside{{0, 2, 1}, {3, 8, 9}};
        const Volume<float> image = counted({3, 10, 10}, inside);
        Volume<std::uint8_t> label({3, 10, 10});
        std::vector<float> foreground;
        for (std::int64_t i = 0; i < label.size(); i += 7)
            if (label.data()[i] = std::uint8_t(1 + i % 2); image.data()[i] > 0) foreground.push_back(image.data()[i]);
        Job job;
        for (const std::int64_t samples : {10, 5000}) {
            const DatasetFingerprint print =
                measureDataset({{"a", memory(image), memory(label), {4, 1, 1}}}, oneChannel(), job, samples);
            QVERIFY(print.shapes.at(0) == inside.extent());
            QCOMPARE(print.relativeSize, double(inside.count()) / 300);
            std::vector<float> drawn;
            for (const std::int64_t at : NumpyRandom(1234).choice(std::int64_t(foreground.size()), samples))
                drawn.push_back(foreground[std::size_t(at)]);
            QVERIFY(print.foreground.at(0) == intensityOf(drawn));
        }
    }

    void severalCasesAndOddOnes() {
        Job job;
        const Volume<float> grey({1, 1, 1}, 3);
        const RawCase labelled{"a", memory(grey), memory(Volume<std::uint8_t>({1, 1, 1}, 1)), {999, 1, 1}};
        const RawCase empty{"b", memory(Volume<float>({2, 6, 4})), memory(Volume<std::uint8_t>({2, 6, 4})), {1, 1, 1}};
        const DatasetFingerprint print = measureDataset({labelled, empty}, oneChannel(), job, 100);
        QCOMPARE(print.foreground.at(0).mean, 3.0);
        QCOMPARE(print.foreground.at(0).std, 0.0);
        QVERIFY(print.shapes.at(1) == (Index{2, 6, 4}));
        QVERIFY(errorOf([&] { measureDataset({empty}, oneChannel(), job, 100); }).find("labelled") !=
                std::string::npos);
        QVERIFY(!errorOf([&] { measureDataset({}, oneChannel(), job, 100); }).empty());

        file::TempFolder folder;
        saveFingerprint(folder.path() / "f.json", print);
        const DatasetFingerprint again = loadFingerprint(folder.path() / "f.json");
        QVERIFY(again.foreground == print.foreground && again.shapes == print.shapes &&
                again.spacings == print.spacings && again.relativeSize == print.relativeSize);
        QVERIFY(file::read(folder.path() / "f.json").ends_with("        ]\n    ]\n}"));
    }

    void hostileFiles() {
        nlohmann::json good(toJson(DatasetFingerprint{{Intensity{}}, 1, {{1, 5, 5}}, {{1, 1, 1}}}));
        datasetFingerprintFromJson(good);
        const auto refused = [&](const char* key, nlohmann::json value) {
            nlohmann::json bad = good;
            bad[key] = std::move(value);
            return !errorOf([&] { datasetFingerprintFromJson(bad); }).empty();
        };
        for (const char* key : {"foreground_intensity_properties_per_channel", "shapes_after_crop", "spacings",
                                "median_relative_size_after_cropping"})
            QVERIFY2(refused(key, "x"), key);
        QVERIFY(refused("shapes_after_crop", nlohmann::json::array()));
        QVERIFY(refused("shapes_after_crop", {{1, 5, 0}}));
        QVERIFY(refused("shapes_after_crop", {{1, 5}}));
        QVERIFY(refused("shapes_after_crop", {{1, 5, std::numeric_limits<std::int64_t>::max()}}));
        QVERIFY(refused("spacings", {{1, 1, 0}}));
        QVERIFY(refused("spacings", {{1, 1, -1}}));
        QVERIFY(refused("spacings", {{1, 1, 1e300}}));
        QVERIFY(refused("spacings", {{1, 1, 1}, {1, 1, 1}}));
    }
};

QTEST_APPLESS_MAIN(TestDatasetFingerprint)
#include "tst_dataset_fingerprint.moc"

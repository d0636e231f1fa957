// Saved probabilities, and label maps from the mean of several models'.
#include "nnunet/ensemble.h"

#include <QTest>

#include "label_folders.h"
#include "nnunet/probabilities.h"
#include "tensorfile/npy.h"
#include "tensorfile/zip_writer.h"

using namespace fovea;
using namespace fovea::test;
using namespace fovea::nnunet;
using tensorfile::Tensor;

namespace {

using Outputs = std::vector<Volume<float>>;

// One row of voxels per output.
Outputs outputs(std::vector<std::vector<float>> values) {
    Outputs result;
    for (auto& one : values) {
        const auto n = std::int64_t(one.size());
        result.emplace_back(Index{1, 1, n}, std::move(one));
    }
    return result;
}

void putArchive(const fs::path& path, const std::string& name, const std::string& bytes) {
    tensorfile::writeZip(path, {{name, {std::as_bytes(std::span(bytes))}}});
}

const std::string two = R"({"background": 0, "a": 1, "b": 2})";

}  // namespace

class TestEnsemble : public QObject {
    Q_OBJECT
    file::TempFolder temp;
    const fs::path a = temp.path() / "a", b = temp.path() / "b", out = temp.path() / "out";

    void put(const fs::path& folder, const std::string& name, const Outputs& values) {
        putMap(folder / (name + ".nii.gz"), Labels(values.front().shape()), true);
        saveProbabilities(probabilitiesPath(folder, name), values);
    }
    std::string refused(ErrorKind kind, const plan::nnunet::DatasetJson& dataset) {
        Job job;
        return refusal(kind, [&] { ensemble(files(), {a, b}, out, dataset, false, job); });
    }

  private Q_SLOTS:
    void init() {
        for (const fs::path& folder : {a, b, out}) {
            file::remove(folder);
            file::makeFolder(folder);
        }
    }

    void whatWasSavedIsRead() {
        Outputs values(3, Volume<float>({4, 3, 5}));
        for (std::size_t k = 0; k < 3; ++k)
            for (std::int64_t i = 0; i < 60; ++i) values[k].data()[i] = float(k * 100 + std::size_t(i));
        saveProbabilities(a / "x.npz", values);
        const ProbabilityFile file(a / "x.npz");
        QCOMPARE(file.outputs(), std::int64_t(3));
        QVERIFY(file.shape() == (Index{4, 3, 5}));
        QVERIFY(file.read(2, 0, 4) == values[2]);
        QVERIFY(file.read(1, 1, 3) == crop(values[1], Box{{1, 0, 0}, {3, 3, 5}}));
        // As numpy.load() wants it: an array of that name, version 1, C order, little-endian.
        const std::string bytes = file::read(a / "x.npz");
        QVERIFY(says(bytes, "probabilities.npy"));
        QVERIFY(says(bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4, 3, 5), }"));
    }

    void otherFloats() {
        const std::vector<double> wide{0.25, 0.5, 0.75, 1};
        putArchive(a / "d.npz", "probabilities.npy", npyBytes(Tensor::from<double>({2, 1, 1, 2}, wide)));
        QCOMPARE(ProbabilityFile(a / "d.npz").read(1, 0, 1).vector(), (std::vector<float>{0.75f, 1}));
        Tensor half = Tensor::from<std::uint16_t>({2, 1, 1, 2}, {0x3400, 0x3800, 0x3a00, 0x3c00});
        half.type = tensorfile::ElementType::F16;
        putArchive(a / "h.npz", "probabilities.npy", npyBytes(half));
        QCOMPARE(ProbabilityFile(a / "h.npz").read(1, 0, 1).vector(), (std::vector<float>{0.75f, 1}));
    }

    // Two outputs × 1 × 2 × 3, written by Python's zipfile as numpy.savez_compressed does: 0.5, 0.25, 0, 1, 0.125, 0.75
    // and what is left to 1.
    void compressedAsNnunetWrites() {
        const QByteArray zip = QByteArray::fromHex(
            "504b03042d0000000800000021006e7d6b4bffffffffffffffff1100140070726f626162696c69746965732e6e7079010010"
            "00b00000000000000067000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f5452"
            "9498179f5f94920a12774bcc294e058a17672416a402f91a463a0a863a0a40d2585347a156810cc0c5c0c060cfc0d060c700"
            "060d40360390ed600f1107d16031204800ab0300504b01022d032d0000000800000021006e7d6b4b67000000b00000001100"
            "0000000000000000000080010000000070726f626162696c69746965732e6e7079504b050600000000010001003f000000aa"
            "0000000000");
        file::write(a / "c.npz", std::string_view(zip.data(), std::size_t(zip.size())));
        const ProbabilityFile file(a / "c.npz");
        QCOMPARE(file.read(0, 0, 1).vector(), (std::vector<float>{0.5f, 0.25f, 0, 1, 0.125f, 0.75f}));
        QCOMPARE(file.read(1, 0, 1).vector(), (std::vector<float>{0.5f, 0.75f, 1, 0, 0.875f, 0.25f}));
    }

    void damagedProbabilities() {
        const fs::path path = a / "x.npz";
        const auto why = [&](ErrorKind kind) { return refusal(kind, [&] { ProbabilityFile file(path); }); };
        QVERIFY(says(why(ErrorKind::Missing), "x.npz"));
        file::write(path, "no archive");
        QVERIFY(says(why(ErrorKind::Format), "x.npz"));
        saveProbabilities(path, outputs({{0.25, 1}, {0.75, 0}}));
        const std::string whole = file::read(path);
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            file::writeQuick(path, whole.substr(0, cut));
            QVERIFY2(says(why(ErrorKind::Format), "x.npz"), std::to_string(cut).c_str());
        }
        std::string turned = whole;
        const std::size_t at = whole.find("PK\1\2") - 1;  // the last value
        turned[at] = char(turned[at] ^ 1);
        file::write(path, turned);
        QVERIFY(says(why(ErrorKind::Format), "damaged"));
        putArchive(path, "softmax.npy", npyBytes(Tensor::from<float>({1, 1, 1, 1}, {1})));
        QVERIFY(says(why(ErrorKind::Format), "no array of that name"));
        putArchive(path, "probabilities.npy", npyBytes(Tensor::from<float>({1, 1}, {1})));
        QVERIFY(says(why(ErrorKind::Format), "[1, 1]"));
        putArchive(path, "probabilities.npy", npyBytes(Tensor::from<std::uint8_t>({1, 1, 1, 1}, {1})));
        QVERIFY(says(why(ErrorKind::Unsupported), "no plain floats"));
        putArchive(path, "probabilities.npy", "no array");
        QVERIFY(says(why(ErrorKind::Format), "x.npz"));
    }

    void meanOfTwo() {
        put(a, "x", outputs({{0.9f, 0.2f, 0.4f, 0.5f}, {0.1f, 0.7f, 0.2f, 0.5f}, {0, 0.1f, 0.4f, 0}}));
        put(b, "x", outputs({{0.2f, 0.3f, 0.2f, 0.5f}, {0.7f, 0.3f, 0.2f, 0.5f}, {0.1f, 0.4f, 0.6f, 0}}));
        Job job;
        ensemble(files(), {a, b}, out, datasetOf(two, ".nii.gz"), true, job);
        QCOMPARE(map(out / "x.nii.gz").vector(), (std::vector<std::int32_t>{0, 1, 2, 0}));  // a tie: the first
        QVERIFY(io::open((out / "x.nii.gz").string())->info().geometry ==
                io::open((a / "x.nii.gz").string())->info().geometry);
        const ProbabilityFile mean(out / "x.npz");
        QCOMPARE(mean.read(2, 0, 1).vector(),
                 (std::vector<float>{(0 + 0.1f) / 2, (0.1f + 0.4f) / 2, (0.4f + 0.6f) / 2, 0}));
        ensemble(files(), {a, b, out}, temp.path() / "three", datasetOf(two, ".nii.gz"), false, job);
        QVERIFY(!fs::exists(temp.path() / "three" / "x.npz"));
        QVERIFY(map(temp.path() / "three" / "x.nii.gz") == map(out / "x.nii.gz"));
    }

    void regionsByThreshold() {
        put(a, "x", outputs({{0.9f, 0.9f, 0.4f, 0.5f}, {0.1f, 0.8f, 0.9f, 0.4f}}));
        put(b, "x", outputs({{0.3f, 0.7f, 0.4f, 0.5f}, {0.1f, 0.8f, 0.3f, 0.4f}}));
        const auto dataset = datasetOf(R"({"background": 0, "whole": [1, 2], "core": [2]})", ".nii.gz", "[1, 2]");
        Job job;
        ensemble(files(), {a, b}, out, dataset, false, job);
        QCOMPARE(map(out / "x.nii.gz").vector(), (std::vector<std::int32_t>{1, 2, 2, 0}));
    }

    // More than one slab: every plane lands where it came from.
    void manySections() {
        const Index n{7, 700, 800};
        Outputs values(2, Volume<float>(n));
        for (std::int64_t z = 0; z < n.z; ++z) {
            values[0](z, 5, z) = 0.4f, values[1](z, 5, z) = 0.6f;
            values[1](z, 699, 10 * z) = 1;
        }
        put(a, "x", values);
        put(b, "x", values);
        Job job;
        ensemble(files(), {a, b}, out, datasetOf(R"({"background": 0, "a": 1})", ".nii.gz"), true, job);
        const Labels labels = map(out / "x.nii.gz");
        QCOMPARE(std::count(labels.begin(), labels.end(), 1), std::ptrdiff_t(14));
        for (std::int64_t z = 0; z < n.z; ++z) QVERIFY(labels(z, 5, z) == 1 && labels(z, 699, 10 * z) == 1);
        QVERIFY(ProbabilityFile(out / "x.npz").read(1, 0, 7) == values[1]);
    }

    void whatIsRefused() {
        const auto dataset = datasetOf(two, ".nii.gz");
        QVERIFY(says(refused(ErrorKind::Missing, dataset), "holds no saved probabilities"));
        const Outputs three = outputs({{1, 0}, {0, 1}, {0, 0}});
        put(a, "x", three);
        put(a, "y", three);
        put(b, "x", three);
        QVERIFY(says(refused(ErrorKind::Missing, dataset), (b / "y.npz").string()));
        put(b, "y", three);
        put(b, "z", three);
        QVERIFY(says(refused(ErrorKind::Missing, dataset), (a / "z.npz").string()));
        put(a, "z", outputs({{1, 0, 0}, {0, 1, 0}, {0, 0, 0}}));
        QVERIFY(says(refused(ErrorKind::Input, dataset), "working on the case z"));
        put(a, "z", three);
        QVERIFY(says(refused(ErrorKind::Input, datasetOf(R"({"background": 0, "a": 1})", ".nii.gz")), "has 2"));
        file::remove(a / "x.nii.gz");
        QVERIFY(says(refused(ErrorKind::Missing, dataset), "x.nii.gz"));
        Job job;
        QVERIFY(says(refusal(ErrorKind::Input, [&] { ensemble(files(), {a}, out, dataset, false, job); }), "two"));
        CancelFlag cancelled;
        cancelled.cancel();
        QVERIFY_EXCEPTION_THROWN(ensemble(files(), {a, b}, out, dataset, false, cancelled), Cancelled);
    }
};

QTEST_GUILESS_MAIN(TestEnsemble)
#include "tst_ensemble.moc"

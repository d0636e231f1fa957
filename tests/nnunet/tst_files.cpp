// Geometry of files as nnU-Net's readers have it, and what is kept of it beside probabilities.
#include "nnunet/files.h"

#include <QTest>

#include "label_folders.h"
#include "nnunet/properties_file.h"
#include "tensorfile/pickle_reader.h"
#include "tensorfile/torch_values.h"

using namespace fovea;
using namespace fovea::test;
using namespace fovea::nnunet;

namespace {

using Reals = std::vector<double>;

bool near(const nlohmann::ordered_json& values, const Reals& wanted) {
    const auto got = values.get<Reals>();
    return std::equal(got.begin(), got.end(), wanted.begin(), wanted.end(),
                      [](double a, double b) { return std::abs(a - b) < 1e-9; });
}

}  // namespace

class TestFiles : public QObject {
    Q_OBJECT
    file::TempFolder temp;

    nlohmann::ordered_json kept(const ImageInfo& image, const std::string& reader) {
        const fs::path path = propertiesPath(temp.path(), "case");
        saveProperties(path, image, reader, {{3, 2, 1}, {4, 5, 6}, {{0, 1, 2}, {4, 5, 5}}, {}});
        return tensorfile::torchValues(tensorfile::readPickle(file::read(path), "it"), "it").values;
    }

  private Q_SLOTS:
    // nnU-Net goes by the numbers that stand in the file, whatever their unit.
    void spacingOfNrrd() {
        for (const char* units :
             {"", "space units: \"microns\" \"microns\" \"microns\"\n", "space units: \"nm\" \"nm\" \"nm\"\n"}) {
            const fs::path path = temp.path() / "x.nrrd";
            file::write(path, std::string("NRRD0004\ntype: uint8\ndimension: 3\nsizes: 2 2 2\nencoding: raw\n"
                                          "endian: little\nspace dimension: 3\n"
                                          "space directions: (0.5,0,0) (0,0.25,0) (0,0,2)\n") +
                                  units + "\n" + std::string(8, '\1'));
            const ImagePtr image = io::open(path.string());
            QVERIFY2((spacingAsRead(image->info(), "SimpleITKIO") == Vec3{2, 0.25, 0.5}), units);
        }
    }

    void whatIsKept() {
        ImageInfo image;
        image.levels = {{{4, 5, 6}, {}}};
        // x runs to the left, as in ITK, y to the top, z to the back; half turned about x.
        image.geometry = {{3000, 2000, 1000}, {30'000, 20'000, 10'000}, true, {0, 1, 0, -1, 0, 0, 0, 0, 1}};
        const auto itk = kept(image, "SimpleITKIO");
        QVERIFY(near(itk.at("sitk_stuff").at("spacing"), {1, 2, 3}));
        QVERIFY(near(itk.at("sitk_stuff").at("origin"), {10, 20, 30}));
        QVERIFY(near(itk.at("sitk_stuff").at("direction"), {1, 0, 0, 0, 0, -1, 0, 1, 0}));
        QVERIFY(near(itk.at("spacing"), {3, 2, 1}));
        QCOMPARE(itk.at("shape_before_cropping").dump(), std::string("[4,5,6]"));
        QCOMPARE(itk.at("bbox_used_for_cropping").dump(), std::string("[[0,4],[1,5],[2,5]]"));
        QCOMPARE(itk.at("shape_after_cropping_and_before_resampling").dump(), std::string("[4,4,3]"));
        const std::string path = propertiesPath(temp.path(), "case").string();
        kept(image, "NibabelIO");
        const auto tree = tensorfile::readPickle(file::read(path), path);
        QVERIFY(tree.globals == std::set<std::string>{"numpy array"});
        const auto stack = kept(image, "Tiff3DIO");
        QVERIFY(!stack.contains("sitk_stuff") && !stack.contains("nibabel_stuff"));
    }
};

QTEST_GUILESS_MAIN(TestFiles)
#include "tst_files.moc"

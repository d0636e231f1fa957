#include <QtTest>
#include <numeric>

#include "base/error.h"
#include "data/image_source.h"
#include "data/volume.h"

using namespace fovea;

class TestVolume : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void types() {
        for (int i = 0; i <= int(DType::F64); ++i) {
            const DType type = DType(i);
            QVERIFY(dtypeByName(name(type)) == type);
            dispatch(type, [&]<class T>(T) {
                QCOMPARE(sizeOf(type), sizeof(T));
                QVERIFY(dtypeOf<T>() == type);
            });
        }
        QVERIFY_EXCEPTION_THROWN(dtypeByName("complex64"), Error);
    }
    void copiesBoxes() {
        Volume<std::int32_t> volume({3, 4, 5});
        std::iota(volume.begin(), volume.end(), 70000);
        const auto part = crop(volume, {{1, 2, 1}, {3, 3, 5}});
        QVERIFY(part.shape() == (Index{2, 1, 4}));
        QCOMPARE(part(1, 0, 3), volume(2, 2, 4));
        Volume<float> wide({3, 4, 5});
        copyBox(part, part.box(), wide, {0, 0, 0});
        QCOMPARE(wide(0, 0, 0), float(volume(1, 2, 1)));
        QVERIFY_EXCEPTION_THROWN(Volume<int>({2, 2, 2}, std::vector<int>(3)), Error);
    }
    void typeKnownAtRunTime() {
        Volume<std::uint16_t> volume({1, 1, 3}, std::vector<std::uint16_t>{0, 65535, 7});
        volume.geometry.spacing = {0.05, 0.005, 0.005};
        const AnyVolume any = AnyVolume::from(volume);
        QVERIFY(any.to<std::uint16_t>() == volume);
        QCOMPARE(any.to<float>()(0, 0, 1), 65535.f);
        QVERIFY(any.to<float>().geometry == volume.geometry);
        QVERIFY_EXCEPTION_THROWN(any.as<float>(), Error);
    }
    // Without a voxel there is no memory to copy from or to.
    void emptyVolumes() {
        for (const Index shape : {Index{}, Index{0, 4, 4}, Index{3, 0, 2}, Index{2, 2, 0}}) {
            const Volume<std::int32_t> empty(shape);
            const AnyVolume any = AnyVolume::from(empty);
            QVERIFY(any.shape == shape && any.bytes.empty());
            QVERIFY(any.to<std::int32_t>() == empty);
            QVERIFY(crop(empty, empty.box()) == empty);
        }
    }
    void memoryImageReadsBoxes() {
        Volume<std::uint16_t> a({2, 3, 4}), b({2, 3, 4});
        std::iota(a.begin(), a.end(), 1000);
        std::iota(b.begin(), b.end(), 2000);
        const MemoryImage image({AnyVolume::from(a), AnyVolume::from(b)});
        QCOMPARE(image.info().channels, 2);
        QVERIFY(image.readAll<std::uint16_t>() == a);
        const Box box{{1, 1, 1}, {2, 3, 4}};
        QVERIFY(image.readAs<std::uint16_t>(box, 1) == crop(b, box));
        for (const Box& bad : {Box{{0, 0, 0}, {3, 1, 1}}, Box{{-1, 0, 0}, {1, 1, 1}}, Box{}})
            QVERIFY_EXCEPTION_THROWN(image.ImageSource::read(0, 0, bad), Error);
        QVERIFY_EXCEPTION_THROWN(image.ImageSource::read(1, 0, box), Error);
        QVERIFY_EXCEPTION_THROWN(image.ImageSource::read(0, 2, box), Error);
        QVERIFY_EXCEPTION_THROWN(MemoryImage({}), Error);
        QVERIFY_EXCEPTION_THROWN(MemoryImage({AnyVolume::from(a), AnyVolume::from(Volume<float>({2, 3, 4}))}), Error);
    }
};

QTEST_APPLESS_MAIN(TestVolume)
#include "tst_volume.moc"

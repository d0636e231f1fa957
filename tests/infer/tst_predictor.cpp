#include <ATen/Parallel.h>

#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "infer/predictor.h"
#include "infer/small_unet.h"
#include "nn/torch_test.h"
#include "zarr/ome_zarr.h"

using namespace fovea;
using namespace fovea::infer;

namespace {

namespace fs = std::filesystem;

ImagePtr randomImage(Index shape) {
    Volume<std::uint8_t> volume(shape);
    std::uint32_t state = 1;
    for (auto& v : volume) v = std::uint8_t((state = state * 1664525 + 1013904223) >> 24);
    volume.geometry.spacing = {0.05, 0.004, 0.004};
    volume.geometry.known = true;
    return std::make_shared<MemoryImage>(std::vector{AnyVolume::from(volume)});
}

WindowOptions optionsFor(int dims, Index patch) {
    WindowOptions options;
    options.dims = dims;
    options.patch = patch;
    options.norms = {{0, 255, 128, 1 / 64.0}};
    return options;
}

PredictionTarget targetIn(const fs::path& folder) {
    PredictionTarget target;
    target.zarr = folder / "probabilities.zarr";
    target.classNames = {"interior", "border"};
    target.slabDepth = 4;
    target.codec = "raw";
    return target;
}

// Every chunk and metadata file under the folder.
std::map<std::string, std::string> contentOf(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = file::read(entry.path());
    return files;
}

// Stops at the n-th batch of windows.
class StopAt : public CancelFlag {
  public:
    explicit StopAt(int n) : n_(n) {}
    void yield() override {
        if (++count == n_) cancel();
    }
    int count = 0;

  private:
    int n_;
};

void probabilitiesAreRounded() {
    const auto bytes = probabilityBytes(torch::tensor({0.0f, 1.0f, -200.0f, 200.0f}).view({2, 1, 2}));
    CHECK(bytes.sizes() == torch::IntArrayRef({1, 1, 2}));
    CHECK(bytes[0][0][0].item<int>() == 0 && bytes[0][0][1].item<int>() == 255);
    CHECK(probabilityBytes(torch::zeros({3, 1, 1}))[1][0][0].item<int>() == 85);
}

void framesShowWhatTheImageHas() {
    const Index image{20, 100, 100};
    CHECK((frameFor({{5, 10, 10}, {6, 12, 90}}, {4, 16, 32}, image) == Box{{4, 3, 10}, {8, 19, 90}}));
    CHECK((frameFor({{0, 0, 0}, {1, 1, 1}}, {4, 16, 32}, image) == Box{{0, 0, 0}, {4, 16, 32}}));
    CHECK((frameFor({{19, 99, 99}, {20, 100, 100}}, {4, 16, 32}, image) == Box{{16, 84, 68}, {20, 100, 100}}));
    CHECK((frameFor({{0, 0, 0}, {1, 3, 3}}, {4, 16, 32}, {1, 3, 3}) == Box{{0, 0, 0}, {1, 3, 3}}));
}

void zarrEqualsMemory() {
    const file::TempFolder folder;
    const auto image = randomImage({10, 30, 26});
    const auto network = networkOf(smallUNet(3), "cpu", {});
    const WindowOptions options = optionsFor(3, {4, 8, 8});
    const Box box{{3, 2, 0}, {10, 27, 26}};
    Job job;
    const auto wanted = predictVolume(*image, box, network, options, job);
    CHECK(wanted.size() == 2 && wanted[0].shape() == box.extent());
    predictToZarr(*image, box, network, options, targetIn(folder.path()), job);
    const auto stored = zarr::open(folder.path() / "probabilities.zarr");
    CHECK(stored->info().shape() == image->info().shape());
    CHECK(stored->info().channels == 2 && stored->info().dtype == DType::U8);
    CHECK_NEAR(stored->info().geometry.spacing.z, 0.05, 1e-12);
    for (int c = 0; c < 2; ++c) {
        const auto all = stored->readAll<std::uint8_t>(c);
        CHECK(crop(all, box) == wanted[std::size_t(c)]);
        CHECK(all(0, 5, 5) == 0 && all(5, 0, 0) == 0);
    }
    // Nothing is done twice.
    StopAt first(1);
    predictToZarr(*image, box, network, options, targetIn(folder.path()), first);
    CHECK(first.count == 0);
}

void resumedEqualsUninterrupted() {
    const auto image = randomImage({11, 24, 20});
    const auto network = networkOf(smallUNet(3), "cpu", {});
    const WindowOptions options = optionsFor(3, {4, 8, 8});
    const Box box = Box::of(image->info().shape());
    const file::TempFolder whole;
    StopAt never(-1);
    predictToZarr(*image, box, network, options, targetIn(whole.path()), never);
    const auto wanted = contentOf(whole.path());
    for (int stop : {1, never.count / 2, never.count - 1}) {
        const file::TempFolder folder;
        StopAt stopped(stop);
        CHECK_THROWS(predictToZarr(*image, box, network, options, targetIn(folder.path()), stopped), Cancelled);
        StopAt rest(-1);
        predictToZarr(*image, box, network, options, targetIn(folder.path()), rest);
        CHECK(contentOf(folder.path()) == wanted);
        CHECK(stop == 1 || rest.count < never.count);  // what was finished is not done again
    }
}

void tilesEqualOnePiece() {
    const auto image = randomImage({3, 300, 280});
    const auto network = networkOf(smallUNet(2), "cpu", {});
    WindowOptions options = optionsFor(2, {1, 64, 64});
    options.batch = 4;
    const Box box{{0, 10, 0}, {3, 300, 280}};
    const file::TempFolder one, many;
    Job job;
    predictToZarr(*image, box, network, options, targetIn(one.path()), job);
    PredictionTarget small = targetIn(many.path());
    small.memoryBytes = 1;
    predictToZarr(*image, box, network, options, small, job);
    for (int c = 0; c < 2; ++c) {
        const auto a = zarr::open(one.path() / "probabilities.zarr")->readAll<std::uint8_t>(c);
        const auto b = zarr::open(many.path() / "probabilities.zarr")->readAll<std::uint8_t>(c);
        int largest = 0;
        for (std::int64_t i = 0; i < a.size(); ++i)
            largest = std::max(largest, std::abs(int(a.data()[i]) - int(b.data()[i])));
        CHECK(largest <= 1);
    }
}

void otherKeyStartsAfresh() {
    const auto image = randomImage({4, 8, 8});
    const WindowOptions options = optionsFor(3, {4, 8, 8});
    const Box box = Box::of(image->info().shape());
    const file::TempFolder folder;
    PredictionTarget target = targetIn(folder.path());
    Job job;
    predictToZarr(*image, box, networkOf(smallUNet(3), "cpu", {}), options, target, job);
    const auto before = contentOf(target.zarr);
    target.key = "another model";
    const Network flat = [](const at::Tensor& x) {
        return torch::zeros({x.size(0), 3, x.size(2), x.size(3), x.size(4)});
    };
    predictToZarr(*image, box, flat, options, target, job);
    CHECK(contentOf(target.zarr) != before);
    CHECK(zarr::open(target.zarr)->readAll<std::uint8_t>(1)(3, 7, 7) == 85);
}

void damagedSlabListStartsAfresh() {
    const auto image = randomImage({4, 8, 8});
    const auto network = networkOf(smallUNet(3), "cpu", {});
    const WindowOptions options = optionsFor(3, {4, 8, 8});
    const file::TempFolder folder;
    const PredictionTarget target = targetIn(folder.path());
    Job job;
    predictToZarr(*image, Box::of(image->info().shape()), network, options, target, job);
    const auto wanted = contentOf(folder.path());
    for (const char* text : {"", "[1", "[1]", "{\"key\": 3}", "{\"done\": {}}"}) {
        file::write(target.zarr.string() + ".slabs.json", text);
        predictToZarr(*image, Box::of(image->info().shape()), network, options, target, job);
        CHECK(contentOf(folder.path()) == wanted);
    }
}

void foldsAreAveragedAsLogits() {
    const auto fold = [](float value) {
        return Network([value](const at::Tensor& x) { return torch::full_like(x, value); });
    };
    const torch::Tensor x = torch::zeros({1, 2, 3, 3});
    CHECK(meanOf({fold(1), fold(4)})(x).equal(torch::full({1, 2, 3, 3}, 2.5f)));
    CHECK(meanOf({fold(7)})(x.to(torch::kBFloat16)).scalar_type() == torch::kFloat32);
}

void labelsOfClassesAndRegions() {
    const torch::Tensor p = torch::tensor({{0.5f, 0.2f, 0.4f}, {0.5f, 0.8f, 0.6f}});  // two channels, three voxels
    CHECK(labelsOf(p).equal(torch::tensor({0, 1, 1}, torch::kInt64)));                // a tie: the first
    CHECK(labelsOf(p, {5, 2}).equal(torch::tensor({0, 2, 2}, torch::kInt64)));        // ½ is not above ½
    CHECK(labelsOf(torch::full({2, 1, 1}, 0.9f), {2, 5}).item<int>() == 5);           // later ones over earlier ones
}

void wrongNumberOfClasses() {
    const auto image = randomImage({4, 8, 8});
    const file::TempFolder folder;
    PredictionTarget target = targetIn(folder.path());
    target.classNames = {"foreground"};
    Job job;
    CHECK_THROWS(predictToZarr(*image, Box::of(image->info().shape()), networkOf(smallUNet(3), "cpu", {}),
                               optionsFor(3, {4, 8, 8}), target, job),
                 Error);
}

void reducedPrecisionIsClose() {
    const auto image = randomImage({4, 16, 16});
    const Box box = Box::of(image->info().shape());
    Job job;
    WindowOptions options = optionsFor(3, {4, 8, 8});
    const auto exact = predictVolume(*image, box, networkOf(smallUNet(3), "cpu", options.compute), options, job);
    options.compute = {"bfloat16", true, 1};
    const auto fast = predictVolume(*image, box, networkOf(smallUNet(3), "cpu", options.compute), options, job);
    int largest = 0;
    for (std::int64_t i = 0; i < exact[0].size(); ++i)
        largest = std::max(largest, std::abs(int(exact[0].data()[i]) - int(fast[0].data()[i])));
    CHECK(largest > 0 && largest <= 20);
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    at::set_num_threads(1);
    return {{"probabilitiesAreRounded", probabilitiesAreRounded},
            {"framesShowWhatTheImageHas", framesShowWhatTheImageHas},
            {"zarrEqualsMemory", zarrEqualsMemory},
            {"resumedEqualsUninterrupted", resumedEqualsUninterrupted},
            {"tilesEqualOnePiece", tilesEqualOnePiece},
            {"otherKeyStartsAfresh", otherKeyStartsAfresh},
            {"damagedSlabListStartsAfresh", damagedSlabListStartsAfresh},
            {"foldsAreAveragedAsLogits", foldsAreAveragedAsLogits},
            {"labelsOfClassesAndRegions", labelsOfClassesAndRegions},
            {"wrongNumberOfClasses", wrongNumberOfClasses},
            {"reducedPrecisionIsClose", reducedPrecisionIsClose}};
}

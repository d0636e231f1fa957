#include <torch/torch.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "infer/embedding_cache.h"
#include "nn/torch_test.h"
#include "zarr/zarr_array.h"

using namespace fovea;
using namespace fovea::infer;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t bytesOfOne = 8 * 4 * 4 * 2;
constexpr DiskLimits anyDisk{.reserve = 0};

EmbeddedImage imageOf(std::int64_t slices = 3, TileGrid tiles = {100, 80, 0, 0}) {
    EmbeddedImage image;
    image.image = "pixels", image.model = "sha256:weights", image.modelType = "vit_b";
    image.slices = slices, image.tiles = tiles;
    image.width = 8, image.grid = 4, image.side = 64;
    return image;
}

at::Tensor embedding(double value) { return torch::arange(128).reshape({1, 8, 4, 4}) / 16.0 + value; }

struct Counting {
    int computed = 0;
    at::Tensor get(EmbeddingCache& cache, const EmbeddedImage& image, std::int64_t slice, std::int64_t tile = 0) {
        Job job;
        return cache.get(
            image, slice, tile, [&](Job&) { return ++computed, embedding(double(10 * slice + tile)); }, job);
    }
};

bool same(const at::Tensor& a, double value) {
    return a.scalar_type() == at::kHalf && torch::equal(a, embedding(value).to(at::kHalf));
}

fs::path folderIn(const fs::path& parent) {
    for (const auto& entry : fs::directory_iterator(parent)) return entry.path();
    return {};
}

void computedOnce() {
    EmbeddingCache cache(1 << 20);
    Counting counting;
    CHECK(same(counting.get(cache, imageOf(), 1), 10));
    CHECK(same(counting.get(cache, imageOf(), 1), 10));
    CHECK(counting.computed == 1);
    counting.get(cache, imageOf(), 2);
    EmbeddedImage other = imageOf();
    other.channel = 1;
    counting.get(cache, other, 1);
    other = imageOf();
    other.model = "sha256:others";
    counting.get(cache, other, 1);
    other = imageOf();
    other.image = "other pixels";
    counting.get(cache, other, 1);
    CHECK(counting.computed == 5);
    CHECK(cache.bytes() == 5 * bytesOfOne);
}

void leastUsedGoes() {
    EmbeddingCache cache(2 * bytesOfOne);
    Counting counting;
    counting.get(cache, imageOf(), 0);
    counting.get(cache, imageOf(), 1);
    counting.get(cache, imageOf(), 0);
    counting.get(cache, imageOf(), 2);  // 1 goes
    CHECK(cache.has(imageOf(), 0, 0) && !cache.has(imageOf(), 1, 0) && cache.has(imageOf(), 2, 0));
    CHECK(cache.bytes() == 2 * bytesOfOne);
    counting.get(cache, imageOf(), 0);
    CHECK(counting.computed == 3);
    counting.get(cache, imageOf(), 1);
    CHECK(counting.computed == 4);
    EmbeddingCache none(0);
    Counting again;
    again.get(none, imageOf(), 0);
    again.get(none, imageOf(), 0);
    CHECK(again.computed == 1);
    CHECK(none.bytes() == std::uint64_t(bytesOfOne));
}

void foundOnDiskAgain() {
    const file::TempFolder temp;
    Counting counting;
    {
        EmbeddingCache cache(1 << 20, temp.path(), anyDisk);
        for (const std::int64_t slice : {0, 2, 1}) counting.get(cache, imageOf(), slice);
    }
    EmbeddingCache cache(1 << 20, temp.path(), anyDisk);
    CHECK(same(counting.get(cache, imageOf(), 2), 20));
    CHECK(counting.computed == 3);
    // As micro-sam lays it out.
    const fs::path folder = folderIn(temp.path());
    const nlohmann::json array = file::readJson(folder / "features" / ".zarray");
    CHECK((array["shape"] == nlohmann::json{3, 1, 8, 4, 4}) && (array["chunks"] == nlohmann::json{1, 1, 8, 4, 4}));
    CHECK(array["dtype"] == "<f2");
    const nlohmann::json about = file::readJson(folder / ".zattrs");
    CHECK(about["data_signature"] == "pixels" && about["model_type"] == "vit_b" && about["tile_shape"].is_null());
    CHECK((about["original_size"] == nlohmann::json{100, 80}) && (about["input_size"] == nlohmann::json{64, 51}));
}

void unfinishedIsNotMarked() {
    const file::TempFolder temp;
    EmbeddingCache cache(1 << 20, temp.path(), anyDisk);
    Counting counting;
    counting.get(cache, imageOf(), 0);
    CHECK(!file::readJson(folderIn(temp.path()) / ".zattrs").contains("input_size"));
}

void sectionAndTiles() {
    const file::TempFolder temp, tiled;
    Counting counting;
    {
        EmbeddingCache cache(0, temp.path(), anyDisk);
        counting.get(cache, imageOf(1), 0);
    }
    CHECK((file::readJson(folderIn(temp.path()) / "features" / ".zarray")["shape"] == nlohmann::json{1, 8, 4, 4}));

    const TileGrid grid = TileGrid::of(1000, 2000);
    CHECK(grid.rows() == 2 && grid.columns() == 3 && grid.count() == 6);
    CHECK(grid.at(900, 800) == 4 && grid.at(-5, 9999) == 2);
    CHECK((grid.outer(4) == Box{{0, 640, 640}, {1, 1000, 1664}}));
    CHECK((grid.inner(4) == Box{{0, 768, 768}, {1, 1000, 1536}}));
    CHECK(!TileGrid::of(1024, 1024).tiled());
    {
        EmbeddingCache cache(0, tiled.path(), anyDisk);
        for (const std::int64_t slice : {0, 1})
            for (std::int64_t tile = 0; tile < 6; ++tile) counting.get(cache, imageOf(2, grid), slice, tile);
    }
    counting.computed = 0;
    EmbeddingCache cache(0, tiled.path(), anyDisk);
    CHECK(same(counting.get(cache, imageOf(2, grid), 1, 4), 14));
    CHECK(counting.computed == 0);
    const fs::path folder = folderIn(tiled.path());
    const nlohmann::json about = file::readJson(folder / ".zattrs"),
                         group = file::readJson(folder / "features" / ".zattrs");
    CHECK(about.contains("input_size") && about["input_size"].is_null());
    CHECK((group["shape"] == nlohmann::json{1000, 2000}) && (group["halo"] == nlohmann::json{128, 128}));
    const nlohmann::json tile = file::readJson(folder / "features" / "4" / ".zattrs");
    CHECK((tile["original_size"] == nlohmann::json{360, 1024}));
}

void damageIsComputedAnew() {
    const auto damaged = [](const char* name, const std::function<void(const fs::path&)>& damage) {
        const file::TempFolder temp;
        Counting counting;
        {
            EmbeddingCache cache(0, temp.path(), anyDisk);
            for (const std::int64_t slice : {0, 1, 2}) counting.get(cache, imageOf(), slice);
        }
        damage(folderIn(temp.path()));
        EmbeddingCache cache(0, temp.path(), anyDisk);
        if (!same(counting.get(cache, imageOf(), 1), 10)) test::fail(__FILE__, __LINE__, name);
        if (counting.computed != 4) test::fail(__FILE__, __LINE__, std::string(name) + " was not noticed");
        EmbeddingCache after(0, temp.path(), anyDisk);
        counting.get(after, imageOf(), 1);
        if (counting.computed != 4) test::fail(__FILE__, __LINE__, std::string(name) + " was not mended");
    };
    const auto chunk = [](const fs::path& folder) { return folder / "features" / "1.0.0.0.0"; };
    damaged("cut", [&](const fs::path& f) { fs::resize_file(chunk(f), 9); });
    damaged("empty", [&](const fs::path& f) { fs::resize_file(chunk(f), 0); });
    damaged("missing", [&](const fs::path& f) { fs::remove(chunk(f)); });
    damaged("a link to itself", [&](const fs::path& f) {
        fs::remove(chunk(f));
        fs::create_symlink(chunk(f).filename(), chunk(f));
    });
    damaged("another codec", [&](const fs::path& f) {
        nlohmann::json array = file::readJson(f / "features" / ".zarray");
        array["compressor"] = {{"id", "of-tomorrow"}};
        file::writeJson(f / "features" / ".zarray", array);
    });
    damaged("no array", [&](const fs::path& f) { file::write(f / "features" / ".zarray", "{"); });
    damaged("another shape", [&](const fs::path& f) {
        nlohmann::json array = file::readJson(f / "features" / ".zarray");
        array["shape"] = {3, 1, 8, 4, 5};
        file::writeJson(f / "features" / ".zarray", array);
    });
    damaged("no attributes", [&](const fs::path& f) { file::write(f / ".zattrs", "[1"); });
    damaged("attributes of another image", [&](const fs::path& f) {
        nlohmann::json about = file::readJson(f / ".zattrs");
        about["data_signature"] = "another";
        file::writeJson(f / ".zattrs", about);
    });
    damaged("zeros", [&](const fs::path& f) {
        zarr::Array(f / "features").write(1, 0, Box::of({8, 4, 4}), AnyVolume(DType::F32, {8, 4, 4}));
    });
}

struct Listening : Job {
    std::vector<std::string> said;
    void message(MessageLevel, const Text& text) override { said.push_back(text.str()); }
};

void unreadableIsDoneWithout() {
    const file::TempFolder temp;
    Counting counting;
    {
        EmbeddingCache cache(0, temp.path(), anyDisk);
        counting.get(cache, imageOf(), 1);
    }
    const fs::path chunk = folderIn(temp.path()) / "features" / "1.0.0.0.0";
    fs::remove(chunk);
    fs::create_directory(chunk);  // can't be read, nor replaced
    EmbeddingCache cache(0, temp.path(), anyDisk);
    Listening job;
    for (const int slice : {1, 2, 1})
        CHECK(same(cache.get(imageOf(), slice, 0, [&](Job&) { return embedding(10.0 * slice); }, job), 10.0 * slice));
    CHECK(job.said.size() == 1);
}

void fullDiskIsNotWrittenTo() {
    const file::TempFolder temp;
    Counting counting;
    {
        EmbeddingCache cache(0, temp.path(), anyDisk);
        counting.get(cache, imageOf(), 0);
    }
    EmbeddingCache cache(0, temp.path(), {.reserve = std::uint64_t(1) << 62});
    counting.get(cache, imageOf(), 0);
    CHECK(counting.computed == 1);  // still read from
    Listening job;
    for (const int slice : {1, 2})
        CHECK(same(cache.get(imageOf(), slice, 0, [&](Job&) { return embedding(10.0 * slice); }, job), 10.0 * slice));
    CHECK(job.said.size() == 1);
    CHECK(!fs::exists(folderIn(temp.path()) / "features" / "1.0.0.0.0"));
}

void longestUnusedIsDeleted() {
    const file::TempFolder temp;
    const auto imageNamed = [](const char* name) {
        EmbeddedImage image = imageOf();
        image.image = name;
        return image;
    };
    file::makeFolder(temp.path() / "persons.zarr" / "features");
    Counting counting;
    for (const char* name : {"a", "b", "a", "c"}) {  // b was used longest ago
        EmbeddingCache cache(0, temp.path(), anyDisk);
        counting.get(cache, imageNamed(name), 0);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    CHECK(counting.computed == 3);
    std::uint64_t all = 0;
    for (const auto& entry : fs::recursive_directory_iterator(temp.path()))
        if (entry.is_regular_file()) all += entry.file_size();
    {
        EmbeddingCache cache(0, temp.path(), {.budget = all - 1, .reserve = 0});
        counting.get(cache, imageNamed("c"), 0);
    }
    EmbeddingCache cache(0, temp.path(), anyDisk);
    for (const char* name : {"a", "c"}) counting.get(cache, imageNamed(name), 0);
    CHECK(counting.computed == 3);
    counting.get(cache, imageNamed("b"), 0);
    CHECK(counting.computed == 4);
    // What is in use stays, whatever the budget; a person's own does anyway.
    EmbeddingCache tiny(0, temp.path(), {.budget = 1, .reserve = 0});
    for (const char* name : {"a", "b", "a", "b"}) counting.get(tiny, imageNamed(name), 0);
    CHECK(counting.computed == 5);
    CHECK(std::distance(fs::directory_iterator(temp.path()), fs::directory_iterator()) == 3);
    CHECK(fs::exists(temp.path() / "persons.zarr"));
}

void readsFloats() {
    const file::TempFolder temp;
    Counting counting;
    {
        EmbeddingCache cache(0, temp.path(), anyDisk);
        counting.get(cache, imageOf(), 0);
    }
    // As micro-sam writes: single precision.
    const fs::path features = folderIn(temp.path()) / "features";
    nlohmann::json array = file::readJson(features / ".zarray");
    array["dtype"] = "<f4", array["compressor"] = nullptr;
    file::remove(features);
    file::makeFolder(features);
    file::writeJson(features / ".zarray", array);
    const at::Tensor floats = embedding(20).contiguous();
    AnyVolume values(DType::F32, {8, 4, 4});
    std::memcpy(values.bytes.data(), floats.const_data_ptr<float>(), values.bytes.size());
    zarr::Array(features).write(2, 0, Box::of({8, 4, 4}), values);
    EmbeddingCache cache(0, temp.path(), anyDisk);
    CHECK(same(counting.get(cache, imageOf(), 2), 20));
    CHECK(counting.computed == 1);
}

void otherFoldersAreRefused() {
    const file::TempFolder temp;
    const EmbeddingStore store(temp.path() / "e", imageOf());
    EmbeddedImage other = imageOf();
    other.modelType = "vit_l";
    CHECK_THROWS(EmbeddingStore(temp.path() / "e", other), Error);
    file::makeFolder(temp.path() / "v3");
    file::write(temp.path() / "v3" / "zarr.json", "{}");
    CHECK_THROWS(EmbeddingStore(temp.path() / "v3", imageOf()), Error);
}

void withoutDisk() {
    const file::TempFolder temp;
    file::write(temp.path() / "file", "in the way");
    EmbeddingCache cache(1 << 20, temp.path() / "file", anyDisk);
    Counting counting;
    CHECK(same(counting.get(cache, imageOf(), 1), 10));
    EmbeddedImage passing = imageOf();
    passing.lasting = false;
    EmbeddingCache kept(0, temp.path() / "kept", anyDisk);
    counting.get(kept, passing, 0);
    CHECK(!fs::exists(temp.path() / "kept"));
}

void cancelledAndTriedAgain() {
    EmbeddingCache cache(1 << 20);
    CancelFlag job;
    const auto cancelling = [&](Job& inner) -> at::Tensor {
        job.cancel();
        inner.check();
        return {};
    };
    CHECK_THROWS(cache.get(imageOf(), 0, 0, cancelling, job), Cancelled);
    CHECK(cache.bytes() == 0);
    Counting counting;
    CHECK(same(counting.get(cache, imageOf(), 0), 0));
}

void manyThreads() {
    const file::TempFolder temp;
    EmbeddingCache cache(2 * bytesOfOne, temp.path(), anyDisk);
    std::atomic<int> computed{0}, wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            Job job;
            for (int i = 0; i < 12; ++i) {
                const std::int64_t slice = (i + t) % 3;
                const at::Tensor got = cache.get(
                    imageOf(), slice, 0, [&](Job&) { return ++computed, embedding(double(10 * slice)); }, job);
                if (!same(got, double(10 * slice))) ++wrong;
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(computed == 3);
}

}  // namespace

std::vector<test::NamedTest> test::tests() {
    return {{"computed once", computedOnce},
            {"least used goes", leastUsedGoes},
            {"found on disk again", foundOnDiskAgain},
            {"unfinished is not marked", unfinishedIsNotMarked},
            {"section and tiles", sectionAndTiles},
            {"damage is computed anew", damageIsComputedAnew},
            {"unreadable is done without", unreadableIsDoneWithout},
            {"a full disk is not written to", fullDiskIsNotWrittenTo},
            {"the longest unused is deleted", longestUnusedIsDeleted},
            {"reads floats", readsFloats},
            {"other folders are refused", otherFoldersAreRefused},
            {"without disk", withoutDisk},
            {"cancelled and tried again", cancelledAndTriedAgain},
            {"many threads", manyThreads}};
}

#include "infer/embedding_cache.h"

#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <set>
#include <tuple>

#include "base/file.h"
#include "base/hash.h"

namespace fovea::infer {

namespace {

using ImageKey = std::tuple<std::string, std::string, int, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                            std::int64_t>;  // everything an embedding depends on
using Key = std::tuple<ImageKey, std::int64_t, std::int64_t>;

ImageKey keyOf(const EmbeddedImage& i) {
    return {i.image, i.model, i.channel, i.slices, i.tiles.width, i.tiles.height, i.tiles.tile, i.tiles.halo};
}

std::string folderName(const EmbeddedImage& i) {
    Sha256 hash;
    hash.add(i.image).add("\n").add(i.model).add("\n").add(std::to_string(i.channel));
    hash.add("\n").add(std::to_string(i.tiles.tile)).add("\n").add(std::to_string(i.tiles.halo));
    return i.modelType + "-" + hash.hex().substr(0, 32) + ".zarr";
}

// The folder's name says what belongs there: with other content it is damaged, and begun anew.
std::shared_ptr<EmbeddingStore> opened(const std::filesystem::path& folder, const EmbeddedImage& image) {
    try {
        return std::make_shared<EmbeddingStore>(folder, image);
    } catch (const Error& e) {
        if (e.kind() != ErrorKind::Format && e.kind() != ErrorKind::Input) throw;
    }
    file::remove(folder);
    return std::make_shared<EmbeddingStore>(folder, image);
}

}  // namespace

struct EmbeddingCache::Impl {
    struct Entry {
        at::Tensor embedding;
        std::list<Key>::iterator used;
    };

    at::Tensor* find(const Key& key);
    void keep(const Key& key, const at::Tensor& embedding);
    std::shared_ptr<EmbeddingStore> storeOf(const EmbeddedImage& image, Job& job);
    at::Tensor load(const EmbeddedImage& image, std::int64_t slice, std::int64_t tile, const Compute& compute,
                    Job& job);
    void giveUpDisk(const Error& why, Job& job);

    std::uint64_t budget = 0, bytes = 0;
    std::filesystem::path folder;
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::map<Key, Entry> entries;
    std::list<Key> order;  // most recently used first
    std::set<Key> running;
    std::map<ImageKey, std::shared_ptr<EmbeddingStore>> stores;
};

at::Tensor* EmbeddingCache::Impl::find(const Key& key) {
    const auto found = entries.find(key);
    if (found == entries.end()) return nullptr;
    order.splice(order.begin(), order, found->second.used);
    return &found->second.embedding;
}

void EmbeddingCache::Impl::keep(const Key& key, const at::Tensor& embedding) {
    order.push_front(key);
    entries[key] = {embedding, order.begin()};
    bytes += embedding.nbytes();
    while (bytes > budget && order.size() > 1) {
        bytes -= entries.at(order.back()).embedding.nbytes();
        entries.erase(order.back());
        order.pop_back();
    }
}

void EmbeddingCache::Impl::giveUpDisk(const Error& why, Job& job) {
    {
        const std::lock_guard lock(mutex);
        if (folder.empty()) return;
        folder.clear();
        stores.clear();
    }
    job.message(MessageLevel::Warning, {FOVEA_TR("Embeddings are kept in memory alone from now on: {why}"),
                                        {{"why", std::string(why.what())}}});
}

// Null without a folder, and for images that are not worth it.
std::shared_ptr<EmbeddingStore> EmbeddingCache::Impl::storeOf(const EmbeddedImage& image, Job& job) {
    std::filesystem::path place;
    {
        const std::lock_guard lock(mutex);
        if (folder.empty() || !image.lasting) return nullptr;
        const auto found = stores.find(keyOf(image));
        if (found != stores.end()) return found->second;
        place = folder / folderName(image);
    }
    try {
        const std::shared_ptr<EmbeddingStore> store = opened(place, image);
        const std::lock_guard lock(mutex);
        return stores.try_emplace(keyOf(image), store).first->second;
    } catch (const Error& e) {
        giveUpDisk(e, job);
        return nullptr;
    }
}

at::Tensor EmbeddingCache::Impl::load(const EmbeddedImage& image, std::int64_t slice, std::int64_t tile,
                                      const Compute& compute, Job& job) {
    const std::shared_ptr<EmbeddingStore> store = storeOf(image, job);
    if (store)
        if (const auto kept = store->read(slice, tile)) return *kept;
    job.check();
    const at::Tensor embedding = compute(job).to(at::kCPU, at::kHalf).contiguous();
    if (store) {
        try {
            store->write(slice, tile, embedding);
        } catch (const Error& e) {
            giveUpDisk(e, job);
        }
    }
    return embedding;
}

EmbeddingCache::EmbeddingCache(std::uint64_t budget, std::filesystem::path folder) : impl_(std::make_unique<Impl>()) {
    impl_->budget = budget;
    impl_->folder = std::move(folder);
}

EmbeddingCache::~EmbeddingCache() = default;

at::Tensor EmbeddingCache::get(const EmbeddedImage& image, std::int64_t slice, std::int64_t tile,
                               const Compute& compute, Job& job) {
    Impl& i = *impl_;
    const Key key{keyOf(image), slice, tile};
    std::unique_lock lock(i.mutex);
    while (true) {
        job.check();
        if (const at::Tensor* kept = i.find(key)) return *kept;
        if (i.running.insert(key).second) break;
        i.changed.wait_for(lock, std::chrono::milliseconds(50));  // another thread computes it, if it is not cancelled
    }
    lock.unlock();
    const auto done = [&](const at::Tensor* embedding) {
        lock.lock();
        i.running.erase(key);
        if (embedding) i.keep(key, *embedding);
        lock.unlock();
        i.changed.notify_all();
    };
    try {
        const at::Tensor embedding = i.load(image, slice, tile, compute, job);
        done(&embedding);
        return embedding;
    } catch (...) {
        done(nullptr);
        throw;
    }
}

bool EmbeddingCache::has(const EmbeddedImage& image, std::int64_t slice, std::int64_t tile) const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->entries.contains({keyOf(image), slice, tile});
}

std::uint64_t EmbeddingCache::bytes() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->bytes;
}

}  // namespace fovea::infer

#include "infer/embedding_cache.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <set>
#include <tuple>

#include "base/file.h"
#include "base/hash.h"

namespace fovea::infer {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t hashDigits = 32;

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
    return i.modelType + "-" + hash.hex().substr(0, hashDigits) + ".zarr";
}

// Of folderName(), and embeddings: a person may have put others, or something else, beside ours.
bool isOurs(const fs::directory_entry& entry) {
    const std::string name = entry.path().stem().string();
    const std::size_t dash = name.rfind('-');
    std::error_code error;
    return entry.path().extension() == ".zarr" && dash != std::string::npos && name.size() - dash - 1 == hashDigits &&
           name.find_first_not_of("0123456789abcdef", dash + 1) == std::string::npos && !entry.is_symlink(error) &&
           fs::is_directory(entry.path() / "features", error);
}

std::uint64_t bytesIn(const fs::path& folder) {
    std::uint64_t bytes = 0;
    std::error_code error, unreadable;
    for (auto at = fs::recursive_directory_iterator(folder, error); !error && at != fs::recursive_directory_iterator();
         at.increment(error))
        if (at->is_regular_file(unreadable))
            if (const std::uint64_t size = at->file_size(unreadable); !unreadable) bytes += size;
    return bytes;
}

// A store's folder is touched when it is opened.
void markUsed(const fs::path& folder) {
    std::error_code error;  // then it goes sooner than it should
    fs::last_write_time(folder, fs::file_time_type::clock::now(), error);
}

// Deletes what was used longest ago until the rest fits the budget.
void sweep(const fs::path& folder, std::uint64_t budget, const std::set<fs::path>& inUse) {
    struct Kept {
        fs::file_time_type used;
        fs::path path;
        std::uint64_t bytes = 0;
    };
    std::vector<Kept> kept;
    std::uint64_t total = 0;
    std::error_code error, unreadable;
    for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator();
         at.increment(error)) {
        if (!isOurs(*at)) continue;
        const std::uint64_t bytes = bytesIn(at->path());
        total += bytes;
        if (!inUse.contains(at->path())) kept.push_back({at->last_write_time(unreadable), at->path(), bytes});
    }
    std::ranges::sort(kept, {}, &Kept::used);
    for (const Kept& one : kept) {
        if (total <= budget) return;
        try {
            file::remove(one.path);
            total -= one.bytes;
        } catch (const Error&) {
            continue;  // not ours to delete, or another program writes there just now
        }
    }
}

// The folder's name says what belongs there: with other content it is damaged, and begun anew.
std::shared_ptr<EmbeddingStore> opened(const fs::path& folder, const EmbeddedImage& image) {
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
    bool hasRoom(const EmbeddingStore& store, Job& job);
    void giveUpDisk(const Error& why, Job& job);

    std::uint64_t budget = 0, bytes = 0;
    DiskLimits limits;
    std::atomic<bool> fullSaid = false;
    fs::path folder;
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

// A full disk is still read from, and may have room again.
bool EmbeddingCache::Impl::hasRoom(const EmbeddingStore& store, Job& job) {
    if (file::freeBytes(store.folder()) >= limits.reserve) return true;
    if (!fullSaid.exchange(true))
        job.message(MessageLevel::Warning, {FOVEA_TR("New embeddings are kept in memory alone: less than {reserve} is "
                                                     "free on the disk of {path}."),
                                            {{"reserve", bytesText(double(limits.reserve))},
                                             {"path", store.folder().parent_path().string()}}});
    return false;
}

// Null without a folder, and for images that are not worth it.
std::shared_ptr<EmbeddingStore> EmbeddingCache::Impl::storeOf(const EmbeddedImage& image, Job& job) {
    fs::path place;
    std::set<fs::path> inUse;
    {
        const std::lock_guard lock(mutex);
        if (folder.empty() || !image.lasting) return nullptr;
        const auto found = stores.find(keyOf(image));
        if (found != stores.end()) return found->second;
        place = folder / folderName(image);
        inUse.insert(place);
        for (const auto& [key, store] : stores) inUse.insert(store->folder());
    }
    try {
        const std::shared_ptr<EmbeddingStore> store = opened(place, image);
        markUsed(place);
        sweep(place.parent_path(), limits.budget, inUse);
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
            if (hasRoom(*store, job)) store->write(slice, tile, embedding);
        } catch (const Error& e) {
            giveUpDisk(e, job);
        }
    }
    return embedding;
}

EmbeddingCache::EmbeddingCache(std::uint64_t budget, fs::path folder, DiskLimits limits)
    : impl_(std::make_unique<Impl>()) {
    impl_->budget = budget;
    impl_->limits = limits;
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
        const at::Tensor embedding =
            i.load(image, slice, tile, compute, job).contiguous(at::MemoryFormat::ChannelsLast);
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

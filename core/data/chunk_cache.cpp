#include "data/chunk_cache.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>

namespace fovea {

namespace {

using Key = std::pair<std::uint64_t, std::uint64_t>;  // source, chunk

struct Entry {
    bool loaded = false;
    bool failed = false;
    ChunkCache::Chunk chunk;
    std::uint64_t bytes = 0;
    std::list<Key>::iterator recent;  // valid once loaded
};

// What an entry costs beside its voxels, so that a million missing chunks are bounded too.
constexpr std::uint64_t entryCost = 128;

}  // namespace

struct ChunkCache::Impl {
    std::uint64_t budget = 0;
    mutable std::mutex mutex;
    std::condition_variable arrived;
    std::map<Key, std::shared_ptr<Entry>> entries;
    std::list<Key> order;  // most recently used first
    std::uint64_t bytes = 0;

    void forget(std::map<Key, std::shared_ptr<Entry>>::iterator it) {
        if (it->second->loaded) {
            order.erase(it->second->recent);
            bytes -= it->second->bytes;
        }
        entries.erase(it);
    }
    // Unless it was dropped meanwhile (then another entry, or none, is in its place).
    void keep(const Key& key, const std::shared_ptr<Entry>& entry) {
        const auto it = entries.find(key);
        if (it == entries.end() || it->second != entry) return;
        order.push_front(key);
        entry->recent = order.begin();
        entry->bytes = entryCost + (entry->chunk ? entry->chunk->bytes.size() : 0);
        bytes += entry->bytes;
        entry->loaded = true;
        trim();
    }
    void trim() {
        while (bytes > budget && !order.empty()) forget(entries.find(order.back()));
    }
};

ChunkCache::ChunkCache(std::uint64_t budgetBytes) : impl_(std::make_unique<Impl>()) { impl_->budget = budgetBytes; }
ChunkCache::~ChunkCache() = default;

ChunkCache::Chunk ChunkCache::get(std::uint64_t source, std::uint64_t key, const std::function<Chunk()>& load) {
    const Key at{source, key};
    std::shared_ptr<Entry> entry;
    {
        std::unique_lock lock(impl_->mutex);
        while (true) {
            const auto [it, isNew] = impl_->entries.try_emplace(at);
            if (isNew) {
                entry = it->second = std::make_shared<Entry>();
                break;  // ours to load
            }
            const std::shared_ptr<Entry> there = it->second;
            if (there->loaded) {
                impl_->order.splice(impl_->order.begin(), impl_->order, there->recent);
                return there->chunk;
            }
            // Another thread loads it. Should that fail (or be cancelled), this one tries for itself.
            impl_->arrived.wait(lock, [&] {
                const auto now = impl_->entries.find(at);
                return there->failed || now == impl_->entries.end() || now->second != there || there->loaded;
            });
        }
    }
    const auto settle = [&](Chunk chunk, bool failed) {
        std::lock_guard lock(impl_->mutex);
        entry->chunk = std::move(chunk);
        entry->failed = failed;
        if (failed) {
            const auto it = impl_->entries.find(at);
            if (it != impl_->entries.end() && it->second == entry) impl_->entries.erase(it);
        } else {
            impl_->keep(at, entry);
        }
        impl_->arrived.notify_all();
    };
    try {
        Chunk chunk = load();
        settle(chunk, false);
        return chunk;
    } catch (...) {
        settle(nullptr, true);
        throw;
    }
}

void ChunkCache::drop(std::uint64_t source) {
    std::lock_guard lock(impl_->mutex);
    for (auto it = impl_->entries.lower_bound({source, 0}); it != impl_->entries.end() && it->first.first == source;)
        impl_->forget(it++);
    impl_->arrived.notify_all();
}

void ChunkCache::drop(std::uint64_t source, std::uint64_t key) {
    std::lock_guard lock(impl_->mutex);
    const auto it = impl_->entries.find({source, key});
    if (it != impl_->entries.end()) impl_->forget(it);
    impl_->arrived.notify_all();
}

std::uint64_t ChunkCache::bytes() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->bytes;
}

void ChunkCache::setBudget(std::uint64_t bytes) {
    std::lock_guard lock(impl_->mutex);
    impl_->budget = bytes;
    impl_->trim();
}

std::uint64_t ChunkCache::newSource() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

const std::shared_ptr<ChunkCache>& ChunkCache::shared() {
    static const std::shared_ptr<ChunkCache> cache = [] {
        const double memory = double(::sysconf(_SC_PHYS_PAGES)) * double(::sysconf(_SC_PAGESIZE));
        return std::make_shared<ChunkCache>(std::uint64_t(std::clamp(memory / 4, 64e6, 4e9)));
    }();
    return cache;
}

}  // namespace fovea

#include "nn/kept_memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>

namespace fovea::nn {

namespace {

constexpr std::size_t least = 1 << 20;  // bytes; the C library keeps smaller blocks itself

struct Block {
    void* data = nullptr;
    std::size_t bytes = 0;
};

class Pool : public c10::Allocator {
  public:
    // Never destroyed: tensors may outlive everything else.
    static Pool& instance() {
        static Pool* const one = [] {
            auto* pool = new Pool;
            c10::SetCPUAllocator(pool);
            return pool;
        }();
        return *one;
    }

    c10::DataPtr allocate(std::size_t n) override {
        if (n < least) return c10::GetDefaultCPUAllocator()->allocate(n);
        void* data = taken(n);
        return {data, data, &release, c10::Device(c10::DeviceType::CPU)};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &release; }
    void copy_data(void* to, const void* from, std::size_t count) const override { default_copy_data(to, from, count); }

    void addKeeper(std::size_t most) {
        const std::lock_guard lock(mutex_);
        limits_.insert(most);
    }
    void removeKeeper(std::size_t most) {
        const std::lock_guard lock(mutex_);
        limits_.erase(limits_.find(most));
        if (limits_.empty()) most_ = used_;
        shrink();
    }

  private:
    static void release(void* data) { instance().giveBack(data); }

    void* taken(std::size_t n) {
        std::optional<Block> block = fitting(n);
        if (!block) block = Block{fresh(n), n};
        const std::lock_guard lock(mutex_);
        inUse_.emplace(block->data, block->bytes);
        used_ += block->bytes;
        most_ = std::max(most_, used_);
        return block->data;
    }

    void* fresh(std::size_t n) {
        try {
            return c10::alloc_cpu(n);
        } catch (const c10::Error&) {
            const std::lock_guard lock(mutex_);
            shrinkTo(0);
        }
        return c10::alloc_cpu(n);
    }

    // The smallest kept block that is large enough and not much larger; of equal ones the last used, which may still be
    // in the processor's cache.
    std::optional<Block> fitting(std::size_t n) {
        const std::lock_guard lock(mutex_);
        auto best = kept_.end();
        for (auto b = kept_.begin(); b != kept_.end(); ++b)
            if (b->bytes >= n && b->bytes <= n + n / 4 && (best == kept_.end() || b->bytes <= best->bytes)) best = b;
        if (best == kept_.end()) return std::nullopt;
        const Block block = *best;
        keptBytes_ -= block.bytes;
        kept_.erase(best);
        return block;
    }

    void giveBack(void* data) {
        if (data == nullptr) return;
        {
            const std::lock_guard lock(mutex_);
            if (const auto found = inUse_.find(data); found != inUse_.end()) {
                const Block block{data, found->second};
                used_ -= block.bytes;
                inUse_.erase(found);
                if (!limits_.empty()) {
                    kept_.push_back(block);
                    keptBytes_ += block.bytes;
                    shrink();
                    return;
                }
            }
        }
        c10::free_cpu(data);
    }

    void shrink() { shrinkTo(limits_.empty() ? 0 : std::min(most_, *limits_.rbegin())); }

    // The longest unused go first.
    void shrinkTo(std::size_t bytes) {
        while (keptBytes_ > bytes) {
            keptBytes_ -= kept_.front().bytes;
            c10::free_cpu(kept_.front().data);
            kept_.pop_front();
        }
    }

    std::mutex mutex_;
    std::unordered_map<void*, std::size_t> inUse_;  // of at least `least` bytes
    std::list<Block> kept_;                         // the longest unused first
    std::size_t used_ = 0, keptBytes_ = 0, most_ = 0;
    std::multiset<std::size_t> limits_;  // of the keepers, in bytes
};

}  // namespace

KeepMemory::KeepMemory(std::size_t most) : most_(most) { Pool::instance().addKeeper(most_); }

KeepMemory::~KeepMemory() { Pool::instance().removeKeeper(most_); }

}  // namespace fovea::nn

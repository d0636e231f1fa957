#include <QtTest>
#include <atomic>
#include <semaphore>
#include <thread>

#include "base/error.h"
#include "data/chunk_cache.h"

using namespace fovea;

static ChunkCache::Chunk chunk(std::int64_t bytes) {
    return std::make_shared<AnyVolume>(DType::U8, Index{1, 1, bytes});
}

class TestChunkCache : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void loadsOnce() {
        ChunkCache cache(1 << 20);
        int loads = 0;
        const auto load = [&] { return ++loads, chunk(10); };
        const auto first = cache.get(1, 1, load);
        QVERIFY(cache.get(1, 1, load) == first);
        QCOMPARE(loads, 1);
        cache.get(2, 1, load);
        QCOMPARE(loads, 2);
    }
    void leastRecentlyUsedGoesFirst() {
        ChunkCache cache(4000);
        int loads = 0;
        const auto load = [&] { return ++loads, chunk(1000); };
        for (std::uint64_t key : {1, 2, 3}) cache.get(1, key, load);
        cache.get(1, 1, load);  // now 2 is the oldest
        cache.get(1, 4, load);
        QCOMPARE(loads, 4);
        cache.get(1, 1, load);
        QCOMPARE(loads, 4);
        cache.get(1, 2, load);
        QCOMPARE(loads, 5);
        QVERIFY(cache.bytes() <= 4000);
    }
    void aChunkAboveTheBudgetIsStillGiven() {
        ChunkCache cache(100);
        QCOMPARE(cache.get(1, 1, [] { return chunk(5000); })->bytes.size(), std::size_t(5000));
        QCOMPARE(cache.bytes(), std::uint64_t(0));
    }
    void aSmallerBudgetHoldsAtOnce() {
        ChunkCache cache(4000);
        int loads = 0;
        const auto load = [&] { return ++loads, chunk(1000); };
        for (std::uint64_t key : {1, 2, 3}) cache.get(1, key, load);
        cache.setBudget(2500);
        QVERIFY(cache.bytes() > 2000 && cache.bytes() <= 2500);
        cache.get(1, 3, load);
        QCOMPARE(loads, 3);
        cache.get(1, 1, load);  // the oldest had to go
        QCOMPARE(loads, 4);
    }
    void missingChunksAreRemembered() {
        ChunkCache cache(1 << 20);
        int loads = 0;
        for (int i = 0; i < 3; ++i) QVERIFY(!cache.get(1, 1, [&]() -> ChunkCache::Chunk { return ++loads, nullptr; }));
        QCOMPARE(loads, 1);
    }
    void droppedChunksAreLoadedAgain() {
        ChunkCache cache(1 << 20);
        int loads = 0;
        const auto load = [&] { return ++loads, chunk(10); };
        for (std::uint64_t key : {1, 2}) cache.get(7, key, load);
        cache.get(8, 1, load);
        cache.drop(7, 2);
        cache.get(7, 1, load);
        QCOMPARE(loads, 3);
        cache.drop(7);
        cache.get(8, 1, load);
        QCOMPARE(loads, 3);
        cache.get(7, 1, load);
        QCOMPARE(loads, 4);
    }
    void aChunkDroppedWhileItLoadsIsNotKept() {
        ChunkCache cache(1 << 20);
        cache.get(1, 1, [&] {
            cache.drop(1);  // written to in the meantime
            return chunk(10);
        });
        int loads = 0;
        cache.get(1, 1, [&] { return ++loads, chunk(20); });
        QCOMPARE(loads, 1);
        QCOMPARE(cache.get(1, 1, [] { return chunk(1); })->bytes.size(), std::size_t(20));
    }
    void failuresPassThroughAndAreNotKept() {
        ChunkCache cache(1 << 20);
        QVERIFY_EXCEPTION_THROWN(cache.get(1, 1, []() -> ChunkCache::Chunk { throw Error(ErrorKind::Format, "x"); }),
                                 Error);
        QVERIFY(cache.get(1, 1, [] { return chunk(1); }));
    }
    void someoneElsesCancelIsNotMine() {
        ChunkCache cache(1 << 20);
        std::binary_semaphore loading(0), go(0);
        std::jthread other([&] {
            try {
                cache.get(1, 1, [&]() -> ChunkCache::Chunk {
                    loading.release();
                    go.acquire();
                    throw Cancelled{};
                });
            } catch (const Cancelled&) {
            }
        });
        loading.acquire();
        ChunkCache::Chunk mine;
        std::jthread waiter([&] { mine = cache.get(1, 1, [] { return chunk(3); }); });
        go.release();
        waiter.join();
        QCOMPARE(mine->bytes.size(), std::size_t(3));
    }
    void manyThreads() {
        ChunkCache cache(20000);  // a fifth of what is asked for: loads and evictions mix
        std::atomic<int> wrong{0};
        {
            std::vector<std::jthread> threads;
            for (int t = 0; t < 4; ++t)
                threads.emplace_back([&, t] {
                    for (std::uint64_t i = 0; i < 4000; ++i) {
                        const std::uint64_t key = (i * 7 + std::uint64_t(t) * 13) % 100;
                        const auto got = cache.get(1, key, [&] { return chunk(std::int64_t(key) + 900); });
                        if (got->bytes.size() != key + 900) ++wrong;
                        if (i % 500 == 0) cache.drop(1, key);
                    }
                });
        }
        QCOMPARE(wrong.load(), 0);
        QVERIFY(cache.bytes() <= 20000);
    }
    void oneLoadForAllWhoWait() {
        ChunkCache cache(1 << 20);
        std::atomic<int> loads{0};
        {
            std::vector<std::jthread> threads;
            for (int t = 0; t < 4; ++t)
                threads.emplace_back([&] {
                    cache.get(1, 1, [&] {
                        ++loads;
                        std::this_thread::sleep_for(std::chrono::milliseconds(20));
                        return chunk(1);
                    });
                });
        }
        QCOMPARE(loads.load(), 1);
        QVERIFY(ChunkCache::newSource() != ChunkCache::newSource());
    }
};

QTEST_APPLESS_MAIN(TestChunkCache)
#include "tst_chunk_cache.moc"

#include "nn/kept_memory.h"

#include <atomic>
#include <optional>
#include <thread>

#include "nn/torch_test.h"
#include "support/resident_memory.h"

using namespace fovea;
using namespace fovea::nn;

namespace {

constexpr std::int64_t mega = 1 << 20;

at::Tensor bytes(std::int64_t count) { return torch::ones({count}, torch::kUInt8); }

void sameSizeComesBack() {
    const KeepMemory keep;
    const void* first = bytes(8 * mega).data_ptr();
    const at::Tensor again = bytes(8 * mega);
    CHECK(again.data_ptr() == first);
    CHECK(again.sum().item<std::int64_t>() == 8 * mega);
    const at::Tensor other = bytes(8 * mega);
    CHECK(other.data_ptr() != first);
}

void givenBackAtTheEnd() {
    const std::int64_t before = test::residentMib();
    std::optional<KeepMemory> keep(std::in_place);
    bytes(200 * mega);
    {
        const KeepMemory inner;  // not the last one
    }
    CHECK(test::residentMib() > before + 150);
    keep.reset();
    CHECK(test::residentMib() < before + 50);
    bytes(200 * mega);  // nobody keeps
    CHECK(test::residentMib() < before + 50);
}

void noMoreThanWasInUse() {
    const std::int64_t before = test::residentMib();
    const KeepMemory keep;
    for (std::int64_t n = 20; n <= 200; n += 20) bytes(n * mega);  // one after the other, no two of a size
    CHECK(test::residentMib() < before + 2 * 200 + 50);
}

void noMoreThanTheMostGenerousAllows() {
    const std::int64_t before = test::residentMib();
    const KeepMemory keep(20 * mega);
    {
        const KeepMemory generous;
        const at::Tensor first = bytes(100 * mega), second = bytes(10 * mega);
    }
    CHECK(test::residentMib() < before + 20 + 50);
    const void* kept = bytes(10 * mega).data_ptr();
    CHECK(bytes(10 * mega).data_ptr() == kept);
    bytes(100 * mega);
    CHECK(test::residentMib() < before + 20 + 50);
}

// Still warm.
void theLastUsedComesBackFirst() {
    const KeepMemory keep;
    at::Tensor first = bytes(8 * mega), second = bytes(8 * mega);
    const void* last = first.data_ptr();
    second.reset();
    first.reset();
    CHECK(bytes(8 * mega).data_ptr() == last);
}

// A tensor that outlives the keeper, and one from before it.
void outlives() {
    const at::Tensor early = bytes(4 * mega);
    at::Tensor late;
    {
        const KeepMemory keep;
        late = bytes(4 * mega);
    }
    CHECK(late.sum().item<std::int64_t>() == 4 * mega && early.sum().item<std::int64_t>() == 4 * mega);
}

void fromManyThreads() {
    const KeepMemory keep;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&wrong, t] {
            for (int i = 0; i < 50; ++i) {
                const KeepMemory own;
                const std::int64_t n = mega + (t * 50 + i) % 7 * 100000;
                const at::Tensor mine = torch::full({n}, t, torch::kUInt8);
                wrong += mine.sum().item<std::int64_t>() != n * t;
            }
        });
    for (auto& thread : threads) thread.join();
    CHECK(wrong == 0);
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    return {{"same size comes back", sameSizeComesBack},
            {"given back at the end", givenBackAtTheEnd},
            {"no more than was in use", noMoreThanWasInUse},
            {"no more than the most generous allows", noMoreThanTheMostGenerousAllows},
            {"the last used comes back first", theLastUsedComesBackFirst},
            {"outlives", outlives},
            {"from many threads", fromManyThreads}};
}

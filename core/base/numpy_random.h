#pragma once
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace fovea {

// The stream of NumPy's legacy RandomState (spec nnunet.md section 1.6), for what has to be drawn as nnU-Net draws it;
// everything else draws from Rng. Not thread-safe.
class NumpyRandom {
  public:
    explicit NumpyRandom(std::uint32_t seed) : words_(seed) {}

    std::uint32_t word() { return std::uint32_t(words_()); }
    // 0 … most, unbiased; draws nothing when most is 0.
    std::uint64_t bounded(std::uint64_t most);

    template <class T>
    void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i-- > 1;) std::swap(items[i], items[bounded(i)]);
    }
    // 0 … n−1 in random order.
    std::vector<std::int64_t> permutation(std::int64_t n);
    // k of 0 … n−1 with replacement, n ≥ 1.
    std::vector<std::int64_t> choice(std::int64_t n, std::int64_t k);
    // k of 0 … n−1, each at most once, k ≤ n.
    std::vector<std::int64_t> choiceWithoutReplacement(std::int64_t n, std::int64_t k);

  private:
    std::mt19937 words_;
};

}  // namespace fovea

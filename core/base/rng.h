#pragma once
#include <cstdint>
#include <utility>
#include <vector>

namespace fovea {

// Counter-based generator: value i of stream s of seed k depends on (k, s, i) alone (SplitMix64 finaliser over the
// counter), so results don't depend on thread count and the state is one number.
class Rng {
  public:
    explicit Rng(std::uint64_t seed = 0, std::uint64_t stream = 0);

    std::uint64_t bits();
    double uniform();  // [0, 1)
    double uniform(double from, double to);
    std::int64_t below(std::int64_t n);  // 0 … n−1, n ≥ 1, unbiased
    double normal();                     // mean 0, standard deviation 1

    std::uint64_t position() const { return counter_; }
    void seek(std::uint64_t position) { counter_ = position; }

    template <class T>
    void shuffle(std::vector<T>& items) {
        for (std::int64_t i = std::int64_t(items.size()) - 1; i > 0; --i) std::swap(items[i], items[below(i + 1)]);
    }

  private:
    std::uint64_t key_;
    std::uint64_t counter_ = 0;
};

}  // namespace fovea

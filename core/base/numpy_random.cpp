#include "base/numpy_random.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>
#include <numeric>

namespace fovea {

std::uint64_t NumpyRandom::bounded(std::uint64_t most) {
    if (most == 0) return 0;
    const bool wide = most > std::numeric_limits<std::uint32_t>::max();
    const std::uint64_t mask = std::numeric_limits<std::uint64_t>::max() >> std::countl_zero(most);
    for (;;) {
        std::uint64_t value = word();
        if (wide) value = value << 32 | word();
        if ((value & mask) <= most) return value & mask;
    }
}

std::vector<std::int64_t> NumpyRandom::permutation(std::int64_t n) {
    std::vector<std::int64_t> items(std::size_t(n), 0);
    std::iota(items.begin(), items.end(), 0);
    shuffle(items);
    return items;
}

std::vector<std::int64_t> NumpyRandom::choice(std::int64_t n, std::int64_t k) {
    std::vector<std::int64_t> items(std::size_t(k), 0);
    for (std::int64_t& item : items) item = std::int64_t(bounded(std::uint64_t(n - 1)));
    return items;
}

std::vector<std::int64_t> NumpyRandom::choiceWithoutReplacement(std::int64_t n, std::int64_t k) {
    if (n > std::int64_t(std::numeric_limits<std::uint32_t>::max())) {
        std::vector<std::int64_t> items = permutation(n);
        items.resize(std::size_t(k));
        return items;
    }
    // As shuffle() with half the memory, and draws ahead of the swaps, so that these need not wait for one another.
    std::vector<std::uint32_t> items(std::size_t(n), 0);
    std::iota(items.begin(), items.end(), 0u);
    std::uint32_t partners[256];
    for (std::size_t i = items.size(); i > 1;) {
        const std::size_t count = std::min(std::size(partners), i - 1);
        for (std::size_t d = 0; d < count; ++d) partners[d] = std::uint32_t(bounded(i - 1 - d));
        for (std::size_t d = 0; d < count; ++d) std::swap(items[--i], items[partners[d]]);
    }
    return {items.begin(), items.begin() + k};
}

}  // namespace fovea

#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/job.h"

namespace fovea::query {

struct KCentres {
    std::vector<std::int64_t> order;     // the start set, then what was added
    std::vector<double> chosenDistance;  // per added item: its smallest distance to those before it
    double coveringRadius = 0;           // largest remaining smallest distance; 0 when nothing remains
};

// Greedy k-centre (Sener & Savarese 2018) with distance 1 − cosine: until `size` items are there, adds the one whose
// smallest distance to the set is largest, lowest index on ties. `values` is row-major, rows of `dim` floats; dot
// products are summed in double. A row of zeros is at distance 1 of everything. `start` holds distinct row indices, at
// least one.
//
// Items for which `allowed` (when given) answers false at their turn are passed over for good, and don't count for the
// radius. Distances are evaluated lazily: a stale one is an upper bound, and only what comes out on top is brought up
// to date (Minoux 1978), so that most rows are compared with few centres. Same result as the plain O(N·k·dim) loop.
// Throws Error(Input) for values that are not finite or a start set outside the rows; Cancelled.
KCentres greedyKCentres(std::span<const float> values, std::int64_t dim, std::int64_t size,
                        const std::vector<std::int64_t>& start, Job& job,
                        const std::function<bool(std::int64_t)>& allowed = {},
                        const std::function<void(std::int64_t)>& onChosen = {});

}  // namespace fovea::query

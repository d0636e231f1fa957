#include "query/k_centre.h"

#include <algorithm>
#include <cmath>
#include <queue>

#include "base/for_each_cpu.h"

namespace fovea::query {

namespace {

// Sixteen sums side by side, so that wide registers can be used.
FOVEA_FOR_EACH_CPU double dot(const float* a, const float* b, std::int64_t n) {
    constexpr std::int64_t lanes = 16;
    double sums[lanes] = {};
    std::int64_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (std::int64_t lane = 0; lane < lanes; ++lane) sums[lane] += double(a[i + lane]) * double(b[i + lane]);
    for (; i < n; ++i) sums[0] += double(a[i]) * double(b[i]);
    double sum = 0;
    for (const double part : sums) sum += part;
    return sum;
}

// Greatest bound first, then the lowest index.
struct Candidate {
    double bound;
    std::int64_t row;
    bool operator<(const Candidate& other) const {
        return bound != other.bound ? bound < other.bound : row > other.row;
    }
};

class Greedy {
  public:
    Greedy(std::span<const float> values, std::int64_t dim) : values_(values), dim_(dim) {
        const std::int64_t rows = std::int64_t(values.size()) / dim;
        scale_.reserve(std::size_t(rows));
        for (std::int64_t row = 0; row < rows; ++row) {
            const double length = std::sqrt(dot(at(row), at(row), dim));
            if (!std::isfinite(length))
                throw Error(ErrorKind::Input,
                            {FOVEA_TR("The features of patch {row} hold values that are not finite. Make them again."),
                             {{"row", std::to_string(row)}}});
            scale_.push_back(length > 0 ? 1 / length : 0);
        }
    }
    void addCentre(std::int64_t row) { centres_.push_back(row); }
    void fill(const std::vector<bool>& isCentre) {
        std::vector<Candidate> all;
        for (std::int64_t row = 0; row < std::int64_t(scale_.size()); ++row)
            if (!isCentre[std::size_t(row)]) all.push_back({3, row});  // above every distance
        queue_ = std::priority_queue<Candidate>({}, std::move(all));
        seen_.assign(scale_.size(), 0);
    }
    // Brings the front up to date until it stays in front. False when nothing is left.
    bool settle() {
        while (!queue_.empty()) {
            const Candidate top = queue_.top();
            std::size_t& seen = seen_[std::size_t(top.row)];
            if (seen == centres_.size()) return true;
            queue_.pop();
            double least = top.bound;
            for (; seen < centres_.size(); ++seen) least = std::min(least, distance(top.row, centres_[seen]));
            queue_.push({least, top.row});
        }
        return false;
    }
    Candidate take() {
        const Candidate top = queue_.top();
        queue_.pop();
        return top;
    }
    const Candidate& front() const { return queue_.top(); }

  private:
    const float* at(std::int64_t row) const { return values_.data() + row * dim_; }
    double distance(std::int64_t a, std::int64_t b) const {
        return 1 - dot(at(a), at(b), dim_) * scale_[std::size_t(a)] * scale_[std::size_t(b)];
    }

    std::span<const float> values_;
    std::int64_t dim_;
    std::vector<double> scale_;  // 1 / length of each row
    std::vector<std::int64_t> centres_;
    std::vector<std::size_t> seen_;  // per row: how many centres its bound accounts for
    std::priority_queue<Candidate> queue_;
};

}  // namespace

KCentres greedyKCentres(std::span<const float> values, std::int64_t dim, std::int64_t size,
                        const std::vector<std::int64_t>& start, Job& job,
                        const std::function<bool(std::int64_t)>& allowed,
                        const std::function<void(std::int64_t)>& onChosen) {
    if (dim < 1 || values.size() % std::size_t(dim) != 0)
        throw Error(ErrorKind::Input, FOVEA_TR("The feature table does not hold whole rows. Make the features again."));
    Greedy greedy(values, dim);
    std::vector<bool> isCentre(values.size() / std::size_t(dim), false);
    KCentres result;
    for (const std::int64_t row : start) {
        if (row < 0 || row >= std::int64_t(isCentre.size()) || isCentre[std::size_t(row)])
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("Row {row} cannot start a core-set: there are {rows} rows, each may be given once."),
                         {{"row", std::to_string(row)}, {"rows", std::to_string(isCentre.size())}}});
        isCentre[std::size_t(row)] = true;
        greedy.addCentre(row);
        result.order.push_back(row);
    }
    if (start.empty()) throw Error(ErrorKind::Input, FOVEA_TR("A core-set needs at least one patch to start from."));
    greedy.fill(isCentre);
    while (greedy.settle() && std::int64_t(result.order.size()) < size) {
        job.check();
        const Candidate next = greedy.take();
        if (allowed && !allowed(next.row)) continue;
        result.order.push_back(next.row);
        result.chosenDistance.push_back(next.bound);
        greedy.addCentre(next.row);
        if (onChosen) onChosen(next.row);
        job.progress(double(result.order.size()), double(size));
    }
    // What may not be chosen does not count; without a rule the front is the answer.
    while (greedy.settle() && allowed && !allowed(greedy.front().row)) greedy.take();
    if (greedy.settle()) result.coveringRadius = greedy.front().bound;
    return result;
}

}  // namespace fovea::query

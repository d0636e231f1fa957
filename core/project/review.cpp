#include "project/review.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace fovea::project {

namespace {

constexpr std::pair<ReviewOrder, const char*> orders[] = {
    {ReviewOrder::Doubtful, "doubtful"}, {ReviewOrder::Certain, "certain"}, {ReviewOrder::ByPatch, "by-patch"},
    {ReviewOrder::ById, "by-id"},        {ReviewOrder::Largest, "largest"}, {ReviewOrder::Smallest, "smallest"},
    {ReviewOrder::Nearest, "nearest"}};

// µm from `here` to the nearest voxel of the box.
double distance(const Box& box, Index here, Vec3 spacing) {
    double sum = 0;
    for (int axis = 0; axis < 3; ++axis) {
        const std::int64_t gap =
            std::max({box.begin[axis] - here[axis], here[axis] - (box.end[axis] - 1), std::int64_t(0)});
        sum += std::pow(double(gap) * spacing[axis], 2);
    }
    return std::sqrt(sum);
}

// The first patch the object shows up in.
double patchOf(const Box& box, const std::vector<Box>& patches) {
    for (std::size_t i = 0; i < patches.size(); ++i)
        if (patches[i].overlaps(box)) return double(i);
    return double(patches.size());
}

// What is sorted by, ascending; the id breaks ties.
std::pair<double, double> sortKey(const ReviewRow& row, ReviewOrder order, const ReviewPlace& place) {
    const double score = std::isfinite(row.score) ? row.score : 0;
    switch (order) {
        case ReviewOrder::Doubtful:
            return {score, 0};
        case ReviewOrder::Certain:
            return {-score, 0};
        case ReviewOrder::ByPatch:
            return {patchOf(row.box, place.patches), score};
        case ReviewOrder::ById:
            return {0, 0};
        case ReviewOrder::Largest:
            return {-double(row.voxels), 0};
        case ReviewOrder::Smallest:
            return {double(row.voxels), 0};
        case ReviewOrder::Nearest:
            break;
    }
    return {distance(row.box, place.here, place.spacing), 0};
}

}  // namespace

const char* name(ReviewOrder order) {
    for (const auto& [value, text] : orders)
        if (value == order) return text;
    return "";
}

ReviewOrder reviewOrderByName(const std::string& wanted) {
    std::string known;
    for (const auto& [value, text] : orders) {
        if (wanted == text) return value;
        known += (known.empty() ? "" : ", ") + std::string(text);
    }
    throw Error(ErrorKind::Input, {FOVEA_TR("There is no order of review {name}. Known are: {known}."),
                                   {{"name", wanted}, {"known", known}}});
}

std::vector<std::int32_t> reviewOrder(const std::vector<ReviewRow>& rows, ReviewOrder order, const ReviewPlace& place) {
    std::vector<std::pair<std::pair<double, double>, std::int32_t>> keys;
    keys.reserve(rows.size());
    for (const ReviewRow& row : rows) keys.emplace_back(sortKey(row, order, place), row.id);
    std::sort(keys.begin(), keys.end());
    std::vector<std::int32_t> ids;
    ids.reserve(keys.size());
    for (const auto& [key, id] : keys) ids.push_back(id);
    return ids;
}

void ReviewQueue::sort(const std::vector<ReviewRow>& rows, ReviewOrder order, const ReviewPlace& place) {
    ids_ = reviewOrder(rows, order, place);
    decided_.clear();
    for (const ReviewRow& row : rows) decided_[row.id] = row.decided;
    if (!decided_.count(current_)) current_ = 0;
}

void ReviewQueue::refresh(const std::vector<ReviewRow>& rows) {
    std::map<std::int32_t, bool> now;
    for (const ReviewRow& row : rows) now[row.id] = row.decided;
    std::erase_if(ids_, [&](std::int32_t id) { return !now.count(id); });
    for (const ReviewRow& row : rows)
        if (!decided_.count(row.id)) ids_.push_back(row.id);
    decided_ = std::move(now);
    if (!decided_.count(current_)) current_ = 0;
}

std::optional<std::int32_t> ReviewQueue::current() const { return current_ ? std::optional(current_) : std::nullopt; }

void ReviewQueue::setCurrent(std::int32_t id) {
    if (decided_.count(id)) current_ = id;
}

std::int64_t ReviewQueue::undecided() const {
    return std::count_if(decided_.begin(), decided_.end(), [](const auto& row) { return !row.second; });
}

std::optional<std::int32_t> ReviewQueue::step(int by) const {
    const auto n = std::int64_t(ids_.size());
    const auto found = std::find(ids_.begin(), ids_.end(), current_);
    std::int64_t at = found != ids_.end() ? found - ids_.begin() : by > 0 ? -1 : n;
    for (std::int64_t i = 0; i < n; ++i) {
        at = (at + by + n) % n;
        if (!decided_.at(ids_[std::size_t(at)])) return ids_[std::size_t(at)];
    }
    return std::nullopt;
}

}  // namespace fovea::project

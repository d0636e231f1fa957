#pragma once
#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace fovea::measure {

// Positions 0, 1, … for label ids in the order they are first asked for; a plain table while ids are small, a hash map
// for huge ones. Long stretches of one id cost one comparison each.
class LabelIndex {
  public:
    std::int64_t position(std::int64_t id) {
        if (id == lastId_ && lastPosition_ >= 0) return lastPosition_;
        lastId_ = id;
        std::int64_t& slot = id >= 0 && id < tableLimit ? inTable(id) : inMap(id);
        if (slot < 0) {
            slot = std::int64_t(ids_.size());
            ids_.push_back(id);
        }
        return lastPosition_ = slot;
    }
    // By position.
    const std::vector<std::int64_t>& ids() const { return ids_; }
    // Positions sorted by ascending id.
    std::vector<std::int64_t> byId() const {
        std::vector<std::int64_t> order(ids_.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = std::int64_t(i);
        std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return ids_[a] < ids_[b]; });
        return order;
    }

  private:
    static constexpr std::int64_t tableLimit = std::int64_t(1) << 22;
    std::int64_t& inTable(std::int64_t id) {
        if (id >= std::int64_t(table_.size()))
            table_.resize(std::size_t(std::min(tableLimit, std::max<std::int64_t>(1024, 2 * (id + 1)))), -1);
        return table_[std::size_t(id)];
    }
    std::int64_t& inMap(std::int64_t id) { return map_.try_emplace(id, -1).first->second; }

    std::vector<std::int64_t> ids_, table_;
    std::unordered_map<std::int64_t, std::int64_t> map_;
    std::int64_t lastId_ = 0, lastPosition_ = -1;
};

}  // namespace fovea::measure

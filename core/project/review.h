#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/box.h"

namespace fovea::project {

// What the order of review needs to know of an object.
struct ReviewRow {
    std::int32_t id = 0;
    double score = 0;  // 0..1, the maker's belief
    std::int64_t voxels = 0;
    Box box;
    bool decided = false;  // has a verdict
};

// Doubtful: low score first. ByPatch: the chosen patches in their order, inside one by doubt, the rest behind. Nearest:
// by distance (µm) from a place. Ties: smaller id first.
enum class ReviewOrder { Doubtful, Certain, ByPatch, ById, Largest, Smallest, Nearest };

const char* name(ReviewOrder order);                     // "doubtful", …
ReviewOrder reviewOrderByName(const std::string& name);  // throws Error(Input)

struct ReviewPlace {
    std::vector<Box> patches = {};  // of this case, best first
    Index here = {};                // for Nearest
    Vec3 spacing{1, 1, 1};
};

// Ids in the order of review.
std::vector<std::int32_t> reviewOrder(const std::vector<ReviewRow>& rows, ReviewOrder order,
                                      const ReviewPlace& place = {});

// The queue a person walks through: the current object never moves under them. Thread: the owner's.
class ReviewQueue {
  public:
    // Sorts anew; the current object stays current (if it is still there), whatever its new place.
    void sort(const std::vector<ReviewRow>& rows, ReviewOrder order, const ReviewPlace& place = {});
    // New rows without re-sorting: objects gone are dropped, new ones are appended, the rest keep their places.
    void refresh(const std::vector<ReviewRow>& rows);

    const std::vector<std::int32_t>& ids() const { return ids_; }
    std::optional<std::int32_t> current() const;
    void setCurrent(std::int32_t id);  // ignored when not in the queue
    // The next or previous undecided object from the current one, wrapping around once; empty when all are decided.
    std::optional<std::int32_t> next() const { return step(1); }
    std::optional<std::int32_t> previous() const { return step(-1); }
    std::int64_t undecided() const;

  private:
    std::optional<std::int32_t> step(int by) const;

    std::vector<std::int32_t> ids_;
    std::map<std::int32_t, bool> decided_;
    std::int32_t current_ = 0;
};

}  // namespace fovea::project

#pragma once
#include <vector>

#include "labels/edit_session.h"

namespace fovea::labels {

struct TrainingRules {
    double rimNm = 100;  // width of the background around an accepted object, in its sections; at least 2 voxels
    double backgroundBelow =
        0.1;  // predicted probability under which a place without pseudo-label is believed background
    std::uint8_t backgroundWeight = 64;  // how much
    std::uint8_t unseenWeight = 128;     // accepted without being looked at, and the rims of such objects
};

// What training may learn from, frozen at a journal position: two arrays over any box, 0 = not known … 255 = certain.
//   complete patch          everything certain, but unsure objects and places of wrong shape
//   accepted, fixed         object certain; its rim and one section beyond each end background, unless it lies in a
//   complete
//                           patch: it may go on where the patch ends, and inside everything is certain anyway
//   nothing here            background
//   wrong shape, unsure, unseen: 0
//   predicted background (probability low, no pseudo-label, no object): believed
// Construction on the session's thread (copies the edits, not the volume); the rest on any thread.
class TrainingView {
  public:
    explicit TrainingView(const EditSession& session, TrainingRules rules = {});

    struct Arrays {
        Volume<std::int32_t> labels;  // object ids where weight > 0, else 0
        Volume<std::uint8_t> weight;
    };
    // `box` inside the volume. `probability`: foreground of the last prediction, 0…255 (uint8) or 0…1 (float), may be
    // null; `pseudo`: pseudo-labels, may be null. Slabs of a volume give the same values as the whole.
    Arrays read(const Box& box, const ImageSource* probability = nullptr, const ImageSource* pseudo = nullptr) const;

    std::int64_t journalPosition() const { return position_; }
    // Boxes outside of which every weight is 0 when there is no probability: complete patches and objects with a
    // verdict, with their rims.
    std::vector<Box> known() const;

  private:
    Index rim() const;

    LabelLayer layer_, marks_;
    ObjectTable objects_;
    std::vector<Box> patches_;
    std::int64_t position_;
    TrainingRules rules_;
};

}  // namespace fovea::labels

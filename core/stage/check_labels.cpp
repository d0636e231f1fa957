#include "stage/check_labels.h"

#include <algorithm>

#include "stage/case_session.h"

namespace fovea::stage {

namespace {

class SessionLabels : public CheckLabels {
  public:
    explicit SessionLabels(std::unique_ptr<labels::EditSession> session) : session_(std::move(session)) {}

    bool complete(const Box& box) const override {
        const auto& patches = session_->completePatches();
        return std::any_of(patches.begin(), patches.end(), [&](const Box& patch) { return patch.contains(box); });
    }

    Part read(const Box& region) const override {
        Part part{session_->layer().read(region), Volume<std::uint8_t>(region.extent())};
        const Volume<std::int32_t> marks = session_->marks().read(region);
        const auto isIn = [&](std::int32_t id, labels::State state) {
            const auto row = session_->objects().find(id);
            return id != 0 && row != session_->objects().end() && row->second.state == state;
        };
        for (std::int64_t i = 0; i < marks.size(); ++i) {
            const std::int32_t now = part.labels.data()[i];
            part.ignored.data()[i] =
                isIn(now, labels::State::Unsure) || (now == 0 && isIn(marks.data()[i], labels::State::WrongShape));
        }
        return part;
    }

  private:
    std::unique_ptr<labels::EditSession> session_;
};

}  // namespace

std::unique_ptr<CheckLabels> openCheckLabels(const project::StageContext& context, const std::string& caseId) {
    return std::make_unique<SessionLabels>(openSession(context.input("edits", caseId), context.image(caseId)->info(),
                                                       baseFolder(context, caseId), true, *context.job));
}

}  // namespace fovea::stage

#pragma once
#include <QObject>

#include "ui/edit/prompt_session.h"
#include "ui/edit/review_session.h"
#include "ui/tool/edit_target.h"
#include "ui/view/view_scene.h"

namespace fovea::ui {

// The tools' hands: what brush, fill, pick and prompts do to the case under review. GUI thread.
class LabelEditTarget : public EditTarget {
  public:
    LabelEditTarget(ReviewSession& review, PromptSession& prompts, ViewScene& scene);

    std::int32_t objectAt(Index voxel) const override;
    std::int32_t currentObject() const override;
    bool isFrozen(std::int32_t object) const override;
    void pick(Index voxel) override;
    void select(Index voxel, bool add) override;
    void hover(Index voxel, bool inside) override;
    void beginStroke(bool erase) override;
    void segment(Plane plane, const Vec3& from, const Vec3& to, const BrushShape& brush, bool erase) override;
    void endStroke() override;
    void fill(Plane plane, Index voxel, bool volume) override;
    void addPrompt(const segment::PointPrompt& prompt, bool run) override;
    void addBox(const Box& box, bool run) override;
    void outlineBox(const Box& box) override;
    void addLasso(Plane plane, std::int64_t n, const QPolygonF& path, bool positive, bool run) override;
    void outlineLasso(Plane plane, std::int64_t n, const QPolygonF& path) override;
    void runPrompts() override { prompts_.run(); }
    void removeLastPrompt() override { prompts_.removeLast(); }
    void commitPrompts() override { prompts_.commit(); }
    void dropPrompts() override { prompts_.drop(); }
    void say(const QString& text) override { scene_.say(text); }

  private:
    // The current object, made when there is none; 0 (and a word why) when it is frozen.
    std::int32_t writable();

    ReviewSession& review_;
    PromptSession& prompts_;
    ViewScene& scene_;
    std::int32_t strokeObject_ = 0;
    bool stroking_ = false;
};

}  // namespace fovea::ui

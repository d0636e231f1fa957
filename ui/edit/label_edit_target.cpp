#include "ui/edit/label_edit_target.h"

#include <QImage>
#include <QPainter>
#include <utility>

#include "labels/brush.h"
#include "labels/fill.h"
#include "segment/region_points.h"

namespace fovea::ui {

namespace {

constexpr int lassoPoints = 4;  // that stand for it, at most

}  // namespace

LabelEditTarget::LabelEditTarget(ReviewSession& review, PromptSession& prompts, ViewScene& scene)
    : review_(review), prompts_(prompts), scene_(scene) {}

std::int32_t LabelEditTarget::objectAt(Index voxel) const { return labels::pick(review_.edits().layer(), voxel); }

std::int32_t LabelEditTarget::currentObject() const { return review_.current().value_or(0); }

bool LabelEditTarget::isFrozen(std::int32_t object) const {
    const auto& objects = review_.edits().objects();
    const auto found = objects.find(object);
    return found != objects.end() && labels::isFrozen(found->second.state);
}

void LabelEditTarget::pick(Index voxel) {
    if (const std::int32_t id = objectAt(voxel)) review_.setCurrent(id);
}

void LabelEditTarget::select(Index voxel, bool add) {
    const std::int32_t id = objectAt(voxel);
    if (id == 0) {
        if (!add) review_.clearCurrent();
        return;
    }
    if (!add) review_.setCurrent(id);
    auto selected = add ? scene_.look().selected : std::set<std::int32_t>{};
    selected.insert(id);
    scene_.setSelected(selected);
}

void LabelEditTarget::hover(Index voxel, bool inside) {
    const std::int32_t id = inside ? objectAt(voxel) : 0;
    scene_.setHovered(id);
    if (id != 0 && isFrozen(id))
        scene_.setBadge("lock", QString::number(id), voxel);
    else
        scene_.setBadge({}, {}, {});
}

std::int32_t LabelEditTarget::writable() {
    const std::int32_t id = review_.current() ? *review_.current() : review_.startNewObject();
    if (!isFrozen(id)) return id;
    scene_.say(QObject::tr("Object %1 is accepted. Reopen with Shift+U.").arg(id));
    return 0;
}

void LabelEditTarget::beginStroke(bool erase) {
    strokeObject_ = erase && !review_.current() ? 0 : writable();
    stroking_ = erase || strokeObject_ != 0;
    if (!stroking_) return;
    review_.noteActivity();
    review_.beginStep(erase ? Text(FOVEA_TR("Eraser"))
                            : Text(FOVEA_TR("Brush, object {id}"), {{"id", std::to_string(strokeObject_)}}));
}

void LabelEditTarget::segment(Plane plane, const Vec3& from, const Vec3& to, const BrushShape& brush, bool erase) {
    if (!stroking_) return;
    // Views count from voxel corners, the labels room from voxel centres.
    const auto centred = [](const Vec3& v) { return Vec3{v.z - 0.5, v.y - 0.5, v.x - 0.5}; };
    labels::Brush shape;
    shape.shape = brush.ball ? labels::BrushShape::Sphere : labels::BrushShape::Disc;
    shape.diameter = 2 * brush.radiusUm;
    shape.axis = axesOf(plane).n;
    const labels::Stamp stamp = labels::stroke(shape, centred(from), centred(to), scene_.spacing(), scene_.shape());
    if (stamp.empty()) return;
    review_.edits().paint(Text(FOVEA_TR("Brush")), stamp.origin, stamp.mask, erase ? 0 : strokeObject_, "hand",
                          prompts_.protectAll());
}

void LabelEditTarget::endStroke() {
    if (std::exchange(stroking_, false)) review_.endStep();
}

void LabelEditTarget::fill(Plane plane, Index voxel, bool volume) {
    const std::int32_t id = writable();
    if (id == 0) return;
    const labels::Object* object = review_.currentObject();
    const bool inside = volume && object && object->voxels > 0;
    const labels::Stamp stamp =
        inside ? labels::fill(review_.edits().layer(), voxel, object->box.united(Box{voxel, voxel + Index{1, 1, 1}}))
               : labels::fillSlice(review_.edits().layer(), voxel, axesOf(plane).n);
    if (stamp.empty()) return;
    review_.edits().paint(Text(FOVEA_TR("Fill, object {id}"), {{"id", std::to_string(id)}}), stamp.origin, stamp.mask,
                          id, "hand", prompts_.protectAll());
}

void LabelEditTarget::addPrompt(const segment::PointPrompt& prompt, bool run) {
    // The first click on another object selects it and counts as the first prompt on it.
    if (prompts_.count() == 0 && prompt.positive) {
        const std::int32_t under = objectAt(prompt.at);
        if (under != 0 && review_.current() != under && (!review_.current() || review_.currentObject()))
            review_.setCurrent(under);
    }
    if (writable() == 0) return;
    review_.noteActivity();
    prompts_.add(prompt, run);
}

void LabelEditTarget::addBox(const Box& box, bool run) {
    const Box inside = box.intersected(Box::of(scene_.shape()));
    if (inside.empty() || writable() == 0) return;
    review_.noteActivity();
    prompts_.setBox(inside, run);
}

void LabelEditTarget::outlineBox(const Box& box) {
    scene_.setPromptBox(box.empty() ? prompts_.box() : box.intersected(Box::of(scene_.shape())));
}

void LabelEditTarget::addLasso(Plane plane, std::int64_t n, const QPolygonF& path, bool positive, bool run) {
    const PlaneAxes a = axesOf(plane);
    const QRect slice(0, 0, int(scene_.shape()[a.u]), int(scene_.shape()[a.v]));
    const QRect sides = path.boundingRect().toAlignedRect().intersected(slice);
    if (sides.isEmpty() || writable() == 0) return;
    // Voxels whose centre lies inside.
    QImage drawn(sides.size(), QImage::Format_Alpha8);
    drawn.fill(0);
    QPainter painter(&drawn);
    painter.translate(-sides.topLeft());
    painter.setPen(Qt::NoPen);
    painter.setBrush(Qt::white);
    painter.drawPolygon(path);
    painter.end();
    Volume<std::uint8_t> region({1, sides.height(), sides.width()});
    for (int v = 0; v < sides.height(); ++v)
        for (int u = 0; u < sides.width(); ++u) region(0, v, u) = drawn.constScanLine(v)[u] != 0;
    Job nothing;
    const std::vector<Index> points = segment::pointsOfRegion(region, lassoPoints, nothing);
    if (points.empty()) return;
    review_.noteActivity();
    const labels::Object* object = review_.currentObject();
    if (positive && plane == Plane::XY && prompts_.count() == 0 && (!object || object->voxels == 0))
        prompts_.setBox(sliceBox(plane, n, sides.left(), sides.right() + 1, sides.top(), sides.bottom() + 1), false);
    for (const Index& point : points) {
        Index at;
        at[a.n] = n, at[a.v] = point.y + sides.top(), at[a.u] = point.x + sides.left();
        prompts_.add({at, positive}, false);
    }
    if (run) prompts_.run();
}

void LabelEditTarget::outlineLasso(Plane plane, std::int64_t n, const QPolygonF& path) {
    scene_.setLasso(plane, n, path);
}

}  // namespace fovea::ui

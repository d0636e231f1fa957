#include "ui/edit/surface_feeder.h"

#include <QPointer>
#include <algorithm>
#include <vector>

#include "labels/surface.h"
#include "ui/theme/object_colours.h"
#include "ui/view/view3d.h"

namespace fovea::ui {

namespace {

constexpr int settleMs = 120;              // strokes come in bursts; one mesh per burst
constexpr std::size_t mostSurfaces = 500;  // the largest objects; more would not be told apart

}  // namespace

SurfaceFeeder::SurfaceFeeder(ReviewSession& review, View3D& view, JobQueue& jobs, QObject* parent)
    : QObject(parent), review_(review), view_(view), jobs_(jobs) {
    soon_.setSingleShot(true);
    soon_.setInterval(settleMs);
    connect(&soon_, &QTimer::timeout, this, &SurfaceFeeder::startNext);
    connect(&review, &ReviewSession::edited, this, [this](const labels::Change& change) {
        if (change.everything) return refreshAll();
        if (change.box.empty()) return;
        for (const std::int32_t id : change.objects) want(id);
    });
}

SurfaceFeeder::~SurfaceFeeder() { jobs_.cancel(job_); }

void SurfaceFeeder::refreshAll() {
    std::vector<std::pair<std::int64_t, std::int32_t>> largest;
    for (const auto& [id, object] : review_.edits().objects())
        if (object.voxels > 0 && !labels::isRejected(object.state)) largest.emplace_back(-object.voxels, id);
    std::sort(largest.begin(), largest.end());
    if (largest.size() > mostSurfaces) largest.resize(mostSurfaces);
    // Objects that are gone (another base) leave at once; the others are replaced as their new surfaces come.
    std::set<std::int32_t> kept;
    for (const auto& [voxels, id] : largest) kept.insert(id);
    for (const std::int32_t id : shown_)
        if (kept.count(id) == 0) view_.removeSurface(id);
    std::erase_if(shown_, [&](std::int32_t id) { return kept.count(id) == 0; });
    wanted_.clear();
    for (const std::int32_t id : kept) want(id);
}

void SurfaceFeeder::want(std::int32_t id) {
    wanted_.insert(id);
    if (inWork_ == 0) soon_.start();
}

void SurfaceFeeder::startNext() {
    if (inWork_ != 0 || wanted_.empty()) return;
    const auto current = review_.current();
    const std::int32_t id = current && wanted_.count(*current) > 0 ? *current : *wanted_.begin();
    wanted_.erase(id);
    const auto& objects = review_.edits().objects();
    const auto found = objects.find(id);
    if (found == objects.end() || found->second.voxels == 0 || labels::isRejected(found->second.state)) {
        view_.removeSurface(id);
        shown_.erase(id);
        soon_.start();
        return;
    }
    inWork_ = id;
    auto mesh = std::make_shared<labels::Mesh>();
    QPointer<SurfaceFeeder> guard(this);
    job_ = jobs_.submit(JobRequest{
        Text(FOVEA_TR("Surface of object {id}"), {{"id", std::to_string(id)}}),
        Lane::Cpu,
        [mesh, edits = review_.sharedEdits(), id, box = found->second.box.grown({1, 1, 1})](Job& job) {
            *mesh = labels::objectSurface(edits->layer(), id, box, {}, job);
        },
        [guard, mesh, id, colour = objectColour(found->second.colour)](const Outcome& outcome) {
            if (!guard) return;
            guard->inWork_ = 0;
            if (outcome.state == JobState::Done) {
                if (mesh->empty()) {
                    guard->view_.removeSurface(id);
                } else {
                    guard->view_.setSurface(id, {std::move(mesh->vertices), std::move(mesh->triangles)}, colour);
                    guard->shown_.insert(id);
                }
            }
            guard->startNext();
        },
        {},
        false});
}

}  // namespace fovea::ui

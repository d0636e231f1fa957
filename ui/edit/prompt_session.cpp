#include "ui/edit/prompt_session.h"

#include <QPointer>
#include <set>

#include "segment/section_step.h"
#include "ui/widget/job_tray.h"

namespace fovea::ui {

using segment::PointPrompt;
using segment::PromptAnswer;
using segment::PromptRequest;

namespace {

// As the engine sees it: sections lie apart as far as they look, judged once by a block in the middle.
double lookOfSections(const ImageSource& image, std::atomic<double>& known, Job& job) {
    if (known.load() > 0) return known;
    const double step = segment::sectionStepInTheMiddle(image, job);
    known = step > segment::thickLooksFrom ? step : 1;
    return known;
}

// What the worker fills in before the engine runs: image, present mask and what must not be touched.
void readCrop(PromptRequest& request, const Box& crop, const ImageSource& image, const labels::LabelLayer& layer,
              std::int32_t object, const std::set<std::int32_t>& keepOff, bool keepOffAll) {
    request.origin = crop.begin;
    request.image = image.readAs<float>(crop);
    std::erase_if(request.points, [&](const PointPrompt& point) { return !crop.contains(point.at); });
    const Volume<std::int32_t> labels = layer.read(crop);
    request.startMask = Volume<std::uint8_t>(crop.extent());
    request.forbidden = Volume<std::uint8_t>(crop.extent());
    bool started = false;
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        const std::int32_t id = labels.data()[i];
        if (id == object)
            request.startMask.data()[i] = 1, started = true;
        else if (id != 0 && (keepOffAll || keepOff.count(id) > 0))
            request.forbidden.data()[i] = 1;
    }
    if (!started) request.startMask = {};
}

}  // namespace

PromptSession::PromptSession(ReviewSession& review, std::shared_ptr<const segment::PromptEngine> engine, JobQueue& jobs,
                             QObject* parent)
    : QObject(parent), review_(review), engine_(std::move(engine)), jobs_(jobs) {}

PromptSession::~PromptSession() { jobs_.cancel(job_); }

void PromptSession::set(PromptState state) {
    state_ = state;
    Q_EMIT changed();
}

void PromptSession::add(const PointPrompt& point, bool runNow) {
    points_.push_back(point);
    sincePress_.start();
    if (runNow)
        run();
    else
        set(PromptState::Collecting);
}

segment::PromptPlace PromptSession::place() const {
    const ImageInfo& info = review_.image()->info();
    segment::PromptPlace place;
    place.whole = Box::of(info.shape());
    place.spacing = info.geometry.spacing;
    place.spacingKnown = info.geometry.known;
    place.reach = engine_->reach();
    for (const PointPrompt& point : points_)
        place.around = place.around.united(Box{point.at, point.at + Index{1, 1, 1}});
    const labels::Object* object = review_.currentObject();
    if (object && object->voxels > 0) place.around = place.around.united(object->box);
    if (!wholeObject_) place.slice = points_.back().at.z;
    return place;
}

void PromptSession::run() {
    const auto object = review_.current();
    if (points_.empty() || !object) return;
    const std::uint64_t generation = ++generation_;
    jobs_.cancel(job_);

    auto request = std::make_shared<PromptRequest>();
    request->wholeObject = wholeObject_;
    request->slice = points_.back().at.z;
    request->points = points_;
    request->identity = review_.imageIdentity();
    const segment::PromptPlace where = place();
    const Box widest = where.widest();
    std::set<std::int32_t> keepOff;
    for (const auto& [id, row] : review_.edits().objects())
        if (id != *object && labels::isFrozen(row.state) && row.box.overlaps(widest)) keepOff.insert(id);

    auto answer = std::make_shared<PromptAnswer>();
    QPointer<PromptSession> guard(this);
    job_ = jobs_.submit(
        JobRequest{Text(FOVEA_TR("Prompt")),
                   Lane::Interactive,
                   [request, where, answer, engine = engine_, image = review_.image(), edits = review_.sharedEdits(),
                    step = sectionStep_, id = *object, keepOff, all = protectAll_](Job& job) {
                       job.check();
                       request->source = image.get();
                       const double apart = where.spacingKnown ? 1 : lookOfSections(*image, *step, job);
                       readCrop(*request, where.crop(apart), *image, edits->layer(), id, keepOff, all);
                       *answer = engine->run(*request, job);
                   },
                   [guard, generation, answer, request](const Outcome& outcome) {
                       if (!guard || generation != guard->generation_) return;
                       if (outcome.state == JobState::Done) guard->answered(*answer, request->startMask);
                       if (outcome.state != JobState::Failed) return;
                       guard->problem_ = QString::fromStdString(outcome.error);
                       guard->set(PromptState::Failed);
                       Q_EMIT guard->said(guard->problem_);
                   },
                   {},
                   false});
    set(PromptState::Running);
}

void PromptSession::answered(const PromptAnswer& answer, const Volume<std::uint8_t>& before) {
    const labels::Object* object = review_.currentObject();
    auto preview = std::make_shared<PreviewMask>();
    preview->origin = answer.origin;
    preview->mask = answer.mask;
    preview->before = before;
    preview->object = *review_.current();
    preview->colour = object ? objectColour(object->colour) : objectColour(birthSlot(preview->object));
    preview_ = std::move(preview);
    score_ = answer.score;
    milliseconds_ = double(sincePress_.nsecsElapsed()) / 1e6;
    problem_.clear();
    set(PromptState::Preview);
    if (!answer.note.empty()) Q_EMIT said(textOf(answer.note));
}

void PromptSession::removeLast() {
    if (!points_.empty()) removeAt(points_.size() - 1);
}

void PromptSession::removeAt(std::size_t index) {
    if (index >= points_.size()) return;
    points_.erase(points_.begin() + std::ptrdiff_t(index));
    sincePress_.start();
    if (points_.empty())
        drop();
    else
        run();
}

bool PromptSession::commit() {
    if (!preview_ || state_ != PromptState::Preview) return false;
    const auto preview = preview_;
    const int clicks = int(points_.size());
    drop();
    review_.edits().replaceObject(Text(FOVEA_TR("Prompts, object {id} ({clicks})"),
                                       {{"id", std::to_string(preview->object)}, {"clicks", std::to_string(clicks)}}),
                                  preview->origin, preview->mask, preview->object, "prompts", clicks);
    return true;
}

void PromptSession::drop() {
    ++generation_;
    jobs_.cancel(job_);
    points_.clear();
    preview_.reset();
    set(PromptState::Idle);
}

void PromptSession::setWholeObject(bool whole) {
    wholeObject_ = whole;
    if (!points_.empty())
        run();
    else
        Q_EMIT changed();
}

void PromptSession::setProtectAll(bool protect) {
    protectAll_ = protect;
    if (!points_.empty())
        run();
    else
        Q_EMIT changed();
}

}  // namespace fovea::ui

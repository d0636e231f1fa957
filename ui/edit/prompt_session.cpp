#include "ui/edit/prompt_session.h"

#include <QPointer>
#include <algorithm>
#include <utility>

#include "ui/widget/job_tray.h"

namespace fovea::ui {

using segment::PointPrompt;

// One answer on its way from the worker.
struct PromptSession::Found {
    PromptState state = PromptState::Preview;
    PromptQuestion::Answer content;
};

namespace {

// Holds the newest until the GUI thread takes it.
template <class T>
class Mailbox {
  public:
    // True when nothing was waiting.
    bool put(T letter) {
        const std::lock_guard lock(mutex_);
        return !std::exchange(newest_, std::move(letter)).has_value();
    }
    std::optional<T> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(newest_, std::nullopt);
    }

  private:
    std::mutex mutex_;
    std::optional<T> newest_;
};

}  // namespace

PromptSession::PromptSession(ReviewSession& review, PromptEngines engines, JobQueue& jobs, QObject* parent)
    : QObject(parent), review_(review), engines_(std::move(engines)), jobs_(jobs) {
    connect(&review, &ReviewSession::currentChanged, this, [this] {
        if (count() > 0 && review_.current() != object_) drop();
    });
    refreshEngine();
}

PromptSession::~PromptSession() { jobs_.cancel(job_); }

void PromptSession::set(PromptState state) {
    state_ = state;
    Q_EMIT changed();
}

bool PromptSession::running(PromptState state) {
    return state == PromptState::Running || state == PromptState::Interim || state == PromptState::Growing;
}

bool PromptSession::hasAnswer() const {
    return state_ == PromptState::Interim || state_ == PromptState::Growing || state_ == PromptState::Preview;
}

void PromptSession::refreshEngine() {
    if (count() > 0) return;
    const auto engines = engines_();
    simple_ = engines.back();
    if (std::exchange(engine_, engines.front()) != engine_) Q_EMIT engineChanged();
}

QString PromptSession::engineName() const { return textOf(engine_->title()); }

void PromptSession::begin() {
    refreshEngine();
    if (count() == 0) object_ = review_.current();
    sincePress_.start();
}

void PromptSession::add(const PointPrompt& point, bool runNow) {
    begin();
    points_.push_back(point);
    goOn(runNow);
}

void PromptSession::setBox(const Box& box, bool runNow) {
    begin();
    box_ = box;
    goOn(runNow);
}

void PromptSession::goOn(bool runNow) {
    if (runNow) return run();
    stop();  // what runs is no answer to these prompts
    set(PromptState::Collecting);
}

void PromptSession::stop() {
    ++generation_;
    jobs_.cancel(job_);
}

PromptQuestion PromptSession::question(std::int32_t object) const {
    PromptQuestion question;
    question.image = review_.image();
    question.identity = review_.imageIdentity();
    question.edits = review_.sharedEdits();
    question.object = object;
    if (const labels::Object* row = review_.currentObject(); row && row->voxels > 0) question.objectBox = row->box;
    question.keepOffAll = protectAll_;
    question.points = points_;
    question.box = box_;
    question.wholeObject = wholeObject_;
    question.slice = lastPlace().z;
    question.alternative = alternative_;
    question.sectionStep = sectionStep_;
    const Box widest = question.place(std::max(engine_->reach(), simple_->reach())).widest();
    for (const auto& [id, row] : review_.edits().objects())
        if (id != object && labels::isFrozen(row.state) && row.box.overlaps(widest)) question.keepOff.insert(id);
    return question;
}

void PromptSession::run() {
    if (count() == 0 || !object_) return;
    stop();
    const std::uint64_t generation = generation_;
    const auto asked = std::make_shared<const PromptQuestion>(question(*object_));
    reading_ = !engine_->ready(asked->request());
    if (reading_) Q_EMIT waiting(lastPlace());

    QPointer<PromptSession> guard(this);
    const auto tell = [guard, generation, &jobs = jobs_, mail = std::make_shared<Mailbox<Found>>()](Found found) {
        if (!mail->put(std::move(found))) return;
        jobs.post([guard, generation, mail] {
            auto newest = mail->take();
            if (guard && newest && generation == guard->generation_) guard->show(std::move(*newest));
        });
    };
    const auto work = [asked, tell, engine = engine_, simple = simple_, reading = reading_](Job& job) {
        job.check();
        try {
            if (reading && engine != simple) tell({PromptState::Interim, asked->ask(*simple, {}, job)});
        } catch (const Error&) {  // then there is nothing to see until the engine has read
        }
        try {
            const auto grown = [&](const PromptQuestion::Answer& part) { tell({PromptState::Growing, part}); };
            tell({PromptState::Preview, asked->ask(*engine, grown, job)});
        } catch (const Error& error) {  // a damaged file, a full card: prompts work without
            if (engine == simple) throw;
            Found found{PromptState::Preview, asked->ask(*simple, {}, job)};
            found.content.answer.note = {FOVEA_TR("The simple engine answered instead: {why}"),
                                         {{"why", std::string(error.what())}}};
            tell(std::move(found));
        }
    };
    const auto ended = [guard, generation](const Outcome& outcome) {
        if (!guard || generation != guard->generation_ || outcome.state != JobState::Failed) return;
        guard->problem_ = QString::fromStdString(outcome.error);
        guard->set(PromptState::Failed);
        Q_EMIT guard->said(guard->problem_);
    };
    job_ = jobs_.submit(JobRequest{Text(FOVEA_TR("Prompt")), Lane::Interactive, work, ended, {}, false});
    set(PromptState::Running);
}

void PromptSession::show(Found found) {
    segment::PromptAnswer& answer = found.content.answer;
    const labels::Object* object = review_.currentObject();
    auto preview = std::make_shared<PreviewMask>();
    preview->origin = answer.origin;
    preview->mask = std::move(answer.mask);
    preview->before = std::move(found.content.before);
    preview->interim = found.state != PromptState::Preview;
    preview->object = *object_;
    preview->colour = object ? objectColour(object->colour) : objectColour(birthSlot(preview->object));
    preview_ = std::move(preview);
    score_ = answer.score;
    problem_.clear();
    if (found.state != PromptState::Interim) {
        if (state_ != PromptState::Growing) milliseconds_ = double(sincePress_.nsecsElapsed()) / 1e6;
        if (std::exchange(reading_, false)) readingSeconds_ = milliseconds_ / 1000;
        alternatives_ = answer.alternatives;
    }
    set(found.state);
    if (!answer.note.empty()) Q_EMIT said(textOf(answer.note));
}

void PromptSession::removeLast() {
    if (!points_.empty())
        removeAt(points_.size() - 1);
    else
        removeBox();
}

void PromptSession::removeAt(std::size_t index) {
    if (index >= points_.size()) return;
    points_.erase(points_.begin() + std::ptrdiff_t(index));
    changeAndRun();
}

void PromptSession::removeBox() {
    if (box_.empty()) return;
    box_ = {};
    changeAndRun();
}

void PromptSession::nextAlternative() {
    if (alternatives_ < 2) return;
    alternative_ = (alternative() + 1) % alternatives_;
    changeAndRun();
}

void PromptSession::changeAndRun() {
    sincePress_.start();
    if (count() == 0)
        drop();
    else
        run();
}

bool PromptSession::commit() {
    if (!preview_ || !hasAnswer()) return false;
    const auto preview = preview_;
    const int clicks = count();
    drop();
    review_.edits().replaceObject(Text(FOVEA_TR("Prompts, object {id} ({clicks})"),
                                       {{"id", std::to_string(preview->object)}, {"clicks", std::to_string(clicks)}}),
                                  preview->origin, preview->mask, preview->object, "prompts", clicks);
    return true;
}

void PromptSession::cancel() {
    if (state_ != PromptState::Growing) return drop();
    stop();
    auto kept = std::make_shared<PreviewMask>(*preview_);
    kept->interim = false;
    preview_ = std::move(kept);
    set(PromptState::Preview);
}

void PromptSession::drop() {
    stop();
    points_.clear();
    box_ = {};
    preview_.reset();
    alternative_ = 0;
    alternatives_ = 1;
    set(PromptState::Idle);
}

void PromptSession::setWholeObject(bool whole) {
    wholeObject_ = whole;
    if (count() > 0)
        run();
    else
        Q_EMIT changed();
}

void PromptSession::setProtectAll(bool protect) {
    protectAll_ = protect;
    if (count() > 0)
        run();
    else
        Q_EMIT changed();
}

}  // namespace fovea::ui

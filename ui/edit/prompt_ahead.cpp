#include "ui/edit/prompt_ahead.h"

#include <QPointer>
#include <algorithm>

namespace fovea::ui {

namespace {

constexpr int restMs = 200;             // in one slice
constexpr std::int64_t neighbours = 3;  // on either side
constexpr int mostNext = 3;             // objects of the queue

}  // namespace

std::vector<Index> placesAhead(Index at, std::int64_t slices, std::int64_t reach, const std::vector<Index>& next) {
    std::vector<Index> places;
    const auto add = [&](Index place) {
        const bool known = std::any_of(places.begin(), places.end(), [&](Index one) { return one.z == place.z; });
        if (place.z >= 0 && place.z < slices && !known) places.push_back(place);
    };
    add(at);
    for (std::int64_t away = 1; away <= reach; ++away) {
        add(at + Index{away, 0, 0});
        add(at - Index{away, 0, 0});
    }
    for (const Index& place : next) add(place);
    return places;
}

PromptAhead::PromptAhead(ReviewSession& review, PromptSession& prompts, JobQueue& jobs, QObject* parent)
    : QObject(parent), review_(review), prompts_(prompts), jobs_(jobs) {
    soon_.setSingleShot(true);
    soon_.setInterval(restMs);
    connect(&soon_, &QTimer::timeout, this, [this] {
        if (prompts_.reading())
            soon_.start();  // what a prompt waits for is not put off
        else
            start();
    });
    connect(&review, &ReviewSession::currentChanged, this, &PromptAhead::startSoon);
    connect(&prompts, &PromptSession::engineChanged, this, &PromptAhead::startSoon);
    connect(&prompts, &PromptSession::waiting, this, &PromptAhead::hurry);
}

PromptAhead::~PromptAhead() { stop(); }

void PromptAhead::stop() {
    soon_.stop();
    jobs_.cancel(job_);
    slice_ = -1;
    looking_ = false;
}

void PromptAhead::lookAt(Index at) {
    const bool sameSlice = looking_ && at.z == at_.z;
    at_ = at;
    if (sameSlice) return;
    if (!prompts_.reading()) stop();
    looking_ = true;
    soon_.start();
}

void PromptAhead::startSoon() {
    if (looking_) soon_.start();
}

void PromptAhead::hurry(Index at) {
    at_ = at;
    if (slice_ != at.z) start();
}

void PromptAhead::start() {
    soon_.stop();
    jobs_.cancel(job_);
    slice_ = -1;
    if (prompts_.simple() || prompts_.engine() == broken_) return;
    PromptQuestion question;
    question.image = review_.image();
    question.identity = review_.imageIdentity();
    slice_ = at_.z;
    job_ = jobs_.submit(JobRequest{
        Text(FOVEA_TR("Read slices ahead")),
        Lane::Ahead,
        [question, engine = prompts_.engine(),
         places = placesAhead(at_, review_.image()->info().shape().z, neighbours, review_.upcoming(mostNext))](
            Job& job) { engine->prepare(question.request(), places, job); },
        [guard = QPointer<PromptAhead>(this), engine = prompts_.engine()](const Outcome& outcome) {
            if (guard && outcome.state == JobState::Failed) guard->broken_ = engine;
        },
        {},
        false});
}

}  // namespace fovea::ui

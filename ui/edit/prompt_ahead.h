#pragma once
#include <QObject>
#include <QTimer>
#include <memory>
#include <vector>

#include "base/job_queue.h"
#include "ui/edit/prompt_session.h"
#include "ui/edit/review_session.h"

namespace fovea::ui {

// Where prompts may be given next, the likeliest first: the place in view, the same in its neighbouring slices from
// near to far, up to `reach` away, then `next`; each slice with its first place only.
std::vector<Index> placesAhead(Index at, std::int64_t slices, std::int64_t reach, const std::vector<Index>& next);

// Has the prompt engine read slices before a person prompts in them, on the ahead lane: those around the view, then
// those where the review queue goes on. A slice that a prompt waits for comes first. GUI thread.
class PromptAhead : public QObject {
    Q_OBJECT
  public:
    PromptAhead(ReviewSession& review, PromptSession& prompts, JobQueue& jobs, QObject* parent = nullptr);
    ~PromptAhead() override;

    // The view is here; what was meant for another slice ends, but for what a prompt waits for.
    void lookAt(Index at);
    void stop();

  private:
    void startSoon();
    void hurry(Index at);
    void start();

    ReviewSession& review_;
    PromptSession& prompts_;
    JobQueue& jobs_;
    QTimer soon_;  // a person scrolls through many slices
    Index at_;
    bool looking_ = false;
    std::shared_ptr<const segment::PromptEngine> broken_;  // could not read; asked no more
    std::int64_t job_ = 0, slice_ = -1;                    // what is at work, and which slice it began with
};

}  // namespace fovea::ui

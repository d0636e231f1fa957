#pragma once
#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/job_queue.h"
#include "ui/edit/prompt_question.h"
#include "ui/edit/review_session.h"
#include "ui/view/label_look.h"

namespace fovea::ui {

// The engines as things stand now, in the order they are offered: the first answers, the last needs no weights.
using PromptEngines = std::function<std::vector<std::shared_ptr<const segment::PromptEngine>>()>;

// Interim: the simple engine's answer is shown while the engine still reads the slice. Growing: the engine's own, of
// the slices that are done. Both may be committed as they are. Preview: the whole answer.
enum class PromptState { Idle, Collecting, Running, Interim, Growing, Preview, Failed };

// Prompts of the current object, from the first click to the commit. The engine runs on the interactive lane over a
// dense crop; a newer click cancels the older run and results out of date are thrown away. Where the engine has to read
// a slice first, the engine that needs no weights answers in between. Nothing is written before commit(). GUI thread.
class PromptSession : public QObject {
    Q_OBJECT
  public:
    // Which engine answers is asked when the prompts of an object begin: models come and go.
    PromptSession(ReviewSession& review, PromptEngines engines, JobQueue& jobs, QObject* parent = nullptr);
    ~PromptSession() override;

    PromptState state() const { return state_; }
    const std::vector<segment::PointPrompt>& points() const { return points_; }
    const Box& box() const { return box_; }  // drawn around the object, in one slice; empty when there is none
    Index lastPlace() const { return points_.empty() ? box_.begin : points_.back().at; }  // prompted
    int count() const { return int(points_.size()) + (box_.empty() ? 0 : 1); }
    std::shared_ptr<const PreviewMask> preview() const { return preview_; }
    double score() const { return score_; }
    double milliseconds() const { return milliseconds_; }  // of the last answer, press to its first outline
    QString problem() const { return problem_; }
    bool wholeObject() const { return wholeObject_; }
    bool protectAll() const { return protectAll_; }
    // There is an answer to the prompts as they are, which may be committed.
    bool hasAnswer() const;
    bool working() const { return running(state_); }
    // The engine looks at the slice of the last prompt for the first time, which takes a while.
    bool reading() const { return working() && reading_; }
    double readingSeconds() const { return readingSeconds_; }  // the last such reading took, 0 while unknown
    int alternative() const { return alternatives_ > 0 ? alternative_ % alternatives_ : 0; }
    int alternatives() const { return alternatives_; }  // answers to choose from

    const std::shared_ptr<const segment::PromptEngine>& engine() const { return engine_; }
    QString engineName() const;
    bool simple() const { return engine_ == simple_; }  // no model for prompts is here
    // Asks again which engine answers, where no prompts are open.
    void refreshEngine();

    // Prompts act only on the current object; the caller makes sure there is one that is not frozen. They are dropped
    // when another becomes the current one.
    void add(const segment::PointPrompt& point, bool runNow);
    void setBox(const Box& box, bool runNow);  // in place of the one before
    void run();
    void removeLast();  // the box last
    void removeAt(std::size_t index);
    void removeBox();
    void nextAlternative();
    // Writes the proposal, also one in the making, as one undo step. False when there is none.
    bool commit();
    // Ends a run and keeps the slices it has done; else drops everything.
    void cancel();
    void drop();
    void setWholeObject(bool whole);
    void setProtectAll(bool protect);

  Q_SIGNALS:
    void changed();  // prompts, preview or state
    void said(const QString& text);
    void engineChanged();
    void waiting(Index at);  // a prompt here waits until its slice is read

  private:
    struct Found;
    static bool running(PromptState state);
    void begin();
    void goOn(bool runNow);
    void changeAndRun();
    void stop();
    PromptQuestion question(std::int32_t object) const;
    void show(Found found);
    void set(PromptState state);

    ReviewSession& review_;
    PromptEngines engines_;
    std::shared_ptr<const segment::PromptEngine> engine_, simple_;
    JobQueue& jobs_;
    PromptState state_ = PromptState::Idle;
    std::optional<std::int32_t> object_;  // that the prompts are of
    std::vector<segment::PointPrompt> points_;
    Box box_;
    std::shared_ptr<const PreviewMask> preview_;
    double score_ = 0, milliseconds_ = 0, readingSeconds_ = 0;
    int alternative_ = 0, alternatives_ = 1;
    QString problem_;
    bool wholeObject_ = true, protectAll_ = false, reading_ = false;
    std::uint64_t generation_ = 0;
    std::int64_t job_ = 0;
    QElapsedTimer sincePress_;
    std::shared_ptr<std::atomic<double>> sectionStep_ = std::make_shared<std::atomic<double>>(0);
};

}  // namespace fovea::ui

#pragma once
#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <atomic>
#include <memory>
#include <vector>

#include "base/job_queue.h"
#include "segment/prompt_crop.h"
#include "segment/prompt_engine.h"
#include "ui/edit/review_session.h"
#include "ui/view/label_look.h"

namespace fovea::ui {

enum class PromptState { Idle, Collecting, Running, Preview, Failed };

// Prompts of the current object, from the first click to the commit. The engine runs on the interactive lane over a
// dense crop; a newer click cancels the older run and results out of date are thrown away. Nothing is written before
// commit(). GUI thread.
class PromptSession : public QObject {
    Q_OBJECT
  public:
    PromptSession(ReviewSession& review, std::shared_ptr<const segment::PromptEngine> engine, JobQueue& jobs,
                  QObject* parent = nullptr);
    ~PromptSession() override;

    PromptState state() const { return state_; }
    const std::vector<segment::PointPrompt>& points() const { return points_; }
    std::shared_ptr<const PreviewMask> preview() const { return preview_; }
    double score() const { return score_; }
    double milliseconds() const { return milliseconds_; }  // of the last answer, press to proposal
    QString problem() const { return problem_; }
    bool wholeObject() const { return wholeObject_; }
    bool protectAll() const { return protectAll_; }

    // Prompts act only on the current object; the caller makes sure there is one that is not frozen.
    void add(const segment::PointPrompt& point, bool runNow);
    void run();
    void removeLast();
    void removeAt(std::size_t index);
    // Writes the proposal as one undo step. False when there is none.
    bool commit();
    void drop();
    void setWholeObject(bool whole);
    void setProtectAll(bool protect);

  Q_SIGNALS:
    void changed();  // points, preview or state
    void said(const QString& text);

  private:
    segment::PromptPlace place() const;
    void answered(const segment::PromptAnswer& answer, const Volume<std::uint8_t>& before);
    void set(PromptState state);

    ReviewSession& review_;
    std::shared_ptr<const segment::PromptEngine> engine_;
    JobQueue& jobs_;
    PromptState state_ = PromptState::Idle;
    std::vector<segment::PointPrompt> points_;
    std::shared_ptr<const PreviewMask> preview_;
    double score_ = 0, milliseconds_ = 0;
    QString problem_;
    bool wholeObject_ = true, protectAll_ = false;
    std::uint64_t generation_ = 0;
    std::int64_t job_ = 0;
    QElapsedTimer sincePress_;
    // How many voxels of the plane sections lie apart, where the image does not tell; 0 until the first prompt looked.
    std::shared_ptr<std::atomic<double>> sectionStep_ = std::make_shared<std::atomic<double>>(0);
};

}  // namespace fovea::ui

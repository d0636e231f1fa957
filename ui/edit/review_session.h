#pragma once
#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <memory>
#include <optional>
#include <vector>

#include "labels/edit_session.h"
#include "project/artifacts.h"
#include "project/review.h"
#include "ui/edit/object_model.h"

namespace fovea::ui {

// What a person has decided so far in one case.
struct ReviewProgress {
    int total = 0, accepted = 0, unsure = 0, rejected = 0;
    int patchesDone = 0, patchesOpen = 0;  // to learn from: marked complete; chosen and not yet complete
    int checkDone = 0, checkOpen = 0;      // held out for the check
    int reviewed() const { return accepted + unsure + rejected; }
    double minutesEach = 0;  // median of the last 20 objects, 0 while unknown
    friend bool operator==(const ReviewProgress&, const ReviewProgress&) = default;
};

// One case under review: image, labels being edited, rows, queue, the current object and the verdicts on it. Knows no
// widget. GUI thread.
class ReviewSession : public QObject {
    Q_OBJECT
  public:
    // Throws Error when labels or journal cannot be opened. `image` is the case's, already open.
    ReviewSession(project::Project& project, const project::Artifacts& artifacts, const std::string& caseId,
                  ImagePtr image, QObject* parent = nullptr);
    ~ReviewSession() override;

    const std::string& caseId() const { return caseId_; }
    const ImagePtr& image() const { return image_; }
    const std::string& imageIdentity() const { return identity_; }  // see project::Case; empty where it is not known
    labels::EditSession& edits() { return *edits_; }
    const labels::EditSession& edits() const { return *edits_; }
    // For workers: keeps the labels alive while they read.
    std::shared_ptr<const labels::EditSession> sharedEdits() const { return edits_; }
    ObjectModel& model() { return model_; }
    // Chosen patches, best first, and between the first of them those held out for the check.
    const std::vector<ChosenPatch>& patches() const { return patches_; }
    // Whether a box lies in what is held out: labelled like the rest, never learned from.
    bool heldOut(const Box& box) const;

    std::optional<std::int32_t> current() const;
    const labels::Object* currentObject() const;  // null when there is none
    void setCurrent(std::int32_t id);
    void clearCurrent();
    // An id for a new object; it becomes current and gets its row with its first voxel.
    std::int32_t startNewObject();

    project::ReviewOrder order() const { return order_; }
    void setOrder(project::ReviewOrder order);
    void next();
    void previous();
    // The middles of the objects without a verdict that come next, at most so many.
    std::vector<Index> upcoming(int most) const;

    // A verdict on the current object; `goOn` moves to the next one that has none.
    void verdict(labels::State state, bool goOn);
    void accept(bool goOn);  // Accepted, or Fixed when a person changed its voxels
    void reopen();
    void remove();
    // Everything a person does until endStep() is one undo step.
    void beginStep(const Text& title);
    void endStep();
    // A verdict taken back (or given again) makes its object current.
    void undo();
    void redo();
    // The chosen patch the current object (or, without one, the cursor) lies in, and the mark "nothing missed here".
    std::optional<Box> patchAt(Index voxel) const;
    void markPatchDone(const Box& patch);
    bool patchDone(const Box& patch) const;

    // Takes over the labels in use, when these are others now, for everything not accepted (after a round, or when
    // another round is put to use). During an open step they wait: refreshDue() tells when it has ended.
    void refreshBase();

    ReviewProgress progress() const;
    // At most two reasons why this object deserves a look, computed from its numbers.
    QString reasons(const labels::Object& object) const;
    void noteActivity();  // input arrived: time counts, pauses over 30 s don't

  Q_SIGNALS:
    void currentChanged();
    void edited(const fovea::labels::Change& change);  // voxels or rows
    void rowsChanged();                                // objects came, went or changed their state
    void progressChanged();
    void judged(std::int32_t id, fovea::labels::State state);  // a verdict was given, before the next object comes
    void said(const QString& text);                            // a short remark for the view
    void refreshDue();                                         // newer labels waited for the end of a step

  private:
    void onChange(const labels::Change& change);
    void loadPatches();
    std::vector<project::ReviewRow> rows() const;
    project::ReviewPlace place() const;
    void spendTime();
    void stepEnded();
    bool noteRows(const labels::Change& change);
    double medianVoxels() const;

    project::Project& project_;
    const project::Artifacts& artifacts_;
    std::string caseId_, identity_;
    ImagePtr image_;
    std::shared_ptr<labels::EditSession> edits_;  // workers that read the layer keep it alive
    ObjectModel model_;
    project::ReviewQueue queue_;
    project::ReviewOrder order_ = project::ReviewOrder::Doubtful;
    std::vector<ChosenPatch> patches_;
    std::optional<std::int32_t> current_;
    QElapsedTimer sinceInput_;
    double secondsOnCurrent_ = 0;
    std::vector<double> lastSeconds_;
    std::optional<std::int32_t> lastVerdict_;  // object whose state the last change changed
    // Of all objects; counted again when objects come or go, not with every verdict. Absent: to be counted.
    mutable std::optional<double> medianVoxels_;
    mutable std::size_t medianOf_ = 0;  // how many objects there were
    bool inStep_ = false, refreshWaits_ = false;
};

}  // namespace fovea::ui

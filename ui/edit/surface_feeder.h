#pragma once
#include <QObject>
#include <QTimer>
#include <set>

#include "base/job_queue.h"
#include "ui/edit/review_session.h"

namespace fovea::ui {

class View3D;

// Keeps the surfaces of the 3D view in step with the labels: one mesh per object, made on the cpu lane, the current
// object first; after an edit only what was touched. GUI thread.
class SurfaceFeeder : public QObject {
    Q_OBJECT
  public:
    SurfaceFeeder(ReviewSession& review, View3D& view, JobQueue& jobs, QObject* parent = nullptr);
    ~SurfaceFeeder() override;
    void refreshAll();

  private:
    void want(std::int32_t id);
    void startNext();

    ReviewSession& review_;
    View3D& view_;
    JobQueue& jobs_;
    std::set<std::int32_t> wanted_, shown_;
    std::int32_t inWork_ = 0;
    std::int64_t job_ = 0;
    QTimer soon_;
};

}  // namespace fovea::ui

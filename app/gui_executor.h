#pragma once
#include <QObject>

#include "base/job_queue.h"

namespace fovea::app {

// Runs what is posted on the thread this object was made on, through its event loop. What arrives after its end is
// dropped.
class GuiExecutor : public QObject, public Executor {
  public:
    void post(std::function<void()> f) override;
};

}  // namespace fovea::app

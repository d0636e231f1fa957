#pragma once
#include "base/job.h"

namespace fovea::test {

// A job that is cancelled from the n-th time on that somebody asks, counted from 0.
class CancelAt : public Job {
  public:
    explicit CancelAt(int n) : left_(n) {}
    bool cancelled() const override { return --left_ < 0; }
    int left() const { return left_; }

  private:
    mutable int left_;
};

}  // namespace fovea::test

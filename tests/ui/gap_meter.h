#pragma once
#include <QElapsedTimer>
#include <QTimer>
#include <algorithm>

namespace fovea::ui {

// How long the event loop stood still, at most, since the last reset.
class GapMeter {
  public:
    GapMeter() {
        timer_.setInterval(10);
        timer_.setTimerType(Qt::PreciseTimer);
        QObject::connect(&timer_, &QTimer::timeout, [this] { note(clock_.restart()); });
        clock_.start();
        timer_.start();
    }
    void reset() {
        longest_ = 0;
        over100_ = 0;
        clock_.restart();
    }
    // Counts what runs now as well.
    qint64 longest() const { return std::max(longest_, clock_.elapsed()); }

    int over100() const { return over100_; }  // gaps longer than 100 ms

  private:
    void note(qint64 gap) {
        longest_ = std::max(longest_, gap);
        if (gap > 100) ++over100_;
    }

    QTimer timer_;
    QElapsedTimer clock_;
    qint64 longest_ = 0;
    int over100_ = 0;
};

}  // namespace fovea::ui

#pragma once
#include <time.h>

#include <QElapsedTimer>
#include <QTimer>
#include <algorithm>
#include <utility>

namespace fovea::ui {

// Processor time of the calling thread, ms: what it did itself, whatever else the machine was busy with.
inline double threadMs() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6;
}

// How long the event loop stood still, at most, since the last reset, and how much of a gap it worked itself.
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
        longestWork_ = 0;
        worked_ = threadMs();
        over100_ = 0;
        clock_.restart();
    }
    // Counts what runs now as well.
    qint64 longest() const { return std::max(longest_, clock_.elapsed()); }

    double longestWork() const { return longestWork_; }  // ms of processor time in one gap
    int over100() const { return over100_; }             // gaps longer than 100 ms

  private:
    void note(qint64 gap) {
        longest_ = std::max(longest_, gap);
        if (gap > 100) ++over100_;
        const double worked = threadMs();
        longestWork_ = std::max(longestWork_, worked - std::exchange(worked_, worked));
    }

    QTimer timer_;
    QElapsedTimer clock_;
    qint64 longest_ = 0;
    int over100_ = 0;
    double worked_ = threadMs(), longestWork_ = 0;
};

}  // namespace fovea::ui

#include <QtTest>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "base/parallel_parts.h"

using namespace fovea;

class TestParallel : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void init() { setThreadCount(4); }
    void cleanup() { setThreadCount(0); }

    void callsEachOnce() {
        std::vector<int> calls(1000);
        Job job;
        parallelFor(1000, job, [&](std::int64_t i) { ++calls[std::size_t(i)]; });
        QCOMPARE(std::accumulate(calls.begin(), calls.end(), 0), 1000);
        QVERIFY(calls == std::vector<int>(1000, 1));
        parallelFor(0, job, [](std::int64_t) { QFAIL("nothing to call"); });
    }
    void stretchesCoverAllOnce() {
        for (const std::int64_t count : {0, 1, 6, 7, 8, 100}) {
            std::vector<int> calls(static_cast<std::size_t>(count));
            std::atomic<bool> fitting{true};
            Job job;
            parallelStretches(count, 7, job, [&](std::int64_t begin, std::int64_t end) {
                if (begin >= end || end > begin + 7) fitting = false;
                for (std::int64_t i = begin; i < end; ++i) ++calls[std::size_t(i)];
            });
            QVERIFY(fitting && calls == std::vector<int>(std::size_t(count), 1));
        }
    }
    void callsWithinCallsStayOnTheirThread() {
        std::atomic<int> elsewhere{0}, inner{0};
        Job job;
        parallelFor(8, job, [&](std::int64_t) {
            const auto outer = std::this_thread::get_id();
            parallelFor(8, job, [&](std::int64_t) { ++inner, elsewhere += std::this_thread::get_id() != outer; });
        });
        QCOMPARE(inner.load(), 64);
        QCOMPARE(elsewhere.load(), 0);
    }
    void firstExceptionIsThrown() {
        std::atomic<int> calls{0};
        Job job;
        const auto fail = [&](std::int64_t) {
            ++calls;
            throw Error(ErrorKind::Internal, "no");
        };
        QVERIFY_EXCEPTION_THROWN(parallelFor(1000, job, fail), Error);
        QVERIFY(calls <= 4);
        QVERIFY_EXCEPTION_THROWN(forParts(1000, job, [&](std::int64_t i, Job&) { fail(i); }), Error);
    }
    void partsReportTogether() {
        struct Recorder : Job {
            using Job::progress;
            void progress(double done, double total, const Text&) override { shares.push_back(done / total); }
            std::vector<double> shares;  // no lock: only the calling thread may speak
        } recorder;
        std::vector<int> sums(20);
        forParts(20, recorder, [&](std::int64_t t, Job& part) {
            for (int i = 0; i < 50; ++i) {
                sums[std::size_t(t)] += i;
                part.progress(i, 50);
                std::this_thread::sleep_for(std::chrono::microseconds(100));
            }
        });
        QVERIFY(sums == std::vector<int>(20, 1225));
        QCOMPARE(recorder.shares.back(), 1.0);
        QVERIFY(std::is_sorted(recorder.shares.begin(), recorder.shares.end() - 1));
    }
    void partsAreCancelled() {
        CancelFlag flag;
        const auto work = [&](std::int64_t, Job& part) {
            flag.cancel();
            for (;;) {
                part.check();
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        };
        QVERIFY_EXCEPTION_THROWN(forParts(8, flag, work), Cancelled);
    }
};

QTEST_APPLESS_MAIN(TestParallel)
#include "tst_parallel.moc"

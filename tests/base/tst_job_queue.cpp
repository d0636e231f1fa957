#include <QtTest>
#include <semaphore>
#include <set>
#include <thread>

#include "base/bounded_queue.h"
#include "base/error.h"
#include "base/job_queue.h"

using namespace fovea;
using namespace std::chrono_literals;

// Drains until the queue is idle and everything posted has run.
static void settle(JobQueue& queue, ManualExecutor& executor) {
    while (!queue.idle()) executor.waitAndDrain(20ms);
    while (executor.drain() > 0) {
    }
}

class TestJobQueue : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void runsAndReportsOnTheOwnersThread() {
        ManualExecutor executor;
        JobQueue queue(executor);
        const auto owner = std::this_thread::get_id();
        std::thread::id worker, reporter;
        std::vector<std::string> messages;
        Outcome outcome{JobState::Waiting, {}, {}};
        const auto id = queue.submit({"Count", Lane::Cpu,
                                      [&](Job& job) {
                                          worker = std::this_thread::get_id();
                                          job.progress(1, 4, "counting");
                                          job.message(MessageLevel::Warning, "odd");
                                      },
                                      [&](const Outcome& o) { outcome = o, reporter = std::this_thread::get_id(); },
                                      [&](MessageLevel, const Text& text) { messages.push_back(text.str()); }});
        settle(queue, executor);
        QVERIFY(outcome.state == JobState::Done);
        QVERIFY(worker != owner);
        QVERIFY(reporter == owner);
        QCOMPARE(messages, (std::vector<std::string>{"odd"}));
        const auto jobs = queue.jobs();
        QCOMPARE(jobs.size(), std::size_t(1));
        QCOMPARE(jobs[0].id, id);
        QVERIFY(jobs[0].state == JobState::Done);
        QCOMPARE(jobs[0].share, 0.25);
        QCOMPARE(jobs[0].what.str(), std::string("counting"));
    }
    void nothingIsReportedInsideSubmit() {
        ManualExecutor executor;
        JobQueue queue(executor);
        int done = 0;
        queue.submit({"a", Lane::Read, [](Job&) {}, [&](const Outcome&) { ++done; }, {}});
        while (!queue.idle()) std::this_thread::sleep_for(1ms);
        QCOMPARE(done, 0);
        executor.drain();
        QCOMPARE(done, 1);
    }
    // A job that is over is still listed, but holds nothing any more: a project could not be opened again else.
    void whatAJobCapturedIsLetGo() {
        ManualExecutor executor;
        JobQueue queue(executor);
        const auto held = std::make_shared<int>(7);
        int seen = 0;
        queue.submit({"a", Lane::Cpu, [held](Job&) {}, [held, &seen](const Outcome&) { seen = *held; }, {}, true});
        settle(queue, executor);
        QCOMPARE(seen, 7);
        QCOMPARE(queue.jobs().size(), std::size_t(1));
        QCOMPARE(held.use_count(), 1L);
    }
    void failuresCarryTheirReason() {
        ManualExecutor executor;
        JobQueue queue(executor);
        std::vector<Outcome> outcomes(3);
        const auto keep = [&](int i) { return [&, i](const Outcome& o) { outcomes[std::size_t(i)] = o; }; };
        queue.submit({"a", Lane::Batch, [](Job&) { throw Error(ErrorKind::Format, "bad file"); }, keep(0), {}});
        queue.submit({"b", Lane::Batch, [](Job&) { throw 42; }, keep(1), {}});
        queue.submit({"c", Lane::Batch, [](Job&) {}, keep(2), {}});
        settle(queue, executor);
        QVERIFY(outcomes[0].state == JobState::Failed);
        QCOMPARE(outcomes[0].error, std::string("bad file"));
        QVERIFY_EXCEPTION_THROWN(std::rethrow_exception(outcomes[0].exception), Error);
        QVERIFY(outcomes[1].state == JobState::Failed);
        QVERIFY(!outcomes[1].error.empty());
        QVERIFY(outcomes[2].state == JobState::Done);
        QCOMPARE(queue.jobs()[0].error, std::string("bad file"));
    }
    void cancelReachesRunningAndWaiting() {
        ManualExecutor executor;
        JobQueue queue(executor);
        std::binary_semaphore running(0);
        std::map<std::string, int> done;
        bool secondRan = false;
        const auto first =
            queue.submit({"first",
                          Lane::Batch,
                          [&](Job& job) {
                              running.release();
                              while (true) job.check(), std::this_thread::sleep_for(1ms);
                          },
                          [&](const Outcome& o) { done["first"] += o.state == JobState::Cancelled ? 1 : 100; },
                          {}});
        const auto second =
            queue.submit({"second",
                          Lane::Batch,
                          [&](Job&) { secondRan = true; },
                          [&](const Outcome& o) { done["second"] += o.state == JobState::Cancelled ? 1 : 100; },
                          {}});
        running.acquire();
        QVERIFY(queue.jobs()[0].state == JobState::Running);
        QVERIFY(queue.jobs()[1].state == JobState::Waiting);
        queue.cancel(second);
        queue.cancel(second);
        queue.cancel(first);
        queue.cancel(12345);
        settle(queue, executor);
        QVERIFY(!secondRan);
        QCOMPARE(done["first"], 1);
        QCOMPARE(done["second"], 1);
    }
    void workThatFinishedInSpiteOfCancelIsDone() {
        ManualExecutor executor;
        JobQueue queue(executor);
        std::binary_semaphore running(0), go(0);
        JobState state = JobState::Waiting;
        const auto id = queue.submit({"a",
                                      Lane::Batch,
                                      [&](Job&) { running.release(), go.acquire(); },
                                      [&](const Outcome& o) { state = o.state; },
                                      {}});
        running.acquire();
        queue.cancel(id);
        go.release();
        settle(queue, executor);
        QVERIFY(state == JobState::Done);
    }
    void cancelAllEndsEverything() {
        ManualExecutor executor;
        JobQueue queue(executor);
        int done = 0;
        for (int i = 0; i < 40; ++i)
            queue.submit({"a",
                          Lane(i % 4),
                          [](Job& job) {
                              while (true) job.check(), std::this_thread::sleep_for(1ms);
                          },
                          [&](const Outcome& o) { done += o.state == JobState::Cancelled; },
                          {}});
        queue.cancelAll();
        settle(queue, executor);
        QCOMPARE(done, 40);
    }
    void destructionReportsEveryJobOnce() {
        ManualExecutor executor;
        int done = 0;
        {
            JobQueue queue(executor);
            queue.onChange([&] { done += 1000; });  // never called once the queue is gone
            for (int i = 0; i < 10; ++i)
                queue.submit({"a",
                              Lane::Batch,
                              [](Job& job) {
                                  while (true) job.check(), std::this_thread::sleep_for(1ms);
                              },
                              [&](const Outcome&) { ++done; },
                              {}});
        }
        executor.drain();
        QCOMPARE(executor.drain(), 0);
        QCOMPARE(done, 10);
    }
    void aJobMaySubmitAnother() {
        ManualExecutor executor;
        JobQueue queue(executor);
        int done = 0;
        queue.submit({"a",
                      Lane::Cpu,
                      [&](Job&) { queue.submit({"b", Lane::Batch, [](Job&) {}, [&](const Outcome&) { ++done; }, {}}); },
                      [&](const Outcome&) { ++done; },
                      {}});
        settle(queue, executor);
        QCOMPARE(done, 2);
    }
    void oneLaneRunsInOrder() {
        ManualExecutor executor;
        JobQueue queue(executor);
        std::vector<int> order;
        for (int i = 0; i < 20; ++i)
            queue.submit({"a", Lane::Batch, [&order, i](Job&) { order.push_back(i); }, {}, {}});
        settle(queue, executor);
        for (int i = 0; i < 20; ++i) QCOMPARE(order[std::size_t(i)], i);
    }
    void othersYieldToInteractive_data() {
        QTest::addColumn<Lane>("lane");
        QTest::newRow("batch") << Lane::Batch;
        QTest::newRow("ahead") << Lane::Ahead;
    }
    void othersYieldToInteractive() {
        QFETCH(Lane, lane);
        ManualExecutor executor;
        JobQueue queue(executor);
        std::binary_semaphore prompting(0), endPrompt(0);
        std::atomic<bool> promptEnded{false}, yieldedTooEarly{false};
        queue.submit({"prompt",
                      Lane::Interactive,
                      [&](Job& job) {
                          prompting.release();
                          endPrompt.acquire();
                          job.yield();  // never waits for itself
                          promptEnded = true;
                      },
                      {},
                      {}});
        prompting.acquire();
        std::binary_semaphore yielding(0);
        queue.submit({"train",
                      lane,
                      [&](Job& job) {
                          yielding.release();
                          job.yield();
                          yieldedTooEarly = !promptEnded;
                      },
                      {},
                      {}});
        yielding.acquire();
        std::this_thread::sleep_for(20ms);
        endPrompt.release();
        settle(queue, executor);
        QVERIFY(promptEnded);
        QVERIFY(!yieldedTooEarly);
    }
    void aJobMayShowWhatItHas() {
        ManualExecutor executor;
        JobQueue queue(executor);
        std::vector<std::string> seen;
        const auto owner = std::this_thread::get_id();
        queue.submit({"a",
                      Lane::Interactive,
                      [&](Job&) {
                          for (const char* part : {"half", "whole"})
                              queue.post([&seen, owner, part] {
                                  QVERIFY(std::this_thread::get_id() == owner);
                                  seen.push_back(part);
                              });
                      },
                      [&](const Outcome&) { seen.push_back("done"); },
                      {}});
        settle(queue, executor);
        QCOMPARE(seen, (std::vector<std::string>{"half", "whole", "done"}));
    }
    void aYieldingJobCanBeCancelled() {
        ManualExecutor executor;
        JobQueue queue(executor);
        std::binary_semaphore prompting(0), endPrompt(0), yielding(0), trained(0);
        queue.submit({"prompt", Lane::Interactive, [&](Job&) { prompting.release(), endPrompt.acquire(); }, {}, {}});
        prompting.acquire();
        const auto id = queue.submit({"train",
                                      Lane::Batch,
                                      [&](Job& job) {
                                          yielding.release();
                                          job.yield();
                                          trained.release();
                                      },
                                      {},
                                      {}});
        yielding.acquire();
        queue.cancel(id);
        trained.acquire();  // hangs here if cancelling does not wake it
        endPrompt.release();
        settle(queue, executor);
    }
    void changesAreAnnounced() {
        ManualExecutor executor;
        JobQueue queue(executor);
        int changes = 0;
        queue.onChange([&] { ++changes; });
        queue.submit({"a",
                      Lane::Batch,
                      [](Job& job) {
                          for (int i = 0; i < 100000; ++i) job.progress(i, 100000);
                      },
                      {},
                      {}});
        settle(queue, executor);
        QVERIFY(changes >= 1);
        QVERIFY(changes < 1000);  // throttled
    }
    void hiddenJobsAreNotListedAndOldOnesForgotten() {
        ManualExecutor executor;
        JobQueue queue(executor);
        queue.submit({"hidden", Lane::Read, [](Job&) {}, {}, {}, false});
        settle(queue, executor);
        QVERIFY(queue.jobs().empty());
        for (int i = 0; i < 80; ++i) queue.submit({"a", Lane::Read, [](Job&) {}, {}, {}});
        settle(queue, executor);
        QVERIFY(queue.jobs().size() <= 50);
        std::set<std::int64_t> ids;
        for (const JobInfo& info : queue.jobs()) ids.insert(info.id);
        QCOMPARE(ids.size(), queue.jobs().size());
    }
    void partsScaleProgress() {
        struct Recorder : Job {
            using Job::progress;
            void progress(double done, double total, const Text&) override { share = done / total; }
            double share = -1;
        } recorder;
        JobPart part(recorder, 0.5, 1.0);
        part.progress(1, 2);
        QCOMPARE(recorder.share, 0.75);
        CancelFlag flag;
        JobPart cancelled(flag, 0, 1);
        cancelled.check();
        flag.cancel();
        QVERIFY_EXCEPTION_THROWN(cancelled.check(), Cancelled);
    }
    void boundedQueue() {
        BoundedQueue<int> queue(2);
        std::jthread producer([&] {
            for (int i = 0; i < 100; ++i) queue.push(i);
            queue.close();
        });
        int sum = 0;
        while (const auto item = queue.pop()) sum += *item;
        QCOMPARE(sum, 4950);
        QVERIFY(!queue.push(1));
    }
};

QTEST_APPLESS_MAIN(TestJobQueue)
#include "tst_job_queue.moc"

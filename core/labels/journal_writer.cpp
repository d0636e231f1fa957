#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "labels/journal.h"
#include "labels/journal_format.h"

namespace fovea::labels {

using namespace std::chrono_literals;

namespace {

struct Item {
    std::shared_ptr<const std::string> framed;  // null: replace a file
    std::filesystem::path path;
    std::string bytes;
};

}  // namespace

struct JournalWriter::Impl {
    std::filesystem::path path;
    mutable std::mutex mutex;
    std::condition_variable_any wake, changed;
    std::deque<Item> waiting;
    std::uint64_t queuedEnd = 0;   // length of the file once everything is written
    std::uint64_t durableEnd = 0;  // fsynced
    std::uint64_t attempts = 0;    // finished ones
    int flushing = 0;
    std::string problem;
    std::unique_ptr<file::Appender> appender;  // used by the thread alone
    std::jthread thread;                       // last: stops first

    void run(const std::stop_token& stop) {
        std::unique_lock lock(mutex);
        for (;;) {
            wake.wait(lock, stop, [&] { return !waiting.empty(); });
            if (stop.stop_requested()) break;
            // A short pause lets dabs of one moment share a sync; after a failure a long one.
            wake.wait_for(lock, stop, problem.empty() ? 50ms : 1000ms, [&] { return flushing > 0; });
            attempt(lock);
        }
        if (!waiting.empty()) attempt(lock);
    }

    // Writes what waits, in order, as far as it goes.
    void attempt(std::unique_lock<std::mutex>& lock) {
        std::string failure;
        std::uint64_t written = durableEnd;
        std::size_t done = 0;
        try {
            while (done < waiting.size() && waiting[done].framed) {
                const auto framed = waiting[done].framed;
                lock.unlock();
                try {
                    if (!appender) appender = std::make_unique<file::Appender>(path);
                    appender->append(*framed);
                } catch (...) {
                    lock.lock();
                    throw;
                }
                lock.lock();
                written += framed->size();
                ++done;
            }
        } catch (const std::exception& e) {
            failure = e.what();
        }
        if (done > 0) {
            lock.unlock();
            std::string syncFailure;
            try {
                appender->sync();
            } catch (const std::exception& e) {
                syncFailure = e.what();
            }
            lock.lock();
            // The bytes are in the file either way; only how safe they are differs.
            waiting.erase(waiting.begin(), waiting.begin() + std::ptrdiff_t(done));
            durableEnd = written;
            if (failure.empty()) failure = syncFailure;
        }
        if (failure.empty()) replaceFiles(lock);
        problem = failure;
        ++attempts;
        changed.notify_all();
    }

    void replaceFiles(std::unique_lock<std::mutex>& lock) {
        while (!waiting.empty() && !waiting.front().framed) {
            const Item item = std::move(waiting.front());
            waiting.pop_front();
            lock.unlock();
            try {
                file::write(item.path, item.bytes);
            } catch (const std::exception& e) {
                log::warning(e.what());
            }
            lock.lock();
        }
    }
};

JournalWriter::JournalWriter(const std::filesystem::path& path, Index shape, std::uint64_t end)
    : impl_(std::make_unique<Impl>()) {
    impl_->path = path;
    std::error_code error;
    if (std::filesystem::exists(path) && std::filesystem::file_size(path, error) != end) {
        std::filesystem::resize_file(path, end, error);
        if (error)
            throw Error(
                ErrorKind::Input,
                {FOVEA_TR("The unfinished end of {path} cannot be cut off: {reason}. Check that you may write there."),
                 {{"path", path.string()}, {"reason", error.message()}}});
    }
    impl_->queuedEnd = impl_->durableEnd = end;
    if (end == 0) append(std::make_shared<std::string>(journalHeader(shape)));
    impl_->thread = std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run(stop); });
}

JournalWriter::~JournalWriter() {
    impl_->thread.request_stop();
    impl_->thread.join();
    if (!impl_->problem.empty()) log::error("The last edits could not be saved: " + impl_->problem);
}

std::uint64_t JournalWriter::append(std::shared_ptr<const std::string> framed) {
    std::lock_guard lock(impl_->mutex);
    const std::uint64_t offset = impl_->queuedEnd;
    impl_->queuedEnd += framed->size();
    impl_->waiting.push_back({std::move(framed), {}, {}});
    impl_->wake.notify_all();
    return offset;
}

void JournalWriter::replaceLater(const std::filesystem::path& path, std::string bytes) {
    std::lock_guard lock(impl_->mutex);
    std::erase_if(impl_->waiting,
                  [&](const Item& item) { return !item.framed && item.path == path; });  // a newer one is due
    impl_->waiting.push_back({nullptr, path, std::move(bytes)});
    impl_->wake.notify_all();
}

std::uint64_t JournalWriter::queued() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->queuedEnd;
}

std::uint64_t JournalWriter::durable() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->durableEnd;
}

std::string JournalWriter::problem() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->problem;
}

void JournalWriter::flush() {
    std::unique_lock lock(impl_->mutex);
    ++impl_->flushing;
    // An attempt under way when we came may have looked at the queue before our last entry: the second one has not.
    const std::uint64_t target = impl_->queuedEnd, first = impl_->attempts;
    impl_->wake.notify_all();
    impl_->changed.wait(lock, [&] {
        if (impl_->waiting.empty() && impl_->durableEnd >= target) return true;
        return impl_->attempts >= first + 2 && !impl_->problem.empty();
    });
    --impl_->flushing;
    if (impl_->durableEnd < target || !impl_->problem.empty())
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("Edits of this session are not on disk yet and stay in memory: {reason}"),
                     {{"reason", impl_->problem}}});
}

}  // namespace fovea::labels

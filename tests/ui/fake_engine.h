#pragma once
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "segment/prompt_engine.h"

namespace fovea::test {

using segment::PromptAnswer;
using segment::PromptRequest;

// A prompt engine that waits until the test lets it go. Marks `mark` voxels in a row from the last prompt on, so that
// answers tell who gave them and to what.
class FakeEngine : public segment::PromptEngine {
  public:
    FakeEngine(std::string name, int mark) : name_(std::move(name)), mark_(mark) {}

    std::string id() const override { return name_; }
    Text title() const override { return name_; }
    bool boxes() const override { return knowsBoxes; }
    bool ready(const PromptRequest&) const override { return isReady; }
    PromptAnswer run(const PromptRequest& request, Job& job) const override {
        {
            const std::lock_guard lock(mutex_);
            asked_.push_back(request);
            asked_.back().partial = {};
        }
        PromptAnswer answer;
        answer.origin = request.origin;
        answer.alternatives = alternatives;
        answer.score = 0.5;
        answer.mask = Volume<std::uint8_t>(request.image.shape());
        const Index last = request.points.empty() ? request.box.begin : request.points.back().at;
        const auto mark = [&](Index at) {
            for (int i = 0; i < mark_; ++i) answer.mask[at - request.origin + Index{0, 0, i}] = 1;
        };
        mark(last);
        for (int part = 0; part < parts; ++part) {
            if (part > 0) mark(last + Index{part, 0, 0});
            request.partial(answer);
        }
        while (!open) {
            job.check();
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (broken) throw Error(ErrorKind::Format, "The weights are broken.");
        for (int part = 1; part <= parts; ++part) mark(last + Index{part, 0, 0});
        return answer;
    }
    void prepare(const PromptRequest& request, const std::vector<Index>& places, Job& job) const override {
        for (std::size_t i = 0; i < places.size(); ++i) {
            {
                const std::lock_guard lock(mutex_);
                begun_.push_back(places[i]);
            }
            if (broken) throw Error(ErrorKind::Format, "The weights are broken.");
            try {
                while (!aheadOpen) {
                    job.check();
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
                }
            } catch (const Cancelled&) {
                ++cancelledAhead;
                throw;
            }
        }
    }

    std::atomic<bool> isReady{true}, open{true}, broken{false}, knowsBoxes{true}, aheadOpen{true};
    std::atomic<int> alternatives{1}, parts{0};
    mutable std::atomic<int> cancelledAhead{0};

    std::vector<PromptRequest> asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }
    std::vector<Index> begun() const {
        const std::lock_guard lock(mutex_);
        return begun_;
    }

  private:
    std::string name_;
    int mark_;
    mutable std::mutex mutex_;
    mutable std::vector<PromptRequest> asked_;
    mutable std::vector<Index> begun_;
};

}  // namespace fovea::test

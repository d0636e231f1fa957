#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"
#include "infer/discs.h"
#include "infer/sam_prompts.h"
#include "nn/tiny_cellsam.h"
#include "nn/tiny_sam.h"
#include "nn/torch_test.h"
#include "support/cancel_at.h"

using namespace fovea;
using namespace fovea::infer;
using segment::PointPrompt;
using segment::PromptAnswer;
using segment::PromptRequest;
using Mask = Volume<std::uint8_t>;

// The weights are random: what is tested holds whatever the network says.
namespace {

std::filesystem::path weightsFile() {
    static const file::TempFolder folder;
    const auto path = folder.path() / "tiny.safetensors";
    if (!std::filesystem::exists(path)) test::writeTinySam(path);
    return path;
}

std::shared_ptr<const segment::PromptEngine> engineWith(SamPromptOptions options) {
    options.weights = weightsFile(), options.device = "cpu", options.threads = 1;
    return samEngine(options);
}

const segment::PromptEngine& engine() {
    static const auto one = engineWith({.leastIou = 0.1});
    return *one;
}

PromptRequest requestFor(Index shape, std::vector<PointPrompt> points) {
    PromptRequest request;
    request.image = test::discs(shape);
    request.points = std::move(points);
    if (!request.points.empty()) request.slice = request.points.front().at.z;
    return request;
}

PromptAnswer ask(const PromptRequest& request) {
    Job job;
    return engine().run(request, job);
}

void ball(Mask& mask, Index at, std::int64_t radius, std::uint8_t value = 1) {
    for (std::int64_t z = 0; z < mask.shape().z; ++z)
        for (std::int64_t y = 0; y < mask.shape().y; ++y)
            for (std::int64_t x = 0; x < mask.shape().x; ++x)
                if ((y - at.y) * (y - at.y) + (x - at.x) * (x - at.x) <= radius * radius) mask(z, y, x) = value;
}

std::int64_t changedIn(const Mask& a, const Mask& b, std::int64_t z) {
    std::int64_t n = 0;
    for (std::int64_t y = 0; y < a.shape().y; ++y)
        for (std::int64_t x = 0; x < a.shape().x; ++x) n += a(z, y, x) != b(z, y, x);
    return n;
}

void begins() {
    const PromptAnswer answer = ask(requestFor({5, 48, 60}, {{{2, 12, 12}, true}}));
    CHECK((answer.mask.shape() == Index{5, 48, 60}));
    CHECK(answer.mask(2, 12, 12) == 1);
    CHECK(answer.score >= 0 && answer.score <= 1);
    CHECK(answer.note.empty());
    for (const std::uint8_t v : answer.mask) CHECK(v <= 1);
}

void sliceOnly() {
    PromptRequest request = requestFor({5, 48, 60}, {{{2, 12, 12}, true}, {{3, 12, 36}, true}});
    request.wholeObject = false;
    request.startMask = Mask(request.image.shape());
    ball(request.startMask, {0, 36, 36}, 8);
    const PromptAnswer answer = ask(request);
    CHECK(answer.mask(2, 12, 12) == 1);
    for (const std::int64_t z : {0, 1, 3, 4}) CHECK(changedIn(answer.mask, request.startMask, z) == 0);
}

// Where the answer to n clicks differs from that to n − 1, everything hangs together with the click.
void repairsStayLocal() {
    PromptRequest request = requestFor({1, 96, 96}, {});
    request.startMask = Mask(request.image.shape());
    ball(request.startMask, {0, 48, 48}, 20);
    Mask before = request.startMask;
    for (const PointPrompt& click :
         {PointPrompt{{0, 48, 72}, true}, {{0, 36, 48}, false}, {{0, 80, 48}, true}, {{0, 48, 48}, false}}) {
        request.points.push_back(click);
        const Mask after = ask(request).mask;
        CHECK(after[click.at] == (click.positive ? 1 : 0));
        for (std::size_t k = 0; k < request.points.size(); ++k)
            CHECK(after[request.points[k].at] == (request.points[k].positive ? 1 : 0));
        std::vector<Index> reached{click.at};
        Mask left(after.shape());
        for (std::int64_t i = 0; i < left.size(); ++i) left.data()[i] = before.data()[i] != after.data()[i];
        const std::int64_t all = changedIn(before, after, 0);
        std::int64_t together = 0;
        while (!reached.empty()) {
            const Index at = reached.back();
            reached.pop_back();
            const Box around = Box{at, at + Index{1, 1, 1}}.grown({0, 1, 1}).intersected(left.box());
            for (std::int64_t y = around.begin.y; y < around.end.y; ++y)
                for (std::int64_t x = around.begin.x; x < around.end.x; ++x)
                    if (left(0, y, x)) left(0, y, x) = 0, ++together, reached.push_back({0, y, x});
        }
        // The pixel of an earlier click may be put back alone.
        CHECK(all - together < std::int64_t(request.points.size()));
        for (std::int64_t i = 0; i < left.size(); ++i)  // in the click's direction alone
            if (before.data()[i] != after.data()[i] && left.data()[i] == 0)
                CHECK(after.data()[i] == (click.positive ? 1 : 0));
        before = after;
    }
}

void agreementChangesNothing() {
    PromptRequest request = requestFor({3, 48, 48}, {{{1, 20, 20}, true}, {{1, 2, 2}, false}});
    request.startMask = Mask(request.image.shape());
    ball(request.startMask, {0, 20, 20}, 9);
    const PromptAnswer answer = ask(request);
    CHECK(answer.mask == request.startMask);
    CHECK(answer.score == 1);
}

void neighboursAreKept() {
    PromptRequest request = requestFor({3, 60, 60}, {{{1, 12, 12}, true}, {{1, 40, 40}, true}, {{2, 12, 20}, false}});
    request.forbidden = Mask(request.image.shape());
    ball(request.forbidden, {0, 12, 26}, 8);
    ball(request.forbidden, {0, 40, 40}, 6);
    for (const bool started : {false, true}) {
        if (started) {
            request.startMask = Mask(request.image.shape());
            ball(request.startMask, {0, 14, 14}, 14);  // overlaps what is accepted
        }
        const PromptAnswer answer = ask(request);
        for (std::int64_t i = 0; i < answer.mask.size(); ++i)
            CHECK(!(answer.mask.data()[i] && request.forbidden.data()[i]));
        CHECK(!answer.note.empty());
    }
}

void boxesAndAlternatives() {
    PromptRequest request = requestFor({3, 48, 48}, {});
    request.box = {{1, 4, 4}, {2, 20, 20}};
    request.wholeObject = false;
    request.slice = 1;
    const PromptAnswer boxed = ask(request);
    CHECK(changedIn(boxed.mask, Mask(boxed.mask.shape()), 0) == 0);
    request = requestFor({1, 48, 48}, {{{0, 12, 12}, true}});
    std::vector<Mask> masks;
    int alternatives = 0;
    for (request.alternative = 0; request.alternative < 4; ++request.alternative) {
        const PromptAnswer answer = ask(request);
        masks.push_back(answer.mask);
        CHECK(alternatives == 0 || answer.alternatives == alternatives);
        alternatives = answer.alternatives;
    }
    for (const Mask& mask : masks) CHECK(mask(0, 12, 12) == 1);
    CHECK(alternatives >= 1 && alternatives <= 3);
    CHECK(masks[std::size_t(alternatives)] == masks[0]);  // after the last comes the first
    request.startMask = masks[0];
    CHECK(ask(request).alternatives == 1);  // a repair has none
    CHECK(boxed.alternatives == 1);
}

void lookedAtAhead() {
    const MemoryImage image({AnyVolume::from(test::discs({6, 48, 60}))});
    PromptRequest request;
    request.source = &image;
    request.identity = "balls";
    const auto ready = [&request](const segment::PromptEngine& one, std::int64_t z) {
        request.points = {{{z, 12, 12}, true}};
        return one.ready(request);
    };
    Job job;
    const auto one = engineWith({});
    CHECK(!ready(*one, 2));
    one->prepare(request, {{2, 12, 12}, {3, 12, 12}, {5, 40, 40}}, job);
    CHECK(!ready(*one, 1) && ready(*one, 2) && ready(*one, 3) && !ready(*one, 4) && ready(*one, 5));
    request.points.clear();
    request.box = {{3, 4, 4}, {4, 20, 20}};
    CHECK(one->ready(request));
    request.box = {};
    // As many as memory holds, the first ones.
    const auto small = engineWith({.memory = 2 * 16 * 8 * 8 * 2});
    small->prepare(request, {{1, 1, 1}, {2, 1, 1}, {3, 1, 1}}, job);
    CHECK(ready(*small, 1) && ready(*small, 2) && !ready(*small, 3));
    // Cancelled before the first; without a name there is nothing to keep it under.
    CancelFlag stop;
    stop.cancel();
    CHECK_THROWS(one->prepare(request, {{4, 1, 1}}, stop), Cancelled);
    CHECK(!ready(*one, 4));
    request.identity.clear();
    one->prepare(request, {{4, 1, 1}}, job);
    CHECK(!ready(*one, 4));
}

// Gives way before every place but the first, never in the middle of one.
void aheadGivesWay() {
    class Counting : public Job {
      public:
        int yields = 0;
        void yield() override { ++yields; }
    };
    const MemoryImage image({AnyVolume::from(test::discs({4, 30, 30}))});
    PromptRequest request;
    request.source = &image;
    request.identity = "balls";
    Counting job;
    const auto one = engineWith({});
    one->prepare(request, {{0, 1, 1}}, job);
    CHECK(job.yields == 0);
    one->prepare(request, {{1, 1, 1}, {2, 1, 1}, {3, 1, 1}}, job);
    CHECK(job.yields == 2);
}

void toldSliceBySlice() {
    PromptRequest request = requestFor({5, 48, 48}, {{{2, 12, 12}, true}});
    std::vector<PromptAnswer> told;
    request.partial = [&told](const PromptAnswer& part) { told.push_back(part); };
    Job job;
    const auto one = engineWith({.leastIou = 0});
    const PromptAnswer last = one->run(request, job);
    CHECK(!told.empty());
    for (const PromptAnswer& part : told) {
        CHECK((part.mask.shape() == last.mask.shape()) && part.origin == last.origin);
        CHECK(part.mask(2, 12, 12) == 1 && part.score >= 0 && part.score <= 1);
        for (std::int64_t i = 0; i < part.mask.size(); ++i)  // a slice told is a slice done
            CHECK(part.mask.data()[i] <= last.mask.data()[i]);
    }
    CHECK(told.back().mask == last.mask);
    // Only the last click is told: what came before it was seen already.
    const Mask before = last.mask;
    told.clear();
    request.points.push_back({{2, 12, 36}, true});
    const Mask after = one->run(request, job).mask;
    CHECK(!told.empty());
    for (const PromptAnswer& part : told)
        for (std::int64_t i = 0; i < before.size(); ++i) CHECK(part.mask.data()[i] >= before.data()[i]);
    CHECK(changedIn(after, before, 2) > 0);
    told.clear();
    request.points.clear();
    request.box = {{2, 4, 4}, {3, 20, 20}};
    one->run(request, job);
    CHECK(!told.empty());
}

// The same crop shown alone or as a part of its image; the image is read whole then.
void slicesAreSeenWhole() {
    const file::TempFolder cache;
    const Volume<float> whole = test::discs({4, 72, 96});
    const MemoryImage image({AnyVolume::from(whole)});
    PromptRequest request;
    request.origin = {1, 10, 20};
    request.image = crop(whole, {{1, 10, 20}, {3, 60, 80}});
    request.points = {{{2, 36, 36}, true}};
    request.source = &image;
    request.identity = "balls";
    const auto keeping = engineWith({.cache = cache.path()});
    Job job;
    const PromptAnswer first = keeping->run(request, job);
    CHECK((first.origin == request.origin) && first.mask(1, 26, 16) == 1);
    CHECK(!std::filesystem::is_empty(cache.path()));
    CHECK(keeping->run(request, job).mask == first.mask);
    CHECK(engineWith({.cache = cache.path()})->run(request, job).mask == first.mask);
    request.identity.clear();  // not kept, but seen the same
    CHECK(engineWith({})->run(request, job).score >= 0);
    request.origin = {3, 10, 20};
    CHECK_THROWS(keeping->run(request, job), Error);
}

void largeSlicesAreTiled() {
    const MemoryImage image({AnyVolume::from(test::discs({1, 40, 1500}))});
    PromptRequest request;
    request.origin = {0, 0, 1200};
    request.image = image.readAs<float>({{0, 0, 1200}, {1, 40, 1500}});
    request.points = {{{0, 12, 1404}, true}, {{0, 12, 1210}, false}};
    request.source = &image;
    const PromptAnswer answer = ask(request);
    CHECK(answer.mask(0, 12, 204) == 1 && answer.mask(0, 12, 10) == 0);
}

void everyProjection() {
    for (const Projection projection :
         {Projection::Mask, Projection::Box, Projection::Points, Projection::PointsAndMask, Projection::SinglePoint}) {
        Job job;
        const auto one = engineWith({.projection = projection, .leastIou = 0});
        const PromptAnswer answer =
            one->run(requestFor({7, 36, 36}, {{{1, 12, 12}, true}, {{6, 12, 12}, true}, {{3, 30, 30}, false}}), job);
        CHECK(answer.mask(1, 12, 12) == 1 && answer.mask(6, 12, 12) == 1 && answer.mask(3, 30, 30) == 0);
    }
}

void oddImages() {
    CHECK(ask(requestFor({1, 1, 1}, {{{0, 0, 0}, true}})).mask(0, 0, 0) == 1);
    CHECK(ask(requestFor({3, 1, 40}, {{{1, 0, 20}, true}})).mask(1, 0, 20) == 1);
    PromptRequest request = requestFor({1, 30, 30}, {{{0, 12, 12}, true}});
    for (float& v : request.image) v = 7;  // nothing to see
    CHECK(ask(request).mask(0, 12, 12) == 1);
    for (std::int64_t i = 0; i < 30; ++i) request.image(0, i, i) = i % 2 ? NAN : INFINITY;
    CHECK(ask(request).mask(0, 12, 12) == 1);
    request = requestFor({1, 30, 30}, {{{0, 12, 12}, true}});
    for (float& v : request.image) v = v * 250 - 1e4F;  // 16 bits, or any
    CHECK(ask(request).mask == ask(requestFor({1, 30, 30}, {{{0, 12, 12}, true}})).mask);
}

void pointsOutside() {
    const PromptAnswer answer =
        ask(requestFor({1, 30, 30}, {{{0, 12, 12}, true}, {{0, -1, 5}, true}, {{4, 5, 5}, false}, {{0, 5, 30}, true}}));
    CHECK(answer.mask(0, 12, 12) == 1 && !answer.note.empty());
    const PromptAnswer none = ask(requestFor({1, 30, 30}, {{{0, 99, 99}, true}}));
    CHECK(none.score == 0 && std::count(none.mask.begin(), none.mask.end(), 1) == 0);
}

void manyPoints() {
    PromptRequest request = requestFor({1, 40, 40}, {});
    Rng rng(5);
    for (int i = 0; i < 10'000; ++i) {
        const auto y = std::int64_t(rng.uniform() * 40), x = std::int64_t(rng.uniform() * 40);
        request.points.push_back({{0, y, x}, (y - 20) * (y - 20) + (x - 20) * (x - 20) < 100});
    }
    const PromptAnswer answer = ask(request);
    for (const PointPrompt& point : request.points) CHECK(answer.mask[point.at] == (point.positive ? 1 : 0));
}

void stops() {
    const PromptRequest request = requestFor({4, 30, 30}, {{{1, 12, 12}, true}});
    const auto fresh = engineWith({.leastIou = 0});
    Job quiet;
    const Mask wanted = fresh->run(request, quiet).mask;
    for (const int checks : {0, 1, 2, 3, 4, 5, 6, 8}) {
        const auto one = engineWith({.leastIou = 0});
        test::CancelAt job(checks);
        CHECK_THROWS(one->run(request, job), Cancelled);
        CHECK(one->run(request, quiet).mask == wanted);  // nothing half-done stays behind
    }
}

std::string refusal(const std::filesystem::path& weights) {
    Job job;
    SamPromptOptions options;
    options.weights = weights, options.device = "cpu";
    try {
        samEngine(options)->run(requestFor({1, 9, 9}, {{{0, 4, 4}, true}}), job);
    } catch (const Error& e) {
        return e.what();
    }
    test::fail(__FILE__, __LINE__, "nothing was refused");
    return {};
}

void wrongInput() {
    const file::TempFolder temp;
    file::write(temp.path() / "text.pth", "not a checkpoint");
    test::writeTinyCellSam(temp.path() / "cellsam.safetensors");
    CHECK(refusal(temp.path() / "none.pth").find("none.pth") != std::string::npos);
    CHECK(refusal(temp.path() / "text.pth").find("text.pth") != std::string::npos);
    CHECK(refusal(temp.path() / "cellsam.safetensors").find("cellsam.safetensors") != std::string::npos);

    PromptRequest request = requestFor({2, 20, 20}, {{{0, 4, 4}, true}});
    request.startMask = Mask({2, 20, 19});
    CHECK_THROWS(ask(request), Error);
    request.startMask = {};
    request.forbidden = Mask({1, 20, 20});
    CHECK_THROWS(ask(request), Error);
    request.forbidden = {};
    request.wholeObject = false, request.slice = 2;
    CHECK_THROWS(ask(request), Error);
    CHECK_THROWS(ask(PromptRequest{}), Error);
}

}  // namespace

std::vector<test::NamedTest> test::tests() {
    return {{"begins", begins},
            {"slice only", sliceOnly},
            {"repairs stay local", repairsStayLocal},
            {"agreement changes nothing", agreementChangesNothing},
            {"neighbours are kept", neighboursAreKept},
            {"boxes and alternatives", boxesAndAlternatives},
            {"looked at ahead", lookedAtAhead},
            {"ahead gives way", aheadGivesWay},
            {"told slice by slice", toldSliceBySlice},
            {"slices are seen whole", slicesAreSeenWhole},
            {"large slices are tiled", largeSlicesAreTiled},
            {"every projection", everyProjection},
            {"odd images", oddImages},
            {"points outside", pointsOutside},
            {"many points", manyPoints},
            {"stops", stops},
            {"wrong input", wrongInput}};
}

// Targets and patch sampling.
#include <cmath>

#include "support/named_tests.h"
#include "train/fixtures.h"
#include "train/patch_loader.h"

namespace {

using namespace fovea;
using namespace fovea::test;
using namespace fovea::train;

SamplerOptions optionsFor(Index patch) {
    SamplerOptions options;
    options.patch = patch;
    options.seed = 5;
    return options;
}

bool same(const SampleArrays& a, const SampleArrays& b) {
    return a.channels == b.channels && a.target == b.target && a.weight == b.weight;
}

void borderTargets() {
    Volume<std::int32_t> labels({1, 7, 9});
    for (std::int64_t y = 1; y < 6; ++y)
        for (std::int64_t x = 0; x < 8; ++x) labels(0, y, x) = x < 4 ? 70001 : 2;
    Volume<std::uint8_t> weight(labels.shape(), 255);
    const auto t = classTargets(labels, weight, {true, {0, 1, 1}});
    CHECK(t(0, 0, 0) == 0 && t(0, 1, 0) == 2 && t(0, 2, 0) == 1);  // the volume's face makes no border
    CHECK(t(0, 3, 3) == 2 && t(0, 3, 4) == 2);                     // two objects that touch
    CHECK(t(0, 3, 2) == 1 && t(0, 3, 6) == 1 && t(0, 3, 7) == 2);
    for (std::int64_t y = 0; y < 7; ++y) weight(0, y, 8) = 0;  // not known: no border towards it
    const auto u = classTargets(labels, weight, {true, {0, 1, 1}});
    CHECK(u(0, 3, 7) == 1);
    const auto plain = classTargets(labels, weight, {false, {0, 1, 1}});
    CHECK(plain(0, 3, 3) == 1 && plain(0, 0, 0) == 0);
    const auto pixel = classTargets(Volume<std::int32_t>({1, 1, 1}, 7), Volume<std::uint8_t>({1, 1, 1}, 255), {});
    CHECK(pixel(0, 0, 0) == 1);
}

void borderReachesAcrossSections() {
    Volume<std::int32_t> labels({5, 5, 5}, 3);
    for (std::int64_t y = 0; y < 5; ++y)
        for (std::int64_t x = 0; x < 5; ++x) labels(0, y, x) = 0;
    const Volume<std::uint8_t> weight(labels.shape(), 1);
    CHECK(classTargets(labels, weight, {true, {1, 1, 1}})(1, 2, 2) == 2);
    CHECK(classTargets(labels, weight, {true, {0, 1, 1}})(1, 2, 2) == 1);
}

void neverReadsHeldBoxes() {
    const std::vector<Box> held{{{0, 0, 60}, {3, 90, 90}}, {{1, 40, 0}, {2, 60, 30}}};
    TrainCase one = squares({3, 90, 90});
    const auto image = std::make_shared<Guarded>(one.image, held);
    one.image = image;
    one.labels = std::make_shared<Guarded>(one.labels, held);
    one.weight = std::make_shared<Guarded>(memory(Volume<std::uint8_t>({3, 90, 90}, 255)), held);
    one.held = held;
    Job job;
    for (const Index patch : {Index{1, 48, 48}, Index{3, 32, 32}, Index{1, 128, 128}}) {
        const PatchSampler sampler({{{one}}}, optionsFor(patch), job);
        double known = 0;
        for (std::uint64_t i = 0; i < 60; ++i) {
            const SampleArrays s = sampler.sample(i);
            CHECK(s.target.shape() == patch);
            for (float w : s.weight) known += w;
        }
        CHECK(known > 0);
    }
    SamplerOptions turned = optionsFor({3, 24, 24});
    turned.augment = AugmentOptions::nnunet({24, 24, 24}, 3);  // about all axes
    turned.augment.rotate = turned.augment.scale = 1;
    const PatchSampler sampler({{{one}}}, turned, job);
    for (std::uint64_t i = 0; i < 30; ++i) {
        const SampleArrays sample = sampler.sample(i);
        for (float x : sample.channels[0]) CHECK(std::isfinite(x));
    }
    CHECK(image->reads > 100);
    one.held = {Box::of({3, 90, 90})};
    CHECK_THROWS(PatchSampler({{{one}}}, optionsFor({1, 32, 32}), job), Error);
}

void threadsChangeNothing() {
    Job job;
    const PatchSampler sampler({{{squares({2, 80, 70})}}}, optionsFor({1, 32, 32}), job);
    std::vector<SampleArrays> plain;
    PatchLoader direct(sampler, 10, 0);
    for (int i = 0; i < 12; ++i) plain.push_back(direct.next());
    for (int threads : {1, 3}) {
        PatchLoader loader(sampler, 10, threads);
        for (const SampleArrays& want : plain) CHECK(same(loader.next(), want));
    }
    PatchLoader later(sampler, 15, 2);
    CHECK(same(later.next(), plain[5]));
}

void foregroundAndFocus() {
    TrainCase one = squares({1, 200, 200});
    Volume<std::uint8_t> weight({1, 200, 200});
    const Box annotated{{0, 96, 72}, {1, 144, 120}};
    for (std::int64_t y = 96; y < 144; ++y)
        for (std::int64_t x = 72; x < 120; ++x) weight(0, y, x) = 255;
    one.weight = memory(weight);
    one.focus = {annotated};
    SamplerOptions options = optionsFor({1, 48, 48});
    options.augment = AugmentOptions::none();
    Job job;
    const PatchSampler sampler({{{one}}}, options, job);
    CHECK(sampler.knownVoxels() == 48 * 48);
    CHECK(sampler.knownForeground() == 4 * 100);
    for (std::uint64_t i = 0; i < 20; ++i) {
        const SampleArrays s = sampler.sample(i);
        for (float w : s.weight) CHECK(w == 1);
    }
    one.focus.clear();
    const PatchSampler loose({{{one}}}, options, job);
    for (std::uint64_t i = 1; i < 20; i += 2) {  // with share 0.5 every second one is around foreground
        const SampleArrays s = loose.sample(i);
        bool found = false;
        for (std::int64_t v = 0; v < s.target.size(); ++v)
            found = found || (s.target.data()[v] > 0 && s.weight.data()[v] > 0);
        CHECK(found);
    }
}

// nnU-Net's placement: every start of its range, forced foreground last in the batch, nothing but 0 beyond the image.
void anywhereReachesBeyondTheImage() {
    TrainCase one = squares({1, 60, 50});
    one.norms = {{0, 1e9, 0, 1}};  // grey values stay above 0
    SamplerOptions options = optionsFor({1, 32, 32});
    options.augment = AugmentOptions::none();
    options.placement = Placement::Anywhere;
    options.foreground = 0.33;
    options.batch = 3;
    options.rule.boundary = false;
    Job job;
    const PatchSampler sampler({{{one}}}, options, job);
    int beyond = 0;
    for (std::uint64_t i = 0; i < 90; ++i) {
        const SampleArrays s = sampler.sample(i);
        int out = 0;
        bool found = false;
        for (std::int64_t v = 0; v < s.target.size(); ++v) {
            CHECK(s.weight.data()[v] == 1);
            const bool empty = s.channels[0].data()[v] == 0;
            CHECK(!empty || s.target.data()[v] == 0);
            out += empty;
            found = found || s.target.data()[v] > 0;
        }
        beyond += out > 0;
        if (i % 3 == 2) CHECK(found);
        if (i % 3 != 2) CHECK(out <= 2 * 32);  // a free place keeps the patch in the image, but for one voxel
    }
    CHECK(beyond > 0);

    const TrainCase small = squares({1, 9, 50});  // lower than the patch
    const PatchSampler low({{{small}}}, options, job);
    for (std::uint64_t i = 0; i < 9; ++i) CHECK(low.sample(i).target.shape() == (Index{1, 32, 32}));
}

void replayIsBelievedLess() {
    TrainSource certain{{squares({1, 64, 64})}, 1, 1}, believed{{squares({1, 64, 64})}, 1, 0.1};
    SamplerOptions options = optionsFor({1, 32, 32});
    options.augment = AugmentOptions::none();
    Job job;
    const PatchSampler sampler({certain, believed}, options, job);
    int low = 0;
    for (std::uint64_t i = 0; i < 200; ++i) {
        const float w = sampler.sample(i).weight(0, 16, 16);
        CHECK(w == 1.f || std::abs(w - 0.1f) < 1e-6f);
        low += w < 0.5f;
    }
    CHECK(low > 70 && low < 130);
}

void oddCases() {
    Job job;
    TrainCase blank = squares({1, 40, 40});
    blank.labels = memory(Volume<std::int32_t>({1, 40, 40}));
    const PatchSampler empty({{{blank}}}, optionsFor({1, 32, 32}), job);
    CHECK(empty.knownForeground() == 0);
    for (std::uint8_t t : empty.sample(3).target) CHECK(t == 0);

    const TrainCase wide = squares<std::uint16_t>({1, 70, 90}, 70000, 60000);
    const PatchSampler deep({{{wide}}}, optionsFor({1, 32, 32}), job);
    CHECK(deep.knownForeground() > 0);
    const SampleArrays sample = deep.sample(1);
    for (float x : sample.channels[0]) CHECK(std::isfinite(x) && std::abs(x) < 20);

    const TrainCase tiny = squares({1, 1, 1});
    const PatchSampler pixel({{{tiny}}}, optionsFor({1, 16, 16}), job);
    double known = 0;
    for (float w : pixel.sample(0).weight) known += w;
    CHECK(known <= 2);

    TrainCase wrong = squares({1, 40, 40});
    wrong.labels = memory(Volume<std::int32_t>({1, 40, 41}));
    CHECK_THROWS(PatchSampler({{{wrong}}}, optionsFor({1, 32, 32}), job), Error);
    TrainCase unknown = squares({1, 40, 40});
    unknown.weight = memory(Volume<std::uint8_t>({1, 40, 40}));
    CHECK_THROWS(PatchSampler({{{unknown}}}, optionsFor({1, 32, 32}), job), Error);
    CancelFlag stop;
    stop.cancel();
    CHECK_THROWS(PatchSampler({{{squares({1, 40, 40})}}}, optionsFor({1, 32, 32}), stop), Cancelled);
}

void loaderPassesErrorsOn() {
    Job job;
    TrainCase one = squares({1, 64, 64});
    const PatchSampler sampler({{{one}}}, optionsFor({1, 32, 32}), job);
    TrainCase broken = one;
    broken.image = std::make_shared<Guarded>(
        one.image, std::vector<Box>{Box::of({1, 64, 64})});  // labels can be read, the image not
    const PatchSampler bad({{{broken}}}, optionsFor({1, 32, 32}), job);
    PatchLoader loader(bad, 0, 2);
    CHECK_THROWS(loader.next(), Error);
}

}  // namespace

std::vector<NamedTest> fovea::test::tests() {
    return {{"border targets", borderTargets},
            {"border reaches across sections", borderReachesAcrossSections},
            {"never reads held boxes", neverReadsHeldBoxes},
            {"threads change nothing", threadsChangeNothing},
            {"foreground and focus", foregroundAndFocus},
            {"anywhere reaches beyond the image", anywhereReachesBeyondTheImage},
            {"replay is believed less", replayIsBelievedLess},
            {"odd cases", oddCases},
            {"loader passes errors on", loaderPassesErrorsOn}};
}

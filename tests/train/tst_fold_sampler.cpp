// nnU-Net's patches from preprocessed cases.
#include "train/fold_sampler.h"

#include <algorithm>
#include <memory>

#include "support/named_tests.h"
#include "train/patch_loader.h"

namespace {

using namespace fovea;
using namespace fovea::train;

constexpr float background = 5;

// Grey value 5; label 1 in a corner block, 2 in one voxel row, −1 in the first column.
FoldCase caseOf(Index shape, float grey = background) {
    Volume<float> image(shape, grey);
    Volume<std::int16_t> labels(shape);
    FoldCase one;
    one.locations.resize(2);
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y) {
            labels(z, y, 0) = -1;
            for (std::int64_t x = 1; x < 6; ++x)
                if (y < 6) labels(z, y, x) = 1, one.locations[0].push_back({z, y, x});
        }
    for (std::int64_t x = shape.x - 4; x < shape.x; ++x) {
        labels(0, shape.y - 1, x) = 2;
        one.locations[1].push_back({0, shape.y - 1, x});
    }
    one.id = "a";
    one.image = std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(image)});
    one.labels = std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(labels)});
    return one;
}

FoldSamplerOptions optionsOf(Index patch, int dims, bool augmented) {
    FoldSamplerOptions options;
    options.patch = patch;
    options.dims = dims;
    options.seed = 3;
    if (augmented) options.augment = AugmentOptions::nnunet(patch, dims);
    return options;
}

bool same(const SampleArrays& a, const SampleArrays& b) {
    return a.channels == b.channels && a.target == b.target && a.weight == b.weight;
}

std::int64_t count(const Volume<std::uint8_t>& target, int label) {
    return std::count(target.begin(), target.end(), std::uint8_t(label));
}

void theThreadsChangeNothing() {
    const FoldSampler sampler({caseOf({6, 40, 48}), caseOf({4, 30, 33})}, optionsOf({4, 16, 16}, 3, true));
    PatchLoader alone(sampler, 7, 0), several(sampler, 7, 3);
    for (int i = 0; i < 8; ++i) {
        const SampleArrays a = alone.next(), b = several.next();
        CHECK(same(a, b));
        CHECK(same(a, sampler.sample(std::uint64_t(7 + i))));
    }
}

// The last third of a batch, one of two, is around a class: each as often, however rare it is.
void halfOfTwoIsAroundAClass() {
    const FoldSampler sampler({caseOf({1, 64, 64})}, optionsOf({1, 8, 8}, 2, false));
    int rare = 0, common = 0, free = 0;
    for (std::uint64_t i = 0; i < 400; ++i) {
        const SampleArrays one = sampler.sample(i);
        const bool hasRare = count(one.target, 2) > 0, hasCommon = count(one.target, 1) > 0;
        if (i % 2 == 0) {
            free += hasRare;
            continue;
        }
        CHECK(hasRare || hasCommon);
        rare += hasRare, common += hasCommon;
    }
    CHECK(rare > 60 && common > 60);
    CHECK(free < 30);
}

void beyondTheImageIsBackground() {
    FoldSamplerOptions options = optionsOf({1, 16, 16}, 2, false);
    const FoldSampler sampler({caseOf({1, 9, 12})}, options);
    const SampleArrays one = sampler.sample(0);
    std::int64_t outside = 0;
    for (std::int64_t i = 0; i < one.target.size(); ++i)
        if (one.channels[0].data()[i] == 0) {
            ++outside;
            CHECK(one.target.data()[i] == 0 && one.weight.data()[i] == 1);
        }
    CHECK(outside == 16 * 16 - 9 * 12);
}

void masksWhatWasNotImaged() {
    FoldSamplerOptions options = optionsOf({1, 24, 24}, 2, true);
    options.masked = {true};
    const FoldSampler masked({caseOf({1, 24, 24})}, options);
    options.masked = {false};
    const FoldSampler plain({caseOf({1, 24, 24})}, options);
    std::int64_t zeroMasked = 0, zeroPlain = 0;
    for (std::uint64_t i = 0; i < 10; ++i) {
        const SampleArrays a = masked.sample(i), b = plain.sample(i);
        CHECK(a.target == b.target);
        zeroMasked += std::count(a.channels[0].begin(), a.channels[0].end(), 0.0f);
        zeroPlain += std::count(b.channels[0].begin(), b.channels[0].end(), 0.0f);
    }
    CHECK(zeroMasked > zeroPlain);
}

void whatIsIgnoredHasNoCertainty() {
    FoldCase one = caseOf({1, 32, 32});
    one.annotated = one.locations[0];
    one.locations.resize(1);
    FoldSamplerOptions options = optionsOf({1, 32, 32}, 2, false);
    options.ignore = 2;
    const FoldSampler sampler({one}, options);
    const SampleArrays sample = sampler.sample(0);
    std::int64_t ignored = 0;
    for (std::int64_t i = 0; i < sample.weight.size(); ++i)
        if (sample.weight.data()[i] == 0) {
            ++ignored;
            CHECK(sample.target.data()[i] == 0);
        }
    CHECK(ignored > 0 && ignored <= 4);
    // With an ignore label even a free sample lies around something annotated.
    FoldSamplerOptions small = optionsOf({1, 8, 8}, 2, false);
    small.ignore = 2;
    const FoldSampler around({one}, small);
    for (std::uint64_t i = 0; i < 40; i += 2) CHECK(count(around.sample(i).target, 1) > 0);
}

void aPartIsAllThatIsSeen() {
    FoldCase one = caseOf({8, 20, 20});
    Volume<float> image({8, 20, 20});
    for (std::int64_t z = 0; z < 8; ++z)
        for (std::int64_t i = 0; i < 400; ++i) image.data()[z * 400 + i] = float(z + 1);
    one.image = std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(image)});
    one.part = Box{{2, 0, 0}, {5, 20, 20}};
    for (auto& places : one.locations) std::erase_if(places, [&](Index at) { return !one.part->contains(at); });
    FoldSamplerOptions options = optionsOf({4, 8, 8}, 3, false);
    options.batch = 4;
    const FoldSampler sampler({one}, options);
    for (std::uint64_t i = 0; i < 60; ++i) {
        const SampleArrays sample = sampler.sample(i);
        for (const float v : sample.channels[0]) CHECK(v == 0 || (v >= 3 && v <= 5));
    }
}

void earlierStagesAreChannels() {
    FoldCase one = caseOf({4, 24, 24});
    one.previous = one.labels;
    FoldSamplerOptions options = optionsOf({4, 16, 16}, 3, false);
    options.previousClasses = {1, 2};
    const FoldSampler sampler({one}, options);
    const SampleArrays sample = sampler.sample(1);
    CHECK(sample.channels.size() == 3);
    for (std::int64_t i = 0; i < sample.target.size(); ++i)
        for (int c = 1; c <= 2; ++c)
            CHECK(sample.channels[std::size_t(c)].data()[i] == float(sample.target.data()[i] == c));
    options.augment = AugmentOptions::nnunet(options.patch, 3);
    const FoldSampler spoilt({one}, options);
    bool differs = false;
    for (std::uint64_t i = 0; i < 40 && !differs; ++i) {
        const SampleArrays some = spoilt.sample(i);
        for (std::int64_t v = 0; v < some.target.size(); ++v)
            differs = differs || some.channels[1].data()[v] != float(some.target.data()[v] == 1);
    }
    CHECK(differs);
}

void whatIsRefused() {
    const auto make = [](std::vector<FoldCase> cases) {
        FoldSampler(std::move(cases), optionsOf({1, 8, 8}, 2, false));
    };
    CHECK_THROWS(make({}), Error);
    FoldCase crooked = caseOf({1, 16, 16});
    crooked.labels = caseOf({1, 16, 17}).labels;
    CHECK_THROWS(make({crooked}), Error);
    FoldCase twoChannels = caseOf({1, 16, 16});
    const AnyVolume grey = AnyVolume::from(Volume<float>({1, 16, 16}));
    twoChannels.image = std::make_shared<MemoryImage>(std::vector<AnyVolume>{grey, grey});
    CHECK_THROWS(make({caseOf({1, 16, 16}), twoChannels}), Error);
    FoldCase many = caseOf({1, 16, 16});
    many.labels =
        std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(Volume<std::int16_t>({1, 16, 16}, 255))});
    const FoldSampler sampler({many}, optionsOf({1, 8, 8}, 2, false));
    CHECK_THROWS(sampler.sample(0), Error);
}

}  // namespace

std::vector<fovea::test::NamedTest> fovea::test::tests() {
    return {{"the threads change nothing", theThreadsChangeNothing},
            {"half of two is around a class", halfOfTwoIsAroundAClass},
            {"beyond the image is background", beyondTheImageIsBackground},
            {"masks what was not imaged", masksWhatWasNotImaged},
            {"what is ignored has no certainty", whatIsIgnoredHasNoCertainty},
            {"a part is all that is seen", aPartIsAllThatIsSeen},
            {"earlier stages are channels", earlierStagesAreChannels},
            {"what is refused", whatIsRefused}};
}

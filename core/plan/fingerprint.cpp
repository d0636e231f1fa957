#include "plan/fingerprint.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/rng.h"
#include "data/tables.h"

namespace fovea::plan {

namespace {

constexpr std::int64_t maxSamples = 400'000;  // values kept per case and channel

// Blocks to look at: all of them for small images, else a random choice that is the same in every run.
std::vector<Box> sampleBlocks(Index shape, const std::vector<Box>& held) {
    std::vector<Box> blocks;
    const Index blockShape = shape.count() > (16 << 20) ? Index{4, 64, 64} : Index{1, 16, 16};
    forEachTile(Box::of(shape), blockShape, [&](const Box& tile) {
        for (const Box& box : held)
            if (box.overlaps(tile)) return;
        blocks.push_back(tile);
    });
    Rng rng(1234);
    rng.shuffle(blocks);
    std::int64_t voxels = 0;
    std::size_t wanted = 0;
    while (wanted < blocks.size() && voxels < 4 * maxSamples) voxels += blocks[wanted++].count();
    blocks.resize(wanted);
    return blocks;
}

// Keeps every voxel while there is room, then every n-th: evenly over the blocks.
struct Sampler {
    std::int64_t step = 1, counter = 0;
    std::vector<float> values;
    explicit Sampler(std::int64_t expected)
        : step(std::max<std::int64_t>(1, (expected + maxSamples - 1) / maxSamples)) {}
    void add(float value) {
        if (counter++ % step == 0) values.push_back(value);
    }
};

struct CaseSamples {
    std::vector<float> whole, foreground;
    std::int64_t labelled = 0, inside = 0;
    std::int64_t touching = 0, faces = 0;
};

// In-plane neighbours with different ids: all of them, and those where both are objects.
void countFaces(const Volume<std::int32_t>& ids, CaseSamples& samples) {
    const Index n = ids.shape();
    const auto count = [&](std::int32_t a, std::int32_t b) {
        samples.faces += a != b && (a > 0 || b > 0);
        samples.touching += a != b && a > 0 && b > 0;
    };
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x) {
                if (y + 1 < n.y) count(ids(z, y, x), ids(z, y + 1, x));
                if (x + 1 < n.x) count(ids(z, y, x), ids(z, y, x + 1));
            }
}

CaseSamples sampleCase(const ImageSource& image, int channel, const ImageSource* labels, const std::vector<Box>& held,
                       Job& job) {
    const std::vector<Box> blocks = sampleBlocks(image.info().shape(), held);
    std::int64_t voxels = 0;
    for (const Box& block : blocks) voxels += block.count();
    Sampler whole(voxels), foreground(1);
    CaseSamples samples;
    for (const Box& block : blocks) {
        job.check();
        const Volume<float> grey = image.readAs<float>(block, channel);
        Volume<std::int32_t> ids;
        if (labels) ids = labels->readAs<std::int32_t>(block);
        for (std::int64_t i = 0; i < grey.size(); ++i) {
            const float value = grey.data()[i];
            if (!std::isfinite(value))
                throw Error(ErrorKind::Input,
                            {FOVEA_TR("{path} holds values that are not numbers (near voxel {box}). Replace "
                                      "them, for example by the background's grey value, and import again."),
                             {{"path", image.info().path}, {"box", toString(block)}}});
            whole.add(value);
            if (labels && ids.data()[i] > 0 && std::int64_t(foreground.values.size()) < maxSamples)
                foreground.add(value);
            samples.inside += labels && ids.data()[i] > 0;
        }
        if (!labels) continue;
        samples.labelled += grey.size();
        countFaces(ids, samples);
    }
    samples.whole = std::move(whole.values);
    samples.foreground = std::move(foreground.values);
    if (samples.whole.empty())
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("All of {path} is held out for the test, nothing is left to look at. Choose a "
                              "smaller test box."),
                     {{"path", image.info().path}}});
    return samples;
}

void checkCase(const FingerprintCase& one, int channels) {
    const ImageInfo& info = one.image->info();
    if (info.channels != channels)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} has {n} channels, the first image {want}. Images learnt from together "
                              "need the same channels."),
                     {{"path", info.path}, {"n", std::to_string(info.channels)}, {"want", std::to_string(channels)}}});
    if (one.labels && !(one.labels->info().shape() == info.shape()))
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("The labels {labels} are {a} voxels, the image {path} is {b}. Use labels made for "
                              "this image."),
                     {{"labels", one.labels->info().path},
                      {"a", toString(one.labels->info().shape())},
                      {"path", info.path},
                      {"b", toString(info.shape())}}});
}

}  // namespace

bool holdsAll(const std::vector<Box>& held, Index shape) {
    return std::any_of(held.begin(), held.end(), [&](const Box& box) { return box.contains(Box::of(shape)); });
}

std::vector<Box> heldFromLooking(const std::vector<Box>& held, Index shape) {
    return holdsAll(held, shape) ? std::vector<Box>() : held;
}

Intensity measureIntensity(const ImageSource& image, int channel, const std::vector<Box>& held, Job& job) {
    const std::vector<Box> out = heldFromLooking(held, image.info().shape());
    return intensityOf(sampleCase(image, channel, nullptr, out, job).whole);
}

Fingerprint measureFingerprint(const std::vector<FingerprintCase>& cases, Job& job) {
    if (cases.empty()) throw Error(ErrorKind::Input, FOVEA_TR("There is no image to plan for. Import one first."));
    Fingerprint result;
    const int channels = cases.front().image->info().channels;
    std::int64_t labelled = 0, inside = 0, touching = 0, faces = 0;
    for (const FingerprintCase& one : cases) {
        checkCase(one, channels);
        result.cases.push_back({one.id, one.image->info().shape(), one.image->info().geometry.spacing, {}});
    }
    for (int channel = 0; channel < channels; ++channel) {
        std::vector<float> pooled, pooledWhole;
        for (std::size_t c = 0; c < cases.size(); ++c) {
            CaseSamples samples = sampleCase(*cases[c].image, channel, cases[c].labels.get(), cases[c].held, job);
            pooled.insert(pooled.end(), samples.foreground.begin(), samples.foreground.end());
            // A pool over many cases stays small: at most about maxSamples values from all of them.
            const std::size_t step = std::max<std::size_t>(1, cases.size());
            for (std::size_t i = 0; i < samples.whole.size(); i += step) pooledWhole.push_back(samples.whole[i]);
            result.cases[c].whole.push_back(intensityOf(std::move(samples.whole)));
            if (channel == 0) {
                labelled += samples.labelled, inside += samples.inside;
                touching += samples.touching, faces += samples.faces;
            }
            job.progress(double(channel) * double(cases.size()) + double(c) + 1, double(cases.size()) * channels,
                         FOVEA_TR("Looking at the images"));
        }
        result.foreground.push_back(intensityOf(std::move(pooled.empty() ? pooledWhole : pooled)));
    }
    result.foregroundShare = labelled > 0 ? double(inside) / double(labelled) : 0;
    result.touchingShare = faces > 0 ? double(touching) / double(faces) : 0;
    result.objectWidth = faces > 0 ? 4 * double(inside) / double(faces) : 0;
    return result;
}

nlohmann::json toJson(const Fingerprint& fingerprint) {
    nlohmann::json json = {{"foreground_intensity_properties_per_channel", toJson(fingerprint.foreground)},
                           {"median_relative_size_after_cropping", 1.0},
                           {"shapes_after_crop", nlohmann::json::array()},
                           {"spacings", nlohmann::json::array()},
                           {"cases", nlohmann::json::array()},
                           {"foreground_share", fingerprint.foregroundShare},
                           {"touching_share", fingerprint.touchingShare},
                           {"object_width", fingerprint.objectWidth}};
    for (const CasePrint& one : fingerprint.cases) {
        json["shapes_after_crop"].push_back({one.shape.z, one.shape.y, one.shape.x});
        json["spacings"].push_back({one.spacing.z, one.spacing.y, one.spacing.x});
        nlohmann::json whole = nlohmann::json::array();
        for (const Intensity& i : one.whole) whole.push_back(toJson(i));
        json["cases"].push_back({{"id", one.id}, {"whole", whole}});
    }
    return json;
}

Fingerprint fingerprintFromJson(const nlohmann::json& json) {
    try {
        Fingerprint result;
        result.foreground = intensitiesFromJson(json.at("foreground_intensity_properties_per_channel"));
        const auto& shapes = json.at("shapes_after_crop");
        const auto& spacings = json.at("spacings");
        const auto cases = json.value("cases", nlohmann::json::array());
        for (std::size_t i = 0; i < shapes.size(); ++i) {
            const auto &shape = shapes.at(i), &spacing = spacings.at(i);
            CasePrint one{
                "", {shape.at(0), shape.at(1), shape.at(2)}, {spacing.at(0), spacing.at(1), spacing.at(2)}, {}};
            if (i < cases.size()) {
                one.id = cases.at(i).at("id");
                for (const auto& whole : cases.at(i).at("whole")) one.whole.push_back(intensityFromJson(whole));
            }
            result.cases.push_back(std::move(one));
        }
        result.foregroundShare = json.value("foreground_share", 0.0);
        result.touchingShare = json.value("touching_share", 0.0);
        result.objectWidth = json.value("object_width", 0.0);
        return result;
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("The fingerprint is damaged ({why}). Plan again."), {{"why", error.what()}}});
    }
}

}  // namespace fovea::plan

#include "segment/grow.h"

#include <algorithm>

#include "measure/watershed.h"

namespace fovea::segment {
namespace {

Index position(std::int64_t i, const Index& n) { return {i / (n.y * n.x), i / n.x % n.y, i % n.x}; }

// How bright a voxel must be, and where it must lie, to belong to a blob.
struct Rule {
    float level = 0;
    Box box;
};

Rule ruleOf(const Blob& blob, const Volume<float>& image, const Volume<std::int32_t>& cores, Index reach) {
    Rule rule;
    double inside = 0;
    for (std::int32_t i : blob.voxels) {
        const Index v = position(i, image.shape());
        rule.box = rule.box.united({v, v + Index{1, 1, 1}});
        inside += image.data()[i] / double(blob.voxels.size());
    }
    rule.box = rule.box.grown(reach).intersected(image.box());
    std::vector<float> around;
    for (std::int64_t z = rule.box.begin.z; z < rule.box.end.z; ++z)
        for (std::int64_t y = rule.box.begin.y; y < rule.box.end.y; ++y)
            for (std::int64_t x = rule.box.begin.x; x < rule.box.end.x; ++x)
                if (cores(z, y, x) == 0) around.push_back(image(z, y, x));
    double outside = 0;
    if (!around.empty()) {
        const auto at = around.begin() + std::int64_t(around.size() / 5);
        std::nth_element(around.begin(), at, around.end());
        outside = *at;
    }
    rule.level = float(0.5 * (inside + outside));
    return rule;
}

}  // namespace

void growToHalfHeight(std::vector<Blob>& blobs, const Volume<float>& image, Index reach, Job& job) {
    Volume<std::int32_t> cores(image.shape());
    for (std::size_t b = 0; b < blobs.size(); ++b)
        for (std::int32_t i : blobs[b].voxels) cores.data()[i] = std::int32_t(b) + 1;
    Volume<std::uint8_t> mask(image.shape());
    std::vector<Rule> rules;
    for (const Blob& blob : blobs) {
        job.check();
        rules.push_back(ruleOf(blob, image, cores, reach));
        const Box& box = rules.back().box;
        for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
            for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
                for (std::int64_t x = box.begin.x; x < box.end.x; ++x)
                    if (cores(z, y, x) != 0 || image(z, y, x) >= rules.back().level) mask(z, y, x) = 1;
    }
    Volume<float> landscape(image.shape());
    for (std::int64_t i = 0; i < image.size(); ++i) landscape.data()[i] = -image.data()[i];
    const Volume<std::int32_t> grown = measure::watershed(landscape, cores, mask, 6, job);
    for (std::int64_t i = 0; i < grown.size(); ++i) {
        const std::int32_t b = grown.data()[i];
        if (b == 0 || cores.data()[i] != 0) continue;
        const Rule& rule = rules[std::size_t(b - 1)];
        if (image.data()[i] >= rule.level && rule.box.contains(position(i, image.shape())))
            blobs[std::size_t(b - 1)].voxels.push_back(std::int32_t(i));
    }
}

}  // namespace fovea::segment

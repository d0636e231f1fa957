#include "segment/robot_annotator.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/mask_box.h"
#include "measure/components.h"
#include "measure/distance.h"
#include "segment/prompt_crop.h"
#include "segment/section_step.h"

namespace fovea::segment {
namespace {

double iouOf(const Volume<std::uint8_t>& a, const Volume<std::uint8_t>& b) {
    std::int64_t both = 0, either = 0;
    for (std::int64_t i = 0; i < a.size(); ++i) {
        both += a.data()[i] && b.data()[i];
        either += a.data()[i] || b.data()[i];
    }
    return either > 0 ? double(both) / double(either) : 1;
}

struct Click {
    PointPrompt point;
    Box region;  // of what is wrong there
};

// Into the middle of the largest region where `present` differs from `object`; both differ nowhere outside `window`.
Click nextClick(const Volume<std::uint8_t>& object, const Volume<std::uint8_t>& present, const Box& window,
                Vec3 spacing, Job& job) {
    const Volume<std::uint8_t> wanted = crop(object, window), have = crop(present, window);
    Volume<std::uint8_t> wrong(wanted.shape());
    for (std::int64_t i = 0; i < wrong.size(); ++i)
        wrong.data()[i] = wanted.data()[i] == have.data()[i] ? 0 : wanted.data()[i] ? 1 : 2;
    const measure::Components regions = measure::connectedComponents(wrong, 6, true, job);
    const std::int32_t largest = regions.largest();
    Volume<std::uint8_t> region(wrong.shape());
    std::transform(regions.labels.begin(), regions.labels.end(), region.begin(),
                   [&](std::int32_t id) { return id == largest; });
    const Box around = boxOf(region);
    const Volume<float> depth = measure::distanceTransform(crop(region, around), spacing, true, job);
    const std::int64_t deepest = std::max_element(depth.begin(), depth.end()) - depth.begin();
    const Index n = depth.shape();
    const Index at = window.begin + around.begin + Index{deepest / (n.y * n.x), deepest / n.x % n.y, deepest % n.x};
    return {{at, object[at] != 0}, around.shifted(window.begin)};
}

// Writes `mask` at `origin`; returns how many voxels changed outside of `region`.
std::int64_t write(Volume<std::uint8_t>& present, const Volume<std::uint8_t>& mask, Index origin, const Box& region) {
    std::int64_t outside = 0;
    const Index n = mask.shape();
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x) {
                const Index at = origin + Index{z, y, x};
                std::uint8_t& now = present[at];
                const std::uint8_t next = mask(z, y, x) != 0;
                outside += now != next && !region.contains(at);
                now = next;
            }
    return outside;
}

bool given(const std::vector<PointPrompt>& points, Index at) {
    return std::any_of(points.begin(), points.end(), [&](const PointPrompt& p) { return p.at == at; });
}

}  // namespace

RobotRun annotate(const PromptEngine& engine, const ImageSource& image, const Volume<std::uint8_t>& object,
                  const Volume<std::uint8_t>& start, const RobotRules& rules, Job& job) {
    const Index shape = image.info().shape();
    const Geometry& geometry = image.info().geometry;
    if (object.shape() != shape || (!start.empty() && start.shape() != shape))
        throw Error(ErrorKind::Input, FOVEA_TR("The object and the image differ in shape."));
    Volume<std::uint8_t> present = start.empty() ? Volume<std::uint8_t>(shape) : start;
    const Box truth = boxOf(object), began = boxOf(present);
    if (truth.empty()) throw Error(ErrorKind::Input, FOVEA_TR("There is no object to find: it has no voxels."));
    const double look = geometry.known ? 1 : sectionStepInTheMiddle(image, job);
    Vec3 spacing = geometry.spacing;
    if (!geometry.known) spacing.z = (look > thickLooksFrom ? look : 1) * spacing.x;
    PromptPlace place{began, Box::of(shape), geometry.spacing, geometry.known, engine.reach(), std::nullopt};

    RobotRun run;
    run.iou.push_back(iouOf(object, present));
    std::vector<PointPrompt> points;
    while (!(run.reached = run.iou.back() >= rules.wanted) && run.clicks() < rules.mostClicks) {
        job.check();
        const Click click = nextClick(object, present, truth.united(boxOf(present)), spacing, job);
        if (given(points, click.point.at)) break;
        points.push_back(click.point);
        place.around = place.around.united({click.point.at, click.point.at + Index{1, 1, 1}});
        const Box where = place.crop(spacing.z / spacing.x);
        PromptRequest request;
        request.origin = where.begin;
        request.image = image.readAs<float>(where);
        if (!began.empty()) request.startMask = crop(start, where);
        request.points = points;
        request.slice = click.point.at.z;
        request.source = &image;
        const PromptAnswer answer = engine.run(request, job);
        const auto before = std::count(present.begin(), present.end(), 1);
        const std::int64_t outside = write(present, answer.mask, answer.origin, click.region.grown({2, 2, 2}));
        if (before > 0) run.strayed = std::max(run.strayed, double(outside) / double(before));
        run.iou.push_back(iouOf(object, present));
    }
    return run;
}

namespace {

// Keeps the voxels with the least values, about `count` of them: equal values stay or go together.
void keepLeast(Volume<std::uint8_t>& mask, const Volume<float>& value, std::int64_t count) {
    std::vector<float> sorted;
    for (std::int64_t i = 0; i < mask.size(); ++i)
        if (mask.data()[i]) sorted.push_back(value.data()[i]);
    if (count <= 0 || count >= std::int64_t(sorted.size())) return;
    std::sort(sorted.begin(), sorted.end());
    const float last = sorted[std::size_t(count - 1)];
    const auto [first, end] = std::equal_range(sorted.begin(), sorted.end(), last);
    const std::int64_t fewer = first - sorted.begin(), more = end - sorted.begin();
    const bool ties = fewer == 0 || more - count < count - fewer;
    for (std::int64_t i = 0; i < mask.size(); ++i)
        if (value.data()[i] > last || (!ties && value.data()[i] == last)) mask.data()[i] = 0;
}

Volume<float> distanceTo(const Volume<std::uint8_t>& mask, Vec3 spacing, Job& job) {
    Volume<std::uint8_t> outside(mask.shape());
    std::transform(mask.begin(), mask.end(), outside.begin(), [](std::uint8_t v) { return v == 0; });
    return measure::distanceTransform(outside, spacing, false, job);
}

}  // namespace

Volume<std::uint8_t> damaged(const Volume<std::int32_t>& labels, std::int32_t id, Damage damage, Vec3 spacing,
                             Job& job) {
    Volume<std::uint8_t> mask(labels.shape());
    std::transform(labels.begin(), labels.end(), mask.begin(), [&](std::int32_t v) { return v == id; });
    const auto voxels = std::int64_t(std::count(mask.begin(), mask.end(), 1));
    if (damage == Damage::Eroded) {
        Volume<float> depth = measure::distanceTransform(mask, spacing, false, job);
        for (float& d : depth) d = -d;
        keepLeast(mask, depth, (voxels + 1) / 2);
    } else if (damage == Damage::Dilated) {
        const Volume<float> away = distanceTo(mask, spacing, job);
        std::fill(mask.begin(), mask.end(), std::uint8_t(1));
        keepLeast(mask, away, 2 * voxels);
    } else if (damage == Damage::Merged) {
        const Volume<float> away = distanceTo(mask, spacing, job);
        float least = std::numeric_limits<float>::infinity();
        std::int32_t nearest = 0;
        for (std::int64_t i = 0; i < mask.size(); ++i)
            if (labels.data()[i] != 0 && labels.data()[i] != id && away.data()[i] < least)
                least = away.data()[i], nearest = labels.data()[i];
        if (nearest != 0)
            for (std::int64_t i = 0; i < mask.size(); ++i) mask.data()[i] |= labels.data()[i] == nearest;
    } else {
        const Box box = boxOf(mask);
        const int axis = box.extent().z > 1 ? 0 : 1;
        Box beyond = box;
        beyond.begin[axis] = (box.begin[axis] + box.end[axis] + 1) / 2;
        for (std::int64_t z = beyond.begin.z; z < beyond.end.z; ++z)
            for (std::int64_t y = beyond.begin.y; y < beyond.end.y; ++y)
                for (std::int64_t x = beyond.begin.x; x < beyond.end.x; ++x) mask(z, y, x) = 0;
    }
    return mask;
}

}  // namespace fovea::segment

#include "segment/classical.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>

#include "base/parallel_parts.h"
#include "measure/numbering.h"
#include "measure/object_stats.h"
#include "segment/blob_finder.h"
#include "segment/filters.h"
#include "segment/grow.h"
#include "segment/section_step.h"

namespace fovea::segment {
namespace {

// Whether sections are looked at one by one, and the reason to tell.
struct Sections {
    double step = 1;  // distance between them, in voxels of the plane
    bool slices = true;
    std::string why = "there is one section";
};

// Everything chosen for one image.
struct Plan {
    bool dark = false;
    Sections sections;
    double low = 0, high = 1;  // grey values that become 0 and 1
    Vec3 spacing{1, 1, 1};     // finest axis 1
    double unit = 1;           // µm of the finest axis
    BlobSettings blobs;
};

// Grey values as brightness of the objects, 0..1.
Volume<float> normalised(const Volume<float>& image, const Plan& plan) {
    Volume<float> result(image.shape());
    for (std::int64_t i = 0; i < image.size(); ++i) {
        const double grey = std::isfinite(image.data()[i]) ? image.data()[i] : plan.low;
        const double share = std::clamp((grey - plan.low) / (plan.high - plan.low), 0.0, 1.0);
        result.data()[i] = float(plan.dark ? 1 - share : share);
    }
    return result;
}

// A contiguous piece of `box` to choose parameters on: at most `most` per axis, smaller where that avoids held voxels.
Box sampleBox(const Box& box, Index most, const std::vector<Box>& held) {
    const Index n = box.extent();
    Box best;
    std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
    static constexpr std::int64_t order[5] = {2, 1, 3, 0, 4};  // in quarters of the free way; the middle wins ties
    for (int eighths = 8; eighths >= 1 && fewest > 0; --eighths) {
        Index size;
        for (int axis = 0; axis < 3; ++axis) {
            const std::int64_t whole = std::min(n[axis], most[axis]);
            size[axis] = axis == 0 ? whole : std::max(std::min<std::int64_t>(whole, 32), whole * eighths / 8);
        }
        for (int k = 0; k < 125; ++k) {
            const Index step{order[k / 25], order[k / 5 % 5], order[k % 5]};
            Index begin;
            for (int axis = 0; axis < 3; ++axis)
                begin[axis] = box.begin[axis] + (n[axis] - size[axis]) * step[axis] / 4;
            const Box candidate{begin, begin + size};
            std::int64_t count = 0;
            for (const Box& h : held) count += candidate.intersected(h).count();
            if (count < fewest) fewest = count, best = candidate;
        }
    }
    return best;
}

// The image there, held voxels unknown.
Volume<float> readSample(const ImageSource& image, int channel, const Box& where, const std::vector<Box>& held) {
    Volume<float> sample = image.readAs<float>(where, channel);
    for (const Box& h : held) {
        const Box inside = h.intersected(where).shifted(Index{} - where.begin);
        for (std::int64_t z = inside.begin.z; z < inside.end.z; ++z)
            for (std::int64_t y = inside.begin.y; y < inside.end.y; ++y)
                for (std::int64_t x = inside.begin.x; x < inside.end.x; ++x)
                    sample(z, y, x) = std::numeric_limits<float>::quiet_NaN();
    }
    return sample;
}

std::string rounded(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", value);
    return text;
}

// Where the file does not say how thick sections are, the image has to.
Sections sectionsOf(const ImageSource& image, int channel, const Box& box, const std::vector<Box>& held, Job& job) {
    Sections result;
    if (box.extent().z == 1) return result;
    const Geometry& geometry = image.info().geometry;
    if (geometry.known) {
        result.step = geometry.spacing.z / std::min(geometry.spacing.y, geometry.spacing.x);
        result.why = "voxels are " + rounded(result.step) + " times as thick as wide";
    } else {
        result.step = sectionStep(readSample(image, channel, sampleBox(box, {16, 384, 384}, held), held), job);
        result.why =
            "voxel size unknown; neighbouring sections differ as places " + rounded(result.step) + " pixels apart do";
    }
    result.slices = result.step > (geometry.known ? thickFrom : thickLooksFrom);
    return result;
}

std::vector<Blob> blobsIn(const Volume<float>& image, const BlobSettings& settings, bool grow, Job& job) {
    JobPart finding(job, 0, grow ? 0.8 : 1), growing(job, 0.8, 1);
    std::vector<Blob> blobs = findBlobs(image, settings, finding);
    if (!grow || blobs.empty()) return blobs;
    Volume<float> soft = image;
    const double sigma = settings.sigmas.front();
    blur(soft, {sigma / settings.spacing.z, sigma / settings.spacing.y, sigma / settings.spacing.x}, growing);
    Index reach;
    for (int k = 0; k < 3; ++k)
        reach[k] =
            image.shape()[k] == 1 ? 0 : std::int64_t(std::ceil(0.75 * settings.typicalRadius / settings.spacing[k]));
    growToHalfHeight(blobs, soft, reach, growing);
    return blobs;
}

double weightedMedian(std::vector<std::pair<double, double>> valueAndWeight) {
    std::sort(valueAndWeight.begin(), valueAndWeight.end());
    double total = 0, half = 0;
    for (const auto& [value, weight] : valueAndWeight) total += weight;
    for (const auto& [value, weight] : valueAndWeight) {
        half += weight;
        if (half >= total / 2) return value;
    }
    return 0;
}

// The labels of a whole box and what is believed of each.
struct Found {
    Volume<std::int32_t> labels;
    std::vector<double> scores;  // by id − 1
    std::vector<double> radii, edges;
};

// Finds blobs tile by tile; a blob belongs to the tile its middle lies in.
Found findAll(const Volume<float>& image, const Plan& plan, Job& job) {
    Found found{Volume<std::int32_t>(image.shape()), {}, {}, {}};
    BlobSettings settings = plan.blobs;
    if (plan.sections.slices) settings.spacing.z = 1;
    const Index tile = plan.sections.slices ? Index{1, 2048, 2048} : Index{96, 256, 256};
    const double reach = 2 * std::min(settings.mostRadius, std::max(16.0, 2 * settings.typicalRadius));
    const Index halo{plan.sections.slices ? 0 : std::int64_t(reach / settings.spacing.z),
                     std::int64_t(reach / settings.spacing.y), std::int64_t(reach / settings.spacing.x)};
    std::vector<Box> tiles;
    forEachTile(image.box(), tile, [&](const Box& box) { tiles.push_back(box); });
    std::vector<std::vector<Blob>> results(tiles.size());
    std::vector<Box> areas(tiles.size());
    forParts(std::int64_t(tiles.size()), job, [&](std::int64_t t, Job& part) {
        areas[t] = tiles[t].grown(halo).intersected(image.box());
        results[t] = blobsIn(crop(image, areas[t]), settings, !plan.dark && settings.typicalRadius > 0, part);
    });
    for (std::size_t t = 0; t < tiles.size(); ++t)
        for (const Blob& blob : results[t]) {
            if (!tiles[t].contains(areas[t].begin + blob.middle)) continue;
            const Index n = areas[t].extent();
            const auto place = [&](std::int32_t i) {
                return areas[t].begin + Index{i / (n.y * n.x), i / n.x % n.y, i % n.x};
            };
            found.scores.push_back(blob.score);
            found.radii.push_back(blob.radius);
            found.edges.push_back(blob.edge);
            for (std::int32_t i : blob.voxels)
                if (std::int32_t& v = found.labels[place(i)]; v == 0) v = std::int32_t(found.scores.size());
        }
    return found;
}

constexpr std::int64_t agreeing = 3;  // slices that must agree on an object of a thick-sectioned volume
constexpr double leastSupport = 0.7;  // sum of its scores over them

// Joins the 2D objects along z. What too few slices agree on goes; scores become those of the 3D objects.
void linkAndFilter(Found& found, Job& job) {
    Volume<std::int32_t> linked = measure::linkSlices(found.labels, 0.3, job);
    const Index shape = linked.shape();
    std::vector<std::map<std::int64_t, std::int32_t>> perSlice;  // per 3D object: slice → 2D object, from 0
    for (std::int64_t i = 0; i < linked.size(); ++i) {
        const std::int32_t id = linked.data()[i];
        if (id == 0) continue;
        if (std::size_t(id) > perSlice.size()) perSlice.resize(std::size_t(id));
        perSlice[std::size_t(id - 1)][i / (shape.y * shape.x)] = found.labels.data()[i] - 1;
    }
    const std::int64_t needed = std::min(agreeing, shape.z);
    std::vector<std::int32_t> keep;
    std::vector<double> scores;
    for (std::size_t k = 0; k < perSlice.size(); ++k) {
        double support = 0;
        for (const auto& [z, blob] : perSlice[k]) support += found.scores[std::size_t(blob)];
        if (std::int64_t(perSlice[k].size()) >= needed && support >= leastSupport * double(needed) / double(agreeing)) {
            keep.push_back(std::int32_t(k) + 1);
            scores.push_back(1 - std::exp(-support));
        }
    }
    std::vector<double> radii, edges;
    for (std::int32_t id : keep) {
        std::vector<std::pair<double, double>> radius, edge;
        for (const auto& [z, blob] : perSlice[std::size_t(id - 1)]) {
            radius.emplace_back(found.radii[std::size_t(blob)], 1);
            edge.emplace_back(found.edges[std::size_t(blob)], 1);
        }
        radii.push_back(weightedMedian(radius));
        edges.push_back(weightedMedian(edge));
    }
    measure::keepIds(linked, keep);
    measure::relabelDense(linked);
    found = {std::move(linked), std::move(scores), std::move(radii), std::move(edges)};
}

Box middleSlice(const Volume<float>& volume) {
    Box box = volume.box();
    box.begin.z = box.end.z / 2;
    box.end.z = box.begin.z + 1;
    return box;
}

// Sets size and edge strength to those of the objects found on a sample, blurs and least size with them.
void estimate(const Volume<float>& sample, Plan& plan, double radius, Job& job) {
    BlobSettings& s = plan.blobs;
    s.leastRadius = radius > 0 ? std::max(1.5, radius / 3.5) : 3;
    s.sigmas = radius > 0 ? std::vector<double>{radius / 12, radius / 6} : std::vector<double>{1, 2, 4};
    s.typicalRadius = radius;
    const Volume<float> flat = plan.sections.slices ? crop(sample, middleSlice(sample)) : Volume<float>();
    for (int pass = 0; pass < 3; ++pass) {
        job.check();
        JobPart part(job, 0.5 * pass, 0.5 * (pass + 1));  // nothing is searched in the third
        s.usualEdges.clear();
        for (double sigma : s.sigmas)
            s.usualEdges.push_back(usualEdge(plan.sections.slices ? flat : sample, sigma, s.spacing, part));
        if (pass == 2) return;  // only the edges of the final blurs were missing
        Found found = findAll(sample, plan, part);
        if (plan.sections.slices && sample.shape().z > 1) linkAndFilter(found, part);
        std::vector<std::pair<double, double>> sizes, edges;
        for (std::size_t k = 0; k < found.scores.size(); ++k) {
            const double weight =
                found.scores[k] * std::pow(found.radii[k], plan.sections.slices ? 2 : 3) * found.edges[k];
            sizes.emplace_back(found.radii[k], weight);
            edges.emplace_back(found.edges[k], weight);
        }
        if (sizes.empty()) return;
        if (radius <= 0) s.typicalRadius = weightedMedian(sizes);
        s.typicalEdge = weightedMedian(edges);
        s.leastRadius = std::max(1.5, s.typicalRadius / 3.5);
        s.sigmas = {std::max(0.7, s.typicalRadius / 12), std::max(1.0, s.typicalRadius / 6)};
    }
}

// Scores below this are not believed: low where slices vote on it later.
void setThresholds(Plan& plan, bool voted, double sensitivity) {
    const double strictness = 2 * (1 - sensitivity);
    plan.blobs.leastScore = (voted ? 0.05 : 0.1) * strictness;
    plan.blobs.roundFrom = voted ? 0.85 : 0.7;
}

Plan makePlan(const Volume<float>& sample, const Geometry& geometry, const Sections& sections, const Options& options,
              Job& job) {
    Plan plan;
    plan.sections = sections;
    const Index n = sample.shape();
    double finest = std::numeric_limits<double>::infinity();
    for (int k = n.z > 1 ? 0 : 1; k < 3; ++k) finest = std::min(finest, geometry.spacing[k]);
    plan.unit = geometry.known ? finest : 1;
    for (int k = 0; k < 3; ++k) plan.spacing[k] = geometry.spacing[k] / finest;
    plan.blobs.spacing = plan.spacing;
    if (plan.sections.slices) plan.blobs.spacing.z = 1;
    const std::vector<double> grey = quantiles(sample, {0.002, 0.5, 0.998});
    plan.low = grey[0], plan.high = grey[2];
    if (!(plan.high > plan.low)) return plan;
    // Objects lie on a background that is most of the image: where the middle grey value is near the low end they are
    // bright.
    const std::string polarity = options.string("polarity");
    plan.dark = polarity == "auto" ? (grey[1] - grey[0]) / (grey[2] - grey[0]) > 0.37 : polarity == "dark";
    setThresholds(plan, plan.sections.slices && n.z > 1, options.number("sensitivity"));
    estimate(normalised(sample, plan), plan, options.number("diameter") / 2 / plan.unit, job);
    return plan;
}

nlohmann::json describe(const Plan& plan) {
    return {{"polarity", plan.dark ? "dark" : "bright"},
            {"grey_range", {plan.low, plan.high}},
            {"slices", plan.sections.slices},
            {"why", plan.sections.why},
            {"section_step", plan.sections.step},
            {"mode", plan.sections.slices ? "slices" : "volume"},
            {"diameter", 2 * plan.blobs.typicalRadius * plan.unit},
            {"blur", plan.blobs.sigmas},
            {"edge", plan.blobs.typicalEdge},
            {"least_score", plan.blobs.leastScore}};
}

class Classical : public PseudoLabeler {
  public:
    std::string id() const override { return "classical"; }
    Text title() const override { return FOVEA_TR("Blobs (no training)"); }
    OptionTable options() const override {
        return {
            {"polarity",
             OptionType::Choice,
             "auto",
             FOVEA_TR("Whether objects are darker or brighter than what is around them."),
             "",
             {},
             {},
             {"auto", "dark", "bright"}},
            {"diameter", OptionType::Double, 0.0,
             FOVEA_TR(
                 "Typical diameter of an object in µm, or in voxels where the voxel size is not known; 0: estimated."),
             "µm", 0.0, 1e6},
            {"sensitivity", OptionType::Double, 0.5, FOVEA_TR("Higher finds more objects, and more that are none."), "",
             0.0, 1.0}};
    }
    PseudoLabels run(const LabelRequest& request, Job& job) const override;
};

PseudoLabels Classical::run(const LabelRequest& request, Job& job) const {
    checkBox(request);
    const ImageSource& image = request.image;
    const Box& box = request.box;
    job.progress(0, 1, FOVEA_TR("Choosing parameters"));
    const Sections sections = sectionsOf(image, request.channel, box, request.held, job);
    const Index most = box.extent().z == 1 ? Index{1, 1024, 1024}
                       : sections.slices   ? Index{6, 768, 768}
                                           : Index{64, 256, 256};
    const Volume<float> sample = readSample(image, request.channel, sampleBox(box, most, request.held), request.held);
    JobPart choosing(job, 0, 0.2), finding(job, 0.2, 0.9), numbering(job, 0.9, 1);
    const Plan plan = makePlan(sample, image.info().geometry, sections, request.options, choosing);
    PseudoLabels result;
    result.parameters = describe(plan);
    result.labels = Volume<std::int32_t>(box.extent());
    result.labels.geometry = image.info().geometry;
    if (!(plan.high > plan.low)) return result;  // a constant image holds no objects
    job.progress(0.2, 1, FOVEA_TR("Finding objects"));
    const Volume<float> bright = normalised(image.readAs<float>(box, request.channel), plan);
    Found found = findAll(bright, plan, finding);
    job.progress(0.9, 1, FOVEA_TR("Numbering objects"));
    if (plan.sections.slices && box.extent().z > 1) linkAndFilter(found, numbering);
    found.labels.geometry = result.labels.geometry;
    const std::vector<std::int32_t> old = measure::relabelDense(found.labels);
    for (const measure::ObjectStats& s : measure::objectStats(found.labels, nullptr, numbering))
        result.objects.push_back({std::int32_t(s.id),
                                  std::clamp(found.scores[std::size_t(old[std::size_t(s.id - 1)] - 1)], 0.0, 1.0),
                                  s.box.shifted(box.begin), s.voxels});
    result.labels = std::move(found.labels);
    job.progress(1, 1);
    return result;
}

}  // namespace

std::shared_ptr<const PseudoLabeler> classicalLabeler() { return std::make_shared<Classical>(); }

}  // namespace fovea::segment

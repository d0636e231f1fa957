#include <algorithm>
#include <cmath>
#include <optional>

#include "measure/distance.h"
#include "segment/filters.h"
#include "segment/geodesic.h"
#include "segment/holes.h"
#include "segment/prompt_engine.h"
#include "segment/propagate.h"
#include "segment/section_step.h"
#include "segment/star_surface.h"

namespace fovea::segment {
namespace {

constexpr double reachFactor = 4;     // how far along what is wrong a click reaches, in depths of the click …
constexpr double depthFactor = 1.25;  // … and how far across
constexpr double sharedMove = 0.2;    // share of a move of a star-shaped body that all directions take part in
constexpr double smooth = 1.5;        // blur of a proposed outline, in voxels of the finest axis

// One answer in the making, on the crop or on its one slice.
class Answer {
  public:
    Answer(const PromptRequest& request, Job& job);
    PromptAnswer run();

  private:
    void apply(std::size_t k);
    bool beginStar();
    std::vector<std::int32_t> rivalsOf(std::size_t k) const;
    void limitToReach(Volume<std::uint8_t>& open, const Volume<std::uint8_t>& same, Index at) const;
    void paint(std::size_t k, const std::vector<std::int32_t>& region, const Volume<std::uint8_t>& open);
    bool inside(Index v) const { return scope_.contains(v); }
    std::int32_t offset(Index v) const { return std::int32_t(mask_.offset(v - scope_.begin)); }

    const PromptRequest& request_;
    Job& job_;
    Box scope_;  // what may change, in crop coordinates
    Volume<float> image_;
    Vec3 spacing_;         // finest axis 1
    GeodesicField field_;  // made when first needed
    Volume<std::uint8_t> mask_, forbidden_;
    double belief_ = 0;
    int changes_ = 0, refused_ = 0;
};

Answer::Answer(const PromptRequest& request, Job& job) : request_(request), job_(job) {
    const Box crop = request.image.box();
    for (const auto* extra : {&request.startMask, &request.forbidden})
        if (!extra->empty() && extra->shape() != request.image.shape())
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("A mask of {mask} does not fit the image crop of {image}; cut both from one box."),
                         {{"mask", toString(extra->shape())}, {"image", toString(request.image.shape())}}});
    scope_ = crop;
    if (!request.wholeObject) {
        scope_.begin.z = request.slice - request.origin.z;
        scope_.end.z = scope_.begin.z + 1;
    }
    if (scope_.empty() || !crop.contains(scope_))
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("Slice {slice} is not part of the image crop; cut it around the points."),
                     {{"slice", std::to_string(request.slice)}}});
    mask_ = request.startMask.empty() ? Volume<std::uint8_t>(scope_.extent()) : fovea::crop(request.startMask, scope_);
    for (std::uint8_t& v : mask_) v = v != 0;
    if (!request.forbidden.empty()) {
        forbidden_ = fovea::crop(request.forbidden, scope_);
        for (std::int64_t i = 0; i < mask_.size(); ++i)
            if (forbidden_.data()[i]) mask_.data()[i] = 0;
    }
    image_ = fovea::crop(request.image, scope_);
    spacing_ = relativeSpacing(image_, job);
}

// The points that pull the other way.
std::vector<std::int32_t> Answer::rivalsOf(std::size_t k) const {
    std::vector<std::int32_t> rivals;
    for (const PointPrompt& p : request_.points)
        if (p.positive != request_.points[k].positive && inside(p.at - request_.origin))
            rivals.push_back(offset(p.at - request_.origin));
    return rivals;
}

// Makes the mask agree with a point: adds the region around a positive one that is missing, takes away that around a
// negative one. A point the mask agrees with already changes nothing.
void Answer::apply(std::size_t k) {
    const PointPrompt& point = request_.points[k];
    const Index at = point.at - request_.origin;
    if (!inside(at)) return;
    const std::int32_t start = offset(at);
    if (!forbidden_.empty() && forbidden_.data()[start]) {
        ++refused_;
        return;
    }
    if ((mask_.data()[start] != 0) == point.positive) return;
    Volume<std::uint8_t> open(mask_.shape()), same(mask_.shape());
    bool begun = false;
    for (std::int64_t i = 0; i < mask_.size(); ++i) {
        begun |= mask_.data()[i] != 0;
        same.data()[i] = (mask_.data()[i] != 0) != point.positive;
        open.data()[i] = same.data()[i] && (forbidden_.empty() || !forbidden_.data()[i]);
    }
    if (begun) limitToReach(open, same, at - scope_.begin);
    // An object just begun may take up to a quarter of the crop (of each slice).
    const std::int64_t most = begun ? mask_.size() : std::max<std::int64_t>(64, mask_.size() / 4);
    const bool thick = spacing_.z > thickLooksFrom;
    Growth growth;
    if (mask_.shape().z > 1 && thick) {
        Spread found = spreadFrom(image_, start, rivalsOf(k), open, most / mask_.shape().z, SpreadSettings{}, job_);
        growth = {std::move(found.voxels), found.edge};
    } else {
        if (field_.soft.empty()) field_ = makeField(image_, job_);
        growth = growFrom(field_, start, rivalsOf(k), open, most, job_);
    }
    fillHoles(growth.voxels, mask_.shape());
    paint(k, growth.voxels, open);
    belief_ += growth.edge;
    ++changes_;
}

// A click points at the middle of what is wrong, so a repair goes no further from what is right already than to the
// other side of its middle, and a few times as far along it.
void Answer::limitToReach(Volume<std::uint8_t>& open, const Volume<std::uint8_t>& same, Index at) const {
    const Volume<float> depth = measure::distanceTransform(same, spacing_, false, job_);
    if (!std::isfinite(depth[at])) return;
    const double reach = 3 + reachFactor * depth[at], deepest = depthFactor * depth[at] + 0.5;
    for (std::int64_t z = 0; z < open.shape().z; ++z)
        for (std::int64_t y = 0; y < open.shape().y; ++y)
            for (std::int64_t x = 0; x < open.shape().x; ++x) {
                const double dz = double(z - at.z) * spacing_.z, dy = double(y - at.y) * spacing_.y;
                const double dx = double(x - at.x) * spacing_.x;
                if (depth(z, y, x) > deepest || dz * dz + dy * dy + dx * dx > reach * reach) open(z, y, x) = 0;
            }
}

// Writes the region into the mask, its outline smoothed, never where it is not open.
void Answer::paint(std::size_t k, const std::vector<std::int32_t>& region, const Volume<std::uint8_t>& open) {
    const bool value = request_.points[k].positive;
    Volume<float> soft(mask_.shape());
    for (std::int64_t i = 0; i < mask_.size(); ++i) soft.data()[i] = (mask_.data()[i] != 0) == value ? 1.0f : 0.0f;
    for (std::int32_t i : region) soft.data()[i] = 1;
    blur(soft, {0.5 * smooth / spacing_.z, smooth, smooth}, job_);
    for (std::int64_t i = 0; i < mask_.size(); ++i)
        if (open.data()[i] && soft.data()[i] >= 0.5f) mask_.data()[i] = value;
    // The smoothing may have passed over this point or an earlier one.
    for (std::size_t j = 0; j <= k; ++j) {
        const Index v = request_.points[j].at - request_.origin;
        if (inside(v) && (forbidden_.empty() || !forbidden_.data()[offset(v)]))
            mask_.data()[offset(v)] = request_.points[j].positive;
    }
}

// Begins an object in voxels about as deep as wide: a star-shaped body around the first positive point, its surface
// moved by the later ones. They lie in the middle of what is wrong, so the surface belongs as far beyond them as it now
// is from them. False when there is nothing to begin, or it begins better from slice to slice.
bool Answer::beginStar() {
    if (mask_.shape().z == 1 || spacing_.z > thickLooksFrom) return false;
    if (std::any_of(mask_.begin(), mask_.end(), [](std::uint8_t v) { return v != 0; })) return false;
    Volume<std::uint8_t> open(mask_.shape(), 1);
    if (!forbidden_.empty())
        for (std::int64_t i = 0; i < mask_.size(); ++i) open.data()[i] = !forbidden_.data()[i];
    std::optional<Index> centre;
    std::vector<PointPrompt> later;
    std::vector<Index> inner, outer;
    for (const PointPrompt& point : request_.points) {
        if (!inside(point.at - request_.origin)) continue;
        const Index at = point.at - request_.origin - scope_.begin;
        if (!open[at]) {
            ++refused_;
        } else if (!centre && point.positive) {
            centre = at;
        } else {
            later.push_back({at, point.positive});
            (point.positive ? inner : outer).push_back(at);
        }
    }
    if (!centre) return false;
    const StarFit fit = fitStar(image_, spacing_, open, *centre, inner, outer, job_);
    std::vector<StarBody::Pull> pulls;
    StarBody body = fit.body;
    for (const auto& [at, positive] : later) {
        const double now = body.reach(at), wanted = body.distance(at);
        if ((now > wanted) == positive) continue;
        pulls.push_back({at, 2 * wanted - now - fit.body.reach(at)});
        body = fit.body.moved(pulls, sharedMove);
    }
    mask_ = body.mask(mask_.shape());
    for (std::int64_t i = 0; i < mask_.size(); ++i) mask_.data()[i] &= open.data()[i];
    mask_[*centre] = 1;
    for (const auto& [at, positive] : later) mask_[at] = positive;
    belief_ = fit.belief;
    changes_ = 1;
    return true;
}

PromptAnswer Answer::run() {
    const bool begun = beginStar();
    for (std::size_t k = 0; !begun && k < request_.points.size(); ++k) {
        job_.check();
        apply(k);
    }
    PromptAnswer answer;
    answer.origin = request_.origin;
    answer.mask = request_.startMask.empty() ? Volume<std::uint8_t>(request_.image.shape()) : request_.startMask;
    for (std::uint8_t& v : answer.mask) v = v != 0;
    answer.mask.geometry = request_.image.geometry;
    copyBox(mask_, mask_.box(), answer.mask, scope_.begin);
    if (!request_.forbidden.empty())
        for (std::int64_t i = 0; i < answer.mask.size(); ++i)
            if (request_.forbidden.data()[i]) answer.mask.data()[i] = 0;
    answer.score = changes_ > 0 ? belief_ / changes_ : request_.startMask.empty() ? 0 : 1;
    if (refused_ > 0) answer.note = FOVEA_TR("A point lies in an accepted object and was left out.");
    return answer;
}

class Geodesic : public PromptEngine {
  public:
    std::string id() const override { return "geodesic"; }
    Text title() const override { return FOVEA_TR("Geodesic (no weights)"); }
    PromptAnswer run(const PromptRequest& request, Job& job) const override { return Answer(request, job).run(); }
};

}  // namespace

std::shared_ptr<const PromptEngine> geodesicEngine() { return std::make_shared<Geodesic>(); }

}  // namespace fovea::segment

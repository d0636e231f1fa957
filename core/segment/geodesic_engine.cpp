#include <algorithm>
#include <cmath>
#include <optional>

#include "segment/filters.h"
#include "segment/geodesic.h"
#include "segment/holes.h"
#include "segment/mask_repair.h"
#include "segment/prompt_engine.h"
#include "segment/propagate.h"
#include "segment/section_step.h"
#include "segment/star_surface.h"

namespace fovea::segment {
namespace {

constexpr double sharedMove = 0.2;  // share of a move of a star-shaped body that all directions take part in
constexpr double smooth = 1.5;      // blur of the outline of an object just begun, in voxels of the finest axis

// One answer in the making, on the crop or on its one slice.
class Answer {
  public:
    Answer(const PromptRequest& request, Job& job);
    PromptAnswer run();

  private:
    bool beginStar();
    void apply(const PointPrompt& point);
    void begin(Index at);
    void repair(Index at, bool positive);
    Volume<std::uint8_t> openFor(bool positive, const Box& part) const;
    std::vector<std::int32_t> rivalsOf(bool positive, const Box& part) const;
    bool inside(Index v) const { return scope_.contains(v); }
    bool thick() const { return mask_.shape().z > 1 && spacing_.z > thickLooksFrom; }

    const PromptRequest& request_;
    Job& job_;
    Box scope_;  // what may change, in crop coordinates
    Volume<float> image_;
    Vec3 spacing_;  // finest axis 1
    Volume<std::uint8_t> mask_, forbidden_;
    struct Heard {
        Index at;  // in the scope
        bool positive = true;
        double depth = 0;  // beyond the outline as it was
    };
    std::vector<Heard> heard_;
    bool settled_ = false;  // see RepairRequest
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

// The points in a part of the scope that pull the other way, as offsets into it.
std::vector<std::int32_t> Answer::rivalsOf(bool positive, const Box& part) const {
    std::vector<std::int32_t> rivals;
    for (const PointPrompt& p : request_.points) {
        const Index at = p.at - request_.origin - scope_.begin;
        if (p.positive == positive || !part.contains(at)) continue;
        const Index n = part.extent(), v = at - part.begin;
        rivals.push_back(std::int32_t((v.z * n.y + v.y) * n.x + v.x));
    }
    return rivals;
}

// What may change sides in a part of the scope: not accepted neighbours, nor what lies about an earlier point that said
// otherwise.
Volume<std::uint8_t> Answer::openFor(bool positive, const Box& part) const {
    Volume<std::uint8_t> open = fovea::crop(mask_, part);
    for (std::uint8_t& v : open) v = (v != 0) != positive;
    if (!forbidden_.empty()) {
        const Volume<std::uint8_t> forbidden = fovea::crop(forbidden_, part);
        for (std::int64_t i = 0; i < open.size(); ++i)
            if (forbidden.data()[i]) open.data()[i] = 0;
    }
    for (const Heard& h : heard_) {
        if (h.positive == positive) continue;
        Index reach;
        for (int k = 0; k < 3; ++k) reach[k] = std::int64_t(h.depth / spacing_[k]);
        const Box ball = Box{h.at, h.at + Index{1, 1, 1}}.grown(reach).intersected(part);
        for (std::int64_t z = ball.begin.z; z < ball.end.z; ++z)
            for (std::int64_t y = ball.begin.y; y < ball.end.y; ++y)
                for (std::int64_t x = ball.begin.x; x < ball.end.x; ++x)
                    if (std::hypot(double(z - h.at.z) * spacing_.z, double(y - h.at.y) * spacing_.y,
                                   double(x - h.at.x) * spacing_.x) <= h.depth)
                        open[Index{z, y, x} - part.begin] = 0;
    }
    return open;
}

// Makes the mask agree with a point, in the order given. One that it agrees with already changes nothing.
void Answer::apply(const PointPrompt& point) {
    if (!inside(point.at - request_.origin)) return;
    const Index at = point.at - request_.origin - scope_.begin;
    if (!forbidden_.empty() && forbidden_[at]) {
        ++refused_;
        return;
    }
    heard_.push_back({at, point.positive, 0});
    if ((mask_[at] != 0) != point.positive) {
        if (std::any_of(mask_.begin(), mask_.end(), [](std::uint8_t v) { return v != 0; }))
            repair(at, point.positive);
        else
            begin(at);
        ++changes_;
    }
    for (const Heard& h : heard_) mask_[h.at] = h.positive;
}

// Begins an object in a single slice, or from slice to slice: at most a quarter of the crop (of each slice).
void Answer::begin(Index at) {
    const Box all = mask_.box();
    const Volume<std::uint8_t> open = openFor(true, all);
    const auto start = std::int32_t(mask_.offset(at));
    const std::int64_t most = std::max<std::int64_t>(64, mask_.size() / 4);
    Growth growth;
    if (thick()) {
        Spread found =
            spreadFrom(image_, start, rivalsOf(true, all), open, most / all.extent().z, SpreadSettings{}, job_);
        growth = {std::move(found.voxels), found.edge};
    } else {
        growth = growFrom(makeField(image_, job_), start, rivalsOf(true, all), open, most, job_);
    }
    fillHoles(growth.voxels, mask_.shape());
    Volume<float> soft(mask_.shape());
    for (std::int32_t i : growth.voxels) soft.data()[i] = 1;
    blur(soft, {0.5 * smooth / spacing_.z, smooth / spacing_.y, smooth / spacing_.x}, job_);
    for (std::int64_t i = 0; i < mask_.size(); ++i) mask_.data()[i] = open.data()[i] && soft.data()[i] >= 0.5f;
    belief_ += growth.edge;
    settled_ = true;
}

void Answer::repair(Index at, bool positive) {
    const Box part = repairBox(mask_, spacing_, at);
    const Volume<float> image = fovea::crop(image_, part);
    const Volume<std::uint8_t> mask = fovea::crop(mask_, part), open = openFor(positive, part);
    const Repair found =
        repairAt({image, mask, open, spacing_, at - part.begin, rivalsOf(positive, part), settled_}, job_);
    const Index n = part.extent();
    for (const std::int32_t i : found.voxels)
        mask_[part.begin + Index{i / (n.y * n.x), i / n.x % n.y, i % n.x}] = positive;
    heard_.back().depth = found.depth;
    settled_ |= found.settles;
    belief_ += found.belief;
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
    if (!begun)
        for (const PointPrompt& point : request_.points) {
            job_.check();
            apply(point);
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

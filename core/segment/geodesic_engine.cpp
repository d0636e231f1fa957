#include <algorithm>

#include "segment/geodesic.h"
#include "segment/holes.h"
#include "segment/prompt_engine.h"

namespace fovea::segment {
namespace {

// One answer in the making, on the crop or on its one slice.
class Answer {
  public:
    Answer(const PromptRequest& request, Job& job);
    PromptAnswer run();

  private:
    void apply(std::size_t k);
    std::vector<std::int32_t> rivalsOf(std::size_t k) const;
    bool inside(Index v) const { return scope_.contains(v); }
    std::int32_t offset(Index v) const { return std::int32_t(mask_.offset(v - scope_.begin)); }

    const PromptRequest& request_;
    Job& job_;
    Box scope_;  // what may change, in crop coordinates
    GeodesicField field_;
    Volume<std::uint8_t> mask_, forbidden_;
    double belief_ = 0;
    int changes_ = 0, refused_ = 0;
};

Answer::Answer(const PromptRequest& request, Job& job) : request_(request), job_(job) {
    const Box crop = request.image.box();
    for (const auto* extra : {&request.startMask, &request.forbidden})
        if (!extra->empty() && extra->shape() != request.image.shape())
            throw Error(ErrorKind::Input, {FOVEA_TR("A mask of {mask} does not fit the image crop of {image}; cut both from one box."),
                                           {{"mask", toString(extra->shape())}, {"image", toString(request.image.shape())}}});
    scope_ = crop;
    if (!request.wholeObject) {
        scope_.begin.z = request.slice - request.origin.z;
        scope_.end.z = scope_.begin.z + 1;
    }
    if (scope_.empty() || !crop.contains(scope_))
        throw Error(ErrorKind::Input, {FOVEA_TR("Slice {slice} is not part of the image crop; cut it around the points."),
                                       {{"slice", std::to_string(request.slice)}}});
    mask_ = request.startMask.empty() ? Volume<std::uint8_t>(scope_.extent()) : fovea::crop(request.startMask, scope_);
    for (std::uint8_t& v : mask_) v = v != 0;
    if (!request.forbidden.empty()) {
        forbidden_ = fovea::crop(request.forbidden, scope_);
        for (std::int64_t i = 0; i < mask_.size(); ++i)
            if (forbidden_.data()[i]) mask_.data()[i] = 0;
    }
    field_ = makeField(fovea::crop(request.image, scope_), job);
}

// The points that pull the other way.
std::vector<std::int32_t> Answer::rivalsOf(std::size_t k) const {
    std::vector<std::int32_t> rivals;
    for (const PointPrompt& p : request_.points)
        if (p.positive != request_.points[k].positive && inside(p.at - request_.origin))
            rivals.push_back(offset(p.at - request_.origin));
    return rivals;
}

// Makes the mask agree with a point: adds the region around a positive one that is missing, takes away that around a negative
// one. A point the mask agrees with already changes nothing.
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
    std::int64_t had = 0;
    Volume<std::uint8_t> open(mask_.shape());
    for (std::int64_t i = 0; i < mask_.size(); ++i) {
        had += mask_.data()[i];
        open.data()[i] = (mask_.data()[i] != 0) != point.positive && (forbidden_.empty() || !forbidden_.data()[i]);
    }
    // An object just begun may take up to a quarter of the crop; a repair at most as much as half of what is there.
    const std::int64_t most = had == 0 ? mask_.size() / 4 : std::max<std::int64_t>(64, point.positive ? had : had / 2);
    Growth growth = growFrom(field_, start, rivalsOf(k), open, std::max<std::int64_t>(most, 1), job_);
    fillHoles(growth.voxels, mask_.shape());
    for (std::int32_t i : growth.voxels)
        if (forbidden_.empty() || !forbidden_.data()[i]) mask_.data()[i] = point.positive;
    for (const PointPrompt& p : request_.points)  // what was filled over a point that pulls the other way
        if (p.positive != point.positive && inside(p.at - request_.origin)) {
            const std::int32_t i = offset(p.at - request_.origin);
            if (forbidden_.empty() || !forbidden_.data()[i]) mask_.data()[i] = p.positive;
        }
    belief_ += growth.edge;
    ++changes_;
}

PromptAnswer Answer::run() {
    for (std::size_t k = 0; k < request_.points.size(); ++k) {
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

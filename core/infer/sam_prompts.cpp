#include "infer/sam_prompts.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>

#include "infer/sam_pictures.h"
#include "segment/local_change.h"
#include "segment/mask_prompts.h"
#include "segment/mask_shape.h"

namespace fovea::infer {

using segment::PointPrompt;
using segment::PromptAnswer;
using segment::PromptRequest;
using Mask = Volume<std::uint8_t>;

namespace {

constexpr std::size_t mostPoints = 32;      // of a person in one slice that the network is shown, the latest
constexpr std::size_t mostNeighbours = 4;   // accepted ones shown as background
constexpr std::int64_t neighbourhood = 16;  // pixels around an object in which they are looked for

Mask united(Mask a, const Mask& b) {
    std::transform(a.begin(), a.end(), b.begin(), a.begin(), [](std::uint8_t u, std::uint8_t v) { return u | v; });
    return a;
}
Mask shared(Mask a, const Mask& b) {
    std::transform(a.begin(), a.end(), b.begin(), a.begin(), [](std::uint8_t u, std::uint8_t v) { return u & v; });
    return a;
}
Mask without(Mask a, const Mask& b) {
    std::transform(a.begin(), a.end(), b.begin(), a.begin(), [](std::uint8_t u, std::uint8_t v) { return u & !v; });
    return a;
}
bool any(const Mask& mask) {
    return std::any_of(mask.begin(), mask.end(), [](std::uint8_t v) { return v != 0; });
}

// One answer in the making, on the crop or on its one slice.
class SamAnswer {
  public:
    SamAnswer(const SamModel& model, EmbeddingCache& cache, const SamPromptOptions& options,
              const PromptRequest& request, Job& job);
    PromptAnswer run();

  private:
    void apply(std::size_t k);
    void beginInBox();
    void begin(std::size_t k);
    void repair(std::size_t k);
    void propagate(std::int64_t z, int step);
    void fillBetween(std::int64_t low, std::int64_t high);
    void joinAlongZ(std::int64_t z);
    void repeat(Mask change, std::int64_t z, int step, bool adds);

    Mask changed(std::int64_t z, const Mask& present, const SamPrompt& prompt, bool adds, const Mask& at);
    std::optional<Mask> better(std::int64_t z, const Mask& present, bool adds, const Mask& at);
    Mask taken(SamMask found, std::int64_t z);
    Mask prompted(std::int64_t z, const SamPrompt& prompt);
    Mask clicked(std::int64_t z, const SamPrompt& prompt, Index click, std::optional<int> alternative);
    SamPrompt projected(std::int64_t z, const Mask& mask);
    Mask continued(std::int64_t z, const Mask& neighbour) {
        return any(neighbour) ? prompted(z, projected(z, neighbour)) : neighbour;
    }
    void addPoints(SamPrompt& prompt, std::int64_t z) const;
    void addNeighbours(SamPrompt& prompt, std::int64_t z) const;

    Mask plane(const Mask& volume, std::int64_t z) const {
        const Index n = volume.shape();
        return crop(volume, {{z, 0, 0}, {z + 1, n.y, n.x}});
    }
    void put(std::int64_t z, const Mask& slice);
    void score();
    Mask openIn(std::int64_t z) const {
        Mask open({1, mask_.shape().y, mask_.shape().x}, 1);
        return forbidden_.empty() ? open : without(std::move(open), plane(forbidden_, z));
    }
    bool inScope(std::int64_t z) const { return z >= scope_.begin.z && z < scope_.end.z; }
    Index local(const PointPrompt& point) const { return point.at - request_.origin; }

    const SamPromptOptions& options_;
    const PromptRequest& request_;
    Job& job_;
    SamPictures pictures_;
    Box scope_;  // what may change, in crop coordinates
    PromptAnswer answer_;
    Mask& mask_ = answer_.mask;
    Mask forbidden_;
    std::size_t known_ = 0;  // points the network may be shown: those up to the one at work
    bool tells_ = false;     // while the last of them is at work
    double belief_ = 0;
    int predictions_ = 0, refused_ = 0, outside_ = 0;
    int meant_ = 1;  // masks the last click could mean
};

void check(const PromptRequest& request) {
    const Box crop = request.image.box();
    if (crop.empty()) throw Error(ErrorKind::Input, FOVEA_TR("There is no image to look at; the crop is empty."));
    for (const auto* extra : {&request.startMask, &request.forbidden})
        if (!extra->empty() && extra->shape() != request.image.shape())
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("A mask of {mask} does not fit the image crop of {image}; cut both from one box."),
                         {{"mask", toString(extra->shape())}, {"image", toString(request.image.shape())}}});
    if (!request.wholeObject &&
        (request.slice < request.origin.z || request.slice >= request.origin.z + request.image.shape().z))
        throw Error(ErrorKind::Input, {FOVEA_TR("Slice {slice} is not part of the image crop; cut it around the "
                                                "points."),
                                       {{"slice", std::to_string(request.slice)}}});
    if (request.source && !Box::of(request.source->info().shape()).contains(crop.shifted(request.origin)))
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("The crop {box} does not lie in {path}; cut it from that image."),
                     {{"box", toString(crop.shifted(request.origin))}, {"path", request.source->info().path}}});
}

SamAnswer::SamAnswer(const SamModel& model, EmbeddingCache& cache, const SamPromptOptions& options,
                     const PromptRequest& request, Job& job)
    : options_(options),
      request_(request),
      job_(job),
      pictures_(model, cache, request, job),
      scope_(request.image.box()),
      forbidden_(request.forbidden) {
    answer_.origin = request.origin;
    mask_ = request.startMask.empty() ? Mask(request.image.shape()) : request.startMask;
    mask_.geometry = request.image.geometry;
    if (!request.wholeObject) {
        scope_.begin.z = request.slice - request.origin.z;
        scope_.end.z = scope_.begin.z + 1;
    }
    for (std::uint8_t& v : mask_) v = v != 0;
    for (std::uint8_t& v : forbidden_) v = v != 0;
    if (!forbidden_.empty()) mask_ = without(std::move(mask_), forbidden_);
}

void SamAnswer::score() { answer_.score = predictions_ > 0 ? belief_ / predictions_ : any(mask_) ? 1 : 0; }

void SamAnswer::put(std::int64_t z, const Mask& slice) {
    copyBox(slice, slice.box(), mask_, {z, 0, 0});
    if (!tells_ || !request_.partial) return;
    score();
    request_.partial(answer_);
}

// What the person said of this slice so far.
void SamAnswer::addPoints(SamPrompt& prompt, std::int64_t z) const {
    std::size_t given = 0;
    for (std::size_t k = known_; k-- > 0 && given < mostPoints;) {
        const Index at = local(request_.points[k]);
        if (at.z != z || !scope_.contains(at) || (!forbidden_.empty() && forbidden_[at])) continue;
        prompt.points.emplace_back(Index{0, at.y, at.x}, request_.points[k].positive);
        ++given;
    }
}

// Accepted neighbours as background.
void SamAnswer::addNeighbours(SamPrompt& prompt, std::int64_t z) const {
    if (forbidden_.empty()) return;
    Box near = prompt.box;
    for (const auto& [at, positive] : prompt.points)
        if (positive) near = near.united({at, at + Index{1, 1, 1}});
    near = near.grown({0, neighbourhood, neighbourhood}).intersected(Box::of({1, mask_.shape().y, mask_.shape().x}));
    if (near.empty()) return;
    Mask left = crop(plane(forbidden_, z), near);
    for (std::size_t n = 0; n < mostNeighbours; ++n) {
        const std::optional<Index> middle = segment::middleOf(left, job_);
        if (!middle) return;
        prompt.points.emplace_back(*middle + near.begin, false);
        left = without(std::move(left), segment::pieceWith(left, *middle, job_));
    }
}

// A slice prompted with what is known of the object next to it.
SamPrompt SamAnswer::projected(std::int64_t z, const Mask& mask) {
    const Projection how = options_.projection;
    SamPrompt prompt;
    const Box around = segment::boxAround(mask, options_.extension);
    if (how == Projection::Mask || how == Projection::Box) prompt.box = around;
    if (how == Projection::Mask || how == Projection::PointsAndMask) prompt.mask = mask;
    if (how == Projection::SinglePoint) {
        if (const auto middle = segment::middleOf(mask, job_)) prompt.points.emplace_back(*middle, true);
    } else if (how == Projection::Points || how == Projection::PointsAndMask) {
        const segment::MaskPoints points = segment::pointsOf(mask, around, job_);
        for (const Index& at : points.inside) prompt.points.emplace_back(at, true);
        for (const Index& at : points.outside) prompt.points.emplace_back(at, false);
        if (prompt.points.size() > mostPoints) prompt.points.resize(mostPoints);
    }
    addPoints(prompt, z);
    addNeighbours(prompt, z);
    return prompt;
}

Mask SamAnswer::taken(SamMask found, std::int64_t z) {
    belief_ += found.iou;
    ++predictions_;
    return shared(std::move(found.mask), openIn(z));
}

// The network's one mask where it may lie.
Mask SamAnswer::prompted(std::int64_t z, const SamPrompt& prompt) {
    return taken(std::move(pictures_.predict(z, prompt, false).masks.front()), z);
}

// The piece with the click of the one mask, or, where an alternative is asked for, of the several that may be meant;
// without any pixel when none has it.
Mask SamAnswer::clicked(std::int64_t z, const SamPrompt& prompt, Index click, std::optional<int> alternative) {
    std::vector<SamMask> masks = pictures_.predict(z, prompt, alternative.has_value()).masks;
    std::erase_if(masks, [&](const SamMask& m) { return m.mask[click] == 0; });
    if (masks.empty()) return Mask({1, mask_.shape().y, mask_.shape().x});
    meant_ = int(masks.size());
    SamMask& chosen = masks[std::size_t(std::max(0, alternative.value_or(0))) % masks.size()];
    return segment::pieceWith(taken(std::move(chosen), z), click, job_);
}

void SamAnswer::propagate(std::int64_t z, int step) {
    Mask before = plane(mask_, z);
    for (z += step; inScope(z); z += step) {
        job_.progress(double(predictions_), double(mask_.shape().z), FOVEA_TR("Following the object"));
        if (any(plane(mask_, z)) || !any(before)) return;
        Mask next = continued(z, before);
        if (segment::overlapOf(before, next) < options_.leastIou) return;
        put(z, next);
        before = std::move(next);
    }
}

// Between two slices of the object, from both sides to the middle, which is prompted with both neighbours.
void SamAnswer::fillBetween(std::int64_t low, std::int64_t high) {
    for (; high - low > 2; ++low, --high) {
        put(low + 1, continued(low + 1, plane(mask_, low)));
        put(high - 1, continued(high - 1, plane(mask_, high)));
    }
    if (high - low == 2) put(low + 1, continued(low + 1, united(plane(mask_, low), plane(mask_, high))));
}

// A slice where the object was just found: on to the object's other slices where there are some on that side, else
// until it ends.
void SamAnswer::joinAlongZ(std::int64_t z) {
    for (const int step : {-1, 1}) {
        std::int64_t other = z + step;
        while (inScope(other) && !any(plane(mask_, other))) other += step;
        if (inScope(other))
            fillBetween(std::min(z, other), std::max(z, other));
        else
            propagate(z, step);
    }
}

void SamAnswer::beginInBox() {
    const Box box = request_.box.shifted(Index{} - request_.origin).intersected(scope_);
    if (box.empty()) return;
    const std::int64_t z = box.begin.z;
    SamPrompt prompt;
    prompt.box = {{0, box.begin.y, box.begin.x}, {1, box.end.y, box.end.x}};
    addNeighbours(prompt, z);
    put(z, prompted(z, prompt));
    joinAlongZ(z);
}

void SamAnswer::begin(std::size_t k) {
    const Index at = local(request_.points[k]), there{0, at.y, at.x};
    SamPrompt prompt;
    addPoints(prompt, at.z);
    const bool ambiguous = prompt.points.size() == 1;
    addNeighbours(prompt, at.z);
    Mask found = clicked(at.z, prompt, there, ambiguous ? std::optional(request_.alternative) : std::nullopt);
    if (ambiguous) answer_.alternatives = meant_;
    found[there] = 1;
    put(at.z, found);
    joinAlongZ(at.z);
}

// Of what the network's answer to the prompt changes in `present`, the pieces at `at`.
Mask SamAnswer::changed(std::int64_t z, const Mask& present, const SamPrompt& prompt, bool adds, const Mask& at) {
    SamPictures::Answer answer = pictures_.predict(z, prompt, false);
    const Mask proposed = taken(std::move(answer.masks.front()), z), open = shared(std::move(answer.seen), openIn(z));
    return segment::piecesAt(segment::difference(present, proposed, open, adds), at, job_);
}

// That, when the network is shown the mask as it is together with the clicks; absent when it would change nothing
// there.
std::optional<Mask> SamAnswer::better(std::int64_t z, const Mask& present, bool adds, const Mask& at) {
    SamPrompt prompt;
    prompt.mask = present;
    prompt.box = segment::boxAround(adds ? united(present, at) : present, options_.extension);
    if (const auto middle = segment::middleOf(adds ? present : without(present, at), job_))
        prompt.points.emplace_back(*middle, true);
    addPoints(prompt, z);
    addNeighbours(prompt, z);
    Mask change = changed(z, present, prompt, adds, at);
    if (!any(change)) return std::nullopt;
    return change;
}

void SamAnswer::repair(std::size_t k) {
    const bool adds = request_.points[k].positive;
    const Index at = local(request_.points[k]), there{0, at.y, at.x};
    const Mask present = plane(mask_, at.z);
    Mask click(present.shape());
    click[there] = 1;
    std::optional<Mask> change = better(at.z, present, adds, click);
    if (!change) {  // what the click points at, seen for itself
        SamPrompt prompt;
        prompt.points.emplace_back(there, true);
        const Mask thing = clicked(at.z, prompt, there, 0);
        change = segment::piecesAt(
            segment::difference(present, adds ? united(present, thing) : without(present, thing), openIn(at.z), adds),
            click, job_);
    }
    const Mask pieces = segment::pieceWith(united(std::move(*change), click), there, job_);
    put(at.z, adds ? united(present, pieces) : without(present, pieces));
    for (const int step : {-1, 1}) repeat(pieces, at.z, step, adds);
}

// The same change from slice to slice, as long as it finds much the same to change.
void SamAnswer::repeat(Mask change, std::int64_t z, int step, bool adds) {
    for (z += step; inScope(z); z += step) {
        const Mask present = plane(mask_, z);
        const Mask at = adds ? without(shared(change, openIn(z)), present) : shared(change, present);
        if (!any(present) || !any(at)) return;
        const Mask target = adds ? united(present, at) : without(present, at);
        if (!any(target)) return;
        Mask next = changed(z, present, projected(z, target), adds, at);
        if (segment::overlapOf(next, change) < options_.leastIou) return;
        put(z, adds ? united(present, next) : without(present, next));
        change = std::move(next);
    }
}

// Makes the mask agree with a point. One that it agrees with already changes nothing.
void SamAnswer::apply(std::size_t k) {
    const Index at = local(request_.points[k]);
    if (!scope_.contains(at)) {
        outside_ += !request_.image.box().contains(at);
        return;
    }
    if (!forbidden_.empty() && forbidden_[at]) {
        ++refused_;
        return;
    }
    if ((mask_[at] != 0) == request_.points[k].positive) return;
    known_ = k + 1;
    if (request_.points[k].positive && !any(plane(mask_, at.z)))
        begin(k);
    else
        repair(k);
    for (std::size_t j = 0; j <= k; ++j) {  // a change may have passed over an earlier point
        const Index v = local(request_.points[j]);
        if (scope_.contains(v) && (forbidden_.empty() || !forbidden_[v])) mask_[v] = request_.points[j].positive;
    }
}

PromptAnswer SamAnswer::run() {
    tells_ = request_.points.empty();
    if (!request_.box.empty() && !any(mask_)) beginInBox();
    for (std::size_t k = 0; k < request_.points.size(); ++k) {
        job_.check();
        tells_ = k + 1 == request_.points.size();
        apply(k);
    }
    score();
    if (refused_ > 0)
        answer_.note = FOVEA_TR("A point lies in an accepted object and was left out.");
    else if (outside_ > 0)
        answer_.note = FOVEA_TR("A point lies outside of what is looked at and was left out.");
    return std::move(answer_);
}

// An embedding once begun is ended, unless cancelled: a click may wait for it.
class Unyielding : public Job {
  public:
    explicit Unyielding(Job& job) : job_(job) {}
    bool cancelled() const override { return job_.cancelled(); }
    void message(MessageLevel level, const Text& text) override { job_.message(level, text); }

  private:
    Job& job_;
};

class SamEngine : public segment::PromptEngine {
  public:
    explicit SamEngine(SamPromptOptions options)
        : options_(std::move(options)), cache_(options_.memory, options_.cache) {}
    std::string id() const override { return "sam"; }
    Text title() const override {
        if (!options_.name.empty()) return options_.name;
        return {FOVEA_TR("Segment Anything ({file})"), {{"file", options_.weights.filename().string()}}};
    }
    std::int64_t reach() const override { return 256; }  // of the answer; whole slices are looked at
    PromptAnswer run(const PromptRequest& request, Job& job) const override {
        check(request);
        job.check();
        return SamAnswer(model(job), cache_, options_, request, job).run();
    }
    bool boxes() const override { return true; }
    bool ready(const PromptRequest& request) const override {
        const SamModel* network = loaded_;
        Job nothing;
        return network && SamPictures(*network, cache_, request, nothing)
                              .ready(request.points.empty() ? middle(request.box) : request.points.back().at);
    }
    void prepare(const PromptRequest& request, const std::vector<Index>& places, Job& job) const override {
        if (!request.source || request.identity.empty()) return;
        const SamModel& network = model(job);
        const EmbeddedImage one = network.describe();
        const std::uint64_t bytes = std::uint64_t(one.width * one.grid * one.grid) * sizeof(at::Half);
        Unyielding steady(job);
        SamPictures pictures(network, cache_, request, steady);
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (i > 0 && (i + 1) * bytes > options_.memory) return;  // the first ones would have to go
            if (i > 0) job.yield();
            job.check();
            pictures.prepare(places[i]);
        }
    }

  private:
    static Index middle(const Box& box) {
        return {box.begin.z, (box.begin.y + box.end.y) / 2, (box.begin.x + box.end.x) / 2};
    }
    const SamModel& model(Job& job) const {
        const std::lock_guard lock(loading_);
        if (!model_) {
            job.progress(0, 1, FOVEA_TR("Reading the weights"));
            model_ = std::make_unique<SamModel>(options_.weights, options_.device, options_.threads);
            loaded_ = model_.get();
        }
        return *model_;
    }

    const SamPromptOptions options_;
    mutable EmbeddingCache cache_;
    mutable std::mutex loading_;
    mutable std::unique_ptr<SamModel> model_;
    mutable std::atomic<const SamModel*> loaded_ = nullptr;
};

}  // namespace

std::shared_ptr<const segment::PromptEngine> samEngine(SamPromptOptions options) {
    return std::make_shared<SamEngine>(std::move(options));
}

}  // namespace fovea::infer

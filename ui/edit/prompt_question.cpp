#include "ui/edit/prompt_question.h"

#include "segment/box_points.h"
#include "segment/section_step.h"

namespace fovea::ui {

using segment::PointPrompt;
using segment::PromptRequest;

namespace {

// As the engine sees it: sections lie apart as far as they look, judged once by a block in the middle.
double lookOfSections(const ImageSource& image, std::atomic<double>& known, Job& job) {
    if (known.load() > 0) return known;
    const double step = segment::sectionStepInTheMiddle(image, job);
    known = step > segment::thickLooksFrom ? step : 1;
    return known;
}

}  // namespace

segment::PromptPlace PromptQuestion::place(std::int64_t reach) const {
    const ImageInfo& info = image->info();
    segment::PromptPlace place;
    place.whole = Box::of(info.shape());
    place.spacing = info.geometry.spacing;
    place.spacingKnown = info.geometry.known;
    place.reach = reach;
    place.around = box.united(objectBox);
    for (const PointPrompt& point : points)
        place.around = place.around.united(Box{point.at, point.at + Index{1, 1, 1}});
    if (!wholeObject) place.slice = slice;
    return place;
}

PromptRequest PromptQuestion::request() const {
    PromptRequest request;
    request.points = points;
    request.box = box;
    request.wholeObject = wholeObject;
    request.slice = slice;
    request.alternative = alternative;
    request.source = image.get();
    request.identity = identity;
    return request;
}

PromptQuestion::Answer PromptQuestion::ask(const segment::PromptEngine& engine,
                                           const std::function<void(const Answer&)>& partial, Job& job) const {
    const segment::PromptPlace where = place(engine.reach());
    const Box crop = where.crop(where.spacingKnown ? 1 : lookOfSections(*image, *sectionStep, job));
    PromptRequest request = this->request();
    request.origin = crop.begin;
    request.image = image->readAs<float>(crop);
    request.forbidden = Volume<std::uint8_t>(crop.extent());
    Answer found;
    found.before = Volume<std::uint8_t>(crop.extent());
    const Volume<std::int32_t> labels = edits->layer().read(crop);
    bool there = false;
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        const std::int32_t id = labels.data()[i];
        if (id == object)
            found.before.data()[i] = 1, there = true;
        else if (id != 0 && (keepOffAll || keepOff.count(id) > 0))
            request.forbidden.data()[i] = 1;
    }
    if (!there) found.before = {};
    const bool boxed = box.overlaps(crop);  // one in another slice says nothing about this one
    if (!boxed) {
        request.startMask = found.before;
        request.box = {};
    } else if (!engine.boxes()) {
        std::vector<PointPrompt> first = segment::pointsOfBox(box, crop);
        std::erase_if(first, [&](const PointPrompt& point) {
            return !point.positive && request.forbidden[point.at - request.origin] != 0;
        });
        request.points.insert(request.points.begin(), first.begin(), first.end());
        request.box = {};
    }
    std::erase_if(request.points, [&](const PointPrompt& point) { return !crop.contains(point.at); });
    if (partial) request.partial = [&](const segment::PromptAnswer& part) { partial({part, found.before}); };
    found.answer = engine.run(request, job);
    return found;
}

}  // namespace fovea::ui

#include "infer/sam_pictures.h"

#include <algorithm>

#include "base/hash.h"
#include "segment/mask_prompts.h"

namespace fovea::infer {

namespace {

Index middleOf(const SamPrompt& prompt, Job& job) {
    if (!prompt.box.empty())
        return {0, (prompt.box.begin.y + prompt.box.end.y) / 2, (prompt.box.begin.x + prompt.box.end.x) / 2};
    return prompt.points.empty() ? segment::middleOf(prompt.mask, job).value_or(Index{}) : prompt.points.front().first;
}

// The part of a mask that lies in `box`, in a picture of that box; zeros where the mask does not reach.
Volume<std::uint8_t> cut(const Volume<std::uint8_t>& mask, const Box& box) {
    Volume<std::uint8_t> part(box.extent());
    const Box shared = box.intersected(mask.box());
    if (!shared.empty()) copyBox(mask, shared, part, shared.begin - box.begin);
    return part;
}

std::string hashOf(const Volume<float>& pixels) {
    return Sha256().add(pixels.data(), std::size_t(pixels.size()) * sizeof(float)).hex();
}

}  // namespace

SamPictures::SamPictures(const SamModel& model, EmbeddingCache& cache, const segment::PromptRequest& request, Job& job)
    : model_(model), cache_(cache), request_(request), job_(job), image_(model.describe()) {
    const Index shape = request.source ? request.source->info().shape() : request.image.shape();
    image_.tiles = TileGrid::of(shape.y, shape.x);
    image_.slices = shape.z;
    image_.image = request.source ? request.identity : "";
    image_.channel = request.channel;
    image_.lasting = !image_.image.empty();
    if (request.source) shift_ = request.origin;
}

Volume<float> SamPictures::pixels(std::int64_t z, std::int64_t tile) const {
    const Box outer = image_.tiles.outer(tile).shifted({z + shift_.z, 0, 0});
    return request_.source ? request_.source->readAs<float>(outer, request_.channel) : crop(request_.image, outer);
}

// Without a name for the image its pixels are the name, of each slice and tile for itself.
at::Tensor SamPictures::embedding(std::int64_t z, std::int64_t tile) {
    if (image_.lasting)
        return cache_.get(
            image_, z + shift_.z, tile, [&](Job& job) { return model_.embed(pixels(z, tile), job); }, job_);
    const Volume<float> picture = pixels(z, tile);
    EmbeddedImage alone = image_;
    alone.image = hashOf(picture);
    alone.slices = 1;
    alone.tiles = {picture.shape().y, picture.shape().x, 0, 0};
    return cache_.get(alone, 0, 0, [&](Job& job) { return model_.embed(picture, job); }, job_);
}

bool SamPictures::ready(Index voxel) const {
    return image_.lasting && cache_.has(image_, voxel.z, image_.tiles.at(voxel.y, voxel.x));
}

void SamPictures::prepare(Index voxel) {
    if (image_.lasting) embedding(voxel.z - shift_.z, image_.tiles.at(voxel.y, voxel.x));
}

SamPictures::Answer SamPictures::predict(std::int64_t z, const SamPrompt& prompt, bool ambiguous) {
    job_.check();
    const Index middle = middleOf(prompt, job_) + shift_;
    const std::int64_t tile = image_.tiles.at(middle.y, middle.x);
    const Box outer = image_.tiles.outer(tile).shifted({0, -shift_.y, -shift_.x});  // in the crop's coordinates
    const Index by{0, -outer.begin.y, -outer.begin.x};
    SamPrompt inside;
    for (const auto& [at, positive] : prompt.points)
        if (outer.contains(Index{0, at.y, at.x})) inside.points.emplace_back(Index{0, at.y, at.x} + by, positive);
    if (!prompt.box.empty()) inside.box = prompt.box.intersected(outer).shifted(by);
    if (!prompt.mask.empty()) inside.mask = cut(prompt.mask, outer);
    Answer answer;
    const Box plane = Box::of({1, request_.image.shape().y, request_.image.shape().x});
    answer.seen = cut(Volume<std::uint8_t>(outer.extent(), 1), plane.shifted(by));
    answer.masks = model_.predict(embedding(z, tile), outer.extent(), inside, ambiguous);
    for (SamMask& mask : answer.masks) mask.mask = cut(mask.mask, plane.shifted(by));
    return answer;
}

}  // namespace fovea::infer

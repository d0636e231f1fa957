#include "infer/sam_labeler.h"

#include <algorithm>
#include <functional>

#include "data/mask_box.h"
#include "infer/sam_model.h"
#include "models/weights.h"
#include "nn/guards.h"
#include "nn/sam/frame.h"
#include "nn/torch_errors.h"
#include "segment/distance_instances.h"
#include "segment/link_sections.h"
#include "segment/mask_proposals.h"
#include "segment/section_masks.h"

namespace fovea::infer {

using segment::LabelRequest;
using segment::PseudoLabels;
using segment::SectionMask;

namespace {

constexpr double sameInBothTiles = 0.5;  // least IoU of one object seen in two tiles

// What one section holds: ids 1…n, and a score for each.
struct Section {
    Volume<std::int32_t> labels;
    std::vector<double> scores;
};
using SectionFinder = std::function<Section(std::int64_t z, Job& job)>;

models::Weights weightsOf(const LabelRequest& request, bool withDecoder) {
    return models::findWeights(request.options.string("sam_weights"), models::Role::Prompts, withDecoder);
}

void checkChannel(const LabelRequest& request) {
    segment::checkBox(request);
    const ImageInfo& info = request.image.info();
    if (request.channel >= 0 && request.channel < info.channels) return;
    throw Error(ErrorKind::Input, {FOVEA_TR("There is no channel {channel} in {path}, which has {channels}; count from "
                                            "0."),
                                   {{"channel", std::to_string(request.channel)},
                                    {"path", info.path},
                                    {"channels", std::to_string(info.channels)}}});
}

Volume<float> pixels(const LabelRequest& request, std::int64_t z, const Box& part) {
    return request.image.readAs<float>(part.shifted(request.box.begin + Index{z, 0, 0}), request.channel);
}

bool hasContrast(const Volume<float>& picture) {
    const auto [low, high] = std::minmax_element(picture.begin(), picture.end());
    return *high > *low;
}

PseudoLabels allSections(const LabelRequest& request, const SectionFinder& find, Job& job) {
    const Index n = request.box.extent();
    Volume<std::int32_t> sections(n);
    sections.geometry = request.image.info().geometry;
    std::vector<double> scores;  // by id − 1
    for (std::int64_t z = 0; z < n.z; ++z) {
        job.check();
        job.progress(0.02 + 0.93 * double(z) / double(n.z), 1, FOVEA_TR("Looking for objects"));
        const Section found = find(z, job);
        for (std::int64_t i = 0; i < found.labels.size(); ++i)
            if (const std::int32_t id = found.labels.data()[i]; id != 0)
                sections.data()[z * found.labels.size() + i] = id + std::int32_t(scores.size());
        scores.insert(scores.end(), found.scores.begin(), found.scores.end());
    }
    JobPart joining(job, 0.95, 1);
    PseudoLabels result = segment::linkSections(sections, scores, {}, joining);
    for (segment::Proposal& object : result.objects) object.box = object.box.shifted(request.box.begin);
    result.parameters = request.options.json();
    job.progress(1, 1);
    return result;
}

// Automatic mask generation in one request.
class MaskGenerator {
  public:
    explicit MaskGenerator(const LabelRequest& request)
        : request_(request),
          model_(weightsOf(request, false).model, request.device, request.threads),
          grid_(TileGrid::of(request.box.extent().y, request.box.extent().x)) {}

    Section find(std::int64_t z, Job& job) const {
        std::vector<segment::TileMasks> tiles;
        for (std::int64_t t = 0; t < grid_.count(); ++t) tiles.push_back({grid_.outer(t), masksIn(z, t, job)});
        const std::vector<SectionMask> masks = segment::withoutRepeats(segment::joinTiles(tiles, sameInBothTiles));
        Section section;
        section.labels =
            segment::paintMasks(masks, {1, grid_.height, grid_.width}, request_.options.integer("sam_min_pixels"));
        for (const SectionMask& mask : masks) section.scores.push_back(mask.score);
        return section;
    }

  private:
    std::vector<SectionMask> masksIn(std::int64_t z, std::int64_t t, Job& job) const {
        const Box outer = grid_.outer(t);
        const Volume<float> picture = pixels(request_, z, outer);
        if (!hasContrast(picture)) return {};
        const at::Tensor embedding = model_.embed(picture, job);
        const double leastIou = request_.options.number("sam_iou"),
                     leastStable = request_.options.number("sam_stability");
        const std::int64_t minSize = request_.options.integer("sam_min_pixels"),
                           most = picture.size() / 2;  // what is larger is background
        std::vector<SectionMask> found;
        for (const segment::Point& point : segment::pointGrid(request_.options.integer("sam_points"))) {
            job.yield();
            job.check();
            SamPrompt prompt;
            const Index n = picture.shape();
            prompt.points.emplace_back(
                Index{0, std::int64_t(point.y * double(n.y)), std::int64_t(point.x * double(n.x))}, true);
            for (const SamMask& mask : model_.predict(embedding, n, prompt, true)) {
                if (!(mask.iou > leastIou) || !(mask.stability >= leastStable)) continue;
                SectionMask one = sectionMaskOf(mask, outer);
                if (const std::int64_t area = segment::areaOf(one);
                    area >= std::max<std::int64_t>(1, minSize) && area <= most)
                    found.push_back(std::move(one));
            }
        }
        return segment::withoutRepeats(std::move(found));
    }
    SectionMask sectionMaskOf(const SamMask& mask, const Box& outer) const {
        const Box box = boxOf(mask.mask);
        SectionMask one;
        one.score = mask.score();
        one.box = box.shifted(outer.begin);
        if (!box.empty()) one.pixels = crop(mask.mask, box).vector();
        one.cut = (one.box.begin.y == outer.begin.y && outer.begin.y > 0) ||
                  (one.box.begin.x == outer.begin.x && outer.begin.x > 0) ||
                  (one.box.end.y == outer.end.y && outer.end.y < grid_.height) ||
                  (one.box.end.x == outer.end.x && outer.end.x < grid_.width);
        return one;
    }

    const LabelRequest& request_;
    SamModel model_;
    TileGrid grid_;
};

// micro-sam's decoder in one request.
class DecoderRun {
  public:
    DecoderRun(const LabelRequest& request, const models::Weights& weights)
        : request_(request),
          model_(weights.model, request.device, request.threads),
          decoder_(nn::sam::loadUnetr(weights.decoder.empty() ? weights.model : weights.decoder)),
          side_(model_.describe().side),
          grid_(TileGrid::of(request.box.extent().y, request.box.extent().x)) {
        const EmbeddedImage embeddings = model_.describe();
        if (decoder_->config().embedding != embeddings.width)
            throw Error(
                ErrorKind::Format,
                {FOVEA_TR("The instance decoder in {path} takes embeddings of {wanted}, its model makes {have}. "
                          "Choose another file."),
                 {{"path", (weights.decoder.empty() ? weights.model : weights.decoder).string()},
                  {"wanted", std::to_string(decoder_->config().embedding)},
                  {"have", std::to_string(embeddings.width)}}});
        rules_.minSize = request.options.integer("sam_min_pixels");
        rules_.centerThreshold = request.options.number("sam_centre");
        rules_.boundaryThreshold = request.options.number("sam_boundary");
    }

    Section find(std::int64_t z, Job& job) {
        const Index n{1, grid_.height, grid_.width};
        segment::DistanceMaps maps{Volume<float>(n), Volume<float>(n, 1.0F), Volume<float>(n, 1.0F)};
        for (std::int64_t t = 0; t < grid_.count(); ++t) addTile(z, t, maps, job);
        const Volume<float> foreground = maps.foreground;
        Section section;
        section.labels = segment::distanceInstances(std::move(maps), rules_, job);
        std::vector<double> sums, counts;
        for (std::int64_t i = 0; i < section.labels.size(); ++i) {
            const auto id = std::size_t(section.labels.data()[i]);
            if (id == 0) continue;
            if (sums.size() < id) sums.resize(id), counts.resize(id);
            sums[id - 1] += foreground.data()[i], ++counts[id - 1];
        }
        for (std::size_t k = 0; k < sums.size(); ++k) section.scores.push_back(sums[k] / std::max(1.0, counts[k]));
        return section;
    }

  private:
    // The inner part of a tile; one without contrast stays background, its statistics would be those of noise.
    void addTile(std::int64_t z, std::int64_t t, segment::DistanceMaps& maps, Job& job) {
        const Box outer = grid_.outer(t), inner = grid_.inner(t);
        const Volume<float> picture = pixels(request_, z, outer);
        if (!hasContrast(picture)) return;
        const at::Tensor embedding = model_.embed(picture, job);
        job.check();
        const at::Tensor values = nn::translated([&] {
            const c10::AutoGradMode off(false);
            decoder_->to(embedding.device());
            const nn::sam::Frame frame = nn::sam::frameOf(outer.extent().y, outer.extent().x, side_);
            return nn::sam::atImageSize(decoder_->forward(embedding), frame).to(at::kCPU).contiguous();
        });
        Volume<float>* const targets[] = {&maps.foreground, &maps.center, &maps.boundary};
        for (std::int64_t c = 0; c < 3; ++c) {
            const float* from = values.const_data_ptr<float>() + c * picture.size();
            const Volume<float> whole(picture.shape(), std::vector<float>(from, from + picture.size()));
            copyBox(whole, inner.shifted(Index{} - outer.begin), *targets[c], inner.begin);
        }
    }

    const LabelRequest& request_;
    SamModel model_;
    nn::sam::UnetrDecoder decoder_;
    std::int64_t side_;
    TileGrid grid_;
    segment::DistanceRules rules_;
};

OptionSpec weightsOption() {
    return {
        .name = "sam_weights",
        .type = OptionType::Path,
        .defaultValue = "",
        .help = FOVEA_TR("Checkpoint of Segment Anything, MobileSAM or micro-sam, a file or a model's name; empty = "
                         "the first that is kept")};
}

OptionSpec sizeOption() {
    return {.name = "sam_min_pixels",
            .type = OptionType::Int,
            .defaultValue = 100,
            .help = FOVEA_TR("Smaller objects of a section are dropped"),
            .unit = "pixels",
            .least = 0};
}

OptionSpec shareOption(const char* name, double value, Text help) {
    return {.name = name,
            .type = OptionType::Double,
            .defaultValue = value,
            .help = std::move(help),
            .least = 0,
            .most = 1};
}

class SamLabeler : public segment::PseudoLabeler {
  public:
    std::string id() const override { return "sam"; }
    Text title() const override { return FOVEA_TR("Segment Anything, all masks (needs its weights)"); }
    OptionTable options() const override {
        return {weightsOption(),
                sizeOption(),
                shareOption("sam_iou", 0.88, FOVEA_TR("Least IoU that the network expects of a mask")),
                shareOption("sam_stability", 0.95, FOVEA_TR("Least stability of a mask against its threshold")),
                {.name = "sam_points",
                 .type = OptionType::Int,
                 .defaultValue = 32,
                 .help = FOVEA_TR("Points a side at which masks are asked for"),
                 .least = 1,
                 .most = 256}};
    }
    PseudoLabels run(const LabelRequest& request, Job& job) const override {
        checkChannel(request);
        const MaskGenerator generator(request);
        return allSections(request, [&](std::int64_t z, Job& part) { return generator.find(z, part); }, job);
    }
};

class MicroSamLabeler : public segment::PseudoLabeler {
  public:
    std::string id() const override { return "micro-sam"; }
    Text title() const override { return FOVEA_TR("micro-sam's instance decoder (needs its weights)"); }
    OptionTable options() const override {
        return {weightsOption(), sizeOption(),
                shareOption("sam_centre", 0.5, FOVEA_TR("Distance to the centre below which an object begins")),
                shareOption("sam_boundary", 0.5, FOVEA_TR("Distance from the boundary below which an object begins"))};
    }
    PseudoLabels run(const LabelRequest& request, Job& job) const override {
        checkChannel(request);
        DecoderRun decoder(request, weightsOf(request, true));
        return allSections(request, [&](std::int64_t z, Job& part) { return decoder.find(z, part); }, job);
    }
};

}  // namespace

std::shared_ptr<const segment::PseudoLabeler> samLabeler() { return std::make_shared<SamLabeler>(); }
std::shared_ptr<const segment::PseudoLabeler> microSamLabeler() { return std::make_shared<MicroSamLabeler>(); }

}  // namespace fovea::infer

#include "infer/cellsam_labeler.h"

#include <algorithm>

#include "infer/cellsam.h"
#include "infer/cellsam_input.h"
#include "infer/window_grid.h"
#include "models/weights.h"
#include "nn/device.h"
#include "segment/link_sections.h"
#include "segment/tidy_labels.h"

namespace fovea::infer {

using segment::LabelRequest;
using segment::PseudoLabels;
using segment::SectionMask;
using segment::TileMasks;

namespace {

constexpr std::int64_t overlap = 112;    // pixels that neighbouring tiles share: the authors' margin of 56 on each side
constexpr double sameInBothTiles = 0.5;  // the authors' least IoU

// The channels CellSAM sees, in its order.
std::vector<int> channelsOf(const LabelRequest& request) {
    const ImageInfo& info = request.image.info();
    std::vector<int> channels{request.channel};
    if (request.options.flag("colour"))
        channels = {0, 1, 2};
    else if (const auto nuclear = int(request.options.integer("nuclear")); nuclear >= 0)
        channels = {nuclear, request.channel};
    for (const int channel : channels)
        if (channel < 0 || channel >= info.channels)
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("CellSAM was to look at channel {channel}, {path} has {channels}. Count from 0, and "
                                  "choose colour only for images that have red, green and blue."),
                         {{"channel", std::to_string(channel)},
                          {"path", info.path},
                          {"channels", std::to_string(info.channels)}}});
    return channels;
}

CellSamRules rulesOf(const std::string& name) {
    if (name == "authors") return CellSamRules::Authors;
    return name == "authors-1.1" ? CellSamRules::FirstRelease : CellSamRules::Improved;
}

CellSamOptions optionsOf(const LabelRequest& request) {
    CellSamOptions options;
    options.rules = rulesOf(request.options.string("rules"));
    options.boxScore = request.options.number("box_score");
    options.minSize = request.options.integer("min_pixels");
    options.device = nn::findDevice(request.device).name;
    options.compute = nn::computeOfPublished(options.device, request.threads);
    return options;
}

nn::cellsam::CellSam modelOf(const LabelRequest& request, Job& job) {
    const std::string weights =
        models::findWeights(request.options.string("weights"), models::Role::PseudoLabels).model.string();
    job.progress(0, 1, FOVEA_TR("Reading the weights"));
    nn::cellsam::CellSam model = nn::cellsam::loadCellSam(weights);
    if (!model.unused.empty())
        job.message(MessageLevel::Warning,
                    {FOVEA_TR("{path} holds {n} tensors that CellSAM has no place for, {first} among them; they were "
                              "left out."),
                     {{"path", weights}, {"n", std::to_string(model.unused.size())}, {"first", model.unused.front()}}});
    return model;
}

// The tiles of a section, each as large as the others.
std::vector<Box> tilesOf(Index section, std::int64_t side) {
    if (side == 0) return {Box::of(section)};
    const double step = double(side - overlap) / double(side);
    const std::int64_t h = std::min(side, section.y), w = std::min(side, section.x);
    std::vector<Box> tiles;
    for (const std::int64_t y : windowStarts(section.y, h, step))
        for (const std::int64_t x : windowStarts(section.x, w, step)) tiles.push_back({{0, y, x}, {1, y + h, x + w}});
    return tiles;
}

class CellSamRun {
  public:
    CellSamRun(const LabelRequest& request, Job& job)
        : request_(request),
          job_(job),
          channels_(channelsOf(request)),
          options_(optionsOf(request)),
          tiles_(tilesOf({1, request.box.extent().y, request.box.extent().x}, request.options.integer("tile"))),
          segmenter_(modelOf(request, job), options_) {}

    PseudoLabels run() {
        const Index n = request_.box.extent();
        Volume<std::int32_t> sections(n);
        sections.geometry = request_.image.info().geometry;
        std::vector<double> scores;  // by id − 1
        for (std::int64_t z = 0; z < n.z; ++z) {
            const std::vector<SectionMask> masks = masksIn(z);
            Volume<std::int32_t> labels = segment::paintMasks(masks, {1, n.y, n.x}, options_.minSize);
            if (request_.options.flag("separate")) segment::removeOutlines(labels);
            for (std::int64_t i = 0; i < labels.size(); ++i)
                if (const std::int32_t id = labels.data()[i]; id != 0)
                    sections.data()[z * labels.size() + i] = id + std::int32_t(scores.size());
            for (const SectionMask& mask : masks) scores.push_back(mask.score);
        }
        JobPart joining(job_, 0.95, 1);
        joining.progress(0, 1, FOVEA_TR("Joining sections"));
        PseudoLabels found = segment::linkSections(
            sections, scores, {request_.options.number("section_overlap"), request_.options.integer("gap")}, joining);
        for (segment::Proposal& object : found.objects) object.box = object.box.shifted(request_.box.begin);
        found.parameters = request_.options.json();
        found.parameters["channels"] = channels_;
        found.parameters["tiles"] = tiles_.size();
        const models::Licence& licence = models::licenceOfOwn("cellsam");
        found.licence = {FOVEA_TR("The objects were first found by CellSAM, whose licence is “{name}”. {text}"),
                         {{"name", licence.name}, {"text", licence.text.str()}}};
        job_.progress(1, 1);
        return found;
    }

  private:
    std::vector<Volume<float>> read(std::int64_t z, const Box& part) const {
        const Box box = part.shifted(request_.box.begin + Index{z, 0, 0});
        std::vector<Volume<float>> result;
        for (const int channel : channels_) result.push_back(request_.image.readAs<float>(box, channel));
        return result;
    }
    std::vector<SectionMask> masksIn(std::int64_t z) {
        const Index n = request_.box.extent();
        const Box whole = Box::of({1, n.y, n.x});
        const bool perTile = options_.rules != CellSamRules::Improved;
        const bool normalise = options_.rules != CellSamRules::FirstRelease;
        at::Tensor planes;
        if (!perTile) planes = cellSamPlanes(read(z, whole), normalise, job_);
        std::vector<TileMasks> found;
        for (std::size_t t = 0; t < tiles_.size(); ++t) {
            const Box& tile = tiles_[t];
            const Index size = tile.extent();
            job_.progress(
                0.05 + 0.9 * double(std::size_t(z) * tiles_.size() + t) / double(std::size_t(n.z) * tiles_.size()), 1,
                FOVEA_TR("Looking for cells"));
            const at::Tensor picture = perTile ? cellSamPlanes(read(z, tile), normalise, job_)
                                               : planes.narrow(1, tile.begin.y, size.y).narrow(2, tile.begin.x, size.x);
            found.push_back({tile, segmenter_.segment(picture, job_)});
            for (SectionMask& mask : found.back().masks) {
                mask.box = mask.box.shifted(tile.begin);
                mask.cut = (mask.box.begin.y == tile.begin.y && tile.begin.y > 0) ||
                           (mask.box.begin.x == tile.begin.x && tile.begin.x > 0) ||
                           (mask.box.end.y == tile.end.y && tile.end.y < n.y) ||
                           (mask.box.end.x == tile.end.x && tile.end.x < n.x);
            }
        }
        std::vector<SectionMask> joined = segment::joinTiles(found, sameInBothTiles);
        return perTile ? joined : segment::withoutRepeats(std::move(joined));
    }

    const LabelRequest& request_;
    Job& job_;
    std::vector<int> channels_;
    CellSamOptions options_;
    std::vector<Box> tiles_;
    CellSamSegmenter segmenter_;
};

class CellSamLabeler : public segment::PseudoLabeler {
  public:
    std::string id() const override { return "cellsam"; }
    Text title() const override { return FOVEA_TR("CellSAM (cells and nuclei; needs its weights)"); }
    OptionTable options() const override {
        return {
            {.name = "weights",
             .type = OptionType::Path,
             .defaultValue = "",
             .help =
                 FOVEA_TR("Checkpoint of CellSAM's authors, a file or a model's name; empty = the one that is kept")},
            {.name = "nuclear",
             .type = OptionType::Int,
             .defaultValue = -1,
             .help = FOVEA_TR("Channel that shows nuclei, where `channel` shows whole cells; -1 = none"),
             .least = -1},
            {.name = "colour",
             .type = OptionType::Bool,
             .defaultValue = false,
             .help = FOVEA_TR("The first three channels are red, green and blue of a stained section")},
            {.name = "rules",
             .type = OptionType::Choice,
             .defaultValue = "improved",
             .help = FOVEA_TR("How overlapping masks are settled: the best on top and no repeats, or as the authors "
                              "do it"),
             .choices = {"improved", "authors", "authors-1.1"}},
            {.name = "box_score",
             .type = OptionType::Double,
             .defaultValue = 0.4,
             .help = FOVEA_TR("Least score of a detected cell; lower finds more, and more that are none"),
             .least = 0,
             .most = 1},
            {.name = "min_pixels",
             .type = OptionType::Int,
             .defaultValue = 25,
             .help = FOVEA_TR("Smaller objects of a section are dropped"),
             .unit = "pixels",
             .least = 0},
            {.name = "separate",
             .type = OptionType::Bool,
             .defaultValue = false,
             .help = FOVEA_TR("Leave a line free between touching objects of a section")},
            {.name = "tile",
             .type = OptionType::Int,
             .defaultValue = 512,
             .help = FOVEA_TR("Side of the pieces large sections are looked at in, from 128; 0 = whole sections"),
             .unit = "pixels",
             .least = 0,
             .most = 8192},
            {.name = "section_overlap",
             .type = OptionType::Double,
             .defaultValue = 0.3,
             .help = FOVEA_TR("Share of the smaller outline that joins objects of neighbouring sections"),
             .least = 0,
             .most = 1},
            {.name = "gap",
             .type = OptionType::Int,
             .defaultValue = 1,
             .help = FOVEA_TR("Sections in which an object may have been missed"),
             .unit = "sections",
             .least = 0,
             .most = 1000}};
    }
    PseudoLabels run(const LabelRequest& request, Job& job) const override {
        segment::checkBox(request);
        const std::int64_t tile = request.options.integer("tile");
        if (tile > 0 && tile <= overlap)
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("Tiles of {tile} pixels are too small: neighbours share {overlap}. Choose at least "
                                  "128, or 0 for whole sections."),
                         {{"tile", std::to_string(tile)}, {"overlap", std::to_string(overlap)}}});
        return CellSamRun(request, job).run();
    }
};

}  // namespace

std::shared_ptr<const segment::PseudoLabeler> cellSamLabeler() { return std::make_shared<CellSamLabeler>(); }

}  // namespace fovea::infer

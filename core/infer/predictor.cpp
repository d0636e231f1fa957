#include "infer/predictor.h"

#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/file.h"
#include "data/tables.h"
#include "nn/weights.h"
#include "zarr/ome_zarr.h"

namespace fovea::infer {

namespace {

// Which (tile, slab) pieces are on disk.
class SlabList {
  public:
    SlabList(std::filesystem::path path, nlohmann::json key) : path_(std::move(path)), key_(std::move(key)) {
        nlohmann::json json;
        try {
            json = file::readJson(path_);
        } catch (const Error&) {
            return;  // none yet, or damaged: everything is computed again
        }
        if (!json.is_object() || json.value("key", nlohmann::json()) != key_) return;
        const auto done = json.value("done", nlohmann::json::array());
        for (const auto& id : done)
            if (id.is_number_integer()) done_.insert(id.get<std::int64_t>());
        complete_ = json.value("complete", nlohmann::json()) == true;
        continued_ = true;
    }
    bool continued() const { return continued_; }
    bool complete() const { return complete_; }
    bool has(std::int64_t id) const { return done_.contains(id); }
    void add(std::int64_t id) {
        done_.insert(id);
        save();
    }
    void finish() {
        complete_ = true;
        save();
    }

  private:
    void save() const { file::writeJson(path_, {{"key", key_}, {"done", done_}, {"complete", complete_}}); }

    std::filesystem::path path_;
    nlohmann::json key_;
    std::set<std::int64_t> done_;
    bool complete_ = false, continued_ = false;
};

struct SlabWriter {
    zarr::Writer& writer;
    SlabList& list;
    std::int64_t depth;
    std::vector<Volume<std::uint8_t>> buffers = {};  // one per class

    // Sections arrive in ascending order; the last one of a slab writes it.
    void take(std::int64_t z, const Box& slab, std::int64_t id, const at::Tensor& bytes) {
        const Index n = slab.extent();
        if (buffers.empty() || buffers.front().shape() != n)
            buffers.assign(std::size_t(bytes.size(0)), Volume<std::uint8_t>(n));
        for (std::size_t c = 0; c < buffers.size(); ++c)
            std::memcpy(buffers[c].data() + buffers[c].offset(z - slab.begin.z, 0, 0),
                        bytes[std::int64_t(c)].data_ptr(), std::size_t(n.y * n.x));
        if (z + 1 < slab.end.z) return;
        for (std::size_t c = 0; c < buffers.size(); ++c) writer.write(int(c), slab.begin, buffers[c]);
        list.add(id);
    }
};

}  // namespace

Network networkOf(nn::UNet unet, const std::string& device, const nn::Compute& compute) {
    nn::place(*unet, device, compute);
    unet->eval();
    return [unet](const at::Tensor& x) mutable { return unet->forward(x); };
}

Network meanOf(std::vector<Network> folds) {
    return [folds = std::move(folds)](const at::Tensor& x) {
        at::Tensor sum;
        for (const Network& fold : folds) {
            const at::Tensor logits = fold(x).to(at::kFloat);
            sum = sum.defined() ? sum + logits : logits;
        }
        return folds.size() > 1 ? sum / double(folds.size()) : sum;
    };
}

at::Tensor labelsOf(const at::Tensor& probabilities, const std::vector<std::int64_t>& regionLabels) {
    if (regionLabels.empty()) return probabilities.argmax(0);
    at::Tensor labels = at::zeros(probabilities.sizes().slice(1), probabilities.options().dtype(at::kLong));
    for (std::size_t r = 0; r < regionLabels.size(); ++r)
        labels.masked_fill_(probabilities[std::int64_t(r)] > 0.5, regionLabels[r]);
    return labels;
}

Box frameFor(const Box& box, Index patch, Index imageShape) {
    Box frame = box;
    for (int a = 0; a < 3; ++a) {
        const std::int64_t wanted = std::min(std::max(patch[a], box.extent()[a]), imageShape[a]);
        const std::int64_t begin = box.begin[a] - (wanted - box.extent()[a]) / 2;
        frame.begin[a] = std::clamp<std::int64_t>(begin, 0, imageShape[a] - wanted);
        frame.end[a] = frame.begin[a] + wanted;
    }
    return frame;
}

at::Tensor probabilityBytes(const at::Tensor& logits) {
    const auto p = at::softmax(logits, 0).narrow(0, 1, logits.size(0) - 1);
    return (p * 255).round().to(at::kByte).to(at::kCPU).contiguous();
}

std::vector<Box> planeTiles(const Box& box, const WindowOptions& options, std::size_t classes, std::uint64_t budget) {
    const std::uint64_t ofSum = options.halfSums ? 2 : sizeof(float);
    const std::uint64_t perPosition =
        std::uint64_t(options.patch.z) * (options.norms.size() * sizeof(float) + (classes + 1) * ofSum);
    const Index n = box.extent();
    if (std::uint64_t(n.y * n.x) * perPosition <= budget) return {box};
    auto edge = std::int64_t(std::sqrt(double(budget) / double(perPosition)));
    edge =
        std::max({edge / 128 * 128, (std::max(options.patch.y, options.patch.x) + 127) / 128 * 128, std::int64_t(128)});
    std::vector<Box> tiles;
    const Box aligned{{box.begin.z, box.begin.y / 128 * 128, box.begin.x / 128 * 128}, box.end};
    forEachTile(aligned, {n.z, edge, edge}, [&](const Box& tile) { tiles.push_back(tile.intersected(box)); });
    return tiles;
}

std::vector<Volume<std::uint8_t>> predictVolume(const ImageSource& image, const Box& box, const Network& network,
                                                const WindowOptions& options, Job& job) {
    std::vector<Volume<std::uint8_t>> volumes;
    const auto onSection = [&](std::int64_t z, const at::Tensor& logits) {
        const auto bytes = probabilityBytes(logits);
        if (volumes.empty()) volumes.assign(std::size_t(bytes.size(0)), Volume<std::uint8_t>(box.extent()));
        for (std::size_t c = 0; c < volumes.size(); ++c)
            std::memcpy(volumes[c].data() + volumes[c].offset(z - box.begin.z, 0, 0), bytes[std::int64_t(c)].data_ptr(),
                        std::size_t(box.extent().y * box.extent().x));
    };
    slideWindows(
        image, frameFor(box, options.patch, image.info().shape()), box, network, options,
        [](std::int64_t) { return true; }, onSection, job);
    for (auto& volume : volumes) volume.geometry = image.info().geometry;
    return volumes;
}

void predictToZarr(const ImageSource& image, const Box& box, const Network& network, const WindowOptions& options,
                   const PredictionTarget& target, Job& job) {
    const std::filesystem::path listPath = target.zarr.string() + ".slabs.json";
    SlabList list(
        listPath,
        {{"windows", toJson(options)}, {"box", fovea::toJson(box)}, {"key", target.key}, {"depth", target.slabDepth}});
    if (list.complete()) return;
    if (!list.continued()) file::remove(target.zarr);

    zarr::Layout layout;
    layout.shape = image.info().shape();
    layout.channels = int(target.classNames.size());
    layout.channelNames = target.classNames;
    layout.geometry = image.info().geometry;
    layout.chunk = {target.slabDepth, 128, 128};
    layout.codec = target.codec;
    zarr::Writer writer(target.zarr, layout);

    const auto tiles = planeTiles(box, options, target.classNames.size() + 1, target.memoryBytes);
    const std::int64_t slabs = (box.end.z + target.slabDepth - 1) / target.slabDepth;
    const Box frame = frameFor(box, options.patch, image.info().shape());
    for (std::size_t t = 0; t < tiles.size(); ++t) {
        JobPart part(job, double(t) / double(tiles.size()), double(t + 1) / double(tiles.size()));
        SlabWriter slabWriter{writer, list, target.slabDepth};
        const auto idOf = [&](std::int64_t z) { return std::int64_t(t) * slabs + z / target.slabDepth; };
        const auto onSection = [&](std::int64_t z, const at::Tensor& logits) {
            Box slab = tiles[t];
            slab.begin.z = std::max(slab.begin.z, z / target.slabDepth * target.slabDepth);
            slab.end.z = std::min(slab.end.z, (z / target.slabDepth + 1) * target.slabDepth);
            const auto bytes = probabilityBytes(logits);
            if (bytes.size(0) != std::int64_t(target.classNames.size()))
                throw Error(
                    ErrorKind::Input,
                    Text(FOVEA_TR("The network gives {there} classes, {wanted} are named. Choose the model that "
                                  "belongs to this plan."),
                         {{"there", std::to_string(bytes.size(0))},
                          {"wanted", std::to_string(target.classNames.size())}}));
            slabWriter.take(z, slab, idOf(z), bytes);
        };
        slideWindows(
            image, frame, tiles[t], network, options, [&](std::int64_t z) { return !list.has(idOf(z)); }, onSection,
            part);
    }
    writer.buildLevels();
    list.finish();
}

}  // namespace fovea::infer

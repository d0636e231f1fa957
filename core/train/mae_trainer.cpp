#include "train/mae_trainer.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/rng.h"
#include "nn/guards.h"
#include "nn/official_mae.h"
#include "nn/torch_errors.h"

namespace fovea::train {

namespace {

constexpr double leastZoom = 0.6, mostZoom = 1.4;

std::size_t channelsUsed(const MaeRequest& request) { return request.config.ranges.size(); }

void checkRequest(const MaeRequest& request) {
    request.config.check();
    if (request.cases.empty())
        throw Error(ErrorKind::Input, FOVEA_TR("There is no image to learn features from. Import one first."));
    for (const MaeCase& one : request.cases)
        if (std::size_t(one.image->info().channels) < channelsUsed(request))
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("{path} has {n} channels, {want} are used. Learn features from images with the "
                                  "same channels."),
                         {{"path", one.image->info().path},
                          {"n", std::to_string(one.image->info().channels)},
                          {"want", std::to_string(channelsUsed(request))}}});
}

// A random in-plane crop outside the held boxes; smaller ones are tried when none that large is found.
Box placeCrop(const MaeCase& one, std::int64_t edge, Rng& rng) {
    const Index shape = one.image->info().shape();
    for (; edge >= 8; edge = edge * 3 / 4) {
        const Index extent{1, std::min(edge, shape.y), std::min(edge, shape.x)};
        for (int attempt = 0; attempt < 32; ++attempt) {
            Box box;
            for (int axis = 0; axis < 3; ++axis) box.begin[axis] = rng.below(shape[axis] - extent[axis] + 1);
            box.end = box.begin + extent;
            if (std::none_of(one.held.begin(), one.held.end(), [&](const Box& held) { return held.overlaps(box); }))
                return box;
        }
    }
    throw Error(ErrorKind::Input,
                {FOVEA_TR("{path} has no place outside the test box to learn features from. Choose a smaller test "
                          "box."),
                 {{"path", one.image->info().path}}});
}

// (1, channels, H, W) of one sample, mirrored and turned at random.
torch::Tensor crop(const MaeRequest& request, Rng& rng) {
    const MaeCase& one = request.cases[std::size_t(rng.below(std::int64_t(request.cases.size())))];
    const std::int64_t edge =
        std::int64_t(std::nearbyint(double(request.config.imageSize) * rng.uniform(leastZoom, mostZoom)));
    const Box box = placeCrop(one, std::max<std::int64_t>(8, edge), rng);
    std::vector<torch::Tensor> channels;
    for (std::size_t c = 0; c < channelsUsed(request); ++c) {
        Volume<float> grey = one.image->readAs<float>(box, int(c));
        channels.push_back(
            torch::from_blob(grey.data(), {1, 1, box.extent().y, box.extent().x}, torch::kFloat32).clone());
    }
    torch::Tensor image = torch::cat(channels, 1);
    if (rng.uniform() < 0.5) image = image.flip(2);
    if (rng.uniform() < 0.5) image = image.flip(3);
    if (rng.uniform() < 0.5) image = image.transpose(2, 3);
    return image;
}

struct MaeBatch {
    torch::Tensor images, noise;
};

MaeBatch makeBatch(const MaeRequest& request, std::uint64_t first, std::int64_t count) {
    const std::int64_t patches = request.config.grid() * request.config.grid();
    std::vector<torch::Tensor> images;
    torch::Tensor noise = torch::empty({count, patches}, torch::kFloat32);
    for (std::int64_t i = 0; i < count; ++i) {
        Rng rng(request.seed, first + std::uint64_t(i));
        images.push_back(nn::maeInput(crop(request, rng).contiguous(), request.config, request.config.imageSize));
        float* row = noise.data_ptr<float>() + i * patches;
        for (std::int64_t p = 0; p < patches; ++p) row[p] = float(rng.uniform());
    }
    return {torch::cat(images, 0), noise};
}

// Batches one after the other, the coming one made before it is asked for.
class NextBatch {
  public:
    explicit NextBatch(const MaeRequest& request) : request_(request) {}

    MaeBatch take(std::uint64_t first, std::int64_t count) {
        const bool ready = prepared_ && first == next_ && prepared_->images.size(0) == count;
        MaeBatch batch = ready ? std::move(*prepared_) : makeBatch(request_, first, count);
        prepared_.reset();
        next_ = first + std::uint64_t(count);
        return batch;
    }
    void prepare(std::int64_t count) { prepared_ = makeBatch(request_, next_, count); }

  private:
    const MaeRequest& request_;
    std::uint64_t next_ = 0;
    std::optional<MaeBatch> prepared_;
};

LoopResult trainMaeOnce(const MaeRequest& request, Job& job) {
    const nn::ThreadsGuard threads(request.compute.threads);
    const c10::Device device = nn::torchDevice(request.device);
    nn::Mae mae(request.config, request.seed);
    if (!request.start.empty()) nn::OfficialMae(request.start).load(*mae);
    nn::place(*mae, request.device, {request.compute.dtype, false, request.compute.threads});
    mae->train();
    LoopHooks hooks;
    NextBatch next(request);
    if (device.is_cuda()) hooks.prepare = [&](std::int64_t count) { next.prepare(count); };
    hooks.loss = [&](std::uint64_t first, std::int64_t count) {
        const MaeBatch batch = next.take(first, count);
        const nn::AutocastGuard autocast(device, request.compute);
        return mae->forward(batch.images.to(device), batch.noise.to(device), request.maskRatio, request.normPix);
    };
    const nlohmann::json identity = {{"network", nn::toJson(request.config)}, {"seed", request.seed},
                                     {"start", request.start.string()},       {"mask_ratio", request.maskRatio},
                                     {"norm_pix", request.normPix},           {"compute", nn::toJson(request.compute)}};
    LoopOptions loop = request.loop;
    loop.scaleLoss = request.compute.dtype == "float16";
    LoopResult result = runLoop(*mae, hooks, loop, request.folder, identity, job);
    nn::saveMae(request.folder / "mae.safetensors", *mae, {{"iterations", std::to_string(result.iterations)}});
    return result;
}

}  // namespace

LoopOptions MaeRequest::defaultLoop() {
    LoopOptions loop;
    loop.iterations = 300;
    loop.batch = 8;
    loop.learningRate = 5e-4;
    loop.warmup = 30;
    loop.schedule = Schedule::Cosine;
    loop.optimizer.weightDecay = 0.05;
    loop.optimizer.beta2 = 0.95;
    loop.optimizer.decayVectors = false;
    loop.clip = 0;
    return loop;
}

LoopResult trainMae(const MaeRequest& request, Job& job) {
    checkRequest(request);
    return nn::translated([&] { return trainMaeOnce(request, job); });
}

}  // namespace fovea::train

#include "nn/unet.h"

#include <ATen/ops/cat.h>
#include <torch/nn/modules/container/modulelist.h>

#include <algorithm>

#include "base/error.h"

namespace fovea::nn {

namespace {

const char* topologyKey = "fovea.topology";

template <class Holder>
void registerList(torch::nn::Module& parent, const char* name, const std::vector<Holder>& items) {
    torch::nn::ModuleList list;
    for (const Holder& item : items) list->push_back(item.ptr());
    parent.register_module(name, list);
}

}  // namespace

UNetImpl::UNetImpl(const Topology& topology, std::uint64_t seed) : topology_(topology) {
    topology_.check();
    const auto& t = topology_;
    const std::size_t n = t.stages();
    const Sizes ones(std::size_t(t.dims), 1);

    encoder_ = register_module("encoder", makeEncoder(t));
    for (std::size_t j = 0; j + 1 < n; ++j) {
        const std::size_t i = n - 2 - j;  // the encoder stage it comes back to
        up_.push_back(UpConv(t.features[i + 1], t.features[i], t.strides[i + 1]));
        decoder_.push_back(ConvStack(t.decoderConvs[j], 2 * t.features[i], t.features[i], t.kernels[i], ones));
        heads_.push_back(Conv(t.features[i], t.outChannels, ones, ones));
    }
    auto decoder = register_module("decoder", std::make_shared<torch::nn::Module>("decoder"));
    registerList(*decoder, "stages", decoder_);
    registerList(*decoder, "transpconvs", up_);
    registerList(*decoder, "seg_layers", heads_);
    heInitialise(*this, seed);
    encoder_->finishInitialisation();
}

void UNetImpl::checkInput(const torch::Tensor& x) const {
    const auto divisor = topology_.divisor();
    bool fits = x.dim() == topology_.dims + 2 && x.size(1) == topology_.inChannels;
    for (int a = 0; fits && a < topology_.dims; ++a)
        fits = x.size(a + 2) > 0 && x.size(a + 2) % divisor[std::size_t(a)] == 0;
    if (fits) return;
    std::string shape, steps;
    for (std::int64_t s : x.sizes()) shape += (shape.empty() ? "" : " × ") + std::to_string(s);
    for (std::int64_t d : divisor) steps += (steps.empty() ? "" : " × ") + std::to_string(d);
    throw Error(
        ErrorKind::Input,
        Text(FOVEA_TR("An input of {shape} does not fit the network: it takes {channels} channels and sizes that are "
                      "multiples of {steps}. Change the patch size."),
             {{"shape", shape}, {"channels", std::to_string(topology_.inChannels)}, {"steps", steps}}));
}

torch::Tensor UNetImpl::forward(const torch::Tensor& x) {
    checkInput(x);
    auto skips = encoder_->forward(x);
    torch::Tensor y = skips.back();
    for (std::size_t j = 0; j < decoder_.size(); ++j) {
        skips.pop_back();
        y = decoder_[j](at::cat({up_[j](y), skips.back()}, 1));
    }
    return heads_.back()(y);
}

std::vector<torch::Tensor> UNetImpl::heads(const torch::Tensor& x) {
    checkInput(x);
    auto skips = encoder_->forward(x);
    std::vector<torch::Tensor> logits;
    torch::Tensor y = skips.back();
    for (std::size_t j = 0; j < decoder_.size(); ++j) {
        skips.pop_back();
        y = decoder_[j](at::cat({up_[j](y), skips.back()}, 1));
        logits.push_back(heads_[j](y));
    }
    std::reverse(logits.begin(), logits.end());
    return logits;
}

torch::Tensor UNetImpl::describe(const torch::Tensor& x) {
    checkInput(x);
    std::vector<torch::Tensor> parts, raw;
    encoder_->forward(x, &raw);
    for (const torch::Tensor& first : raw) {
        const auto flat = first.to(torch::kFloat32).flatten(2);
        parts.push_back(flat.mean(2));
        parts.push_back((flat - parts.back().unsqueeze(2)).square().mean(2).sqrt());
    }
    return at::cat(parts, 1);
}

std::vector<std::string> optimizerOrder(const UNetImpl& unet) { return unet.named_parameters().keys(); }

void saveUNet(const std::filesystem::path& path, const UNetImpl& unet, std::map<std::string, std::string> about) {
    about[topologyKey] = toJson(unet.topology()).dump();
    saveWeights(path, unet, about);
}

UNet loadUNet(const std::filesystem::path& path) {
    const auto found = readAboutJson(path, topologyKey);
    if (!found)
        throw Error(ErrorKind::Format,
                    Text(FOVEA_TR("{path} holds no segmentation network of this program. Choose a model file "
                                  "that was made here."),
                         {{"path", path.string()}}));
    UNet unet(topologyFromJson(*found));
    loadWeights(path, *unet);
    return unet;
}

}  // namespace fovea::nn

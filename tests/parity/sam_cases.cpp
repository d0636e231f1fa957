#include "parity/sam_cases.h"

#include <torch/torch.h>

#include "data/mask_box.h"
#include "parity/model_inputs.h"
#include "parity/model_torch.h"
#include "parity/torch_arrays.h"
#include "segment/mask_shape.h"

namespace fovea::parity {

namespace {

std::int64_t whole(const GoldenCase& golden, const char* key) { return wholeNumber(golden.option(key)); }

}  // namespace

nn::sam::VitConfig vitConfig(const GoldenCase& golden) {
    nn::sam::VitConfig config;
    config.imageSize = whole(golden, "img_size"), config.patchSize = whole(golden, "patch_size");
    config.width = whole(golden, "embed_dim"), config.depth = whole(golden, "depth");
    config.heads = whole(golden, "num_heads"), config.mlpRatio = whole(golden, "mlp_ratio");
    config.window = whole(golden, "window_size");
    config.globalBlocks = wholeNumbers(golden.option("global_attn_indexes"));
    config.outChannels = whole(golden, "out_chans");
    return config;
}

nn::sam::PromptConfig promptConfig(const GoldenCase& golden) {
    nn::sam::PromptConfig config;
    config.width = whole(golden, "prompt_dim");
    config.imageSize = whole(golden, "img_size"), config.patchSize = whole(golden, "patch_size");
    config.maskChannels = whole(golden, "mask_in_chans");
    config.depth = whole(golden, "decoder_depth"), config.heads = whole(golden, "decoder_heads");
    config.mlpHidden = whole(golden, "decoder_mlp");
    config.iouDepth = whole(golden, "iou_head_depth"), config.iouHidden = whole(golden, "iou_head_hidden");
    return config;
}

nn::sam::Prompts promptsOf(const GoldenCase& golden) {
    const auto input = [&](const char* name) {
        return golden.inputs.contains(name) ? modelInput(golden, name) : at::Tensor();
    };
    return {input("points"), input("labels"), input("boxes"), input("masks")};
}

Volume<std::uint8_t> planesOf(const GoldenCase& golden, const char* input) {
    const tensorfile::Tensor image = modelArray(golden, golden.input(input));
    if (image.shape.size() != 3)
        throw Error(ErrorKind::Format, {"{shape} is no colour image", {{"shape", tensorfile::toString(image.shape)}}});
    Volume<std::uint8_t> planes({image.shape[2], image.shape[0], image.shape[1]});
    const auto pixels = image.as<std::uint8_t>();
    const std::int64_t area = image.shape[0] * image.shape[1], channels = image.shape[2];
    for (std::int64_t i = 0; i < image.count(); ++i)
        planes.data()[i % channels * area + i / channels] = pixels[std::size_t(i)];
    return planes;
}

void zeroAttentionBiases(torch::nn::Module& network) {
    for (auto& item : network.named_parameters())
        if (item.key().ends_with("attention_biases")) item.value().zero_();
}

Values valuesOf(const nn::Steps& steps) {
    Values values;
    for (const auto& [name, tensor] : steps) values[name] = fromTorch(tensor);
    return values;
}

Volume<std::uint8_t> maskOf(const at::Tensor& logits, std::int64_t item, std::int64_t mask) {
    const at::Tensor one = (logits[item][mask] > 0).to(torch::kUInt8).contiguous();
    const auto* pixels = one.data_ptr<std::uint8_t>();
    return Volume<std::uint8_t>({1, one.size(0), one.size(1)}, std::vector<std::uint8_t>(pixels, pixels + one.numel()));
}

void addMasks(Values& values, const at::Tensor& logits, const std::string& prefix) {
    std::vector<double> stability;
    std::vector<std::int64_t> boxes;
    const at::Tensor plain = logits.to(torch::kFloat32).contiguous();
    const std::int64_t items = logits.size(0), masks = logits.size(1), area = logits.size(2) * logits.size(3);
    for (std::int64_t i = 0; i < items; ++i)
        for (std::int64_t m = 0; m < masks; ++m) {
            const float* map = plain.data_ptr<float>() + (i * masks + m) * area;
            stability.push_back(segment::stability({map, std::size_t(area)}));
            const Box box = boxOf(maskOf(logits, i, m));
            if (box.empty())
                boxes.insert(boxes.end(), {0, 0, 0, 0});
            else
                boxes.insert(boxes.end(), {box.begin.x, box.begin.y, box.end.x - 1, box.end.y - 1});
        }
    values[prefix + "logits"] = fromTorch(logits);
    values[prefix + "masks"] = fromTorch((logits > 0).to(torch::kInt64));
    values[prefix + "stability"] = tensorfile::Tensor::from({items, masks}, stability);
    values[prefix + "boxes"] = tensorfile::Tensor::from({items, masks, 4}, boxes);
}

}  // namespace fovea::parity

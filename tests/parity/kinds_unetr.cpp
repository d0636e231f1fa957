#include <torch/torch.h>

#include "nn/sam/unetr.h"
#include "parity/kinds.h"
#include "parity/model_torch.h"
#include "parity/sam_cases.h"
#include "parity/torch_arrays.h"

// micro-sam's instance decoder.
namespace fovea::parity {

namespace {

nn::sam::UnetrConfig unetrConfig(const GoldenCase& golden) {
    nn::sam::UnetrConfig config;
    config.embedding = wholeNumber(golden.option("embed"));
    config.features = wholeNumbers(golden.option("features"));
    config.upsampling =
        golden.option("conv_transpose").get<bool>() ? nn::sam::Upsampling::Transpose : nn::sam::Upsampling::Resample;
    config.outChannels = wholeNumber(golden.option("out_channels"));
    return config;
}

Values unetrDecoder(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    nn::sam::UnetrDecoder decoder(unetrConfig(golden));
    hashWeights(golden, *decoder);
    const bool running = golden.option("batchnorm") == "running";
    const at::Tensor embedding = modelInput(golden, "embedding");
    nn::Steps steps;
    steps["out"] =
        decoder->forward(embedding, running ? nn::sam::Statistics::Running : nn::sam::Statistics::PerImage, &steps);
    if (golden.config.contains("original_size")) {
        const auto content = wholeNumbers(golden.option("input_size"));
        const auto image = wholeNumbers(golden.option("original_size"));
        steps["resized"] = nn::sam::atImageSize(steps["out"], {image.at(0), image.at(1), content.at(0), content.at(1),
                                                               wholeNumber(golden.option("img_size"))});
    }
    if (golden.inputs.contains("embedding2") && !running) {
        decoder->train();  // takes the statistics of the whole batch
        steps["out_batch2_joint"] = decoder->forward(at::cat({embedding, modelInput(golden, "embedding2")}));
    }
    return valuesOf(steps);
}

}  // namespace

std::vector<Kind> unetrKinds() { return {{"unetr.decoder", unetrDecoder}}; }

}  // namespace fovea::parity

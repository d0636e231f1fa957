#include "infer/cellsam_input.h"

#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <string>

#include "segment/adaptive_contrast.h"

namespace fovea::infer {

namespace {

constexpr double brightest = 99.9, brightestForEncoder = 99.5;  // percentiles of what is not 0
constexpr double pixelMean[] = {123.675, 116.28, 103.53}, pixelDeviation[] = {58.395, 57.12, 57.375};  // SAM's
constexpr double colourMean[] = {0.485, 0.456, 0.406}, colourDeviation[] = {0.229, 0.224, 0.225};      // ImageNet's

// (x − mean) / deviation for each of three planes of (1, 3, S, S); `scale` divides both.
at::Tensor standardised(const at::Tensor& x, const double (&mean)[3], const double (&deviation)[3], double scale) {
    const auto perPlane = [&](const double(&values)[3]) {
        return at::tensor({values[0] / scale, values[1] / scale, values[2] / scale}, x.options().dtype(at::kDouble))
            .to(x.scalar_type())
            .view({1, 3, 1, 1});
    };
    return (x - perPlane(mean)) / perPlane(deviation);
}

// Each plane to 0…1 by its least and greatest value.
at::Tensor stretched(const at::Tensor& x) {
    const auto least = x.amin({2, 3}, true), most = x.amax({2, 3}, true);
    return (x - least) / (most - least + 1e-6);
}

at::Tensor stretchedAsColours(const at::Tensor& x) {
    return stretched(standardised(x, colourMean, colourDeviation, 1));
}

// Grey values of all planes together from their percentiles to 0…1.
at::Tensor clippedForEncoder(const at::Tensor& x) {
    const at::Tensor flat = x.contiguous();
    const std::vector<float> values(flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel());
    const double low = segment::percentileOfNonZero(values, 0);
    const double high = segment::percentileOfNonZero(values, brightestForEncoder);
    if (!(high > low)) return at::zeros_like(x);
    return (x.clamp(low, high) - low) / (high - low);
}

// Times 255 without the fraction, modulo 256: what a cast to bytes gives.
at::Tensor asBytes(const at::Tensor& x) { return (x * 255).to(at::kLong).bitwise_and(255).to(at::kByte); }

// A plane without anything takes the other's place in what the detector sees.
at::Tensor withoutEmptyPlane(at::Tensor x) {
    const auto empty = [&](std::int64_t plane) { return x.select(1, plane).max().item<float>() == 0; };
    if (empty(1)) x.select(1, 1).copy_(x.select(1, 2));
    if (empty(2)) x.select(1, 2).copy_(x.select(1, 1));
    return x;
}

}  // namespace

at::Tensor cellSamPlanes(std::vector<Volume<float>> sections, bool normalise, Job& job) {
    bool fits = !sections.empty() && sections.size() <= 3;
    for (const auto& section : sections)
        fits = fits && section.shape().z == 1 && !section.empty() && section.shape() == sections.front().shape();
    if (!fits)
        throw Error(ErrorKind::Input,
                    Text(FOVEA_TR("CellSAM looks at one to three channels of one section at a time, not at {n}. Choose "
                                  "a channel for whole cells, and one for nuclei if there is one."),
                         {{"n", std::to_string(sections.size())}}));
    const Index n = sections.front().shape();
    at::Tensor planes = at::zeros({3, n.y, n.x});
    for (std::size_t i = 0; i < sections.size(); ++i) {
        Volume<float>& section = sections[i];
        for (float& v : section)
            if (!std::isfinite(v)) v = 0;
        if (normalise) {
            segment::clipBright(section, brightest);
            segment::equaliseAdaptively(section, {}, job);
        }
        const std::int64_t plane = std::int64_t(3 - sections.size() + i);
        planes[plane].copy_(at::from_blob(section.data(), {n.y, n.x}, at::kFloat));
    }
    return planes;
}

CellSamInput cellSamInput(const at::Tensor& planes, std::int64_t side, bool advanced) {
    const at::Tensor square =
        at::_upsample_bilinear2d_aa(planes.unsqueeze(0), {side, side}, false, std::nullopt, std::nullopt);
    CellSamInput input;
    input.encoder = clippedForEncoder(square);
    if (advanced) input.encoder = stretchedAsColours(input.encoder);
    input.detector = standardised(asBytes(square).to(at::kFloat), pixelMean, pixelDeviation, 1);
    if (advanced) input.detector = withoutEmptyPlane(stretchedAsColours(input.detector));
    return input;
}

at::Tensor cellSamEncoderInput(const at::Tensor& encoder) {
    return standardised(encoder, pixelMean, pixelDeviation, 255);
}

at::Tensor cellSamFirstInput(const at::Tensor& planes, const nn::sam::Frame& frame) {
    const at::Tensor bytes = asBytes(planes).contiguous();
    const auto* first = bytes.const_data_ptr<std::uint8_t>();
    const Volume<std::uint8_t> colours({3, planes.size(1), planes.size(2)},
                                       std::vector<std::uint8_t>(first, first + bytes.numel()));
    return nn::sam::normalised(nn::sam::fitted(colours, frame), frame);
}

}  // namespace fovea::infer

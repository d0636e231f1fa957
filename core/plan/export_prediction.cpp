#include "plan/export_prediction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/for_each_cpu.h"
#include "base/parallel.h"
#include "plan/spline.h"

namespace fovea::plan {

namespace {

constexpr std::int64_t slabBytes = 64 << 20;  // of logits and results at once

// Two weights for each output of an axis (the second 0 on a nearest one) and what they belong to.
struct Blend {
    std::vector<std::int32_t> low, high;
    std::vector<float> weightLow, weightHigh;

    explicit Blend(const AxisSampler& sampler) {
        for (std::int64_t i = 0; i < sampler.to; ++i) {
            low.push_back(std::int32_t(sampler.low(i))), high.push_back(std::int32_t(sampler.high(i)));
            weightLow.push_back(float(sampler.weights[std::size_t(i * sampler.taps)]));
            weightHigh.push_back(sampler.taps == 2 ? float(sampler.weights[std::size_t(2 * i + 1)]) : 0.0f);
        }
    }
    std::int64_t size() const { return std::int64_t(low.size()); }
};

FOVEA_FOR_EACH_CPU void addRow(const float* values, float weight, std::int64_t count, float* sum) {
    for (std::int64_t i = 0; i < count; ++i) sum[i] += weight * values[i];
}

FOVEA_FOR_EACH_CPU void interpolate(const float* row, const std::int32_t* low, const std::int32_t* high,
                                    const float* weightLow, const float* weightHigh, std::int64_t count, float* out) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = weightLow[i] * row[low[i]] + weightHigh[i] * row[high[i]];
}

FOVEA_FOR_EACH_CPU void keepLargest(const float* values, std::int32_t label, std::int64_t count, float* best,
                                    std::int32_t* labels) {
    for (std::int64_t i = 0; i < count; ++i) {
        const bool larger = values[i] > best[i];
        best[i] = larger ? values[i] : best[i];
        labels[i] = larger ? label : labels[i];
    }
}

void softmax(float* values, int outputs, std::int64_t count, std::int64_t step) {
    for (std::int64_t i = 0; i < count; ++i) {
        float* const v = values + i;
        float most = v[0], sum = 0;
        for (int k = 1; k < outputs; ++k) most = std::max(most, v[k * step]);
        for (int k = 0; k < outputs; ++k) sum += v[k * step] = std::exp(v[k * step] - most);
        for (int k = 0; k < outputs; ++k) v[k * step] /= sum;
    }
}

// Resamples all outputs to the crop, row by row, from slabs of planes.
class LogitsResampler {
  public:
    LogitsResampler(const Prediction& prediction, const CaseProperties& properties, const PreprocessRule& rule)
        : prediction_(prediction), to_(properties.crop.extent()) {
        check(properties, rule);
        const Vec3 current = rule.target(properties.spacing), wanted = rule.order.toNetwork(properties.spacing);
        const Resampling r = resampling(prediction.shape, current, to_, wanted, rule.logits);
        for (int axis = 0; axis < 3; ++axis)
            axes_.emplace_back(AxisSampler(r.from[axis], r.to[axis],
                                           r.separate == axis ? rule.logits.orderAcross : rule.logits.order));
    }

    // Calls slab(begin, end) for results in ascending order after reading what they are made of.
    template <class F>
    void run(Job& job, std::int64_t bytesPerResult, F&& slab) {
        const std::int64_t plane = prediction_.shape.y * prediction_.shape.x;
        const double perOutput =
            double(plane * prediction_.outputs) * sizeof(float) * double(prediction_.shape.z) / double(to_.z) +
            double(to_.y * to_.x * bytesPerResult);
        const auto chunk = std::clamp<std::int64_t>(std::int64_t(double(slabBytes) / perOutput), 1, to_.z);
        for (std::int64_t begin = 0; begin < to_.z; begin += chunk) {
            const std::int64_t end = std::min(begin + chunk, to_.z);
            job.check();
            first_ = axes_[0].low[std::size_t(begin)];
            planes_ = axes_[0].high[std::size_t(end - 1)] + 1 - first_;
            logits_.resize(std::size_t(prediction_.outputs * planes_ * plane));
            for (int k = 0; k < prediction_.outputs; ++k)
                prediction_.read(k, first_, first_ + planes_, logits_.data() + k * planes_ * plane);
            slab(begin, end);
            job.progress(double(end), double(to_.z));
        }
    }

    // One row of one output. `blended` is scratch of the network's row length.
    void row(int output, std::int64_t z, std::int64_t y, std::vector<float>& blended, float* out) const {
        const Index n = prediction_.shape;
        blended.assign(std::size_t(n.x), 0.0f);
        const auto add = [&](std::int64_t zz, std::int64_t yy, float weight) {
            if (weight != 0)
                addRow(logits_.data() + ((output * planes_ + zz - first_) * n.y + yy) * n.x, weight, n.x,
                       blended.data());
        };
        const Blend &bz = axes_[0], &by = axes_[1], &bx = axes_[2];
        const auto i = std::size_t(z), j = std::size_t(y);
        add(bz.low[i], by.low[j], bz.weightLow[i] * by.weightLow[j]);
        add(bz.low[i], by.high[j], bz.weightLow[i] * by.weightHigh[j]);
        add(bz.high[i], by.low[j], bz.weightHigh[i] * by.weightLow[j]);
        add(bz.high[i], by.high[j], bz.weightHigh[i] * by.weightHigh[j]);
        interpolate(blended.data(), bx.low.data(), bx.high.data(), bx.weightLow.data(), bx.weightHigh.data(), to_.x,
                    out);
    }

  private:
    void check(const CaseProperties& properties, const PreprocessRule& rule) const {
        const std::size_t regions = prediction_.regionLabels.size();
        if (prediction_.outputs < 1 || prediction_.outputs > 65536 ||
            (regions > 0 && regions != std::size_t(prediction_.outputs)))
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("A network with {n} outputs and {regions} regions cannot be exported. "
                                  "Check regions_class_order in dataset.json."),
                         {{"n", std::to_string(prediction_.outputs)}, {"regions", std::to_string(regions)}}});
        for (const std::int32_t label : prediction_.regionLabels)
            if (label < 0 || label > 65535)
                throw Error(ErrorKind::Input,
                            {FOVEA_TR("The label {label} does not fit into a label file (0 to 65535). "
                                      "Change regions_class_order in dataset.json."),
                             {{"label", std::to_string(label)}}});
        if (rule.logits.order > 1 || rule.logits.orderAcross > 1)
            throw Error(ErrorKind::Unsupported,
                        FOVEA_TR("Predictions are resampled with order 0 or 1. Change the orders "
                                 "of resampling_fn_probabilities_kwargs in the plans."));
        if (properties.crop.empty() || !Box::of(properties.wholeShape).contains(properties.crop))
            throw Error(ErrorKind::Internal,
                        {"the crop {crop} is not inside {whole}",
                         {{"crop", toString(properties.crop)}, {"whole", toString(properties.wholeShape)}}});
    }

    const Prediction& prediction_;
    Index to_;
    std::vector<Blend> axes_;
    std::vector<float> logits_;  // [output][planes_] from plane first_ on
    std::int64_t first_ = 0, planes_ = 0;
};

// Planes [begin, end) of the crop as a part of the grid as stored, its box there in `box`.
template <class T>
Volume<T> stored(const T* planes, std::int64_t begin, std::int64_t end, const CaseProperties& properties,
                 const AxisOrder& order, Box& box) {
    Box network = properties.crop;
    network.begin.z += begin;
    network.end.z = properties.crop.begin.z + end;
    box = order.toStored(network);
    const Index n = network.extent();
    Volume<T> volume(box.extent());
    const Index shape = volume.shape();
    const Index steps = order.toNetwork(Index{shape.y * shape.x, shape.x, 1});
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            T* const to = volume.data() + z * steps.z + y * steps.y;
            const T* const from = planes + (z * n.y + y) * n.x;
            for (std::int64_t x = 0; x < n.x; ++x) to[x * steps.x] = from[x];
        }
    return volume;
}

}  // namespace

void exportLabels(const Prediction& prediction, const CaseProperties& properties, const PreprocessRule& rule,
                  const LabelWriter& write, Job& job) {
    LogitsResampler logits(prediction, properties, rule);
    const Index n = properties.crop.extent();
    const std::vector<std::int32_t>& regions = prediction.regionLabels;
    std::vector<std::uint16_t> labels;
    logits.run(job, sizeof(std::uint16_t), [&](std::int64_t begin, std::int64_t end) {
        labels.resize(std::size_t((end - begin) * n.y * n.x));
        parallelFor((end - begin) * n.y, job, [&](std::int64_t i) {
            thread_local std::vector<float> blended, values, best;
            thread_local std::vector<std::int32_t> chosen;
            values.resize(std::size_t(n.x));
            // A region is chosen where its probability is above ½, that is its logit above 0.
            best.assign(std::size_t(n.x), regions.empty() ? -std::numeric_limits<float>::infinity() : 0.0f);
            chosen.assign(std::size_t(n.x), 0);
            for (int k = 0; k < prediction.outputs; ++k) {
                logits.row(k, begin + i / n.y, i % n.y, blended, values.data());
                if (!regions.empty()) std::fill(best.begin(), best.end(), 0.0f);
                keepLargest(values.data(), regions.empty() ? k : regions[std::size_t(k)], n.x, best.data(),
                            chosen.data());
            }
            std::copy(chosen.begin(), chosen.end(), labels.begin() + i * n.x);
        });
        Box box;
        const Volume<std::uint16_t> part = stored(labels.data(), begin, end, properties, rule.order, box);
        write(box, part);
    });
}

void exportProbabilities(const Prediction& prediction, const CaseProperties& properties, const PreprocessRule& rule,
                         const ProbabilityWriter& write, Job& job) {
    LogitsResampler logits(prediction, properties, rule);
    const Index n = properties.crop.extent();
    std::vector<float> values;
    logits.run(job, std::int64_t(sizeof(float)) * prediction.outputs, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t size = (end - begin) * n.y * n.x;
        values.resize(std::size_t(prediction.outputs * size));
        parallelFor((end - begin) * n.y, job, [&](std::int64_t i) {
            thread_local std::vector<float> blended;
            float* const row = values.data() + i * n.x;
            for (int k = 0; k < prediction.outputs; ++k) {
                float* const out = row + k * size;
                logits.row(k, begin + i / n.y, i % n.y, blended, out);
                if (!prediction.regionLabels.empty())
                    std::transform(out, out + n.x, out, [](float v) { return 1 / (1 + std::exp(-v)); });
            }
            if (prediction.regionLabels.empty()) softmax(row, prediction.outputs, n.x, size);
        });
        for (int k = 0; k < prediction.outputs; ++k) {
            Box box;
            const Volume<float> part = stored(values.data() + k * size, begin, end, properties, rule.order, box);
            write(k, box, part);
        }
    });
}

namespace {

template <class T>
Volume<T> assembled(const Prediction& prediction, const CaseProperties& properties, const PreprocessRule& rule,
                    Job& job) {
    Volume<T> result(rule.order.toStored(properties.wholeShape));
    exportLabels(
        prediction, properties, rule,
        [&](const Box& box, const Volume<std::uint16_t>& part) { copyBox(part, part.box(), result, box.begin); }, job);
    return result;
}

}  // namespace

Volume<std::uint16_t> exportedLabels(const Prediction& prediction, const CaseProperties& properties,
                                     const PreprocessRule& rule, Job& job) {
    return assembled<std::uint16_t>(prediction, properties, rule, job);
}

AnyVolume exportedLabelMap(const Prediction& prediction, const CaseProperties& properties, const PreprocessRule& rule,
                           Job& job) {
    const auto& regions = prediction.regionLabels;
    const std::int32_t largest =
        regions.empty() ? prediction.outputs - 1 : *std::max_element(regions.begin(), regions.end());
    return largest < 255 ? AnyVolume::from(assembled<std::uint8_t>(prediction, properties, rule, job))
                         : AnyVolume::from(assembled<std::uint16_t>(prediction, properties, rule, job));
}

std::vector<Volume<float>> exportedProbabilities(const Prediction& prediction, const CaseProperties& properties,
                                                 const PreprocessRule& rule, Job& job) {
    std::vector<Volume<float>> result;
    for (int k = 0; k < prediction.outputs; ++k)
        result.emplace_back(rule.order.toStored(properties.wholeShape),
                            k == 0 && prediction.regionLabels.empty() ? 1.0f : 0.0f);
    exportProbabilities(
        prediction, properties, rule,
        [&](int k, const Box& box, const Volume<float>& part) {
            copyBox(part, part.box(), result[std::size_t(k)], box.begin);
        },
        job);
    return result;
}

}  // namespace fovea::plan

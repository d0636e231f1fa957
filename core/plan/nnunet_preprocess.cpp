#include "plan/nnunet_preprocess.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/for_each_cpu.h"
#include "base/parallel.h"
#include "plan/cropped_case.h"

namespace fovea::plan {

namespace {

constexpr std::int64_t slabVoxels = 1 << 22;

// Mean, spread and range of what was added. Parts are merged as Chan, Golub and LeVeque (1979) do.
struct Moments {
    std::int64_t count = 0;
    double mean = 0, squares = 0;  // sum of squared distances from the mean
    float min = std::numeric_limits<float>::infinity(), max = -min;

    void add(const Moments& other) {
        if (other.count == 0) return;
        if (count == 0) {
            *this = other;
            return;
        }
        const double total = double(count + other.count), distance = other.mean - mean;
        mean += distance * double(other.count) / total;
        squares += other.squares + distance * distance * double(count) * double(other.count) / total;
        count += other.count;
        min = std::min(min, other.min), max = std::max(max, other.max);
    }
    Intensity intensity() const {
        Intensity result;
        if (count == 0) return result;
        result.mean = mean, result.min = min, result.max = max;
        result.std = std::sqrt(squares / double(count));
        return result;
    }
};

// Of one row; values with label < 0 are left out when there are labels.
FOVEA_FOR_EACH_CPU Moments momentsOf(const float* values, const std::int16_t* labels, std::int64_t count) {
    constexpr int lanes = 16;
    const double shift = values[0];  // near the others, so that squares keep their digits
    double sums[lanes] = {}, squares[lanes] = {};
    float low[lanes], high[lanes];
    std::int64_t used[lanes] = {};
    Moments result;
    std::fill_n(low, lanes, result.min), std::fill_n(high, lanes, result.max);
    const auto add = [&](std::int64_t i, int lane) {
        const bool counts = labels == nullptr || labels[i] >= 0;
        const double d = counts ? values[i] - shift : 0;
        sums[lane] += d, squares[lane] += d * d, used[lane] += counts;
        low[lane] = counts && values[i] < low[lane] ? values[i] : low[lane];
        high[lane] = counts && values[i] > high[lane] ? values[i] : high[lane];
    };
    std::int64_t i = 0;
    for (; i + lanes <= count; i += lanes)
        for (int lane = 0; lane < lanes; ++lane) add(i + lane, lane);
    for (; i < count; ++i) add(i, 0);
    double sum = 0;
    for (int lane = 0; lane < lanes; ++lane) {
        sum += sums[lane], result.squares += squares[lane], result.count += used[lane];
        result.min = std::min(result.min, low[lane]), result.max = std::max(result.max, high[lane]);
    }
    if (result.count == 0) return result;
    result.mean = shift + sum / double(result.count);
    result.squares = std::max(0.0, result.squares - sum * sum / double(result.count));
    return result;
}

class Preprocessor {
  public:
    Preprocessor(const PreprocessInput& input, const PreprocessRule& rule, PreprocessSink& sink, Job& job)
        : input_(input),
          rule_(rule),
          sink_(sink),
          job_(job),
          case_(input.image, input.labels, rule.order, job),
          current_(rule.order.toNetwork(input.spacing)),
          target_(rule.target(input.spacing)),
          shape_(rule.gridFor(case_.shape(), input.spacing)) {}

    CaseProperties run() {
        CaseProperties properties{input_.spacing, case_.wholeShape(), case_.box(), {}};
        sink_.begin(shape_, case_.channels());
        properties.classLocations = makeLabels();
        for (int channel = 0; channel < case_.channels(); ++channel) {
            JobPart part(job_, double(channel) / case_.channels(), double(channel + 1) / case_.channels());
            makeImage(channel, part);
        }
        return properties;
    }

  private:
    std::vector<std::vector<Index>> makeLabels() {
        LabelRuns runs(shape_);
        JobPart silent(job_, 0, 0);
        resampleLabels<std::int16_t>(
            resampling(case_.shape(), current_, shape_, target_, rule_.labels),
            [&](std::int64_t begin, std::int64_t end, std::int16_t* out) { case_.readLabels(begin, end, out); },
            [&](std::int64_t begin, std::int64_t end, const std::int16_t* planes) {
                sink_.labels(begin, end, planes);
                if (!input_.keys.empty()) runs.append(planes, (end - begin) * shape_.y);
            },
            silent);
        return runs.draw(input_.keys);
    }

    void makeImage(int channel, Job& job) {
        const ChannelRule& rule = rule_.channels[std::size_t(channel)];
        const bool onlyMask = rule.onlyMask && rule.scheme == ChannelScheme::ZScore;
        const Intensity whole = statistics(channel, onlyMask);
        if (rule.scheme == ChannelScheme::RgbTo01 && (whole.min < 0 || whole.max > 255))
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("Channel {channel} of {path} has values outside 0 to 255 and cannot "
                                  "be normalised as a colour. Choose another normalisation."),
                         {{"channel", std::to_string(channel)}, {"path", input_.image.info().path}}});
        const ChannelNorm norm = channelNorm(rule.scheme, whole, rule.foreground);
        resampleImage(
            resampling(case_.shape(), current_, shape_, target_, rule_.image),
            [&](std::int64_t begin, std::int64_t end, float* out) {
                readNormalised(channel, onlyMask, norm, begin, end, out);
            },
            [&](std::int64_t begin, std::int64_t end, const float* planes) {
                sink_.image(channel, begin, end, planes);
            },
            job);
    }

    // Calls f(row of values, its labels or null, row's length) on all threads for planes read into `values`.
    template <class F>
    void forEachRow(int channel, bool withLabels, std::int64_t begin, std::int64_t end, float* values, F&& f) {
        const Index n = case_.shape();
        case_.readImage(channel, begin, end, values);
        if (withLabels) {
            labels_.resize(std::size_t((end - begin) * n.y * n.x));
            case_.readLabels(begin, end, labels_.data());
        }
        parallelFor((end - begin) * n.y, job_, [&](std::int64_t row) {
            f(row, values + row * n.x, withLabels ? labels_.data() + row * n.x : nullptr, n.x);
        });
    }

    Intensity statistics(int channel, bool onlyMask) {
        const Index n = case_.shape();
        const std::int64_t planes = std::max<std::int64_t>(1, slabVoxels / (n.y * n.x));
        Moments all;
        std::vector<float> slab;
        for (std::int64_t z = 0; z < n.z; z += planes) {
            const std::int64_t end = std::min(z + planes, n.z);
            slab.resize(std::size_t((end - z) * n.y * n.x));
            std::vector<Moments> rows(std::size_t((end - z) * n.y));
            job_.check();
            forEachRow(channel, onlyMask, z, end, slab.data(),
                       [&](std::int64_t row, const float* values, const std::int16_t* labels, std::int64_t count) {
                           rows[std::size_t(row)] = momentsOf(values, labels, count);
                       });
            for (const Moments& row : rows) all.add(row);
        }
        return all.intensity();
    }

    void readNormalised(int channel, bool onlyMask, const ChannelNorm& norm, std::int64_t begin, std::int64_t end,
                        float* out) {
        forEachRow(channel, onlyMask, begin, end, out,
                   [&](std::int64_t, float* values, const std::int16_t* labels, std::int64_t count) {
                       if (!labels) return normalise(values, count, norm);
                       for (std::int64_t x = 0; x < count; ++x)
                           if (labels[x] >= 0) normalise(values + x, 1, norm);
                   });
    }

    const PreprocessInput& input_;
    const PreprocessRule& rule_;
    PreprocessSink& sink_;
    Job& job_;
    CroppedCase case_;
    Vec3 current_, target_;
    Index shape_;
    std::vector<std::int16_t> labels_;
};

class MemorySink : public PreprocessSink {
  public:
    explicit MemorySink(PreprocessedCase& result) : result_(result) {}
    void begin(Index shape, int channels) override {
        result_.labels = Volume<std::int16_t>(shape);
        result_.image.assign(std::size_t(channels), Volume<float>(shape));
    }
    void labels(std::int64_t begin, std::int64_t end, const std::int16_t* planes) override {
        planesInto(result_.labels)(begin, end, planes);
    }
    void image(int channel, std::int64_t begin, std::int64_t end, const float* planes) override {
        planesInto(result_.image[std::size_t(channel)])(begin, end, planes);
    }

  private:
    PreprocessedCase& result_;
};

}  // namespace

Vec3 PreprocessRule::target(Vec3 stored) const {
    if (spacing.size() == 2) return {order.toNetwork(stored).z, spacing[0], spacing[1]};
    return {spacing.at(0), spacing.at(1), spacing.at(2)};
}

Index PreprocessRule::gridFor(Index crop, Vec3 stored) const {
    return keepsGrid ? crop : resampledShape(crop, order.toNetwork(stored), target(stored));
}

CaseProperties preprocessCase(const PreprocessInput& input, const PreprocessRule& rule, PreprocessSink& sink,
                              Job& job) {
    const ImageInfo& info = input.image.info();
    if (std::size_t(info.channels) != rule.channels.size())
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} has {n} channels, the plans are for {want}. Use images like those "
                              "the plans were made for."),
                     {{"path", info.path},
                      {"n", std::to_string(info.channels)},
                      {"want", std::to_string(rule.channels.size())}}});
    for (int axis = 0; axis < 3; ++axis)
        if (!(input.spacing[axis] > 0) || !std::isfinite(input.spacing[axis]))
            throw Error(ErrorKind::Input, {FOVEA_TR("The spacing of {path} is not positive. Correct it in the image's "
                                                    "properties."),
                                           {{"path", info.path}}});
    return Preprocessor(input, rule, sink, job).run();
}

PreprocessedCase preprocessCase(const PreprocessInput& input, const PreprocessRule& rule, Job& job) {
    PreprocessedCase result;
    MemorySink sink(result);
    result.properties = preprocessCase(input, rule, sink, job);
    return result;
}

}  // namespace fovea::plan

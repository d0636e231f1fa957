#include "infer/sliding_window.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "nn/device.h"
#include "nn/guards.h"
#include "nn/kept_memory.h"
#include "nn/torch_errors.h"
#include "nn/weights.h"

namespace fovea::infer {

namespace {

// Some sections (channels, depth, y, x) of a longer stack, moving towards greater z.
struct RollingSections {
    at::Tensor data;
    std::int64_t first = 0;  // z of data[:, 0]

    std::int64_t end() const { return first + data.size(1); }
    // Sections before `z` are forgotten, new ones at the end are zero.
    void moveTo(std::int64_t z) {
        const std::int64_t depth = data.size(1), kept = std::max<std::int64_t>(0, end() - z);
        for (std::int64_t i = 0; i < kept && z != first; ++i) data.select(1, i).copy_(data.select(1, i + z - first));
        if (kept < depth) data.narrow(1, kept, depth - kept).zero_();
        first = z;
    }
};

// One-dimensional range of window starts (image coordinates) whose windows touch [begin, end).
std::vector<std::int64_t> touching(const std::vector<std::int64_t>& starts, std::int64_t offset, std::int64_t patch,
                                   std::int64_t begin, std::int64_t end) {
    std::vector<std::int64_t> result;
    for (std::int64_t s : starts)
        if (s + offset < end && s + offset + patch > begin) result.push_back(s + offset);
    return result;
}

class Slider {
  public:
    Slider(const ImageSource& image, const Box& frame, const Box& part, const Network& network,
           const WindowOptions& options, Job& job);
    void run(const std::function<bool(std::int64_t)>& wanted, const OnSection& onSection);

  private:
    void readSections(std::int64_t from);
    void addRow(std::int64_t z);
    void addWindows(const std::vector<Index>& starts);
    at::Tensor predict(const at::Tensor& input) const;
    void finish(std::int64_t until, const std::function<bool(std::int64_t)>& wanted, const OnSection& onSection);

    const ImageSource& image_;
    const Box frame_, part_;
    const Network& network_;
    const WindowOptions& options_;
    Job& job_;
    c10::Device device_;
    std::vector<std::int64_t> starts_[3];  // image coordinates, those that touch the part
    at::Tensor weights_;                   // (patch)
    RollingSections input_, sum_, weightSum_;
    Index inputBegin_;  // y, x of input_
    std::int64_t done_ = 0, total_ = 0;
};

Slider::Slider(const ImageSource& image, const Box& frame, const Box& part, const Network& network,
               const WindowOptions& options, Job& job)
    : image_(image),
      frame_(frame),
      part_(part),
      network_(network),
      options_(options),
      job_(job),
      device_(nn::torchDevice(options.device)) {
    const WindowGrid grid = planWindows(frame, options.patch, options.dims, options.step);
    for (int a = 0; a < 3; ++a)
        starts_[a] = touching(grid.starts[a], frame.begin[a], options.patch[a], part.begin[a], part.end[a]);
    const Index p = options.patch;
    const std::vector<std::int64_t> shape{p.z, p.y, p.x};
    const auto on = at::TensorOptions(at::kFloat).device(device_),
               sums = on.dtype(options.halfSums ? at::kHalf : at::kFloat);
    if (options.gaussian) {
        auto values = gaussianWeights(options.dims == 2 ? std::vector<std::int64_t>{p.y, p.x} : shape);
        weights_ = at::from_blob(values.data(), shape, at::kFloat).clone().to(sums);
    } else {
        weights_ = at::ones(shape, sums);
    }
    inputBegin_ = {0, starts_[1].front(), starts_[2].front()};
    input_.data = at::zeros({std::int64_t(options.norms.size()), p.z, starts_[1].back() + p.y - inputBegin_.y,
                             starts_[2].back() + p.x - inputBegin_.x},
                            on);
    weightSum_.data = at::zeros({1, p.z, part.extent().y, part.extent().x}, sums);
    input_.first = weightSum_.first = sum_.first = starts_[0].front();
}

// Fills sections `from` … end of the window row's input; what lies outside the frame stays zero.
void Slider::readSections(std::int64_t from) {
    const Box seen{{from, inputBegin_.y, inputBegin_.x},
                   {input_.end(), inputBegin_.y + input_.data.size(2), inputBegin_.x + input_.data.size(3)}};
    const Box box = seen.intersected(frame_);
    if (box.empty()) return;
    const Index n = box.extent();
    for (std::size_t c = 0; c < options_.norms.size(); ++c) {
        Volume<float> values = image_.read(0, int(c), box).to<float>();
        plan::normalise(values.data(), values.size(), options_.norms[c]);
        input_.data.select(0, std::int64_t(c))
            .narrow(0, box.begin.z - input_.first, n.z)
            .narrow(1, box.begin.y - inputBegin_.y, n.y)
            .narrow(2, box.begin.x - inputBegin_.x, n.x)
            .copy_(at::from_blob(values.data(), {n.z, n.y, n.x}, at::kFloat));
    }
}

at::Tensor Slider::predict(const at::Tensor& input) const {
    const auto& axes = options_.mirrorAxes;
    at::Tensor sum;
    for (unsigned subset = 0; subset < (1u << axes.size()); ++subset) {
        std::vector<std::int64_t> flipped;
        for (std::size_t i = 0; i < axes.size(); ++i)
            if (subset & (1u << i)) flipped.push_back(axes[i] + 2);
        const at::Tensor x = nn::placed(flipped.empty() ? input : input.flip(flipped), options_.compute);
        at::Tensor y = network_(x).to(at::kFloat);
        if (!flipped.empty()) y = y.flip(flipped);
        sum = sum.defined() ? sum + y : y;
    }
    return axes.empty() ? sum : sum / double(1u << axes.size());
}

void Slider::addWindows(const std::vector<Index>& starts) {
    const Index p = options_.patch;
    std::vector<at::Tensor> windows;
    for (const Index& s : starts) {
        auto window = input_.data.narrow(2, s.y - inputBegin_.y, p.y).narrow(3, s.x - inputBegin_.x, p.x);
        windows.push_back(options_.dims == 2 ? window.select(1, 0) : window);
    }
    at::Tensor logits;
    try {
        logits = nn::translated([&] { return predict(at::stack(windows)); });
    } catch (const Error& e) {
        if (e.kind() != ErrorKind::Memory || starts.size() < 2) throw;
        nn::emptyCache(options_.device);
        const auto half = starts.begin() + std::ptrdiff_t(starts.size() / 2);
        addWindows({starts.begin(), half});
        addWindows({half, starts.end()});
        return;
    }
    if (options_.dims == 2) logits = logits.unsqueeze(2);
    if (!sum_.data.defined())
        sum_.data = at::zeros({logits.size(1), p.z, part_.extent().y, part_.extent().x}, weightSum_.data.options());
    for (std::size_t i = 0; i < starts.size(); ++i) {
        const Box window{{0, starts[i].y, starts[i].x}, {1, starts[i].y + p.y, starts[i].x + p.x}};
        const Box kept = window.intersected({{0, part_.begin.y, part_.begin.x}, {1, part_.end.y, part_.end.x}});
        const auto cut = [&kept](const at::Tensor& t, std::int64_t y0, std::int64_t x0) {
            const std::int64_t last = t.dim() - 1;
            return t.narrow(last - 1, kept.begin.y - y0, kept.extent().y)
                .narrow(last, kept.begin.x - x0, kept.extent().x);
        };
        const at::Tensor w = cut(weights_, window.begin.y, window.begin.x);
        const at::Tensor sum = cut(sum_.data, part_.begin.y, part_.begin.x),
                         found = cut(logits[std::int64_t(i)], window.begin.y, window.begin.x);
        options_.halfSums ? sum.add_(found * w) : sum.addcmul_(found, w);
        cut(weightSum_.data, part_.begin.y, part_.begin.x).add_(w);
    }
}

void Slider::addRow(std::int64_t z) {
    std::vector<Index> batch;
    const auto flush = [&] {
        job_.yield();
        job_.check();
        addWindows(batch);
        done_ += std::int64_t(batch.size());
        job_.progress(double(done_), double(total_), Text(FOVEA_TR("Predicting")));
        batch.clear();
    };
    for (std::int64_t y : starts_[1])
        for (std::int64_t x : starts_[2]) {
            batch.push_back({z, y, x});
            if (std::int64_t(batch.size()) >= options_.batch) flush();
        }
    if (!batch.empty()) flush();
}

// Sections before `until` get nothing more.
void Slider::finish(std::int64_t until, const std::function<bool(std::int64_t)>& wanted, const OnSection& onSection) {
    for (std::int64_t z = std::max(sum_.first, part_.begin.z); z < std::min({until, sum_.end(), part_.end.z}); ++z) {
        if (!wanted(z)) continue;
        const auto logits =
            (sum_.data.select(1, z - sum_.first) / weightSum_.data.select(1, z - sum_.first)).to(at::kFloat);
        if (!at::isfinite(logits).all().item<bool>())
            throw Error(ErrorKind::Internal,
                        Text(FOVEA_TR("The network's output in section {z} is not a number. Train it again, with "
                                      "the precision float32."),
                             {{"z", std::to_string(z)}}));
        onSection(z, logits);
    }
}

void Slider::run(const std::function<bool(std::int64_t)>& wanted, const OnSection& onSection) {
    std::vector<std::int64_t> rows;
    for (std::int64_t z : starts_[0]) {
        bool needed = false;
        for (std::int64_t s = std::max(z, part_.begin.z); s < std::min(z + options_.patch.z, part_.end.z); ++s)
            needed = needed || wanted(s);
        if (needed) rows.push_back(z);
    }
    total_ = std::int64_t(rows.size() * starts_[1].size() * starts_[2].size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i > 0) finish(rows[i], wanted, onSection);
        const std::int64_t known = i == 0 ? rows[0] : std::max(rows[i], input_.end());
        input_.moveTo(rows[i]);
        weightSum_.moveTo(rows[i]);
        if (sum_.data.defined()) sum_.moveTo(rows[i]);
        sum_.first = rows[i];
        readSections(known);
        addRow(rows[i]);
    }
    if (!rows.empty()) finish(part_.end.z, wanted, onSection);
}

void checkRequest(const ImageSource& image, const Box& frame, const Box& part, const WindowOptions& options) {
    const int channels = image.info().channels;
    if (options.norms.empty() || int(options.norms.size()) > channels)
        throw Error(ErrorKind::Input,
                    Text(FOVEA_TR("The network takes {wanted} channels, {path} has {there}. Choose the model that was "
                                  "trained on images of this kind."),
                         {{"wanted", std::to_string(options.norms.size())},
                          {"path", image.info().path},
                          {"there", std::to_string(channels)}}));
    if (part.empty() || !frame.contains(part) || !Box::of(image.info().shape()).contains(frame))
        throw Error(
            ErrorKind::Input,
            Text(FOVEA_TR("The box {box} to predict does not lie inside {path} ({shape})."),
                 {{"box", toString(part)}, {"path", image.info().path}, {"shape", toString(image.info().shape())}}));
}

}  // namespace

nlohmann::json toJson(const WindowOptions& o) {
    auto norms = nlohmann::json::array();
    for (const auto& n : o.norms) norms.push_back({n.lower, n.upper, n.subtract, n.scale});
    return {{"dims", o.dims},
            {"patch", {o.patch.z, o.patch.y, o.patch.x}},
            {"step", o.step},
            {"gaussian", o.gaussian},
            {"mirror_axes", o.mirrorAxes},
            {"batch", o.batch},
            {"norms", norms},
            {"half_sums", o.halfSums},
            {"compute", nn::toJson(o.compute)}};
}

void slideWindows(const ImageSource& image, const Box& frame, const Box& part, const Network& network,
                  const WindowOptions& options, const std::function<bool(std::int64_t)>& wanted,
                  const OnSection& onSection, Job& job) {
    checkRequest(image, frame, part, options);
    nn::translated([&] {
        const c10::AutoGradMode off(false);
        const nn::ThreadsGuard threads(options.compute.threads);
        const nn::KeepMemory keep;
        const nn::AutocastGuard autocast(nn::torchDevice(options.device), options.compute);
        Slider(image, frame, part, network, options, job).run(wanted, onSection);
    });
}

}  // namespace fovea::infer

#include "plan/cropped_case.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "base/parallel.h"

namespace fovea::plan {

namespace {

constexpr std::int64_t windowBytes = 256 << 20;
constexpr std::int64_t mostLabel = std::numeric_limits<std::int16_t>::max();

[[noreturn]] void refuseShape(const ImageInfo& image, const ImageInfo& labels) {
    throw Error(ErrorKind::Input, {FOVEA_TR("The labels {labels} are {a} voxels, the image {path} is {b}. Use labels "
                                            "made for this image."),
                                   {{"labels", labels.path},
                                    {"a", toString(labels.shape())},
                                    {"path", image.path},
                                    {"b", toString(image.shape())}}});
}

// −1 when the value is no class.
template <class T>
std::int16_t asClass(T value) {
    if constexpr (sizeof(T) == 1 && std::is_unsigned_v<T>) return value;
    const bool fits = value >= T(0) && double(value) <= double(mostLabel);
    const auto label = std::int16_t(fits ? value : T(0));
    return fits && T(label) == value ? label : std::int16_t(-1);
}

}  // namespace

CroppedCase::CroppedCase(const ImageSource& image, const ImageSource* labels, const AxisOrder& order, Job& job)
    : image_(image), labels_(labels), order_(order), job_(job) {
    const Index shape = image.info().shape();
    if (labels && !(labels->info().shape() == shape)) refuseShape(image.info(), labels->info());
    if (shape.count() == 0)
        throw Error(ErrorKind::Input, {FOVEA_TR("{path} has no voxels."), {{"path", image.info().path}}});
    crop_ = nonzeroCrop(image, job);
    box_ = order.toNetwork(crop_.box);
    solid_ = crop_.mask.count(crop_.box) == crop_.box.count();
}

Box CroppedCase::storedBox(std::int64_t begin, std::int64_t end) const {
    Box box = box_;
    box.begin.z += begin;
    box.end.z = box_.begin.z + end;
    return order_.toStored(box);
}

bool CroppedCase::solidRow(Index start) const {
    if (solid_ || order_.forward[2] != 2) return solid_;
    const Index at = order_.toStored(start);
    return crop_.mask.full(at.z, at.y, at.x, at.x + shape().x);
}

void CroppedCase::load(Window& window, const ImageSource& source, int channel, std::int64_t begin,
                       std::int64_t end) const {
    if (window.channel == channel && window.begin <= begin && end <= window.end) return;
    if (order_.forward[0] != 0) {
        const std::int64_t planeBytes = shape().y * shape().x * std::int64_t(sizeOf(source.info().dtype));
        end = std::max(end, std::min(begin + windowBytes / planeBytes, shape().z));
        if (end == shape().z && end * planeBytes <= windowBytes) begin = 0;
    }
    window = {};  // frees its memory first
    window = {channel, begin, end, source.read(0, channel, storedBox(begin, end))};
}

template <class T, class F>
void CroppedCase::forEachRow(const Window& window, std::int64_t begin, std::int64_t end, F&& f) const {
    const Index stored = window.slab.shape, n = order_.toNetwork(stored);
    const Index steps = order_.toNetwork(Index{stored.y * stored.x, stored.x, 1});
    const T* const values = window.slab.as<T>() + (begin - window.begin) * steps.z;
    parallelFor((end - begin) * n.y, job_,
                [&](std::int64_t row) { f(row, values + row / n.y * steps.z + row % n.y * steps.y, steps.x, n.x); });
}

void CroppedCase::readImage(int channel, std::int64_t begin, std::int64_t end, float* out) {
    load(imageWindow_, image_, channel, begin, end);
    std::atomic<bool> bad{false};
    dispatch(imageWindow_.slab.dtype, [&]<class T>(T) {
        forEachRow<T>(imageWindow_, begin, end,
                      [&](std::int64_t row, const T* values, std::int64_t step, std::int64_t count) {
                          float* const to = out + row * count;
                          float nothing = 0;  // stays 0 unless a value is no number
                          for (std::int64_t x = 0; x < count; ++x) {
                              to[x] = float(values[x * step]);
                              if constexpr (std::is_floating_point_v<T>) nothing += to[x] * 0.0f;
                          }
                          if (!(nothing == 0)) bad = true;
                      });
    });
    if (bad)
        throw Error(ErrorKind::Input, {FOVEA_TR("{path} holds values that are not numbers. Replace them, for example "
                                                "by the background's grey value, and import again."),
                                       {{"path", image_.info().path}}});
}

void CroppedCase::readLabels(std::int64_t begin, std::int64_t end, std::int16_t* out) {
    if (labels_)
        load(labelWindow_, *labels_, 0, begin, end);
    else
        labelWindow_ = {0, begin, end, AnyVolume(DType::U8, storedBox(begin, end).extent())};
    const std::int64_t rows = shape().y;
    std::atomic<bool> bad{false};
    dispatch(labelWindow_.slab.dtype, [&]<class T>(T) {
        forEachRow<T>(labelWindow_, begin, end,
                      [&](std::int64_t row, const T* values, std::int64_t step, std::int64_t count) {
                          std::int16_t* const to = out + row * count;
                          const Index start = Index{begin + row / rows, row % rows, 0} + box_.begin;
                          bool wrong = false;
                          for (std::int64_t x = 0; x < count; ++x) {
                              to[x] = asClass(values[x * step]);
                              wrong |= to[x] < 0;
                          }
                          if (wrong) bad = true;
                          if (solidRow(start)) return;
                          for (std::int64_t x = 0; x < count; ++x)
                              if (to[x] == 0)
                                  to[x] = maskedLabel(to[x], crop_.mask.at(order_.toStored(start + Index{0, 0, x})));
                      });
    });
    if (bad)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} holds labels that are not whole numbers from 0 to {most}. Preprocessing needs "
                              "classes: turn object ids into classes first."),
                     {{"path", labels_->info().path}, {"most", std::to_string(mostLabel)}}});
}

}  // namespace fovea::plan

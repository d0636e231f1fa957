#pragma once
#include <cstdint>
#include <functional>
#include <optional>

#include "base/job.h"
#include "data/volume.h"

// nnU-Net's default resampling of images, labels and logits (spec nnunet.md sections 6.2, 6.3). Axes are those after
// its transpose; a channel is read and written by planes of axis 0, so that it need not fit into memory.
namespace fovea::plan {

struct ResampleRule {
    int order = 3;                       // 0, 1 or 3
    int orderAcross = 0;                 // along the axis that is resampled separately
    std::optional<bool> separateForced;  // plans' force_separate_z
    bool nearestBreaksTies = true;       // labels of order 1, see resampleLabels()
    friend bool operator==(const ResampleRule&, const ResampleRule&) = default;
};

// The axis along which slices are kept apart: the one coarse axis of a grid more than 3 times coarser along it, of the
// present grid before the wanted one.
std::optional<int> separateAxis(Vec3 current, Vec3 wanted, std::optional<bool> forced = {});

// round(current / wanted · shape) per axis, half to even, at least 1.
Index resampledShape(Index shape, Vec3 current, Vec3 wanted);

struct Resampling {
    Index from, to;
    std::optional<int> separate;
    ResampleRule rule;
};
// What takes a grid of this shape and spacing to another.
Resampling resampling(Index from, Vec3 current, Index to, Vec3 wanted, const ResampleRule& rule);

// Planes [begin, end) of one channel in C order. Called from the calling thread, in ascending order but for one extra
// read of everything where cubic results have to be kept within the range of the whole channel.
template <class T>
using PlaneReader = std::function<void(std::int64_t begin, std::int64_t end, T* out)>;
template <class T>
using PlaneWriter = std::function<void(std::int64_t begin, std::int64_t end, const T* planes)>;

// What a pass over planes may hold in memory. More is used where planes are so large that those a single result is made
// of take more: 40 planes of the result where axis 0 is cubic, else one or two.
constexpr std::int64_t resampleBytes = std::int64_t(512) << 20;

// Cubic results are cut to the range of the channel, with a separate axis to that of their slice. Sums in double,
// float between the axes; the result does not depend on threads or on `bytes` (but for 1e-8 of the range of values,
// see AxisSampler::halo). Where cubic slices across axis 1 or 2 are blended (orderAcross not 0, which nnU-Net never
// plans), they are all held. Nothing changes where the shapes are equal. Throws Error(Unsupported) for another order,
// Error(Input) for empty shapes, Cancelled.
void resampleImage(const Resampling& resampling, const PlaneReader<float>& read, const PlaneWriter<float>& write,
                   Job& job, std::int64_t bytes = resampleBytes);
Volume<float> resampled(const Volume<float>& image, const Resampling& resampling, Job& job);

// Order 1: the label whose mask, interpolated linearly, is largest; of equal ones the nearest voxel's label when
// nearestBreaksTies (batchgenerators 0.25.5) and it is among them, else the smallest. Order 0: the nearest voxel's. T:
// int16 or int32. Throws as resampleImage(), and Error(Unsupported) for order 3 or an orderAcross but 0.
template <class T>
void resampleLabels(const Resampling& resampling, const PlaneReader<T>& read, const PlaneWriter<T>& write, Job& job,
                    std::int64_t bytes = resampleBytes);
template <class T>
Volume<T> resampledLabels(const Volume<T>& labels, const Resampling& resampling, Job& job);

// A volume as a reader and a writer.
template <class T>
PlaneReader<T> planesOf(const Volume<T>& volume) {
    const std::int64_t plane = volume.shape().y * volume.shape().x;
    return [&volume, plane](std::int64_t begin, std::int64_t end, T* out) {
        std::copy(volume.data() + begin * plane, volume.data() + end * plane, out);
    };
}
template <class T>
PlaneWriter<T> planesInto(Volume<T>& volume) {
    const std::int64_t plane = volume.shape().y * volume.shape().x;
    return [&volume, plane](std::int64_t begin, std::int64_t end, const T* planes) {
        std::copy(planes, planes + (end - begin) * plane, volume.data() + begin * plane);
    };
}

}  // namespace fovea::plan

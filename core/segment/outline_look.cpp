#include "segment/outline_look.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <optional>

#include "data/mask_box.h"
#include "measure/distance.h"

namespace fovea::segment {
namespace {

constexpr double nearBy = 6;    // lengths from the outline, of what is learned as no outline
constexpr double ridge = 1e-3;  // of the mean variance, so that it can be inverted
constexpr double fewest = 40;   // faces to learn from
constexpr double most = 40;     // doubt
constexpr double kept = 0.3;    // of the cost of the outline as it is, where it is trusted

}  // namespace

// Over profiles.
struct OutlineLook::Sums {
    double count = 0;
    Profile sum{};
    std::array<Profile, samples_> product{};
    void add(const Profile& p) {
        ++count;
        for (int i = 0; i < samples_; ++i) {
            sum[i] += p[i];
            for (int j = 0; j <= i; ++j) product[i][j] += p[i] * p[j];
        }
    }
    double mean(int i) const { return sum[i] / count; }
    double covariance(int i, int j) const {
        return product[std::max(i, j)][std::min(i, j)] / count - mean(i) * mean(j);
    }
};

OutlineLook::Discriminant OutlineLook::discriminantOf(const Sums& outline, const Sums& other) {
    std::array<Profile, samples_> a{};
    Profile b{};
    double variance = 0;
    for (int i = 0; i < samples_; ++i) {
        b[i] = outline.mean(i) - other.mean(i);
        for (int j = 0; j < samples_; ++j) a[i][j] = 0.5 * (outline.covariance(i, j) + other.covariance(i, j));
        variance += a[i][i] / samples_;
    }
    for (int i = 0; i < samples_; ++i) a[i][i] += ridge * variance + 1e-12;
    for (int i = 0; i < samples_; ++i)  // positive definite: no pivots needed
        for (int r = i + 1; r < samples_; ++r) {
            const double f = a[r][i] / a[i][i];
            for (int c = i; c < samples_; ++c) a[r][c] -= f * a[i][c];
            b[r] -= f * b[i];
        }
    Discriminant d;
    for (int i = samples_; i-- > 0;) {
        for (int c = i + 1; c < samples_; ++c) b[i] -= a[i][c] * d.weight[c];
        d.weight[i] = b[i] / a[i][i];
    }
    for (int i = 0; i < samples_; ++i) d.bias -= 0.5 * d.weight[i] * (outline.mean(i) + other.mean(i));
    return d;
}

OutlineLook::OutlineLook(const Volume<float>& image, const Volume<std::uint8_t>& mask,
                         const Volume<std::uint8_t>& trusted, Vec3 spacing, Job& job)
    : image_(image), mask_(mask), trusted_(trusted), spacing_(spacing) {
    for (int axis = 0; axis < 3; ++axis)
        area_[std::size_t(axis)] = std::cbrt(spacing.z * spacing.y * spacing.x) / spacing[axis];
    learn(job);
}

FaceCost OutlineLook::cost(Index voxel, int axis) const {
    const std::int64_t i = image_.offset(voxel), j = i + image_.stride(axis);
    const auto cost = [&](double s, bool stays) {
        const double doubt = std::min(most, std::log1p(std::exp(-s)));
        return std::int32_t(std::lround(costUnit * area_[std::size_t(axis)] * (stays ? kept : 1) * doubt));
    };
    const bool known = trusted_.data()[i] != 0 && mask_.data()[i] != mask_.data()[j];
    const Profile p = profile(voxel, axis);
    const Discriminant& look = look_[std::size_t(axis)];
    double up = look.bias, down = up;
    for (int k = 0; k < samples_; ++k) up += look.weight[k] * p[k], down += look.weight[k] * p[samples_ - 1 - k];
    return {cost(up, known && mask_.data()[i] != 0), cost(down, known && mask_.data()[j] != 0)};
}

OutlineLook::Profile OutlineLook::profile(Index voxel, int axis) const {
    const std::int64_t step = image_.stride(axis), last = image_.shape()[axis] - 1;
    const float* line = image_.data() + image_.offset(voxel) - voxel[axis] * step;
    Profile p;
    for (int k = 0; k < samples_; ++k) {
        const double at =
            std::clamp(double(voxel[axis]) + 0.5 + (k - 0.5 * (samples_ - 1)) / spacing_[axis], 0.0, double(last));
        const auto low = std::int64_t(at);
        const double part = at - double(low);
        p[k] = (1 - part) * line[low * step] + part * line[std::min(low + 1, last) * step];
    }
    return p;
}

void OutlineLook::learn(Job& job) {
    Index margin;
    for (int k = 0; k < 3; ++k) margin[k] = std::int64_t(nearBy / spacing_[k]) + 1;
    const Box part = boxOf(mask_).grown(margin).intersected(mask_.box());
    const Volume<std::uint8_t> inside = crop(mask_, part);
    Volume<std::uint8_t> outside = inside;
    for (std::uint8_t& v : outside) v = v == 0;
    Volume<float> away = measure::distanceTransform(outside, spacing_, false, job);
    const Volume<float> depth = measure::distanceTransform(inside, spacing_, false, job);
    for (std::int64_t i = 0; i < away.size(); ++i) away.data()[i] += depth.data()[i];

    const auto gather = [&](int axis, bool trustedAlone, Sums& outline, Sums& other) {
        Index n = part.extent();
        --n[axis];
        for (std::int64_t z = 0; z < n.z; ++z)
            for (std::int64_t y = 0; y < n.y; ++y)
                for (std::int64_t x = 0; x < n.x; ++x) {
                    const std::int64_t i = away.offset(z, y, x);
                    const Index voxel = part.begin + Index{z, y, x};
                    if (away.data()[i] > nearBy || (trustedAlone && trusted_[voxel] == 0)) continue;
                    const bool here = inside.data()[i] != 0, next = inside.data()[i + away.stride(axis)] != 0;
                    Profile p = profile(voxel, axis);
                    if (here == next) other.add(p);
                    if (here == next || next) std::reverse(p.begin(), p.end());
                    (here == next ? other : outline).add(p);
                }
    };
    const auto of = [&](std::initializer_list<int> axes) -> std::optional<Discriminant> {
        for (const bool trustedAlone : {true, false}) {
            job.check();
            Sums outline, other;
            for (const int axis : axes) gather(axis, trustedAlone, outline, other);
            if (outline.count >= fewest && other.count >= fewest) return discriminantOf(outline, other);
        }
        return {};
    };
    const std::optional<Discriminant> plane = of({1, 2}), along = mask_.shape().z > 1 ? of({0}) : plane;
    look_[1] = look_[2] = plane.value_or(along.value_or(Discriminant{}));
    look_[0] = along.value_or(look_[1]);
}

}  // namespace fovea::segment

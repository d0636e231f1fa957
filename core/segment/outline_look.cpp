#include "segment/outline_look.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <optional>

#include "measure/distance.h"

namespace fovea::segment {
namespace {

constexpr int samples = 8;      // of the image on a line across a face, one length of the finest axis apart
constexpr double nearBy = 6;    // lengths from the outline, of what is learned as no outline
constexpr double ridge = 1e-3;  // of the mean variance, so that it can be inverted
constexpr std::int64_t fewest = 5 * samples;  // faces to learn from
constexpr double most = 40;                   // doubt
constexpr double kept = 0.3;                  // of the cost of the outline as it is, where it is trusted

using Profile = std::array<double, samples>;

// Sums over profiles.
struct Sums {
    double count = 0;
    Profile sum{};
    std::array<Profile, samples> product{};
    void add(const Profile& p) {
        ++count;
        for (int i = 0; i < samples; ++i) {
            sum[i] += p[i];
            for (int j = 0; j <= i; ++j) product[i][j] += p[i] * p[j];
        }
    }
    double mean(int i) const { return sum[i] / count; }
    double covariance(int i, int j) const {
        return product[std::max(i, j)][std::min(i, j)] / count - mean(i) * mean(j);
    }
};

// weight · profile + bias > 0: rather an outline, from inside to outside.
struct Discriminant {
    Profile weight{};
    double bias = 0;
};

Discriminant discriminantOf(const Sums& outline, const Sums& other) {
    std::array<Profile, samples> a{};
    Profile b{};
    double variance = 0;
    for (int i = 0; i < samples; ++i) {
        b[i] = outline.mean(i) - other.mean(i);
        for (int j = 0; j < samples; ++j) a[i][j] = 0.5 * (outline.covariance(i, j) + other.covariance(i, j));
        variance += a[i][i] / samples;
    }
    for (int i = 0; i < samples; ++i) a[i][i] += ridge * variance + 1e-12;
    for (int i = 0; i < samples; ++i)  // positive definite: no pivots needed
        for (int r = i + 1; r < samples; ++r) {
            const double f = a[r][i] / a[i][i];
            for (int c = i; c < samples; ++c) a[r][c] -= f * a[i][c];
            b[r] -= f * b[i];
        }
    Discriminant d;
    for (int i = samples; i-- > 0;) {
        for (int c = i + 1; c < samples; ++c) b[i] -= a[i][c] * d.weight[c];
        d.weight[i] = b[i] / a[i][i];
    }
    for (int i = 0; i < samples; ++i) d.bias -= 0.5 * d.weight[i] * (outline.mean(i) + other.mean(i));
    return d;
}

class Look {
  public:
    Look(const Volume<float>& image, const Volume<std::uint8_t>& mask, Vec3 spacing)
        : image_(image), mask_(mask), spacing_(spacing), n_(image.shape()) {}

    FaceCosts costs(const Volume<std::uint8_t>& trusted, const Volume<Side>& sides, Job& job) {
        learn(trusted, job);
        FaceCosts costs;
        for (int axis = 0; axis < 3; ++axis) {
            job.check();
            costs.up[axis] = costs.down[axis] = Volume<std::int32_t>(n_);
            const double area = std::cbrt(spacing_.z * spacing_.y * spacing_.x) / spacing_[axis];
            forFaces(axis, [&](Index v, std::int64_t i, std::int64_t j) {
                if (sides.data()[i] != Side::Open && sides.data()[j] != Side::Open) return;
                const auto cost = [&](double s, bool stays) {
                    const double doubt = std::min(most, std::log1p(std::exp(-s)));
                    return std::int32_t(std::lround(costUnit * area * (stays ? kept : 1) * doubt));
                };
                const bool known = trusted.data()[i] != 0 && mask_.data()[i] != mask_.data()[j];
                const Profile p = profile(v, axis);
                double up = look_[axis].bias, down = up;
                for (int k = 0; k < samples; ++k)
                    up += look_[axis].weight[k] * p[k], down += look_[axis].weight[k] * p[samples - 1 - k];
                costs.up[axis].data()[i] = cost(up, known && mask_.data()[i] != 0);
                costs.down[axis].data()[i] = cost(down, known && mask_.data()[j] != 0);
            });
        }
        return costs;
    }

  private:
    template <class F>
    void forFaces(int axis, F&& f) const {
        Index last = n_;
        --last[axis];
        const std::int64_t step = axis == 0 ? n_.y * n_.x : axis == 1 ? n_.x : 1;
        for (std::int64_t z = 0; z < last.z; ++z)
            for (std::int64_t y = 0; y < last.y; ++y)
                for (std::int64_t x = 0; x < last.x; ++x) {
                    const std::int64_t i = image_.offset(z, y, x);
                    f(Index{z, y, x}, i, i + step);
                }
    }
    Profile profile(Index v, int axis) const {
        const std::int64_t step = axis == 0 ? n_.y * n_.x : axis == 1 ? n_.x : 1;
        const float* line = image_.data() + image_.offset(v) - v[axis] * step;
        Profile p;
        for (int k = 0; k < samples; ++k) {
            const double at = std::clamp(double(v[axis]) + 0.5 + (k - 0.5 * (samples - 1)) / spacing_[axis], 0.0,
                                         double(n_[axis] - 1));
            const auto low = std::int64_t(at);
            const double part = at - double(low);
            p[k] = (1 - part) * line[low * step] + part * line[std::min(low + 1, n_[axis] - 1) * step];
        }
        return p;
    }
    void learn(const Volume<std::uint8_t>& trusted, Job& job);
    void gather(int axis, const Volume<std::uint8_t>* trusted, const Volume<float>& away, Sums& outline,
                Sums& other) const;

    const Volume<float>& image_;
    const Volume<std::uint8_t>& mask_;
    const Vec3 spacing_;
    const Index n_;
    std::array<Discriminant, 3> look_;
};

void Look::gather(int axis, const Volume<std::uint8_t>* trusted, const Volume<float>& away, Sums& outline,
                  Sums& other) const {
    forFaces(axis, [&](Index v, std::int64_t i, std::int64_t j) {
        if (away.data()[i] > nearBy || (trusted && !trusted->data()[i])) return;
        Profile p = profile(v, axis);
        if (mask_.data()[i] == mask_.data()[j]) {
            other.add(p);
            std::reverse(p.begin(), p.end());
            other.add(p);
        } else {
            if (mask_.data()[j]) std::reverse(p.begin(), p.end());
            outline.add(p);
        }
    });
}

void Look::learn(const Volume<std::uint8_t>& trusted, Job& job) {
    Volume<std::uint8_t> outside(n_);
    for (std::int64_t i = 0; i < outside.size(); ++i) outside.data()[i] = mask_.data()[i] == 0;
    Volume<float> away = measure::distanceTransform(outside, spacing_, false, job);
    const Volume<float> depth = measure::distanceTransform(mask_, spacing_, false, job);
    for (std::int64_t i = 0; i < away.size(); ++i) away.data()[i] += depth.data()[i];
    const auto of = [&](std::initializer_list<int> axes) -> std::optional<Discriminant> {
        for (const Volume<std::uint8_t>* from : {&trusted, static_cast<const Volume<std::uint8_t>*>(nullptr)}) {
            Sums outline, other;
            for (const int axis : axes) gather(axis, from, away, outline, other);
            if (outline.count >= fewest && other.count >= fewest) return discriminantOf(outline, other);
        }
        return {};
    };
    const std::optional<Discriminant> plane = of({1, 2}), along = n_.z > 1 ? of({0}) : plane;
    look_[1] = look_[2] = plane.value_or(along.value_or(Discriminant{}));
    look_[0] = along.value_or(look_[1]);
}

}  // namespace

FaceCosts outlineCosts(const Volume<float>& image, const Volume<std::uint8_t>& mask,
                       const Volume<std::uint8_t>& trusted, const Volume<Side>& sides, Vec3 spacing, Job& job) {
    return Look(image, mask, spacing).costs(trusted, sides, job);
}

}  // namespace fovea::segment

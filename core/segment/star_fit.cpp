#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "segment/filters.h"
#include "segment/star_surface.h"

namespace fovea::segment {
namespace {

constexpr double farthest = 64;  // a body reaches no further, in voxels of the finest axis
constexpr int perVoxel = 2;      // samples along a ray
constexpr int levels = 48;       // radii to choose from, evenly spaced in their logarithm
constexpr int steepest = 8;      // levels between neighbouring directions
constexpr int rounds = 10;       // of belief propagation
constexpr double least = 1;      // radius
constexpr float never = 1e6f;
constexpr double sigma = 1;          // blur of the image, in voxels of the finest axis
constexpr double stiffness = 0.01;   // for a step of one level between neighbouring directions
constexpr double crossing = 0.1;     // per voxel of other grey within the body …
constexpr double missing = 0.05;     // … and of its own grey just outside
constexpr double throughWall = 0.3;  // per voxel of wall within the body
constexpr double footShare = 1;      // of the bend beside the slope
constexpr double disagrees = 0.03;   // per voxel by which a point lies on the wrong side

// A blob's outline where its brightness fades out, as people draw it, or where it falls steepest; the edge of a dark
// one; a wall.
enum class Look { Foot, Fall, Rise, BrightWall, DarkWall };

// The image along every direction, from the centre outwards.
class Rays {
  public:
    Rays(const Volume<float>& image, Vec3 spacing, const Volume<std::uint8_t>& open, Index centre, Job& job);
    int count() const { return int(d_.unit.size()); }
    int length() const { return length_; }
    float at(int ray, int sample) const {
        return value_[std::size_t(ray) * length_ + std::clamp(sample, 0, length_ - 1)];
    }
    int end(int ray) const { return end_[ray]; }                // first sample that can't be entered
    bool blocked(int ray) const { return blocked_[ray] != 0; }  // by what is not open, not by the end of the image
    const Directions& d() const { return d_; }
    double usualStep() const { return usualStep_; }

  private:
    const Directions& d_;
    int length_ = 0;
    std::vector<float> value_;
    std::vector<int> end_;
    std::vector<std::uint8_t> blocked_;
    double usualStep_ = 0;
};

float between(const Volume<float>& v, Vec3 at) {
    const Index n = v.shape();
    const double z = std::clamp(at.z, 0.0, n.z - 1.0), y = std::clamp(at.y, 0.0, n.y - 1.0),
                 x = std::clamp(at.x, 0.0, n.x - 1.0);
    const auto z0 = std::int64_t(z), y0 = std::int64_t(y), x0 = std::int64_t(x);
    const auto z1 = std::min(z0 + 1, n.z - 1), y1 = std::min(y0 + 1, n.y - 1), x1 = std::min(x0 + 1, n.x - 1);
    const auto fz = float(z - double(z0)), fy = float(y - double(y0)), fx = float(x - double(x0));
    const auto row = [&](std::int64_t a, std::int64_t b) { return (1 - fx) * v(a, b, x0) + fx * v(a, b, x1); };
    return (1 - fz) * ((1 - fy) * row(z0, y0) + fy * row(z0, y1)) + fz * ((1 - fy) * row(z1, y0) + fy * row(z1, y1));
}

Rays::Rays(const Volume<float>& image, Vec3 spacing, const Volume<std::uint8_t>& open, Index centre, Job& job)
    : d_(directions(image.shape().z == 1)) {
    Box box;
    for (int k = 0; k < 3; ++k) {
        const auto r = std::int64_t((farthest + 4) / spacing[k]) + 1;
        box.begin[k] = std::max<std::int64_t>(0, centre[k] - r);
        box.end[k] = std::min(image.shape()[k], centre[k] + r + 1);
    }
    Volume<float> soft = crop(image, box);
    blur(soft, {sigma / spacing.z, sigma / spacing.y, sigma / spacing.x}, job);
    // Photons: the square root makes their noise even (Anscombe 1948), and puts outlines where the eye sees them.
    const double low = quantiles(soft, {0.02})[0];
    for (float& x : soft) x = std::isfinite(x) ? float(std::sqrt(std::max(0.0, x - low))) : 0.0f;
    length_ = int(farthest) * perVoxel;
    value_.resize(std::size_t(count()) * length_);
    end_.assign(std::size_t(count()), length_), blocked_.assign(std::size_t(count()), 0);
    double sum = 0, steps = 0;
    for (int i = 0; i < count(); ++i) {
        float* v = value_.data() + std::size_t(i) * length_;
        for (int s = 0; s < length_; ++s) {
            const double r = double(s) / perVoxel;
            Vec3 p;
            Index cell;
            for (int k = 0; k < 3; ++k)
                p[k] = double(centre[k]) + d_.unit[i][k] * r / spacing[k], cell[k] = std::llround(p[k]);
            const bool out = !image.box().contains(cell);
            if (s > 0 && (out || !open[cell])) {
                end_[i] = s, blocked_[i] = !out;
                std::fill(v + s, v + length_, v[s - 1]);
                break;
            }
            for (int k = 0; k < 3; ++k) p[k] -= double(box.begin[k]);
            v[s] = between(soft, p);
            if (s >= perVoxel) sum += std::abs(v[s] - v[s - perVoxel]), ++steps;
        }
    }
    usualStep_ = std::max(1e-9, sum / std::max(1.0, steps));
}

// What speaks for and against a surface, by direction and sample, for one look of the object.
struct Costs {
    std::vector<float> value, edge;
};

struct Greys {
    double inside = 0, outside = 0;
};

class Fit {
  public:
    Fit(const Rays& rays, Look look, Job& job) : rays_(rays), look_(look), job_(job) {}

    std::vector<float> run() {
        if (!wall()) first();
        for (int k = 0; k < (wall() ? 1 : 2); ++k) {
            weigh();
            propagate();
            if (!wall()) learn();
        }
        weigh();
        refine();
        return radius_;
    }
    double belief() const {
        double edge = 0;
        for (int i = 0; i < rays_.count(); ++i) edge += edgeAt(i, radius_[i]);
        return edge / rays_.count();
    }
    double energy() const {
        double sum = 0;
        for (int i = 0; i < rays_.count(); ++i) sum += costAt(i, radius_[i]);
        return sum / rays_.count();
    }

  private:
    bool wall() const { return look_ == Look::BrightWall || look_ == Look::DarkWall; }
    double sign() const { return look_ == Look::Rise || look_ == Look::DarkWall ? -1 : 1; }
    double edgeOf(int i, int s) const;
    void first();
    void learn();
    void weigh();
    void propagate();
    void refine();
    static double levelRadius(int l) { return least * std::pow(farthest / least, double(l) / levels); }
    float costAt(int i, double r) const { return pick(costs_.value, i, r); }
    float edgeAt(int i, double r) const { return pick(costs_.edge, i, r); }
    float pick(const std::vector<float>& from, int i, double r) const {
        const double s = std::min(r * perVoxel, rays_.length() - 1.0);
        const int a = int(s), b = std::min(a + 1, rays_.length() - 1);
        const float f = float(s - a);
        const float* row = from.data() + std::size_t(i) * rays_.length();
        return (1 - f) * row[a] + f * row[b];
    }

    const Rays& rays_;
    Look look_;
    Job& job_;
    Greys grey_;
    Costs costs_;
    std::vector<float> radius_;
};

double Fit::edgeOf(int i, int s) const {
    const auto at = [&](int k) { return sign() * rays_.at(i, s + k * perVoxel); };
    const double bend = at(0) - 0.5 * (at(-2) + at(2));
    double strength = bend;
    if (!wall()) strength = std::max(0.0, 0.5 * (at(-1) - at(1)));
    if (look_ == Look::Foot) strength += footShare * std::max(0.0, -bend);
    return strength > 0 ? strength / (strength + rays_.usualStep()) : 0;
}

// Grey values within and around the ball whose outline has the strongest step of the kind looked for.
void Fit::first() {
    std::vector<double> sum(std::size_t(rays_.length()), 0), n(sum);
    for (int i = 0; i < rays_.count(); ++i)
        for (int s = 0; s < rays_.end(i); ++s) sum[s] += rays_.at(i, s), ++n[s];
    const auto mean = [&](int a, int b) {
        double total = 0, count = 0;
        for (int s = a; s < b; ++s) {
            // Shells grow with the square of the radius (2D: the radius).
            const double w = rays_.d().flat ? s + 1 : double(s + 1) * (s + 1);
            if (n[s] > 0) total += w * sum[s], count += w * n[s];
        }
        return count > 0 ? total / count : 0;
    };
    double best = -1e30;
    for (int s = 2 * perVoxel; s < rays_.length() - 3 * perVoxel; ++s) {
        if (n[s + 2 * perVoxel] < 0.4 * rays_.count()) break;
        const int band = 2 * perVoxel + s / 3;
        const double in = mean(std::max(0, s - band), s), out = mean(s, std::min(rays_.length(), s + band));
        if (const double step = sign() * (in - out); step > best) best = step, grey_ = {mean(0, s), out};
    }
}

void Fit::learn() {
    double in = 0, inCount = 0, out = 0, outCount = 0;
    for (int i = 0; i < rays_.count(); ++i) {
        const double r = radius_[i] * perVoxel;
        const int band = int(r + 2 * perVoxel + 0.3 * r);
        for (int s = 0; s < std::min(rays_.end(i), band); ++s) {
            const double w = rays_.d().flat ? s : double(s) * s;
            if (s < r)
                in += w * rays_.at(i, s), inCount += w;
            else if (s > r + 1)
                out += w * rays_.at(i, s), outCount += w;
        }
    }
    if (inCount > 0 && outCount > 0) grey_ = {in / inCount, out / outCount};
}

void Fit::weigh() {
    const int n = rays_.length();
    costs_.value.assign(std::size_t(rays_.count()) * n, 0), costs_.edge = costs_.value;
    const double middle = 0.5 * (grey_.inside + grey_.outside);
    const double half = std::max(0.5 * sign() * (grey_.inside - grey_.outside), 2 * rays_.usualStep());
    std::vector<double> like(std::size_t(n) + 1);  // 1 as inside, −1 as outside
    for (int i = 0; i < rays_.count(); ++i) {
        float* cost = costs_.value.data() + std::size_t(i) * n;
        float* edge = costs_.edge.data() + std::size_t(i) * n;
        const int end = rays_.end(i);
        for (int s = 0; s < n; ++s) {
            edge[s] = s < end ? float(edgeOf(i, s)) : 0;
            like[s] = wall() ? -edge[s] : std::clamp(sign() * (rays_.at(i, s) - middle) / half, -1.0, 1.0);
        }
        if (end < n) {
            const int from = std::max(0, end - perVoxel);
            std::fill(edge + from, edge + n, rays_.blocked(i) ? 0.7f : 0.4f);
        }
        double against = 0;
        for (int s = 0; s < n; ++s) {
            double around = 0;
            if (!wall())
                for (int b = s + 1; b <= std::min(end - 1, s + 3 * perVoxel + s / 5); ++b)
                    around += std::max(0.0, like[b]);
            cost[s] =
                float(-edge[s] + (wall() ? throughWall : crossing) / perVoxel * against + missing / perVoxel * around);
            if (s < end) against += std::max(0.0, -like[s]);
        }
    }
}

void Fit::propagate() {
    const Directions& d = rays_.d();
    const int n = rays_.count();
    std::vector<std::array<float, levels>> unary(n), belief(n);
    for (int i = 0; i < n; ++i)
        for (int l = 0; l < levels; ++l) unary[i][l] = costAt(i, levelRadius(l));
    std::vector<std::vector<std::array<float, levels>>> in(n);
    std::vector<std::vector<int>> back(n);  // where i stands among the neighbours of its neighbour
    for (int i = 0; i < n; ++i) {
        in[i].resize(d.beside[i].size());
        for (auto& m : in[i]) m.fill(0);
        for (int j : d.beside[i])
            back[i].push_back(int(std::find(d.beside[j].begin(), d.beside[j].end(), i) - d.beside[j].begin()));
    }
    const float stiff = float(stiffness) * (d.flat ? 4 : 1);
    std::array<float, levels + 2 * steepest> h;
    h.fill(never);
    for (int round = 0; round < rounds; ++round) {
        job_.check();
        for (int k = 0; k < n; ++k) {
            const int i = round % 2 ? n - 1 - k : k;
            belief[i] = unary[i];
            for (const auto& m : in[i])
                for (int l = 0; l < levels; ++l) belief[i][l] += m[l];
            for (std::size_t e = 0; e < in[i].size(); ++e) {
                const auto& m = in[i][e];
                auto& to = in[d.beside[i][e]][back[i][e]];
                for (int l = 0; l < levels; ++l) h[l + steepest] = belief[i][l] - m[l];
                to.fill(never);
                for (int s = -steepest; s <= steepest; ++s) {
                    const float c = stiff * float(s * s);
                    for (int l = 0; l < levels; ++l) to[l] = std::min(to[l], h[l + s + steepest] + c);
                }
                const float low = *std::min_element(to.begin(), to.end());
                for (float& v : to) v -= low;
            }
        }
    }
    radius_.resize(n);
    for (int i = 0; i < n; ++i) {
        belief[i] = unary[i];
        for (const auto& m : in[i])
            for (int l = 0; l < levels; ++l) belief[i][l] += m[l];
        radius_[i] = float(levelRadius(int(std::min_element(belief[i].begin(), belief[i].end()) - belief[i].begin())));
    }
}

// Between the levels: every direction in turn takes the best place near by, its neighbours as they are.
void Fit::refine() {
    const Directions& d = rays_.d();
    const double perLevel = std::log(farthest / least) / levels;
    const float stiff = float(stiffness) * (d.flat ? 4 : 1);
    for (int round = 0; round < 6; ++round) {
        job_.check();
        for (int i = 0; i < rays_.count(); ++i) {
            float best = never, bestRadius = radius_[i];
            for (int k = -6; k <= 6; ++k) {
                const double r = radius_[i] + 0.25 * k;
                if (r < 0.5 || r > farthest - 1) continue;
                float cost = costAt(i, r);
                for (int j : d.beside[i]) {
                    const double s = std::log(r / radius_[j]) / perLevel;
                    cost += stiff * float(s * s);
                }
                if (cost < best) best = cost, bestRadius = float(r);
            }
            radius_[i] = bestRadius;
        }
    }
}

}  // namespace

StarFit fitStar(const Volume<float>& image, Vec3 spacing, const Volume<std::uint8_t>& open, Index centre,
                const std::vector<Index>& inside, const std::vector<Index>& outside, Job& job) {
    const Rays rays(image, spacing, open, centre, job);
    std::optional<StarFit> best;
    double lowest = 0;
    for (const Look look : {Look::Foot, Look::Fall, Look::Rise, Look::BrightWall, Look::DarkWall}) {
        Fit fit(rays, look, job);
        StarBody body(rays.d(), centre, spacing, fit.run());
        double energy = fit.energy();
        for (const Index& v : inside) energy += disagrees * std::clamp(body.distance(v) - body.reach(v), 0.0, 4.0);
        for (const Index& v : outside) energy += disagrees * std::clamp(body.reach(v) - body.distance(v), 0.0, 4.0);
        if (best && energy >= lowest) continue;
        lowest = energy;
        best = StarFit{std::move(body), fit.belief()};
    }
    return *best;
}

}  // namespace fovea::segment

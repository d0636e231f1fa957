#include "segment/outline_move.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/parallel.h"
#include "data/mask_box.h"
#include "measure/components.h"
#include "measure/distance.h"
#include "segment/filters.h"

namespace fovea::segment {
namespace {

constexpr double finestStep = 0.5, perMove = 16;  // samples of a profile across the outline
constexpr double normalBlur = 1.5;                // of the mask, for the directions of profiles
constexpr double least = 2;                       // length of a profile on both sides, and what is near a click
// Share of the outline that has to be as wrong for a move all round: from where a ball of 1.6 moves at most reaches the
// click to where one of 2.4 does.
constexpr double tight = 1.6, roomy = 2.4, whereTight = 0.8, whereRoomy = 0.35;
constexpr double layer = 1.45, whereLayer = 0.6;  // the same for a single layer of voxels
constexpr double leastStep = 0.2;                 // of a mean profile, in spreads of single ones
constexpr double mostMove = 0.65;                 // of the half-width of the object, all round
constexpr double core = 0.75;                     // of a move: the piece that always moves, around the click, …
constexpr double farthest = 1.2;                  // … and as far as the image may enlarge it
constexpr double patchWidth = 0.6;                // the same in half-widths of the object, where there is room
constexpr double facing = 0.7;                    // cosine, of outline that faces as that at the click does

double dot(Vec3 a, Vec3 b) { return a.z * b.z + a.y * b.y + a.x * b.x; }
double length(Vec3 v) { return std::sqrt(dot(v, v)); }

float between(const Volume<float>& v, Vec3 at) {
    const Index n = v.shape();
    std::int64_t low[3], high[3];
    double part[3];
    for (int k = 0; k < 3; ++k) {
        const double p = std::clamp(at[k], 0.0, double(n[k] - 1));
        low[k] = std::int64_t(p), high[k] = std::min(low[k] + 1, n[k] - 1), part[k] = p - double(low[k]);
    }
    const auto row = [&](std::int64_t z, std::int64_t y) {
        return (1 - part[2]) * v(z, y, low[2]) + part[2] * v(z, y, high[2]);
    };
    const auto plane = [&](std::int64_t z) { return (1 - part[1]) * row(z, low[1]) + part[1] * row(z, high[1]); };
    return float((1 - part[0]) * plane(low[0]) + part[0] * plane(high[0]));
}

// A place on the outline, between a voxel that is wrong if the click is right and one that is not.
struct Place {
    Vec3 at;             // in voxels
    Vec3 across;         // unit vector towards what is wrong, in lengths
    std::int64_t voxel;  // the wrong one
    double wrong = 0;    // −1..1: how much rather it belongs further
};

using Profile = std::vector<float>;

// Less is more alike: in grey, and in shape whatever the brightness and contrast.
struct Unlike {
    double grey = 0, shape = 0;
};

// `count` samples of `a` from `i` on against those of `b` from `j` on.
Unlike unlike(const Profile& a, int i, const Profile& b, int j, int count) {
    double grey = 0, ab = 0, aa = 0, bb = 0, am = 0, bm = 0;
    for (int k = 0; k < count; ++k) am += a[i + k] / double(count), bm += b[j + k] / double(count);
    for (int k = 0; k < count; ++k) {
        const double u = a[i + k] - am, v = b[j + k] - bm;
        ab += u * v, aa += u * u, bb += v * v, grey += std::pow(a[i + k] - b[j + k], 2);
    }
    return {grey, -ab / std::sqrt(aa * bb + 1e-12)};
}

class Moving {
  public:
    Moving(const OutlineClick& click, const Volume<float>& distance, Job& job)
        : click_(click),
          distance_(distance),
          by_(2 * distance[click.at]),
          margin_(std::max(least, by_)),
          step_(std::max(finestStep, by_ / perMove)),
          flat_(click.thick || click.mask.shape().z == 1),
          job_(job),
          samples_(int(std::ceil((2 * margin_ + by_) / step_)) + 1) {}
    OutlineMove run();

  private:
    void findPlaces();
    void judge();
    Profile profile(const Place& place) const;
    double roomAtClick(double most) const;
    double shareNeeded() const;
    Volume<float> movesBy() const;
    Vec3 lengths(Vec3 from, Vec3 to) const {
        return {(to.z - from.z) * click_.spacing.z, (to.y - from.y) * click_.spacing.y,
                (to.x - from.x) * click_.spacing.x};
    }
    void spread(Volume<float>& v, double by) const {
        const Vec3 s = click_.spacing;
        blur(v, {click_.thick ? 0 : by / s.z, by / s.y, by / s.x}, job_);
    }

    const OutlineClick& click_;
    const Volume<float>& distance_;
    const double by_, margin_, step_;
    const bool flat_;
    Job& job_;
    const int samples_;
    std::vector<Place> places_;
    std::size_t nearest_ = 0;  // to the click
    double share_ = 0;         // of the outline away from the click that is as wrong
    bool telling_ = false;     // whether there is an outline to be seen at all
};

void Moving::findPlaces() {
    const Index n = click_.mask.shape();
    Volume<float> wrong(n);
    for (std::int64_t i = 0; i < wrong.size(); ++i)
        wrong.data()[i] = click_.mask.data()[i] == click_.mask[click_.at] ? 1.0f : 0.0f;
    const Vec3 s = click_.spacing;
    Volume<float> soft = wrong;
    blur(soft, {flat_ ? 0 : normalBlur / s.z, normalBlur / s.y, normalBlur / s.x}, job_);
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x)
                for (int axis = flat_ ? 1 : 0; axis < 3; ++axis) {
                    const Index v{z, y, x};
                    Index w = v;
                    if (++w[axis] >= n[axis] || wrong[v] == wrong[w]) continue;
                    Place place{{}, {}, wrong.offset(wrong[v] > 0 ? v : w)};
                    for (int k = 0; k < 3; ++k) {
                        place.at[k] = 0.5 * double(v[k] + w[k]);
                        if (k == 0 && flat_) continue;
                        Index a = v, b = w;
                        a[k] = std::max<std::int64_t>(0, a[k] - 1), b[k] = std::min(n[k] - 1, b[k] + 1);
                        if (b[k] > a[k]) place.across[k] = (soft[b] - soft[a]) / (double(b[k] - a[k]) * s[k]);
                    }
                    const double steep = length(place.across);
                    if (steep < 1e-6) continue;
                    for (int k = 0; k < 3; ++k) place.across[k] /= steep;
                    places_.push_back(place);
                }
}

Profile Moving::profile(const Place& place) const {
    Profile values;
    values.reserve(std::size_t(samples_));
    for (int i = 0; i < samples_; ++i) {
        const double s = i * step_ - margin_;
        Vec3 at;
        for (int k = 0; k < 3; ++k) at[k] = place.at[k] + s * place.across[k] / click_.spacing[k];
        values.push_back(between(click_.image, at));
    }
    return values;
}

void Moving::judge() {
    const Vec3 click{double(click_.at.z), double(click_.at.y), double(click_.at.x)};
    double shortest = std::numeric_limits<double>::infinity();
    for (std::size_t p = 0; p < places_.size(); ++p)
        if (const double d = length(lengths(places_[p].at, click)); d < shortest) shortest = d, nearest_ = p;
    const Place& nearest = places_[nearest_];
    const double near = std::max(least, by_);
    std::vector<Profile> profiles;
    Profile wanted(samples_), mean(samples_);
    float nearBy = 0, away = 0;
    for (const Place& p : places_) {
        profiles.push_back(profile(p));
        const double d = length(lengths(p.at, nearest.at));
        if (d <= near && dot(p.across, nearest.across) > 0.5) {
            for (int i = 0; i < samples_; ++i) wanted[i] += profiles.back()[i];
            ++nearBy;
        }
        if (d > 2 * near) ++away;
    }
    for (float& v : wanted) v /= nearBy;
    const int shift = int(std::lround(by_ / step_)), window = samples_ - shift;
    for (std::size_t k = 0; k < places_.size(); ++k) {
        const Profile& v = profiles[k];
        const Unlike stays = unlike(v, 0, wanted, shift, window), moves = unlike(v, shift, wanted, shift, window);
        places_[k].wrong = 0.5 * (moves.grey < stays.grey ? 1 : -1) + 0.5 * (moves.shape < stays.shape ? 1 : -1);
        if (length(lengths(places_[k].at, nearest.at)) > 2 * near) share_ += (0.5 + 0.5 * places_[k].wrong) / away;
        for (int i = 0; i < samples_; ++i) mean[i] += v[i] / float(places_.size());
    }
    double level = 0, step = 0, spread = 0;
    for (float m : mean) level += m / samples_;
    for (float m : mean) step += (m - level) * (m - level) / samples_;
    for (const Profile& v : profiles)
        for (int i = 0; i < samples_; ++i) spread += std::pow(v[i] - mean[i], 2) / (samples_ * double(profiles.size()));
    telling_ = step > leastStep * leastStep * spread && spread > 0;
}

// Radius of the largest ball clear of the outline that reaches the click, at most `most`.
double Moving::roomAtClick(double most) const {
    Index reach;
    for (int k = 0; k < 3; ++k) reach[k] = std::int64_t(most / click_.spacing[k]);
    const Box around = Box{click_.at, click_.at + Index{1, 1, 1}}.grown(reach).intersected(distance_.box());
    double room = 0;
    for (std::int64_t z = around.begin.z; z < around.end.z; ++z)
        for (std::int64_t y = around.begin.y; y < around.end.y; ++y)
            for (std::int64_t x = around.begin.x; x < around.end.x; ++x) {
                const Vec3 d{double(z - click_.at.z) * click_.spacing.z, double(y - click_.at.y) * click_.spacing.y,
                             double(x - click_.at.x) * click_.spacing.x};
                if (const double ball = std::min(most, double(distance_(z, y, x))); ball > room && length(d) < ball)
                    room = ball;
            }
    return room;
}

double Moving::shareNeeded() const {
    const double room = std::clamp(roomAtClick(roomy * by_) / by_, tight, roomy);
    const double needed = whereTight + (whereRoomy - whereTight) * (room - tight) / (roomy - tight);
    return by_ > layer ? needed : std::max(needed, whereLayer);
}

// How far the outline near a voxel moves, where only the piece at the click does.
Volume<float> Moving::movesBy() const {
    const Index n = click_.mask.shape();
    Volume<float> weight(n), wrong(n);
    const double sigma = std::max(1.0, 0.5 * by_);
    for (const Place& p : places_) ++weight.data()[p.voxel], wrong.data()[p.voxel] += float(telling_ ? p.wrong : -1);
    Volume<float> around = weight;
    spread(wrong, sigma), spread(around, sigma);
    Volume<std::uint8_t> piece(n);
    const double broad = roomAtClick(roomy * by_) < roomy * by_ ? 0 : patchWidth * click_.halfWidth;
    const double patch = std::max({1.0, core * by_, broad});
    for (const Place& p : places_) {
        const double d = length(lengths(p.at, places_[nearest_].at));
        const bool faces = dot(p.across, places_[nearest_].across) > facing;
        if ((d <= patch && faces) || (d <= farthest * by_ && wrong.data()[p.voxel] > 0)) piece.data()[p.voxel] = 1;
    }
    const measure::Components pieces = measure::connectedComponents(piece, 26, false, job_);
    const std::int32_t mine = pieces.labels.data()[places_[nearest_].voxel];
    Volume<float> moves(n);
    for (std::int64_t i = 0; i < n.count(); ++i)
        if (weight.data()[i] > 0 && pieces.labels.data()[i] == mine) moves.data()[i] = weight.data()[i];
    spread(moves, sigma);
    for (std::int64_t i = 0; i < n.count(); ++i)
        moves.data()[i] = around.data()[i] > 1e-6f ? float(by_) * moves.data()[i] / around.data()[i] : 0;
    return moves;
}

OutlineMove Moving::run() {
    findPlaces();
    OutlineMove move;
    if (places_.empty()) return move;
    judge();
    move.allRound = telling_ && !click_.settled && by_ < mostMove * click_.halfWidth && share_ > shareNeeded();
    move.belief = move.allRound ? share_ : 1 - share_;
    const Volume<float> by = move.allRound ? Volume<float>(distance_.shape(), float(by_)) : movesBy();
    for (std::int64_t i = 0; i < distance_.size(); ++i)
        if (distance_.data()[i] > 0 && distance_.data()[i] < by.data()[i]) move.voxels.push_back(std::int32_t(i));
    return move;
}

}  // namespace

Volume<float> distanceToOutline(const OutlineClick& click, Job& job) {
    const Index n = click.mask.shape();
    Volume<std::uint8_t> wrong(n);
    for (std::int64_t i = 0; i < wrong.size(); ++i) wrong.data()[i] = click.mask.data()[i] == click.mask[click.at];
    const Box box = boxOf(wrong).grown({1, 1, 1}).intersected(wrong.box());
    const Volume<float> centres = measure::distanceTransform(crop(wrong, box), click.spacing, false, job);
    Volume<float> result(n);
    const Index m = box.extent();
    const Vec3 perStep{1 / click.spacing.z, 1 / click.spacing.y, 1 / click.spacing.x};
    parallelFor(m.z, job, [&](std::int64_t z) {
        forEachVoxel(Box{{z, 0, 0}, {z + 1, m.y, m.x}}, [&](Index v) {
            const float* centre = centres.data() + centres.offset(v);
            float& distance = result[v + box.begin];
            distance = *centre;
            if (distance <= 0 || !std::isfinite(distance)) return;
            double half = 0.5;  // of a voxel, in the direction of the outline
            if (!click.thick) {
                Vec3 slope;
                double steepest = 0;  // in voxels
                for (int k = 0; k < 3; ++k) {
                    const std::int64_t before = v[k] > 0, after = v[k] + 1 < m[k], stride = centres.stride(k);
                    const float rise = centre[after * stride] - centre[-before * stride];
                    slope[k] = rise * perStep[k] * (before + after == 2 ? 0.5 : 1);
                    steepest = std::max(steepest, std::abs(slope[k]) * perStep[k]);
                }
                if (steepest > 1e-6) half = 0.5 * length(slope) / steepest;
            }
            distance = std::max(0.01f, float(distance - half));
        });
    });
    return result;
}

OutlineMove moveOutline(const OutlineClick& click, const Volume<float>& distance, Job& job) {
    return Moving(click, distance, job).run();
}

}  // namespace fovea::segment

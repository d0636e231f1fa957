#include "segment/section_step.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "segment/filters.h"

namespace fovea::segment {
namespace {

constexpr double leastStructure = 0.05;  // correlation of neighbouring pixels below which there is only noise
constexpr std::int64_t fewestPairs = 16;
const Index block{16, 160, 160};

// Sums over pairs of places within one section, or in two neighbouring ones.
struct Pairs {
    double count = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0;
    void add(double u, double v) { ++count, a += u, b += v, aa += u * u, bb += v * v, ab += u * v; }
};

// Correlation between places `apart` from one another, every section weighed by its own contrast.
double correlation(const Volume<float>& image, Index apart, double low, double high) {
    const Index n = image.shape();
    double shared = 0, spread = 0;
    for (std::int64_t z = 0; z + apart.z < n.z; ++z) {
        Pairs pairs;
        for (std::int64_t y = 0; y + apart.y < n.y; ++y) {
            const float* u = image.data() + image.offset(z, y, 0);
            const float* v = image.data() + image.offset(z + apart.z, y + apart.y, apart.x);
            for (std::int64_t x = 0; x + apart.x < n.x; ++x)
                if (std::isfinite(u[x]) && std::isfinite(v[x]))
                    pairs.add(std::clamp<double>(u[x], low, high) - low, std::clamp<double>(v[x], low, high) - low);
        }
        if (pairs.count < fewestPairs) continue;
        shared += pairs.ab - pairs.a * pairs.b / pairs.count;
        spread += std::sqrt(std::max(0.0, pairs.aa - pairs.a * pairs.a / pairs.count) *
                            std::max(0.0, pairs.bb - pairs.b * pairs.b / pairs.count));
    }
    return spread > 0 ? shared / spread : 0;
}

Box middleOf(Index shape) {
    Box middle;
    for (int axis = 0; axis < 3; ++axis) {
        const std::int64_t size = std::min(shape[axis], block[axis]);
        middle.begin[axis] = (shape[axis] - size) / 2;
        middle.end[axis] = middle.begin[axis] + size;
    }
    return middle;
}

}  // namespace

double sectionStep(const Volume<float>& image, Job& job) {
    static constexpr std::array<std::int64_t, 12> distances{1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32};
    const Index n = image.shape();
    if (n.z < 2) return 1;
    const std::vector<double> grey = quantiles(image, {0.002, 0.998});
    if (!(grey[1] > grey[0])) return 1;
    const double across = correlation(image, {1, 0, 0}, grey[0], grey[1]);
    double before = 1, reached = 1;
    for (const std::int64_t d : distances) {
        if (2 * d > std::min(n.y, n.x)) break;
        job.check();
        const double here =
            0.5 * (correlation(image, {0, d, 0}, grey[0], grey[1]) + correlation(image, {0, 0, d}, grey[0], grey[1]));
        if (d == 1 && here < leastStructure) return 1;
        if (here <= across) return d == 1 ? 1 : reached + (double(d) - reached) * (before - across) / (before - here);
        before = here, reached = double(d);
    }
    return reached;
}

double sectionStepInTheMiddle(const Volume<float>& image, Job& job) {
    return sectionStep(crop(image, middleOf(image.shape())), job);
}

double sectionStepInTheMiddle(const ImageSource& image, Job& job) {
    return sectionStep(image.readAs<float>(middleOf(image.info().shape())), job);
}

}  // namespace fovea::segment

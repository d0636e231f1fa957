#include "measure/distance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/parallel.h"

namespace fovea::measure {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// Distances along x, squared: two sweeps.
void sweepRow(const std::uint8_t* mask, float* out, std::int64_t n, double step, bool border) {
    float steps = border ? 1.0f : infinity;
    for (std::int64_t x = 0; x < n; ++x, steps += 1) {
        if (!mask[x]) steps = 0;
        out[x] = steps;
    }
    steps = border ? 1.0f : infinity;
    for (std::int64_t x = n - 1; x >= 0; --x, steps += 1) {
        if (!mask[x]) steps = 0;
        const double distance = std::min(out[x], steps) * step;
        out[x] = float(distance * distance);
    }
}

// Scratch for one line: the parabolas of the lower envelope and where each takes over.
struct Envelope {
    explicit Envelope(std::int64_t n) : at(std::size_t(n + 2)), from(std::size_t(n + 2)), height(std::size_t(n + 2)) {}
    std::vector<double> at, from, height;
    std::int64_t count = 0;

    // Parabola height + (x − position)²; positions ascend.
    void add(double position, double h) {
        if (h == infinity) return;
        while (count > 0) {
            const double other = at[count - 1];
            const double cross =
                ((h + position * position) - (height[count - 1] + other * other)) / (2 * (position - other));
            if (cross > from[count - 1]) {
                from[count] = cross;
                break;
            }
            --count;
        }
        if (count == 0) from[0] = -std::numeric_limits<double>::infinity();
        at[count] = position;
        height[count] = h;
        ++count;
    }
};

// One line of n values `stride` apart, in place: squared distances take in this axis.
void liftLine(float* line, std::int64_t n, std::int64_t stride, double step, bool border, Envelope& envelope) {
    envelope.count = 0;
    if (border) envelope.add(-step, 0);
    for (std::int64_t i = 0; i < n; ++i) envelope.add(double(i) * step, line[i * stride]);
    if (border) envelope.add(double(n) * step, 0);
    if (envelope.count == 0) return;
    for (std::int64_t i = 0, k = 0; i < n; ++i) {
        const double position = double(i) * step;
        while (k + 1 < envelope.count && envelope.from[k + 1] < position) ++k;
        const double away = position - envelope.at[k];
        line[i * stride] = float(away * away + envelope.height[k]);
    }
}

}  // namespace

Volume<float> distanceTransform(const Volume<std::uint8_t>& mask, Vec3 spacing, bool borderIsBackground, Job& job) {
    for (int axis = 0; axis < 3; ++axis)
        if (!(spacing[axis] > 0) || !std::isfinite(spacing[axis]))
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("A voxel spacing of {value} cannot be measured with; give a positive number."),
                         {{"value", std::to_string(spacing[axis])}}});
    const Index shape = mask.shape();
    Volume<float> result(shape);
    result.geometry = mask.geometry;
    if (result.empty()) return result;
    const bool border = borderIsBackground;
    parallelFor(shape.z, job, [&](std::int64_t z) {
        Envelope envelope(shape.y);
        for (std::int64_t y = 0; y < shape.y; ++y)
            sweepRow(mask.data() + mask.offset(z, y, 0), result.data() + result.offset(z, y, 0), shape.x, spacing.x,
                     border);
        for (std::int64_t x = 0; x < shape.x; ++x)
            liftLine(result.data() + result.offset(z, 0, x), shape.y, shape.x, spacing.y, border, envelope);
    });
    // A volume of one slice has no faces along z for the border to lie beyond.
    const bool borderZ = border && shape.z > 1;
    parallelFor(shape.y, job, [&](std::int64_t y) {
        Envelope envelope(shape.z);
        // Lines along z jump by whole slices: gather 16 neighbours, so that each cache line is fetched once.
        constexpr std::int64_t width = 16;
        std::vector<float> block(std::size_t(shape.z * width));
        for (std::int64_t x0 = 0; x0 < shape.x; x0 += width) {
            const std::int64_t n = std::min(width, shape.x - x0);
            for (std::int64_t z = 0; z < shape.z; ++z)
                std::copy_n(result.data() + result.offset(z, y, x0), n, block.data() + z * width);
            for (std::int64_t i = 0; i < n; ++i)
                liftLine(block.data() + i, shape.z, width, spacing.z, borderZ, envelope);
            float* out = nullptr;
            for (std::int64_t z = 0; z < shape.z; ++z) {
                out = result.data() + result.offset(z, y, x0);
                for (std::int64_t i = 0; i < n; ++i) out[i] = std::sqrt(block[std::size_t(z * width + i)]);
            }
        }
    });
    return result;
}

}  // namespace fovea::measure

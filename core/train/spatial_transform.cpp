#include "train/spatial_transform.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <tuple>

namespace fovea::train {

namespace {

using Matrix = std::array<double, 9>;

Matrix product(const Matrix& a, const Matrix& b) {
    Matrix c{};
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j)
            for (std::size_t k = 0; k < 3; ++k) c[3 * i + j] += a[3 * i + k] * b[3 * k + j];
    return c;
}

// Turns axes a and b, a first.
Matrix turn(std::size_t a, std::size_t b, double angle) {
    Matrix m{1, 0, 0, 0, 1, 0, 0, 0, 1};
    m[3 * a + a] = m[3 * b + b] = std::cos(angle);
    m[3 * a + b] = -std::sin(angle);
    m[3 * b + a] = std::sin(angle);
    return m;
}

Vec3 centre(Index n) { return {double(n.z - 1) / 2, double(n.y - 1) / 2, double(n.x - 1) / 2}; }

// One output row: positions start + x · step.
struct Row {
    Vec3 start, step;
    Vec3 at(std::int64_t x) const {
        const double d = double(x);
        return {start.z + d * step.z, start.y + d * step.y, start.x + d * step.x};
    }
};

// The part of a row all of whose cells lie in an input of shape n, on axes from `firstAxis` on.
std::pair<std::int64_t, std::int64_t> insidePart(const Row& row, Index n, std::int64_t count, int firstAxis) {
    double first = 0, last = double(count) - 1;
    for (int a = firstAxis; a < 3; ++a) {
        const double most = double(n[a] - 1), s = row.step[a], p = row.start[a];
        if (s == 0) continue;
        first = std::max(first, std::ceil((s > 0 ? -p : most - p) / s));
        last = std::min(last, std::floor((s > 0 ? most - p : -p) / s));
    }
    const auto inside = [&](double x) {
        const Vec3 v = row.at(std::int64_t(x));
        for (int a = firstAxis; a < 3; ++a)
            if (!(v[a] >= 0 && v[a] < double(n[a] - 1))) return false;
        return true;
    };
    while (first <= last && !inside(first)) ++first;  // the divisions round, and steps of 0 were not looked at
    while (first <= last && !inside(last)) --last;
    if (first > last) return {0, 0};
    return {std::int64_t(first), std::int64_t(last) + 1};
}

// Voxel below and distance from it on one axis.
struct Between {
    std::int64_t low;
    float share;
    explicit Between(double v) : low(std::int64_t(v)), share(float(v - double(low))) {
        if (v < double(low)) --low, share = float(v - double(low));
    }
    bool upper() const { return share > 0.5f || (share == 0.5f && low % 2 != 0); }  // half-way: the even voxel
};

// The cell around a position: the offset of each of its corners (−1 outside of the input), and the corners' shares.
// Bits 2, 1, 0 of a corner's number: upper z, y, x.
struct Cell {
    Between z, y, x;
    Index n;

    Cell(const Vec3& v, Index shape) : z(v.z), y(v.y), x(v.x), n(shape) {}
    std::int64_t offset(int k) const {
        const std::int64_t iz = z.low + (k >> 2), iy = y.low + (k >> 1 & 1), ix = x.low + (k & 1);
        const bool inside = iz >= 0 && iy >= 0 && ix >= 0 && iz < n.z && iy < n.y && ix < n.x;
        return inside ? (iz * n.y + iy) * n.x + ix : -1;
    }
    float share(int k) const {
        return (k & 4 ? z.share : 1 - z.share) * (k & 2 ? y.share : 1 - y.share) * (k & 1 ? x.share : 1 - x.share);
    }
    int nearest() const { return (z.upper() ? 4 : 0) + (y.upper() ? 2 : 0) + (x.upper() ? 1 : 0); }
};

float mix(float a, float b, float share) { return a + share * (b - a); }

// Where a row looks: cells (offset of the lowest corner) and distances from it for x in [first, last), whose cells lie
// in the input. `flat`: the row stays on one section of the input; z is then left out of the offsets.
struct RowPlan {
    Row row;
    bool flat = false;
    std::int64_t first = 0, last = 0;
    std::vector<std::int64_t> cell;
    std::vector<float> z, y, x;

    explicit RowPlan(std::int64_t count) : cell(count), z(count), y(count), x(count) {}
    void make(Index n) {
        std::tie(first, last) = insidePart(row, n, std::int64_t(cell.size()), flat ? 1 : 0);
        for (std::int64_t i = first; i < last; ++i) {
            const Vec3 v = row.at(i);
            const std::int64_t iz = flat ? 0 : std::int64_t(v.z), iy = std::int64_t(v.y), ix = std::int64_t(v.x);
            cell[i] = (iz * n.y + iy) * n.x + ix;
            z[i] = float(v.z - double(iz)), y[i] = float(v.y - double(iy)), x[i] = float(v.x - double(ix));
        }
    }
};

// Calls f(plan, section, out) for all rows: section = offset of the input's section a flat row is on, out = offset of
// the row in the patch. What is in plane is planned once for all sections.
template <class F>
void forEachRow(const AffineMap& map, Index n, Index patch, F&& f) {
    const Matrix& m = map.matrix;
    const double corner = map.at({0, 0, 0}).z;
    RowPlan plan(patch.x);
    plan.flat = std::abs(m[0]) == 1 && m[1] == 0 && m[2] == 0 && m[3] == 0 && m[6] == 0 && corner == std::floor(corner);
    plan.row.step = {m[2], m[5], m[8]};
    for (std::int64_t y = 0; y < patch.y; ++y)
        for (std::int64_t z = 0; z < patch.z; ++z) {
            plan.row.start = map.at({z, y, 0});
            if (!plan.flat || z == 0) plan.make(n);
            const std::int64_t section = plan.flat ? std::int64_t(plan.row.start.z) : 0;
            const bool outside = plan.flat && (section < 0 || section >= n.z);
            const std::int64_t kept = plan.last;
            if (outside) plan.last = plan.first;
            f(plan, section * n.y * n.x, (z * patch.y + y) * patch.x);
            plan.last = kept;
        }
}

// Calls edge(x) for the parts of a row beside the input.
template <class Edge>
void alongEdges(const RowPlan& plan, std::int64_t count, Edge&& edge) {
    for (std::int64_t x = 0; x < plan.first; ++x) edge(x);
    for (std::int64_t x = plan.last; x < count; ++x) edge(x);
}

// Half precision of a number between 2^-14 and 65504.
float inHalf(float x) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
    return std::bit_cast<float>((bits + 0xFFFu + (bits >> 13 & 1u)) & ~0x1FFFu);
}

std::int32_t votedSource(const LabelVolume& labels, const Cell& cell) {
    struct Party {
        std::int16_t label;
        float mask, best;  // all shares; the largest one,
        std::int64_t at;   // and where it comes from
    } parties[8];
    int count = 0;
    const int nearest = cell.nearest();
    std::int16_t close = -1;
    const int corners = cell.z.share == 0 ? 4 : 8;
    for (int k = 0; k < corners; ++k) {
        const float share = cell.share(k);
        if (share == 0) continue;
        const std::int64_t at = cell.offset(k);
        const std::int16_t label = at < 0 ? std::int16_t(-1) : labels.data()[at];
        if (k == nearest) close = label;
        int j = 0;
        while (j < count && parties[j].label != label) ++j;
        if (j == count) parties[count++] = {label, 0, 0, at};
        Party& party = parties[j];
        party.mask += share;
        if (share > party.best) party.best = share, party.at = at;
    }
    const Party* winner = nullptr;
    float most = -1;
    for (const Party* p = parties; p != parties + count; ++p) {
        const float mask = inHalf(1000 * p->mask);
        const bool preferred = winner && winner->label != close && (p->label == close || p->label < winner->label);
        if (mask > most || (mask == most && preferred)) most = mask, winner = p;
    }
    return winner->label < 0 ? -1 : std::int32_t(winner->at);
}

std::int32_t nearestSource(const LabelVolume& labels, const Vec3& v) {
    const Index n = labels.shape(), i{std::int64_t(std::floor(v.z + 0.5)), std::int64_t(std::floor(v.y + 0.5)),
                                      std::int64_t(std::floor(v.x + 0.5))};
    if (!labels.box().contains(i)) return -1;
    const std::int64_t at = (i.z * n.y + i.y) * n.x + i.x;
    return labels.data()[at] < 0 ? -1 : std::int32_t(at);
}

}  // namespace

Vec3 AffineMap::at(Index v) const {
    const double z = double(v.z) - to.z, y = double(v.y) - to.y, x = double(v.x) - to.x;
    return {from.z + matrix[0] * z + matrix[1] * y + matrix[2] * x,
            from.y + matrix[3] * z + matrix[4] * y + matrix[5] * x,
            from.x + matrix[6] * z + matrix[7] * y + matrix[8] * x};
}

AffineMap turnedAndScaled(Vec3 angles, Vec3 scale, Index input, Index patch) {
    const Matrix turned = product(turn(0, 1, angles.x), product(turn(2, 0, angles.y), turn(1, 2, angles.z)));
    return {product(turned, {scale.z, 0, 0, 0, scale.y, 0, 0, 0, scale.x}), centre(input), centre(patch)};
}

AffineMap mirroredFirst(AffineMap map, const std::array<bool, 3>& mirror, bool transpose) {
    for (std::size_t row = 0; row < 9; row += 3) {
        if (transpose) std::swap(map.matrix[row + 1], map.matrix[row + 2]);
        for (std::size_t a = 0; a < 3; ++a)
            if (mirror[a]) map.matrix[row + a] = -map.matrix[row + a];
    }
    return map;
}

Volume<float> sampledLinearly(const Volume<float>& input, const AffineMap& map, Index patch) {
    Volume<float> result(patch);
    const Index n = input.shape();
    const std::int64_t down = n.x, deep = n.y * n.x;
    forEachRow(map, n, patch, [&](const RowPlan& plan, std::int64_t section, std::int64_t at) {
        float* out = result.data() + at;
        const float* from = input.data() + section;
        const auto plane = [&](const float* p, std::int64_t i) {
            return mix(mix(p[0], p[1], plan.x[i]), mix(p[down], p[down + 1], plan.x[i]), plan.y[i]);
        };
        if (plan.flat)
            for (std::int64_t i = plan.first; i < plan.last; ++i) out[i] = plane(from + plan.cell[i], i);
        else
            for (std::int64_t i = plan.first; i < plan.last; ++i)
                out[i] = mix(plane(from + plan.cell[i], i), plane(from + plan.cell[i] + deep, i), plan.z[i]);
        alongEdges(plan, patch.x, [&](std::int64_t x) {
            const Cell cell(plan.row.at(x), n);
            float sum = 0;
            for (int k = 0; k < 8; ++k)
                if (cell.share(k) > 0 && cell.offset(k) >= 0) sum += cell.share(k) * input.data()[cell.offset(k)];
            out[x] = sum;
        });
    });
    return result;
}

std::vector<std::int32_t> labelSources(const LabelVolume& labels, const AffineMap& map, Index patch, LabelRule rule) {
    if (labels.size() > std::numeric_limits<std::int32_t>::max())
        throw Error(ErrorKind::Internal, "a training window of 2^31 voxels and more");
    std::vector<std::int32_t> sources(std::size_t(patch.count()));
    const Index n = labels.shape();
    const std::int64_t down = n.x, deep = n.y * n.x;
    forEachRow(map, n, patch, [&](const RowPlan& plan, std::int64_t section, std::int64_t at) {
        std::int32_t* out = sources.data() + at;
        const std::int64_t next = plan.flat ? 0 : deep;
        if (rule == LabelRule::Nearest) {
            for (std::int64_t i = plan.first; i < plan.last; ++i) {
                const std::int64_t from = section + plan.cell[i] + (plan.z[i] >= 0.5f ? next : 0) +
                                          (plan.y[i] >= 0.5f ? down : 0) + (plan.x[i] >= 0.5f);
                out[i] = labels.data()[from] < 0 ? -1 : std::int32_t(from);
            }
            alongEdges(plan, patch.x, [&](std::int64_t x) { out[x] = nearestSource(labels, plan.row.at(x)); });
            return;
        }
        const auto vote = [&](std::int64_t x) { out[x] = votedSource(labels, Cell(plan.row.at(x), n)); };
        for (std::int64_t i = plan.first; i < plan.last; ++i) {  // most cells hold one label only
            const std::int16_t* l = labels.data() + section + plan.cell[i];
            const std::int16_t *m = l + next, one = l[0];
            if (l[1] == one && l[down] == one && l[down + 1] == one && m[0] == one && m[1] == one && m[down] == one &&
                m[down + 1] == one)
                out[i] = one < 0 ? -1 : std::int32_t(section + plan.cell[i]);
            else
                vote(i);
        }
        alongEdges(plan, patch.x, vote);
    });
    return sources;
}

LabelVolume sampledLabels(const LabelVolume& labels, const AffineMap& map, Index patch, LabelRule rule) {
    const std::vector<std::int32_t> sources = labelSources(labels, map, patch, rule);
    LabelVolume result(patch);
    for (std::size_t i = 0; i < sources.size(); ++i)
        result.data()[i] = sources[i] < 0 ? std::int16_t(-1) : labels.data()[sources[i]];
    return result;
}

}  // namespace fovea::train

#include <algorithm>
#include <cmath>
#include <numbers>

#include "segment/star_surface.h"

namespace fovea::segment {
namespace {

constexpr double pi = std::numbers::pi;
constexpr int onCircle = 96, onSphere = 642, neighbours = 6;
constexpr double fades = 0.55;  // radians over which a local pull dies away
constexpr double noise = 0.1;   // of a pull, as a share of its strength

double dot(Vec3 a, Vec3 b) { return a.z * b.z + a.y * b.y + a.x * b.x; }

Vec3 fromGrid(double row, double column, int rows, int columns) {
    const double along = 2 * pi * (column + 0.5) / columns;
    if (rows == 1) return {0, std::sin(along), std::cos(along)};
    const double polar = pi * (row + 0.5) / rows;
    return {std::cos(polar), std::sin(polar) * std::sin(along), std::sin(polar) * std::cos(along)};
}

std::vector<int> nearest(const std::vector<Vec3>& unit, Vec3 to, int count) {
    std::vector<std::pair<double, int>> order;
    for (int i = 0; i < int(unit.size()); ++i) order.push_back({-dot(unit[i], to), i});
    std::partial_sort(order.begin(), order.begin() + count, order.end());
    std::vector<int> result;
    for (int i = 0; i < count; ++i) result.push_back(order[i].second);
    return result;
}

Directions make(bool flat) {
    Directions d;
    d.flat = flat;
    const int count = flat ? onCircle : onSphere;
    const double golden = pi * (3 - std::sqrt(5.0));
    for (int i = 0; i < count; ++i) {
        if (flat) {
            d.unit.push_back(fromGrid(0, i, 1, count));
            continue;
        }
        const double z = 1 - (2 * i + 1.0) / count, ring = std::sqrt(1 - z * z);  // Fibonacci's spiral
        d.unit.push_back({z, ring * std::sin(golden * i), ring * std::cos(golden * i)});
    }
    // Mutual, so that messages go both ways.
    d.beside.resize(std::size_t(count));
    const auto join = [&](int i, int j) {
        if (std::find(d.beside[i].begin(), d.beside[i].end(), j) == d.beside[i].end()) d.beside[i].push_back(j);
    };
    for (int i = 0; i < count; ++i)
        for (int j : nearest(d.unit, d.unit[i], (flat ? 2 : neighbours) + 1))
            if (j != i) join(i, j), join(j, i);
    d.rows = flat ? 1 : 48, d.columns = flat ? 192 : 96;
    for (int r = 0; r < d.rows; ++r)
        for (int c = 0; c < d.columns; ++c) {
            const Vec3 at = fromGrid(r, c, d.rows, d.columns);
            const std::vector<int> three = nearest(d.unit, at, flat ? 2 : 3);
            std::array<int, 3> ids{three[0], three[1], three.back()};
            std::array<float, 3> w{0, 0, 0};
            float sum = 0;
            for (std::size_t k = 0; k < three.size(); ++k)
                sum += w[k] = float(1 / (1e-3 + std::acos(std::clamp(dot(at, d.unit[three[k]]), -1.0, 1.0))));
            for (float& v : w) v /= sum;
            d.near.push_back(ids), d.weight.push_back(w);
        }
    return d;
}

// Solves a·x = b for a symmetric positive definite matrix of a few rows.
std::vector<double> solve(std::vector<std::vector<double>> a, std::vector<double> b) {
    const std::size_t n = b.size();
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t r = i + 1; r < n; ++r) {
            const double f = a[r][i] / a[i][i];
            for (std::size_t c = i; c < n; ++c) a[r][c] -= f * a[i][c];
            b[r] -= f * b[i];
        }
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t c = i + 1; c < n; ++c) b[i] -= a[i][c] * b[c];
        b[i] /= a[i][i];
    }
    return b;
}

}  // namespace

const Directions& directions(bool flat) {
    static const Directions circle = make(true), sphere = make(false);
    return flat ? circle : sphere;
}

StarBody::StarBody(const Directions& d, Index centre, Vec3 spacing, std::vector<float> radius)
    : directions_(&d), centre_(centre), spacing_(spacing), radius_(std::move(radius)) {
    fillTable();
}

void StarBody::fillTable() {
    table_.resize(directions_->near.size());
    for (std::size_t i = 0; i < table_.size(); ++i) {
        table_[i] = 0;
        for (int k = 0; k < 3; ++k) table_[i] += directions_->weight[i][k] * radius_[directions_->near[i][k]];
    }
}

Vec3 StarBody::offset(Index v) const {
    return {double(v.z - centre_.z) * spacing_.z, double(v.y - centre_.y) * spacing_.y,
            double(v.x - centre_.x) * spacing_.x};
}

double StarBody::distance(Index v) const {
    const Vec3 o = offset(v);
    return std::sqrt(dot(o, o));
}

double StarBody::reach(Index v) const {
    const Vec3 o = offset(v);
    return lookUp(o, std::sqrt(dot(o, o)));
}

// Between the cells of the table.
double StarBody::lookUp(Vec3 o, double length) const {
    const int rows = directions_->rows, columns = directions_->columns;
    if (length <= 0) return table_[0];
    double c = std::atan2(o.y, o.x) / (2 * pi) * columns - 0.5;
    if (c < 0) c += columns;
    const int c0 = int(c) % columns, c1 = (c0 + 1) % columns;
    const float fc = float(c - std::floor(c));
    const double r = rows == 1 ? 0 : std::clamp(std::acos(o.z / length) / pi * rows - 0.5, 0.0, rows - 1.0);
    const int r0 = int(r), r1 = std::min(r0 + 1, rows - 1);
    const float fr = float(r - r0);
    const auto at = [&](int row, int column) { return table_[std::size_t(row) * columns + column]; };
    return (1 - fr) * ((1 - fc) * at(r0, c0) + fc * at(r0, c1)) + fr * ((1 - fc) * at(r1, c0) + fc * at(r1, c1));
}

Volume<std::uint8_t> StarBody::mask(Index shape) const {
    Volume<std::uint8_t> result(shape);
    const double most = *std::max_element(radius_.begin(), radius_.end());
    const double least = *std::min_element(radius_.begin(), radius_.end());
    Box box;
    for (int k = 0; k < 3; ++k) {
        const auto r = std::int64_t(most / spacing_[k]) + 1;
        box.begin[k] = std::max<std::int64_t>(0, centre_[k] - r);
        box.end[k] = std::min(shape[k], centre_[k] + r + 1);
    }
    for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
        for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
            for (std::int64_t x = box.begin.x; x < box.end.x; ++x) {
                const Vec3 o = offset({z, y, x});
                const double d = std::sqrt(dot(o, o));
                if (d <= least || (d <= most && d <= lookUp(o, d))) result(z, y, x) = 1;
            }
    return result;
}

StarBody StarBody::moved(const std::vector<Pull>& pulls, double common) const {
    if (pulls.empty()) return *this;
    std::vector<Vec3> to;
    std::vector<double> by;
    for (const Pull& p : pulls) {
        Vec3 o = offset(p.at);
        const double length = std::max(1e-6, std::sqrt(dot(o, o)));
        to.push_back({o.z / length, o.y / length, o.x / length});
        by.push_back(p.by);
    }
    const auto alike = [&](Vec3 a, Vec3 b) {
        const double angle = std::acos(std::clamp(dot(a, b), -1.0, 1.0));
        return common + (1 - common) * std::exp(-0.5 * angle * angle / (fades * fades));
    };
    std::vector<std::vector<double>> k(to.size(), std::vector<double>(to.size()));
    for (std::size_t i = 0; i < to.size(); ++i)
        for (std::size_t j = 0; j < to.size(); ++j) k[i][j] = alike(to[i], to[j]) + (i == j ? noise : 0);
    const std::vector<double> weight = solve(k, by);
    std::vector<float> radius = radius_;
    for (std::size_t i = 0; i < radius.size(); ++i) {
        double change = 0;
        for (std::size_t j = 0; j < to.size(); ++j) change += weight[j] * alike(directions_->unit[i], to[j]);
        radius[i] = std::max(0.5f, float(radius[i] + change));
    }
    return {*directions_, centre_, spacing_, std::move(radius)};
}

}  // namespace fovea::segment

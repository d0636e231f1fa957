#include "labels/surface.h"

#include <array>
#include <cmath>
#include <limits>

namespace fovea::labels {

namespace {

// Share of each (coarse) cell that is the object, with one empty cell around.
struct Occupancy {
    Volume<float> share;
    Index factor{1, 1, 1};
    Index first;  // voxel where cell (1, 1, 1) begins
};

Index coarsening(Index extent, std::int64_t mostCells) {
    Index factor{1, 1, 1};
    const auto cells = [&](int axis) { return (extent[axis] + factor[axis] - 1) / factor[axis]; };
    while (cells(0) * cells(1) * cells(2) > mostCells) {
        int longest = 0;
        for (int axis = 1; axis < 3; ++axis)
            if (cells(axis) > cells(longest)) longest = axis;
        if (cells(longest) == 1) break;
        ++factor[longest];
    }
    return factor;
}

void addSlab(Occupancy& grid, const Volume<std::int32_t>& labels, Index origin, ObjectId id, float weight) {
    const Index n = labels.shape();
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            const std::int32_t* row = labels.data() + labels.offset(z, y, 0);
            float* out = grid.share.data() + grid.share.offset(1 + (origin.z + z - grid.first.z) / grid.factor.z,
                                                               1 + (origin.y + y - grid.first.y) / grid.factor.y, 1);
            if (grid.factor.x == 1)
                for (std::int64_t x = 0; x < n.x; ++x) out[x] += row[x] == id ? weight : 0;
            else
                for (std::int64_t x = 0; x < n.x; ++x) out[x / grid.factor.x] += row[x] == id ? weight : 0;
        }
}

Occupancy occupancy(const LabelLayer& layer, ObjectId id, const Box& region, std::int64_t mostCells, Job& job) {
    Occupancy grid;
    grid.factor = coarsening(region.extent(), mostCells);
    grid.first = region.begin;
    const Index n = region.extent(), f = grid.factor;
    grid.share = Volume<float>({(n.z + f.z - 1) / f.z + 2, (n.y + f.y - 1) / f.y + 2, (n.x + f.x - 1) / f.x + 2});
    const float weight = 1.0f / float(f.count());
    const std::int64_t depth = std::max<std::int64_t>(1, (std::int64_t(1) << 22) / (n.y * n.x));
    for (std::int64_t z = region.begin.z; z < region.end.z; z += depth) {
        job.check();
        Box slab = region;
        slab.begin.z = z;
        slab.end.z = std::min(z + depth, region.end.z);
        addSlab(grid, layer.read(slab), slab.begin, id, weight);
    }
    return grid;
}

// One pass of (1 2 1)/4 along each axis; the rim of empty cells stays.
void blur(Volume<float>& v) {
    const Index n = v.shape();
    const std::int64_t strides[3] = {n.y * n.x, n.x, 1};
    Volume<float> out = v;
    for (const std::int64_t stride : strides) {
        for (std::int64_t z = 1; z + 1 < n.z; ++z)
            for (std::int64_t y = 1; y + 1 < n.y; ++y) {
                const std::int64_t at = v.offset(z, y, 0);
                const float* in = v.data() + at;
                float* to = out.data() + at;
                for (std::int64_t x = 1; x + 1 < n.x; ++x)
                    to[x] = 0.25f * (in[x - stride] + in[x + stride]) + 0.5f * in[x];
            }
        std::swap(v, out);
    }
}

void smoothen(Volume<float>& share) {
    constexpr float margin = 0.05f;
    const Volume<float> before = share;
    blur(share);
    blur(share);
    for (std::int64_t i = 0; i < share.size(); ++i) {
        float& now = share.data()[i];
        now = before.data()[i] >= 0.5f ? std::max(now, 0.5f + margin) : std::min(now, 0.5f - margin);
    }
}

// Surface nets: one vertex in each cube of eight cells that the surface passes, one quad for each edge it crosses.
class Nets {
  public:
    Nets(const Occupancy& grid, const Geometry& geometry)
        : share_(grid.share), grid_(grid), spacing_(geometry.spacing) {}

    Mesh build(Job& job) {
        const Index n = share_.shape();
        Volume<std::uint32_t> below({1, n.y, n.x}, none), here({1, n.y, n.x}, none);
        for (std::int64_t z = 0; z + 1 < n.z; ++z) {
            job.check();
            std::fill(here.begin(), here.end(), none);
            for (std::int64_t y = 0; y + 1 < n.y; ++y)
                for (std::int64_t x = 0; x + 1 < n.x; ++x) addVertex(z, y, x, here);
            addQuads(z, below, here);
            std::swap(below, here);
        }
        addNormals();
        return std::move(mesh_);
    }

  private:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    bool inside(std::int64_t z, std::int64_t y, std::int64_t x) const { return share_(z, y, x) >= 0.5f; }

    void addVertex(std::int64_t z, std::int64_t y, std::int64_t x, Volume<std::uint32_t>& ids) {
        float corner[8];
        unsigned bits = 0;
        for (unsigned i = 0; i < 8; ++i) {
            corner[i] = share_(z + (i >> 2), y + (i >> 1 & 1), x + (i & 1));
            bits |= unsigned(corner[i] >= 0.5f) << i;
        }
        if (bits == 0 || bits == 255) return;
        double sum[3] = {0, 0, 0};
        int crossings = 0;
        for (unsigned a = 0; a < 8; ++a)
            for (unsigned axis = 0; axis < 3; ++axis) {
                const unsigned b = a | 1u << axis;
                if (b == a || (bits >> a & 1) == (bits >> b & 1)) continue;
                const double t = (0.5 - corner[a]) / (corner[b] - corner[a]);
                for (unsigned k = 0; k < 3; ++k) sum[k] += k == axis ? t : double(a >> k & 1);
                ++crossings;
            }
        ids(0, y, x) = std::uint32_t(mesh_.vertices.size() / 3);
        const double at[3] = {double(x), double(y), double(z)};
        for (int k = 0; k < 3; ++k) {
            // Cell 1 begins at the region's first voxel; values belong to cell centres.
            const double cell = at[k] + sum[k] / crossings - 0.5;
            mesh_.vertices.push_back(
                float((double(grid_.first[2 - k]) + cell * double(grid_.factor[2 - k])) * spacing_[2 - k]));
        }
    }

    void quad(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d, bool flip) {
        if (flip) std::swap(b, d);
        for (const std::uint32_t i : {a, b, c, a, c, d}) mesh_.triangles.push_back(i);
    }

    // Edges that begin at cells of section z; `below` holds the vertices of cubes z − 1.
    void addQuads(std::int64_t z, const Volume<std::uint32_t>& below, const Volume<std::uint32_t>& here) {
        const Index n = share_.shape();
        for (std::int64_t y = 0; y + 1 < n.y; ++y)
            for (std::int64_t x = 0; x + 1 < n.x; ++x) {
                const bool in = inside(z, y, x);
                if (z > 0 && y > 0 && inside(z, y, x + 1) != in)
                    quad(below(0, y - 1, x), below(0, y, x), here(0, y, x), here(0, y - 1, x), !in);
                if (z > 0 && x > 0 && inside(z, y + 1, x) != in)
                    quad(below(0, y, x - 1), here(0, y, x - 1), here(0, y, x), below(0, y, x), !in);
                if (y > 0 && x > 0 && inside(z + 1, y, x) != in)
                    quad(here(0, y - 1, x - 1), here(0, y - 1, x), here(0, y, x), here(0, y, x - 1), !in);
            }
    }

    void addNormals() {
        mesh_.normals.assign(mesh_.vertices.size(), 0.0f);
        for (std::size_t i = 0; i < mesh_.triangles.size(); i += 3) {
            const std::uint32_t* t = &mesh_.triangles[i];
            std::array<float, 3> u, v;
            for (int k = 0; k < 3; ++k) {
                u[k] = mesh_.vertices[t[1] * 3 + k] - mesh_.vertices[t[0] * 3 + k];
                v[k] = mesh_.vertices[t[2] * 3 + k] - mesh_.vertices[t[0] * 3 + k];
            }
            for (int corner = 0; corner < 3; ++corner)
                for (int k = 0; k < 3; ++k)
                    mesh_.normals[t[corner] * 3 + k] +=
                        u[(k + 1) % 3] * v[(k + 2) % 3] - u[(k + 2) % 3] * v[(k + 1) % 3];
        }
        for (std::size_t i = 0; i < mesh_.normals.size(); i += 3) {
            float* n = &mesh_.normals[i];
            const float length = std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
            if (length > 0)
                for (int k = 0; k < 3; ++k) n[k] /= length;
        }
    }

    const Volume<float>& share_;
    const Occupancy& grid_;
    Vec3 spacing_;
    Mesh mesh_;
};

}  // namespace

Mesh objectSurface(const LabelLayer& layer, ObjectId id, const Box& region, const SurfaceOptions& options, Job& job) {
    const Box box = region.intersected(Box::of(layer.shape()));
    if (box.empty() || id == 0) return {};
    Occupancy grid = occupancy(layer, id, box, options.mostCells, job);
    if (options.smooth) smoothen(grid.share);
    return Nets(grid, layer.geometry()).build(job);
}

}  // namespace fovea::labels

#pragma once
#include "data/volume.h"
#include "ui/view/view3d.h"

// Surface of one label by naive surface nets, in µm, x y z: good enough to look at in the demo.
inline fovea::ui::SurfaceMesh demoMesh(const fovea::Volume<std::int32_t>& labels, std::int32_t id,
                                       fovea::Vec3 spacing) {
    using fovea::Index;
    const Index n = labels.shape();
    const auto inside = [&](std::int64_t z, std::int64_t y, std::int64_t x) {
        return z >= 0 && y >= 0 && x >= 0 && z < n.z && y < n.y && x < n.x && labels(z, y, x) == id;
    };
    fovea::Volume<std::int32_t> vertex({n.z + 1, n.y + 1, n.x + 1}, -1);
    fovea::ui::SurfaceMesh mesh;
    for (std::int64_t z = 0; z <= n.z; ++z)
        for (std::int64_t y = 0; y <= n.y; ++y)
            for (std::int64_t x = 0; x <= n.x; ++x) {
                double sum[3] = {0, 0, 0};
                int count = 0, crossings = 0;
                bool corner[8];
                for (int k = 0; k < 8; ++k)
                    corner[k] = inside(z - 1 + (k >> 2), y - 1 + ((k >> 1) & 1), x - 1 + (k & 1)), count += corner[k];
                if (count == 0 || count == 8) continue;
                for (int a = 0; a < 8; ++a)
                    for (const int bit : {1, 2, 4})
                        if (const int b = a | bit; b != a && corner[a] != corner[b]) {
                            sum[0] += ((a & 1) + (b & 1)) / 2.0, sum[1] += (((a >> 1) & 1) + ((b >> 1) & 1)) / 2.0,
                                sum[2] += ((a >> 2) + (b >> 2)) / 2.0;
                            ++crossings;
                        }
                vertex(z, y, x) = std::int32_t(mesh.vertices.size() / 3);
                mesh.vertices.push_back(float((double(x) - 0.5 + sum[0] / crossings) * spacing.x));
                mesh.vertices.push_back(float((double(y) - 0.5 + sum[1] / crossings) * spacing.y));
                mesh.vertices.push_back(float((double(z) - 0.5 + sum[2] / crossings) * spacing.z));
            }
    const auto quad = [&](Index a, Index b, Index c, Index d) {
        const std::uint32_t v[4] = {std::uint32_t(vertex[a]), std::uint32_t(vertex[b]), std::uint32_t(vertex[c]),
                                    std::uint32_t(vertex[d])};
        for (const int k : {0, 1, 2, 0, 2, 3}) mesh.triangles.push_back(v[k]);
    };
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x) {
                if (!inside(z, y, x)) continue;
                if (!inside(z, y, x + 1))
                    quad({z, y, x + 1}, {z, y + 1, x + 1}, {z + 1, y + 1, x + 1}, {z + 1, y, x + 1});
                if (!inside(z, y, x - 1)) quad({z, y, x}, {z + 1, y, x}, {z + 1, y + 1, x}, {z, y + 1, x});
                if (!inside(z, y + 1, x))
                    quad({z, y + 1, x}, {z + 1, y + 1, x}, {z + 1, y + 1, x + 1}, {z, y + 1, x + 1});
                if (!inside(z, y - 1, x)) quad({z, y, x}, {z, y, x + 1}, {z + 1, y, x + 1}, {z + 1, y, x});
                if (!inside(z + 1, y, x))
                    quad({z + 1, y, x}, {z + 1, y, x + 1}, {z + 1, y + 1, x + 1}, {z + 1, y + 1, x});
                if (!inside(z - 1, y, x)) quad({z, y, x}, {z, y + 1, x}, {z, y + 1, x + 1}, {z, y, x + 1});
            }
    return mesh;
}

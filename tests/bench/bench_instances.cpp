#include <algorithm>
#include <cmath>
#include <limits>

#include "base/parallel.h"
#include "base/rng.h"
#include "bench/benches.h"
#include "measure/components.h"
#include "measure/distance.h"
#include "measure/matching.h"
#include "measure/numbering.h"
#include "measure/object_stats.h"
#include "measure/watershed.h"

// Operations on the instances of a 256 × 512 × 512 volume of about 2000 rounded cells: the same file as the peers.
namespace fovea::bench {

namespace {

constexpr Index shape{256, 512, 512};

// Nearest of jittered grid points 32 apart, gaps where two are nearly as close, ids with holes. The peers draw from
// another generator; whichever side runs first makes the file that both read.
tensorfile::Tensor cells() {
    constexpr std::int64_t step = 32, nz = 8, ny = 16, nx = 16;
    Rng rng(5);
    std::vector<Vec3> points;
    std::vector<std::int32_t> ids;
    for (std::int64_t i = 0; i < nz * ny * nx; ++i) {
        const Index at{i / (ny * nx), i / nx % ny, i % nx};
        Vec3 p;
        for (int k = 0; k < 3; ++k) p[k] = double(16 + step * at[k]) + rng.uniform(-10, 10);
        points.push_back(p);
        ids.push_back(std::int32_t(3 * i + 1));
    }
    rng.shuffle(ids);
    std::vector<std::int32_t> values(std::size_t(shape.count()), 0);
    Job job;
    parallelFor(shape.z, job, [&](std::int64_t z) {
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x) {
                double nearest = 1e9, second = 1e9;
                std::int64_t owner = -1;
                for (std::int64_t a = std::max<std::int64_t>(0, z / step - 1); a <= std::min(nz - 1, z / step + 1); ++a)
                    for (std::int64_t b = std::max<std::int64_t>(0, y / step - 1); b <= std::min(ny - 1, y / step + 1);
                         ++b)
                        for (std::int64_t c = std::max<std::int64_t>(0, x / step - 1);
                             c <= std::min(nx - 1, x / step + 1); ++c) {
                            const std::int64_t i = (a * ny + b) * nx + c;
                            const double dz = points[i].z - double(z), dy = points[i].y - double(y),
                                         dx = points[i].x - double(x);
                            const double d = std::sqrt(dz * dz + dy * dy + dx * dx);
                            if (d < nearest)
                                second = nearest, nearest = d, owner = i;
                            else
                                second = std::min(second, d);
                        }
                if (second - nearest > 3 && nearest < 22) values[(z * shape.y + y) * shape.x + x] = ids[owner];
            }
    });
    return tensorfile::Tensor::from({shape.z, shape.y, shape.x}, values);
}

Volume<std::int32_t> labels(Run& run) {
    setThreadCount(run.settings().threads);
    const tensorfile::Tensor file = run.cached("labels_256x512x512_i4", cells);
    if (file.shape != tensorfile::Shape{shape.z, shape.y, shape.x}) return {};
    const std::int32_t* values = file.as<std::int32_t>().data();
    return Volume<std::int32_t>(shape, std::vector<std::int32_t>(values, values + shape.count()));
}

Volume<std::uint8_t> maskOf(const Volume<std::int32_t>& volume) {
    Volume<std::uint8_t> mask(volume.shape());
    std::transform(volume.begin(), volume.end(), mask.begin(), [](std::int32_t v) { return std::uint8_t(v != 0); });
    return mask;
}

Facts facts(nlohmann::json check) {
    Facts result;
    result.work = "256 x 512 x 512, int32 labels";
    result.check = std::move(check);
    result.rates = {{"Mvoxel/s", double(shape.count()) / 1e6}};
    return result;
}

constexpr const char* wrongFile = "the input file holds another volume";

void components(Run& run, int connectivity, bool multiLabel) {
    const Volume<std::int32_t> volume = labels(run);
    if (volume.empty()) return run.skip(wrongFile);
    const Volume<std::uint8_t> mask = maskOf(volume);
    measure::Components found;
    run.measure(
        [&] {
            found = multiLabel ? measure::connectedComponents(volume, connectivity, true)
                               : measure::connectedComponents(mask, connectivity);
        },
        [&] { return facts({{"components", found.count()}}); });
}

void distance(Run& run) {
    const Volume<std::int32_t> volume = labels(run);
    if (volume.empty()) return run.skip(wrongFile);
    const Volume<std::uint8_t> mask = maskOf(volume);
    Volume<float> result;
    run.measure([&] { result = measure::distanceTransform(mask, {2, 1, 1}); },
                [&] {
                    double sum = 0;
                    for (float v : result) sum += v;
                    return facts({{"max", *std::max_element(result.begin(), result.end())},
                                  {"mean", sum / double(result.size())}});
                });
}

void watershed(Run& run) {
    const Volume<std::int32_t> volume = labels(run);
    if (volume.empty()) return run.skip(wrongFile);
    const Volume<std::uint8_t> mask = maskOf(volume);
    Volume<float> landscape = measure::distanceTransform(mask);
    Volume<std::uint8_t> core(shape);
    for (std::int64_t i = 0; i < core.size(); ++i) core.data()[i] = landscape.data()[i] > 6;
    const measure::Components seeds = measure::connectedComponents(core, 6);
    for (float& v : landscape) v = -v;
    Volume<std::int32_t> result;
    run.measure([&] { result = measure::watershed(landscape, seeds.labels, mask); },
                [&] {
                    return facts({{"labels", *std::max_element(result.begin(), result.end())},
                                  {"filled", result.size() - std::count(result.begin(), result.end(), 0)}});
                });
}

void properties(Run& run) {
    const Volume<std::int32_t> volume = labels(run);
    if (volume.empty()) return run.skip(wrongFile);
    Volume<float> grey(shape);
    Rng rng(2);
    for (float& v : grey) v = float(rng.below(255));
    std::vector<measure::ObjectStats> stats;
    run.measure([&] { stats = measure::objectStats(volume, &grey); },
                [&] {
                    std::int64_t area = 0;
                    for (const auto& s : stats) area += s.voxels;
                    return facts({{"objects", stats.size()}, {"area", area}});
                });
}

void relabel(Run& run) {
    const Volume<std::int32_t> volume = labels(run);
    if (volume.empty()) return run.skip(wrongFile);
    Volume<std::int32_t> result;
    std::size_t count = 0;
    run.measure(
        [&] {
            result = volume;  // the peers leave their input as it is, too
            count = measure::relabelDense(result).size();
        },
        [&] { return facts({{"max", count}}); });
}

// Every object moved by three voxels along x; those of the right half whose id divides by five get another id.
void matching(Run& run) {
    const Volume<std::int32_t> volume = labels(run);
    if (volume.empty()) return run.skip(wrongFile);
    Volume<std::int32_t> other(shape);
    for (std::int64_t i = 0; i < volume.size(); ++i) {
        const std::int64_t x = i % shape.x, from = (x - 3 + shape.x) % shape.x;
        const std::int32_t v = volume.data()[i - x + from];
        other.data()[i] = x >= 256 && v % 5 == 0 ? v + 10000 : v;
    }
    measure::MatchScores scores;
    run.measure([&] { scores = measure::matchObjects(measure::overlapTable(volume, other), 0.5); },
                [&] {
                    return facts({{"tp", scores.tp},
                                  {"fp", scores.fp},
                                  {"fn", scores.fn},
                                  {"mean_matched_score", scores.meanMatchedScore}});
                });
}

}  // namespace

Bench instances() {
    return {"instances",
            {{"components_binary_6", "connected components of the mask, 6 neighbours",
              [](Run& run) { components(run, 6, false); }},
             {"components_binary_26", "connected components of the mask, 26 neighbours",
              [](Run& run) { components(run, 26, false); }},
             {"components_labels_26", "connected components of the labels, 26 neighbours",
              [](Run& run) { components(run, 26, true); }},
             {"distance", "Euclidean distance, spacing 2:1:1", distance},
             {"watershed", "seeded watershed on the negative distance", watershed},
             {"properties", "area, box, centroid, mean grey value", properties},
             {"relabel", "consecutive numbering", relabel},
             {"matching", "instance matching at IoU 0.5", matching}}};
}

}  // namespace fovea::bench

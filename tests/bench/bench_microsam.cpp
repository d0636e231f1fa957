#include <algorithm>
#include <cmath>
#include <span>

#include "base/rng.h"
#include "bench/benches.h"
#include "measure/distance.h"
#include "segment/distance_instances.h"

// micro-sam's instances out of its decoder's maps: smoothing, cores, watershed, small ones dropped.
namespace fovea::bench {

namespace {

// Cells around jittered grid points 40 apart and no wider than 24, as the decoder would draw them, with noise. The peer
// draws from another generator; whichever side runs first makes the file that both read.
tensorfile::Tensor maps(std::int64_t side) {
    constexpr std::int64_t step = 40;
    constexpr double apart = 2, widest = 24, noise = 0.02;
    const std::int64_t cells = (side + step - 1) / step;
    Rng rng(9);
    std::vector<double> y, x;
    for (std::int64_t i = 0; i < cells * cells; ++i) {
        y.push_back(double(i / cells * step) + rng.uniform(0, double(step)));
        x.push_back(double(i % cells * step) + rng.uniform(0, double(step)));
    }
    Volume<std::uint8_t> inside({1, side, side});
    std::vector<std::int64_t> owner(std::size_t(side * side));
    std::vector<float> centre(std::size_t(side * side));
    for (std::int64_t v = 0; v < side; ++v)
        for (std::int64_t u = 0; u < side; ++u) {
            double nearest = 1e9, second = 1e9;
            const auto i = std::size_t(v * side + u);
            for (std::int64_t a = std::max<std::int64_t>(0, v / step - 1); a <= std::min(cells - 1, v / step + 1); ++a)
                for (std::int64_t b = std::max<std::int64_t>(0, u / step - 1); b <= std::min(cells - 1, u / step + 1);
                     ++b) {
                    const std::int64_t cell = a * cells + b;
                    const double d = std::hypot(y[std::size_t(cell)] - double(v), x[std::size_t(cell)] - double(u));
                    if (d < nearest)
                        second = nearest, nearest = d, owner[i] = cell;
                    else
                        second = std::min(second, d);
                }
            centre[i] = float(nearest);
            inside.data()[i] = second - nearest > apart && nearest < widest;
        }
    Job job;
    const Volume<float> rim = measure::distanceTransform(inside, {1, 1, 1}, false, job);
    std::vector<float> farthest(std::size_t(cells * cells), 1), deepest(std::size_t(cells * cells), 1);
    for (std::size_t i = 0; i < centre.size(); ++i) {
        if (inside.data()[i] == 0) continue;
        const auto cell = std::size_t(owner[i]);
        farthest[cell] = std::max(farthest[cell], centre[i]), deepest[cell] = std::max(deepest[cell], rim.data()[i]);
    }
    std::vector<float> values(3 * centre.size());
    for (std::size_t i = 0; i < centre.size(); ++i) {
        const bool in = inside.data()[i] != 0;
        const auto cell = std::size_t(owner[i]);
        values[i] = in ? 0.95F : 0.05F;
        values[centre.size() + i] = in ? centre[i] / farthest[cell] : 1;
        values[2 * centre.size() + i] = in ? 1 - rim.data()[i] / deepest[cell] : 1;
    }
    for (float& value : values) value += float(noise * rng.normal());
    return tensorfile::Tensor::from({3, side, side}, values);
}

void instances(Run& run, std::int64_t side) {
    const std::string name = std::to_string(side);
    const tensorfile::Tensor given = run.cached("ais_maps_3x" + name + "x" + name, [&] { return maps(side); });
    if (given.shape != tensorfile::Shape{3, side, side}) return run.skip("the input file holds other maps");
    const std::span<const float> values = given.as<float>();
    const auto map = [&](std::ptrdiff_t k) {
        return Volume<float>({1, side, side},
                             {values.begin() + k * side * side, values.begin() + (k + 1) * side * side});
    };
    const segment::DistanceMaps read{map(0), map(1), map(2)};
    segment::DistanceRules rules;
    rules.foregroundSmoothing = 0, rules.minSize = 100;
    Volume<std::int32_t> labels;
    Job job;
    run.measure([&] { labels = segment::distanceInstances(read, rules, job); },
                [&] {
                    Facts facts;
                    facts.work = "maps 3 x " + name + " x " + name +
                                 " -> labels (smoothing 1.6, thresholds 0.5, minimum " + "size 100)";
                    facts.rates = {{"Mpixel/s", double(side * side) / 1e6}};
                    facts.check = {{"objects", *std::max_element(labels.begin(), labels.end())},
                                   {"filled", labels.size() - std::count(labels.begin(), labels.end(), 0)}};
                    return facts;
                });
}

}  // namespace

Bench microsam() {
    return {"microsam",
            {{"ais_post_1024", "Watershed from distances, 1024 x 1024", [](Run& run) { instances(run, 1024); }},
             {"ais_post_4096", "Watershed from distances, 4096 x 4096", [](Run& run) { instances(run, 4096); }}}};
}

}  // namespace fovea::bench

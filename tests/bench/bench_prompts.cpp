#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "bench/benches.h"
#include "segment/prompt_engine.h"

// One answer of the embedded prompt engine to a click deep in what is missing of an object.
namespace fovea::bench {

namespace {

// A round cell among others, told from them by its wall, in a crop of 200³; half of it is there.
void deepClick(Run& run, double radius) {
    constexpr std::int64_t side = 200, middle = side / 2;
    segment::PromptRequest request;
    request.image = Volume<float>({side, side, side});
    request.startMask = Volume<std::uint8_t>(request.image.shape());
    request.image.geometry.known = true;
    Rng rng(5);
    for (std::int64_t z = 0; z < side; ++z)
        for (std::int64_t y = 0; y < side; ++y)
            for (std::int64_t x = 0; x < side; ++x) {
                const double away = std::hypot(double(z - middle), double(y - middle), double(x - middle));
                request.image(z, y, x) = float((std::abs(away - radius - 1) < 1 ? 200 : 50) + 8 * rng.normal());
                request.startMask(z, y, x) = away <= radius && x < middle;
            }
    request.points = {{{middle, middle, middle + std::int64_t(radius / 2)}, true}};
    segment::PromptAnswer answer;
    Job job;
    run.measure([&] { answer = segment::geodesicEngine()->run(request, job); },
                [&] {
                    Facts facts;
                    facts.work = "crop 200 x 200 x 200, half a ball and a click -> the ball";
                    facts.check = {{"voxels", std::count(answer.mask.begin(), answer.mask.end(), 1)}};
                    return facts;
                });
}

}  // namespace

Bench prompts() {
    return {"prompts",
            {{"deep_click_r25", "Deep click, object of radius 25", [](Run& run) { deepClick(run, 25); }},
             {"deep_click_r60", "Deep click, object of radius 60", [](Run& run) { deepClick(run, 60); }}}};
}

}  // namespace fovea::bench

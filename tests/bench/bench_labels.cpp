#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>

#include "base/file.h"
#include "base/rng.h"
#include "bench/benches.h"
#include "labels/brush.h"
#include "labels/edit_session.h"
#include "labels/fill.h"

// Label editing as the window does it, without a window: strokes, undo, redo, fill, each through the session with its
// journal, rows and the reading of what would be drawn anew.
namespace fovea::bench {

namespace {

using namespace fovea::labels;

// Slanted cells of about 9 × 61 × 67 voxels, a third background: no alignment with any tile size.
std::int32_t cell(std::int64_t z, std::int64_t y, std::int64_t x) {
    const auto v = ((z + 3) / 9) * 4096 + ((y + 5 * z / 3 + x / 11) / 61) * 64 + (x + y / 7 + 2 * z) / 67;
    return v % 3 == 0 ? 0 : std::int32_t(v + 1);
}

Volume<std::int32_t> cells(const Box& box) {
    Volume<std::int32_t> volume(box.extent());
    auto out = volume.begin();
    for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
        for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
            for (std::int64_t x = box.begin.x; x < box.end.x; ++x) *out++ = cell(z, y, x);
    return volume;
}

// The cells over a whole volume of which one window is held decoded, as a chunk cache holds what is on the screen.
class Cells : public ImageSource {
  public:
    Cells(Index shape, const Box& window) : window_(window), held_(cells(window)) {
        info_.path = "cells";
        info_.dtype = DType::I32;
        info_.levels = {{shape, {1, 1, 1}}};
    }
    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int, int, const Box& box, AnyVolume& out) const override {
        out = AnyVolume::from(window_.contains(box) ? crop(held_, box.shifted(Index{} - window_.begin)) : cells(box));
    }
    // Rows of the cells in the window.
    ObjectTable rows() const {
        Job job;
        ObjectTable table = tableOf(MemoryImage({AnyVolume::from(held_)}), "bench", job);
        for (auto& [id, row] : table) row.box = row.box.shifted(window_.begin);
        return table;
    }

  private:
    Box window_;
    Volume<std::int32_t> held_;
    ImageInfo info_;
};

constexpr ObjectId painted = 777777;

struct Scene {
    Index shape, centre;
    file::TempFolder folder;
    std::shared_ptr<Cells> base;
    std::unique_ptr<EditSession> session;
    Rng rng{3};

    explicit Scene(Index shape_) : shape(shape_), centre{shape.z / 2, shape.y / 2, shape.x / 2} {
        const Box window = Box{centre - Index{32, 96, 192}, centre + Index{32, 96, 192}}.intersected(Box::of(shape));
        base = std::make_shared<Cells>(shape, window);
        session = std::make_unique<EditSession>(folder.path(), shape, Geometry{}, base, base->rows());
    }

    // What a slice view would compose again.
    void look(const Box& box) const {
        if (box.empty() || centre.z < box.begin.z || centre.z >= box.end.z) return;
        session->layer().read({{centre.z, box.begin.y, box.begin.x}, {centre.z + 1, box.end.y, box.end.x}});
    }

    void stroke(BrushShape brush, int dabs, double length, Index start) {
        session->beginStep("Brush");
        for (int i = 0; i < dabs; ++i) {
            const double x = std::floor(double(start.x) + (dabs > 1 ? length * i / (dabs - 1) : 0));
            const Stamp stamp = dab({brush, 40}, {double(start.z), double(start.y), x}, {1, 1, 1}, shape);
            session->paint("Brush", stamp.origin, stamp.mask, painted, "hand");
            look(stamp.box());
        }
        session->endStep();
    }

    std::int64_t count() const {
        const auto row = session->objects().find(painted);
        return row == session->objects().end() ? 0 : row->second.voxels;
    }
};

using Work = std::function<void(Scene&)>;

enum class Part { Do, Undo, Redo };

// Times an edit, its undo or its redo; everything before and after is not timed.
void time(Run& run, Index shape, Part part, const Work& edit, const std::string& work) {
    Scene scene(shape);
    const auto before = scene.session->layer().read(
        Box{scene.centre - Index{20, 20, 20}, scene.centre + Index{20, 20, 20}}.intersected(Box::of(shape)));
    edit(scene);
    std::int64_t voxels = scene.count();
    const auto place = [&](bool done) {
        while (done ? scene.session->canRedo() : scene.session->canUndo())
            done ? scene.session->redo() : scene.session->undo();
    };
    if (part == Part::Do) {
        run.measure(
            [&] {
                edit(scene);
                voxels = std::max(voxels, scene.count());
            },
            [&] { return Facts{work, {{"painted", voxels}}, {}, "hot chunks"}; }, [&] { place(false); });
        return;
    }
    const bool undo = part == Part::Undo;
    run.measure(
        [&] {
            undo ? scene.session->undo() : scene.session->redo();
            scene.look(
                Box::of(shape).intersected(Box{scene.centre - Index{1, 20, 120}, scene.centre + Index{1, 20, 120}}));
        },
        [&] {
            if (!undo) return Facts{"redo of one such step", {{"painted", scene.count()}}, {}, {}};
            const Box box =
                Box{scene.centre - Index{20, 20, 20}, scene.centre + Index{20, 20, 20}}.intersected(Box::of(shape));
            return Facts{"undo of one such step", {{"restored", scene.session->layer().read(box) == before}}, {}, {}};
        },
        [&] { place(undo); });
}

constexpr Index small{20, 1024, 1024}, large{256, 2048, 2048}, cube{64, 64, 64};

Work stroke(BrushShape shape) {
    return [shape](Scene& s) { s.stroke(shape, 20, 200, s.centre - Index{0, s.rng.below(20), 100}); };
}

void oneDab(Scene& s) { s.stroke(BrushShape::Sphere, 1, 0, s.centre); }

Work filling(bool slice) {
    return [slice](Scene& s) {
        Box bounds = Box{s.centre - Index{16, 90, 90}, s.centre + Index{16, 90, 90}}.intersected(Box::of(s.shape));
        Index seed = s.centre;
        while (pick(s.session->layer(), seed) == 0) ++seed.x;
        const Stamp stamp = slice ? fillSlice(s.session->layer(), seed) : fill(s.session->layer(), seed, bounds);
        s.session->paint("Fill", stamp.origin, stamp.mask, painted, "hand");
        s.look(stamp.box());
    };
}

// A ball as a prompt engine proposes it, in as large a crop as one looks at.
Work proposal(double diameter) {
    const Index crop{128, 600, 600};
    return [diameter, crop, mask = std::make_shared<Volume<std::uint8_t>>()](Scene& s) {
        const Index origin = s.centre - Index{crop.z / 2, crop.y / 2, crop.x / 2};
        if (mask->empty()) {
            *mask = Volume<std::uint8_t>(crop);
            const Stamp ball = dab({BrushShape::Sphere, diameter},
                                   {double(s.centre.z), double(s.centre.y), double(s.centre.x)}, {1, 1, 1}, s.shape);
            copyBox(ball.mask, ball.mask.box(), *mask, ball.origin - origin);
        }
        s.session->replaceObject("Prompts", origin, *mask, painted, "prompts", 1);
    };
}

const char* const proposalText = "commit a ball proposed in a crop of 128 x 600 x 600";
const char* const strokeText = "20 dabs of diameter 40 over 200 voxels, one undo step, with journal, rows and slice";
const char* const fillText = "replace the connected object under the cursor";
const char* const dabText = "one ball of diameter 40";

}  // namespace

Bench labels() {
    constexpr auto ball = BrushShape::Sphere;
    constexpr auto disc = BrushShape::Disc;
    return {
        "labels",
        {{"dab_64x64x64_brush40_3d", dabText, [](Run& r) { time(r, cube, Part::Do, oneDab, dabText); }},
         {"dab_256x2048x2048_brush40_3d", dabText, [](Run& r) { time(r, large, Part::Do, oneDab, dabText); }},
         {"undo_dab_256x2048x2048_brush40_3d", dabText, [](Run& r) { time(r, large, Part::Undo, oneDab, dabText); }},
         {"stroke_20x1024x1024_brush40_3d", strokeText,
          [](Run& r) { time(r, small, Part::Do, stroke(ball), strokeText); }},
         {"undo_20x1024x1024_brush40_3d", strokeText,
          [](Run& r) { time(r, small, Part::Undo, stroke(ball), strokeText); }},
         {"redo_20x1024x1024_brush40_3d", strokeText,
          [](Run& r) { time(r, small, Part::Redo, stroke(ball), strokeText); }},
         {"stroke_20x1024x1024_brush40_2d", strokeText,
          [](Run& r) { time(r, small, Part::Do, stroke(disc), strokeText); }},
         {"undo_20x1024x1024_brush40_2d", strokeText,
          [](Run& r) { time(r, small, Part::Undo, stroke(disc), strokeText); }},
         {"fill_20x1024x1024_2d", fillText, [](Run& r) { time(r, small, Part::Do, filling(true), fillText); }},
         {"fill_20x1024x1024_3d", fillText, [](Run& r) { time(r, small, Part::Do, filling(false), fillText); }},
         {"stroke_256x2048x2048_brush40_3d", strokeText,
          [](Run& r) { time(r, large, Part::Do, stroke(ball), strokeText); }},
         {"undo_256x2048x2048_brush40_3d", strokeText,
          [](Run& r) { time(r, large, Part::Undo, stroke(ball), strokeText); }},
         {"redo_256x2048x2048_brush40_3d", strokeText,
          [](Run& r) { time(r, large, Part::Redo, stroke(ball), strokeText); }},
         {"proposal_256x2048x2048_d40", proposalText,
          [](Run& r) { time(r, large, Part::Do, proposal(40), proposalText); }},
         {"proposal_256x2048x2048_d120", proposalText,
          [](Run& r) { time(r, large, Part::Do, proposal(120), proposalText); }},
         {"fill_256x2048x2048_2d", fillText, [](Run& r) { time(r, large, Part::Do, filling(true), fillText); }}}};
}

}  // namespace fovea::bench

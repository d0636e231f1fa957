#include "stage/patch_grid.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace fovea::stage {

Index defaultPatch(Index shape, Vec3 spacing) {
    const double finest = std::min(spacing.y, spacing.x);
    if (shape.z == 1 || spacing.z > 3 * finest)
        return {1, std::min<std::int64_t>(256, shape.y), std::min<std::int64_t>(256, shape.x)};
    Index patch;
    for (int axis = 0; axis < 3; ++axis)
        patch[axis] =
            std::clamp<std::int64_t>(std::llround(64 * std::min(finest, spacing.z) / spacing[axis]), 1, shape[axis]);
    return patch;
}

std::vector<Box> guardedBoxes(const project::StageContext& context, const std::string& caseId) {
    std::vector<Box> boxes;
    for (const project::HeldOut& out : context.heldOut(caseId)) boxes.push_back(out.guarded);
    return boxes;
}

Box chosenBox(const Options& options, const std::string& name, Index shape) {
    const std::string text = options.string(name);
    try {
        return text.empty() ? Box::of(shape) : parseBox(text, shape);
    } catch (Error& error) {  // it was chosen at some time and is kept in the project
        throw error.context({FOVEA_TR("reading the option {name}; --set {name}= takes it back"), {{"name", name}}});
    }
}

Index parsePatch(const std::string& text, Index shape, Vec3 spacing) {
    if (text == "auto") return defaultPatch(shape, spacing);
    long long z = 0, y = 0, x = 0;
    char rest = 0;
    if (std::sscanf(text.c_str(), "%lld,%lld,%lld%c", &z, &y, &x, &rest) != 3 || z < 1 || y < 1 || x < 1)
        throw Error(ErrorKind::Input, {FOVEA_TR("\"{text}\" is no patch size. Write it as z,y,x (1,256,256) or auto."),
                                       {{"text", text}}});
    return {std::min<std::int64_t>(z, shape.z), std::min<std::int64_t>(y, shape.y), std::min<std::int64_t>(x, shape.x)};
}

std::vector<Patch> patchGrid(const std::string& caseId, Index shape, Index patch,
                             const std::vector<project::HeldOut>& held) {
    Index parts;
    for (int axis = 0; axis < 3; ++axis)
        parts[axis] = std::max<std::int64_t>(1, std::llround(double(shape[axis]) / double(patch[axis])));
    std::vector<Patch> patches;
    forEachTile(Box::of(parts), {1, 1, 1}, [&](const Box& cell) {
        Box box;
        for (int axis = 0; axis < 3; ++axis) {
            box.begin[axis] = shape[axis] * cell.begin[axis] / parts[axis];
            box.end[axis] = shape[axis] * cell.end[axis] / parts[axis];
        }
        for (const project::HeldOut& out : held)
            if (out.guarded.overlaps(box)) return;
        patches.push_back({caseId, box});
    });
    return patches;
}

}  // namespace fovea::stage

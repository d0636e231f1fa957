#pragma once
#include <QColor>
#include <QString>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>

#include "data/image_source.h"
#include "ui/theme/object_colours.h"

namespace fovea::ui {

// Labels inside a box. Called from worker threads; what it captures must live until ViewScene::release() returned.
using LabelReader = std::function<Volume<std::int32_t>(const Box&)>;

struct ObjectLook {
    QRgb colour = 0xffffffff;
    bool hidden = false;
    bool dashed = false;  // a broken outline (unsure)
};

// How labels are drawn. Objects without an entry in `objects` have the colour of their birth slot.
struct LabelLook {
    bool visible = true;
    double fill = 0.26;    // 0…1
    double outline = 1.5;  // logical pixels
    std::unordered_map<std::int32_t, ObjectLook> objects;
    std::set<std::int32_t> selected;  // outline × 1.7 with a dark halo
    std::int32_t hovered = 0;         // 1 px white rim
    std::int32_t only = 0;            // when set, all others are hidden

    ObjectLook look(std::int32_t id) const {
        const auto found = objects.find(id);
        return found != objects.end() ? found->second : ObjectLook{objectColour(birthSlot(id))};
    }
};

// How grey values become colours: low and high → ends of the map, then gamma.
struct Contrast {
    double low = 0, high = 255;
    double gamma = 1;  // 0.2…5, > 1 brightens the middle
    QString map = "grey";
    bool invert = false;
    friend bool operator==(const Contrast&, const Contrast&) = default;
};

// A proposal of a prompt engine over the present labels. Voxels of `mask` will be the object, voxels of `before`
// outside it are to be removed (hatched). Both in the box at `origin`; `before` may be empty.
struct PreviewMask {
    Index origin;
    Volume<std::uint8_t> mask;
    Volume<std::uint8_t> before;
    std::int32_t object = 0;
    QRgb colour = 0xffffffff;  // the object's
    bool interim = false;      // a better or larger one is in the making: a broken outline
};

struct PromptDot {
    Index at;
    bool positive = true;
    bool failed = false;   // grey with "!"
    bool waiting = false;  // a ring goes out from it
};

}  // namespace fovea::ui

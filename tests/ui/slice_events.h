#pragma once
#include "ui/view/slice_view.h"

namespace fovea::ui {

// The left button at the middle of a voxel.
inline SliceEvent eventAt(Index at) {
    SliceEvent event;
    event.at = at;
    event.voxel = {double(at.z) + 0.5, double(at.y) + 0.5, double(at.x) + 0.5};
    event.inside = true;
    event.button = Qt::LeftButton;
    event.buttons = Qt::LeftButton;
    return event;
}

}  // namespace fovea::ui

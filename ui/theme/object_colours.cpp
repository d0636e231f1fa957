#include "ui/theme/object_colours.h"

namespace fovea::ui {

QColor lightVersion(QRgb colour) {
    return QColor((qRed(colour) + 255) / 2, (qGreen(colour) + 255) / 2, (qBlue(colour) + 255) / 2);
}

}  // namespace fovea::ui

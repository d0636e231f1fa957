#pragma once
#include <QColor>
#include <QPixmap>
#include <QStringList>

namespace fovea::ui {

// Names of all icons in resources/icons, sorted.
QStringList iconNames();

// The icon in one colour; `side` in logical pixels. An unknown name gives a null pixmap.
QPixmap renderIcon(const QString& name, double side, const QColor& colour, double devicePixelRatio = 1);

}  // namespace fovea::ui

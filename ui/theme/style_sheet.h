#pragma once
#include <QString>

#include "ui/theme/tokens.h"

namespace fovea::ui {

// The window's one style sheet, from the tokens. What it knows beside Qt's own classes (dynamic properties):
//   QPushButton  kind = "primary" | "plain" (bordered, default) | "ghost" | "danger"; size = "small" | "large"
//   QToolButton  kind = "icon" (26 px, no border)
//   QLabel       role = "hint" | "small" | "muted" | "body" | "section" | "title" | "headline" | "fixed" | "warn" |
//   "ok" | "bad" QFrame       kind = "card" | "panel" | "bar" | "line" (1 px separator) | "field" | "drop"
QString styleSheet(bool dark, double textScale, const QString& family, const QString& fixedFamily);

}  // namespace fovea::ui

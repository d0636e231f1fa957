#pragma once
#include <QPointF>
#include <QVector>
#include <filesystem>
#include <optional>

#include "project/artifacts.h"

namespace fovea::ui {

// Loss over iterations, and Dice on what was set aside for tuning, as a training writes them down.
struct TrainingCurve {
    QVector<QPointF> loss, dice;
    double planned = 0;  // iterations
};

// Where the run that learns now writes its curve; absent while none does. Looks at the runs the project's next
// trainings would have, never through the work folder.
std::optional<std::filesystem::path> runningCurve(const project::Artifacts& artifacts);
// The curve of the newest model; absent when there is none.
std::optional<std::filesystem::path> finishedCurve(const project::Artifacts& artifacts);
// Absent when the file cannot be read now (it is being replaced).
std::optional<TrainingCurve> readCurve(const std::filesystem::path& path);

}  // namespace fovea::ui

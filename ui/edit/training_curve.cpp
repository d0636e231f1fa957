#include "ui/edit/training_curve.h"

#include "base/file.h"

namespace fovea::ui {

namespace fs = std::filesystem;
using project::Artifacts;

namespace {

constexpr const char* curveFile = "curves.json";

bool there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

}  // namespace

std::optional<fs::path> runningCurve(const Artifacts& artifacts) {
    const project::Project& project = artifacts.project();
    for (const project::Stage& stage : artifacts.stages()) {
        if (stage.makes != "model" && stage.makes != "encoder") continue;
        const auto recipe = artifacts.recipe(stage, "", Artifacts::roundOf(stage, project.activeRound()));
        const fs::path path = project.workFolder() / Artifacts::orderId(Artifacts::key(recipe)) / "out" / curveFile;
        if (there(path)) return path;
    }
    return std::nullopt;
}

std::optional<fs::path> finishedCurve(const Artifacts& artifacts) {
    const auto model = artifacts.newest("model", "", artifacts.project().activeRound());
    return model && there(*model / curveFile) ? std::optional(*model / curveFile) : std::nullopt;
}

std::optional<TrainingCurve> readCurve(const fs::path& path) {
    try {
        const auto json = file::readJson(path);
        TrainingCurve curve;
        for (const auto& point : json.value("points", nlohmann::json::array())) {
            const double x = point.value("iteration", 0.0);
            curve.loss << QPointF(x, point.value("loss", 0.0));
            if (point.contains("tuning") && point["tuning"].is_number())
                curve.dice << QPointF(x, point["tuning"].get<double>());
        }
        curve.planned = json.value("iterations", 0.0);
        return curve;
    } catch (const Error&) {
        return std::nullopt;
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
}

}  // namespace fovea::ui

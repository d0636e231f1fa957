#include "demo_report.h"

#include <algorithm>
#include <cstdio>

#include "base/file.h"
#include "stage/report.h"
#include "zarr/ome_zarr.h"

namespace fovea::app {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace fovea::project;

namespace {

std::string number(const json& value) {
    if (!value.is_number()) return value.is_null() ? "–" : value.dump();
    char text[32];
    std::snprintf(text, sizeof text, value.is_number_integer() ? "%.0f" : "%.3f", value.get<double>());
    return text;
}

// The section of the test box with most true voxels.
std::int64_t bestSection(const ImageSource& truth, const Box& test) {
    std::int64_t best = test.begin.z, most = -1;
    for (std::int64_t z = test.begin.z; z < test.end.z; ++z) {
        const auto section =
            truth.readAs<std::int32_t>({{z, test.begin.y, test.begin.x}, {z + 1, test.end.y, test.end.x}});
        const std::int64_t n = section.size() - std::count(section.begin(), section.end(), 0);
        if (n > most) {
            most = n;
            best = z;
        }
    }
    return best;
}

void addPictures(stage::HtmlReport& report, const Artifacts& artifacts, const fs::path& truthPath) {
    const Project& project = artifacts.project();
    const std::string id = project.caseIds().front();
    const ImagePtr image = project.image(id), truth = zarr::open(truthPath);
    const Box all = Box::of(image->info().shape());
    const auto held = project.heldOut(id);
    const std::int64_t z = bestSection(*truth, held.empty() ? all : held.front().test);
    const Box section{{z, 0, 0}, {z + 1, all.end.y, all.end.x}};
    const auto grey = image->readAs<float>(section);
    const json intensity = file::readJson(*artifacts.newest("image", id, 0) / "image.json").at("intensity").at(0);
    const auto low = intensity.at("low").get<float>(), high = intensity.at("high").get<float>();
    std::vector<std::pair<std::string, Picture>> pictures;
    const auto add = [&](const std::string& caption, const ImageSource& labels) {
        pictures.emplace_back(caption, overlay(grey, low, high, labels.readAs<std::int32_t>(section)));
    };
    if (const auto folder = artifacts.newest("pseudo-labels", id, 0))
        add("Before: found without training", *zarr::open(*folder / "labels.zarr"));
    if (const auto folder = artifacts.newest("objects", id, project.activeRound()))
        add("After: round " + std::to_string(project.activeRound()), *zarr::open(*folder / "labels.zarr"));
    add("Truth", *truth);
    report.heading("Section " + std::to_string(z));
    if (!held.empty())
        report.paragraph("The part x ≥ " + std::to_string(held.front().test.begin.x) +
                         " is the test: nothing was learned, chosen or tuned there.");
    report.pictures(pictures);
}

void addScores(stage::HtmlReport& report, const json& summary) {
    report.heading("Scores inside the test part");
    std::vector<std::vector<std::string>> rows;
    for (const auto& [key, title] :
         {std::pair("f1", "F1 at IoU 0.5"), std::pair("f1_75", "F1 at IoU 0.75"), std::pair("dice", "Dice"),
          std::pair("splits", "Splits"), std::pair("merges", "Merges"), std::pair("interval", "95 % interval of F1")}) {
        const auto cell = [&](const char* when) {
            const json value = summary.value(std::string(key) + "_" + when, json());
            return value.is_array() && value.size() == 2 ? number(value[0]) + " – " + number(value[1]) : number(value);
        };
        rows.push_back({title, cell("before"), cell("after")});
    }
    report.table({"", "before", "after"}, rows);
    report.paragraph(
        "True objects in the test part: " + number(summary.value("true_objects", json())) +
        (summary.value("enough_objects", false) ? "." : ". With fewer than 30 objects, differences mean little."));
    if (!summary.value("promoted", true))
        report.paragraph(
            "The round is worse than what was in use before, so it is kept but not used: exported is what was "
            "in use.");
}

// Loss over iterations, from every model there is.
void addCurves(stage::HtmlReport& report, const Artifacts& artifacts) {
    report.heading("Learning");
    for (const Stage& one : artifacts.stages()) {
        if (one.makes != "model" && one.makes != "encoder") continue;
        const int round = Artifacts::roundOf(one, artifacts.project().activeRound());
        const fs::path path = artifacts.folder({one.id, "", round}) / "curves.json";
        std::error_code error;
        if (!fs::exists(path, error)) continue;
        std::vector<std::pair<double, double>> points;
        const json curves = file::readJson(path);
        for (const json& point : curves.value("points", json::array()))
            points.emplace_back(point.value("iteration", 0.0), point.value("loss", 0.0));
        report.curve(one.id + ": loss over iterations", points);
    }
}

void addStages(stage::HtmlReport& report, const Artifacts& artifacts) {
    report.heading("What ran");
    std::vector<std::vector<std::string>> rows;
    for (const Stage& one : artifacts.stages()) {
        const int round = Artifacts::roundOf(one, artifacts.project().activeRound());
        for (const std::string& id : artifacts.casesOf(one))
            if (const auto manifest = artifacts.manifest({one.id, id, round}))
                rows.push_back({one.title.str(), ArtifactRef{one.id, id, round}.str(),
                                number(manifest->value("seconds", json())) + " s",
                                manifest->value("result", json::object()).dump()});
    }
    report.table({"", "artifact", "time", "result"}, rows);
}

}  // namespace

void writeDemoReport(const fs::path& path, const Artifacts& artifacts, const fs::path& truth, Job& job) {
    job.check();
    stage::HtmlReport report("Fovea: the loop on a sample");
    const auto scores = artifacts.newest("scores", "", artifacts.project().activeRound());
    if (scores) addScores(report, file::readJson(*scores / "scores.json").at("summary"));
    addPictures(report, artifacts, truth);
    addCurves(report, artifacts);
    addStages(report, artifacts);
    file::write(path, report.html());
}

}  // namespace fovea::app

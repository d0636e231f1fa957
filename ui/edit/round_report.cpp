#include "ui/edit/round_report.h"

#include <QCoreApplication>
#include <algorithm>

#include "base/file.h"
#include "data/tables.h"

namespace fovea::ui {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct Say {
    Q_DECLARE_TR_FUNCTIONS(RoundReport)
};

QString number(double value) { return QString::number(value, 'f', 2); }

// "pseudo-labels" → 0, "objects@1" → 1, "objects" → the scored round.
int roundOf(const std::string& method, int scored) {
    if (method == "objects") return scored;
    const std::size_t at = method.find('@');
    return at == std::string::npos ? 0 : std::atoi(method.c_str() + at + 1);
}

RoundFigures figuresOf(int round, const json& scores) {
    RoundFigures figures;
    figures.round = round;
    figures.f1 = scores.at("f1").get<double>();
    figures.dice = scores.at("dice").get<double>();
    figures.low = scores.at("interval").at(0).get<double>();
    figures.high = scores.at("interval").at(1).get<double>();
    figures.trueObjects = scores.at("true_objects").get<int>();
    figures.objects = scores.at("objects").get<int>();
    figures.splits = scores.at("splits").get<int>();
    figures.merges = scores.at("merges").get<int>();
    return figures;
}

void readFigures(RoundReport& report, const json& truth) {
    const json all = truth.value("scores", json::object());
    for (const auto& [method, scores] : all.items()) {
        // A prediction of round 0 says more about it than the pseudo-labels.
        if (method == "pseudo-labels" && all.contains("objects@0")) continue;
        report.rounds.push_back(figuresOf(roundOf(method, report.scored), scores));
    }
    std::sort(report.rounds.begin(), report.rounds.end(),
              [](const auto& a, const auto& b) { return a.round < b.round; });
    for (const json& place : truth.value("boxes", json::array()))
        report.places.push_back({place.at("case").get<std::string>(), boxFromJson(place.at("box"))});
    report.byPerson = truth.value("truth", "") == "check";
}

}  // namespace

const RoundFigures* RoundReport::of(int round) const {
    for (const RoundFigures& figures : rounds)
        if (figures.round == round) return &figures;
    return nullptr;
}

const RoundFigures* RoundReport::before() const {
    for (int round = std::min(rival, scored - 1); round >= 0; --round)
        if (const RoundFigures* figures = of(round)) return figures;
    return nullptr;
}

RoundReport readRoundReport(const project::Artifacts& artifacts) {
    const project::Project& project = artifacts.project();
    RoundReport report;
    report.inUse = project.inUse();
    for (int round = 1; round <= project.lastRound(); ++round)
        for (const std::string& id : project.caseIds())
            if (const auto ref = artifacts.resolve({"objects", project::From::Same}, id, round)) {
                report.made.push_back(round);
                break;
            }
    while (report.inUse > 0 && !std::binary_search(report.made.begin(), report.made.end(), report.inUse))
        --report.inUse;
    const auto ref = artifacts.resolve({"scores", project::From::Latest}, "", project.activeRound());
    if (!ref || ref->round < 1) return report;
    const fs::path path = artifacts.folder(*ref) / "scores.json";
    const json scores = file::readJson(path);
    try {
        const json& summary = scores.at("summary");
        report.scored = ref->round;
        report.rival = summary.value("rival", 0);
        report.judged = summary.value("judged", false);
        report.promoted = summary.value("promoted", true);
        report.enough = summary.value("enough_objects", false);
        report.checkBoxes = summary.value("check_boxes", 0);
        report.checkComplete = summary.value("check_complete", 0);
        if (!scores.at("truths").empty()) readFigures(report, scores["truths"][0]);
    } catch (const json::exception& error) {
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} is damaged: {reason}. Score the round again."),
                                        {{"path", path.string()}, {"reason", error.what()}}});
    }
    return report;
}

std::optional<fs::path> labelsOfRound(const project::Artifacts& artifacts, const std::string& caseId, int round) {
    if (const auto objects = artifacts.newest("objects", caseId, round)) return objects;
    return artifacts.newest("pseudo-labels", caseId, round);
}

QString roundName(int round) { return round > 0 ? Say::tr("Round %1").arg(round) : Say::tr("Pseudo-labels"); }

QString verdictText(const RoundReport& report) {
    const RoundFigures *before = report.before(), *after = report.after();
    const QString name = roundName(report.scored), old = roundName(report.rival);
    const QString stays =
        report.rival > 0 ? Say::tr("%1 stays in use.").arg(old) : Say::tr("The pseudo-labels stay in use.");
    if (!before || !after || !report.judged)
        return Say::tr("%1 is ready and in use; nobody can say yet whether it helped.").arg(name);
    const bool byDice = after->f1 >= before->f1 - 0.005;
    const QString figures = byDice ? Say::tr("Dice %1 against %2").arg(number(after->dice), number(before->dice))
                                   : Say::tr("F1 %1 against %2").arg(number(after->f1), number(before->f1));
    if (!report.promoted) return Say::tr("%1 is worse on the check (%2). ").arg(name, figures) + stays;
    const QString change = Say::tr("F1 %1 → %2").arg(number(before->f1), number(after->f1));
    if (!report.enough)
        return Say::tr("%1 is in use. Too few objects to tell whether it is better: %2").arg(name, change);
    if (after->f1 > before->f1 && after->low > before->f1)
        return Say::tr("Better: %1. %2 is in use.").arg(change, name);
    return Say::tr("No clear difference: %1, within chance. %2 is in use.").arg(change, name);
}

QString trustText(const RoundReport& report) {
    if (report.scored < 1) return Say::tr("Filled when a round has finished.");
    if (const RoundFigures* after = report.after()) {
        if (!after->tell())
            return report.byPerson ? Say::tr(
                                         "There is no object in the check patches reviewed so far, so nothing can "
                                         "be told. Review one that has some.")
                                   : Say::tr("There is no object in the part held out, so nothing can be told.");
        QString text = Say::tr("%1 true objects, none of them learned from. F1 may lie anywhere between %2 and %3.")
                           .arg(after->trueObjects)
                           .arg(number(after->low), number(after->high));
        if (!report.enough) text += Say::tr(" Under 30 objects are too few to tell better from worse.");
        if (report.byPerson) {
            text += Say::tr(" Proposals you accepted count as found, which flatters the first row.");
            if (report.checkComplete < report.checkBoxes)
                text += Say::tr(" %1 of %2 check patches are reviewed; more make the figures surer.")
                            .arg(report.checkComplete)
                            .arg(report.checkBoxes);
        }
        return text;
    }
    if (report.checkBoxes > 0)
        return Say::
            tr("To see whether it helped, review one of the %1 patches marked “Held out for the check” completely and "
               "press “Nothing missed here” (Return). Nothing learns from them.")
                .arg(report.checkBoxes);
    return Say::tr(
        "To see whether it helped, let Fovea choose what to label before the first round: it then sets patches "
        "aside for the check.");
}

}  // namespace fovea::ui

#pragma once
#include <QString>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "project/artifacts.h"

namespace fovea::ui {

// Figures of one round on the objects of the check. Round 0 = what was found before learning.
struct RoundFigures {
    int round = 0;
    double f1 = 0, low = 0, high = 0, dice = 0;  // F1 at IoU 0.5 with its 95 % interval
    int trueObjects = 0, objects = 0, splits = 0, merges = 0;
    bool tell() const { return trueObjects > 0; }  // without one, all scores are 0 and say nothing
};

// What scoring said last, and which round is in use: all that the Learn page tells about whether learning helped.
struct RoundReport {
    int scored = -1;           // the round that was scored last; −1 = none yet
    int rival = 0, inUse = 0;  // in use when it began; in use now
    bool judged = false, promoted = true, enough = false;
    bool byPerson = false;                  // against patches a person labelled, else against a truth file
    int checkBoxes = 0, checkComplete = 0;  // when against a person
    std::vector<RoundFigures> rounds;       // of the same objects, ascending; empty without figures
    std::vector<int> made;                  // rounds that have objects of their own
    struct Place {
        std::string caseId;
        Box box;
    };
    std::vector<Place> places;  // what was compared

    const RoundFigures* of(int round) const;
    const RoundFigures* before() const;  // of what was in use when the scored round began
    const RoundFigures* after() const { return of(scored); }
    bool worse() const { return scored > 0 && judged && !promoted; }
};

// Throws Error when the files are damaged.
RoundReport readRoundReport(const project::Artifacts& artifacts);

// The labels of a case in a round: its objects, else those of the rounds before, else what was found at first.
std::optional<std::filesystem::path> labelsOfRound(const project::Artifacts& artifacts, const std::string& caseId,
                                                   int round);

QString roundName(int round);  // "Round 2", "Pseudo-labels"
// "Round 2 is worse on the check (F1 0.61 against 0.70). Round 1 stays in use."
QString verdictText(const RoundReport& report);
// How far the figures can be trusted, or what to do to get some.
QString trustText(const RoundReport& report);

}  // namespace fovea::ui

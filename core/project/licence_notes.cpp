#include "project/licence_notes.h"

#include <algorithm>

#include "base/file.h"

namespace fovea::project {

namespace fs = std::filesystem;

std::vector<std::string> licenceNotes(const Artifacts& artifacts) {
    std::vector<std::string> notes;
    for (const std::string& id : artifacts.project().caseIds()) {
        const auto labels = artifacts.newest("pseudo-labels", id, artifacts.project().activeRound());
        if (!labels || !fs::exists(*labels / licenceFile)) continue;
        std::string note = file::read(*labels / licenceFile);
        if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(std::move(note));
    }
    return notes;
}

}  // namespace fovea::project

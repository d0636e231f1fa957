#include "project/licence_notes.h"

#include <algorithm>

#include "base/file.h"

namespace fovea::project {

namespace fs = std::filesystem;

std::optional<std::string> licenceNote(const fs::path& labels) {
    if (!fs::exists(labels / licenceFile)) return std::nullopt;
    return file::read(labels / licenceFile);
}

std::vector<std::string> licenceNotes(const Artifacts& artifacts) {
    std::vector<std::string> notes;
    for (const std::string& id : artifacts.project().caseIds()) {
        const auto labels = artifacts.newest("pseudo-labels", id, artifacts.project().activeRound());
        if (!labels) continue;
        const auto note = licenceNote(*labels);
        if (note && std::find(notes.begin(), notes.end(), *note) == notes.end()) notes.push_back(*note);
    }
    return notes;
}

}  // namespace fovea::project

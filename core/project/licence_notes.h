#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "project/artifacts.h"

// A restricted licence of the model that proposed objects goes with the labels that people and networks make from them.
namespace fovea::project {

// The file in pseudo-labels that says so, for people; not there where anything may be done with them.
inline constexpr const char* licenceFile = "licence.txt";

// What it says in this folder of pseudo-labels. Throws Error when it can't be read.
std::optional<std::string> licenceNote(const std::filesystem::path& labels);

// What these files of all cases say, each note once. Throws Error for damaged manifests and files that can't be read.
std::vector<std::string> licenceNotes(const Artifacts& artifacts);

}  // namespace fovea::project

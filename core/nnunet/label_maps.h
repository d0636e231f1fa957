#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "measure/postprocessing.h"
#include "nnunet/files.h"

// Folders of label maps, named <case><ending>, and what of them is scored (spec nnunet.md sections 1.2, 4.8).
namespace fovea::nnunet {

// The foreground labels of a data set or, with regions, those; `names` are theirs in summaries: "3", "(1, 2)".
struct ScoredClasses {
    std::vector<measure::LabelClass> classes;
    std::vector<std::string> names;
    std::optional<std::int32_t> ignore;
};
ScoredClasses scoredClasses(const plan::nnunet::Labels& labels);

// Names of the cases in a folder, ascending. Throws Error(Missing) when there is none.
std::vector<std::string> labelMapCases(const std::filesystem::path& folder, const std::string& ending);

// Values 0 … 65535, with the file's geometry. Any thread. Throws Error(Input) for other values.
Volume<std::int32_t> labelsOf(const ImagePtr& map);
Volume<std::int32_t> readLabelMap(const Files& files, const std::filesystem::path& path);

// Calls f(case) for each, in parallel, and counts them as progress. An Error says which case it was about. The job is
// asked for cancellation between cases.
void forEachCase(const std::vector<std::string>& cases, Job& job, const std::function<void(std::size_t)>& f);

// Fills a folder beside `target`, which takes its place when all is there; nothing is left of it after an exception.
void replaceFolder(const std::filesystem::path& target, const std::function<void(const std::filesystem::path&)>& fill);

}  // namespace fovea::nnunet

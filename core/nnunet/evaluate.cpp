#include "nnunet/evaluate.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

namespace {

// The first few, for a message.
std::string listed(const Names& names) {
    constexpr std::size_t most = 5;
    std::string text;
    for (std::size_t i = 0; i < std::min(most, names.size()); ++i) text.append(i ? ", " : "").append(names[i]);
    return names.size() > most ? text + ", …" : text;
}

Names without(const Names& all, const Names& those) {
    Names rest;
    std::set_difference(all.begin(), all.end(), those.begin(), those.end(), std::back_inserter(rest));
    return rest;
}

Volume<std::int32_t> partOf(const Volume<std::int32_t>& whole, const Box& box, const fs::path& path) {
    if (box.empty() || !whole.box().contains(box))
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} has {shape} voxels and does not hold the block {box} of "
                              "splits_final.json. Split the data set again."),
                     {{"path", path.string()}, {"shape", toString(whole.shape())}, {"box", toString(box)}}});
    return crop(whole, box);
}

}  // namespace

ComparedFolders compareFolders(const fs::path& references, const fs::path& predictions, const std::string& ending,
                               bool partial, Job& job) {
    const Names wanted = labelMapCases(references, ending), there = labelMapCases(predictions, ending);
    const Names missing = without(wanted, there), unknown = without(there, wanted);
    if (!missing.empty() && (!partial || missing.size() == wanted.size()))
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("{folder} has no prediction of {count} of the cases in {references}: {cases}. Predict "
                              "them, or ask for a score of the others alone (partial)."),
                     {{"folder", predictions.string()},
                      {"count", std::to_string(missing.size())},
                      {"references", references.string()},
                      {"cases", listed(missing)}}});
    if (!unknown.empty())
        job.message(MessageLevel::Warning,
                    {FOVEA_TR("{count} predictions have no reference and are not scored: {cases}."),
                     {{"count", std::to_string(unknown.size())}, {"cases", listed(unknown)}}});
    ComparedFolders compared{without(wanted, missing), {}, {}};
    for (const std::string& name : compared.cases)
        compared.files.push_back({references / (name + ending), predictions / (name + ending)});
    return compared;
}

ComparedFolders inBoxes(ComparedFolders compared, const plan::nnunet::CaseBoxes& boxes) {
    if (boxes.empty()) return compared;
    ComparedFolders parts;
    for (std::size_t i = 0; i < compared.cases.size(); ++i) {
        const auto found = boxes.find(compared.cases[i]);
        if (found == boxes.end()) continue;
        for (const Box& box : found->second) {
            parts.cases.push_back(compared.cases[i]);
            parts.files.push_back(compared.files[i]);
            parts.parts.push_back(box);
        }
    }
    return parts;
}

measure::LabelSummary evaluate(const Files& files, const ComparedFolders& compared, const ScoredClasses& scored,
                               Job& job) {
    std::vector<std::vector<measure::ClassScores>> byCase(compared.cases.size());
    forEachCase(compared.cases, job, [&](std::size_t i) {
        const auto labels = [&](const fs::path& path) {
            Volume<std::int32_t> whole = readLabelMap(files, path);
            return compared.parts.empty() ? whole : partOf(whole, compared.parts[i], path);
        };
        byCase[i] = measure::scoreLabels(labels(compared.files[i].reference), labels(compared.files[i].prediction),
                                         scored.classes, scored.ignore);
    });
    return measure::summarise(std::move(byCase), scored.classes.size());
}

void writeSummary(const fs::path& path, const measure::LabelSummary& summary, const ComparedFolders& compared,
                  const ScoredClasses& scored) {
    plan::nnunet::writePythonJson(path, measure::summaryJson(summary, scored.names, compared.files));
}

}  // namespace fovea::nnunet

#include "nnunet/label_maps.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/parallel_parts.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using plan::nnunet::LabelEntry;

namespace {

// As Python prints it: a list of labels is a tuple, "(1, 2)" or "(1,)", a label alone its number.
std::string regionName(const LabelEntry& region) {
    if (!region.list) return std::to_string(region.values.front());
    std::string name = "(";
    for (const std::int32_t value : region.values)
        name.append(name.size() > 1 ? ", " : "").append(std::to_string(value));
    return name.append(region.values.size() == 1 ? ",)" : ")");
}

}  // namespace

ScoredClasses scoredClasses(const plan::nnunet::Labels& labels) {
    ScoredClasses scored;
    scored.ignore = labels.ignore();
    for (const LabelEntry& region : labels.regions()) {
        scored.classes.push_back(region.values);
        scored.names.push_back(regionName(region));
    }
    if (labels.hasRegions()) return scored;
    for (const std::int32_t label : labels.foreground()) {
        scored.classes.push_back({label});
        scored.names.push_back(std::to_string(label));
    }
    return scored;
}

std::vector<std::string> labelMapCases(const fs::path& folder, const std::string& ending) {
    std::vector<std::string> cases;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        // Names with a dot in front are files that are still being written.
        if (name.size() > ending.size() && name.ends_with(ending) && name.front() != '.')
            cases.push_back(name.substr(0, name.size() - ending.size()));
    }
    if (error || cases.empty())
        throw Error(ErrorKind::Missing, {FOVEA_TR("{path} holds no label maps. They must be named <case>{ending}."),
                                         {{"path", folder.string()}, {"ending", ending}}});
    std::sort(cases.begin(), cases.end());
    return cases;
}

Volume<std::int32_t> labelsOf(const ImagePtr& map) {
    Volume<std::int32_t> labels = plan::nnunet::readLabel({{}, {}, map}, Box::of(map->info().shape()));
    labels.geometry = map->info().geometry;
    for (const std::int32_t label : labels)
        if (label < 0 || label > 65535)
            throw Error(ErrorKind::Input, {FOVEA_TR("{path} holds the value {label}. Label maps hold 0 to 65535."),
                                           {{"path", map->info().path}, {"label", std::to_string(label)}}});
    return labels;
}

Volume<std::int32_t> readLabelMap(const Files& files, const fs::path& path) { return labelsOf(files.open(path)); }

void forEachCase(const std::vector<std::string>& cases, Job& job, const std::function<void(std::size_t)>& f) {
    forParts(std::int64_t(cases.size()), job, [&](std::int64_t i, Job&) {
        try {
            f(std::size_t(i));
        } catch (Error& error) {
            throw error.context({FOVEA_TR("working on the case {case}"), {{"case", cases[std::size_t(i)]}}});
        }
    });
}

void replaceFolder(const fs::path& target, const std::function<void(const fs::path&)>& fill) {
    fs::path part = target;
    part += ".part";
    file::remove(part);
    file::makeFolder(part);
    try {
        fill(part);
        file::commitFolder(part, target);
    } catch (...) {
        file::remove(part);
        throw;
    }
}

}  // namespace fovea::nnunet

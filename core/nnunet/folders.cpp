#include "nnunet/folders.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "base/error.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;

namespace {

fs::path below(const fs::path& root, const char* variable, const std::string& name) {
    if (root.empty())
        throw Error(ErrorKind::Missing, {FOVEA_TR("It is not said where {variable} is. Set that variable or give the "
                                                  "folder as an option."),
                                         {{"variable", variable}}});
    return root / name;
}

// "Dataset004_Hippocampus" → 4; nothing for other names.
std::optional<int> numberOf(const std::string& folder) {
    if (!folder.starts_with("Dataset") || folder.size() < 12 || folder[10] != '_') return std::nullopt;
    const std::string digits = folder.substr(7, 3);
    if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
    return std::stoi(digits);
}

std::string nameOf(const Roots& roots, const std::string& wanted) {
    const bool number = !wanted.empty() && wanted.size() <= 3 &&
                        std::all_of(wanted.begin(), wanted.end(), [](char c) { return c >= '0' && c <= '9'; });
    std::set<std::string> found;
    for (const fs::path& root : {roots.raw, roots.preprocessed, roots.results}) {
        std::error_code error;
        if (root.empty()) continue;
        if (!number && !wanted.empty() && fs::is_directory(root / wanted, error)) return wanted;
        if (!number) continue;
        for (const auto& entry : fs::directory_iterator(root, error))
            if (const std::string name = entry.path().filename().string(); numberOf(name) == std::stoi(wanted))
                found.insert(name);
    }
    if (found.size() == 1) return *found.begin();
    if (found.size() > 1)
        throw Error(ErrorKind::Input, {FOVEA_TR("The number {wanted} belongs to {a} and to {b}. Give the whole name."),
                                       {{"wanted", wanted}, {"a", *found.begin()}, {"b", *found.rbegin()}}});
    throw Error(ErrorKind::Missing,
                {FOVEA_TR("There is no data set {wanted} in the folders for raw data, preprocessed data or results. "
                          "Set nnUNet_raw, nnUNet_preprocessed and nnUNet_results, or give the folders as options."),
                 {{"wanted", wanted}}});
}

}  // namespace

DatasetFolders::DatasetFolders(Roots roots, const std::string& wanted)
    : roots_(std::move(roots)), name_(nameOf(roots_, wanted)) {}

fs::path DatasetFolders::raw() const { return below(roots_.raw, "nnUNet_raw", name_); }

fs::path DatasetFolders::preprocessed() const { return below(roots_.preprocessed, "nnUNet_preprocessed", name_); }

fs::path DatasetFolders::results() const { return below(roots_.results, "nnUNet_results", name_); }

fs::path DatasetFolders::model(const std::string& plans, const std::string& configuration,
                               const std::string& trainer) const {
    return results() / (trainer + "__" + plans + "__" + configuration);
}

}  // namespace fovea::nnunet

#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "labels/edit_session.h"
#include "project/stage.h"

namespace fovea::stage {

// What a person edits on top of: objects of the round before, else pseudo-labels, else nothing.
std::optional<std::filesystem::path> baseFolder(const project::StageContext& context, const std::string& caseId);

// The case's session; `base` is an artifact's folder with labels.zarr and objects.json. Once the journal holds edits,
// its own base wins. `lookOnly` never writes.
std::unique_ptr<labels::EditSession> openSession(const std::filesystem::path& caseFolder, const ImageInfo& info,
                                                 const std::optional<std::filesystem::path>& base, bool lookOnly,
                                                 Job& job);

// What the person has decided (edits of the context), on top of the newest labels: where these are newer than what the
// journal lies on, everything not frozen is taken from them, as the window does after a round. Nothing of the project
// is written; `scratch`, a folder of its own, is used when the journal has to be moved onto newer labels and must live
// as long as the session. Throws Error(Missing) when there is neither label nor edit.
std::unique_ptr<labels::EditSession> newestSession(const project::StageContext& context, const std::string& caseId,
                                                   const ImageInfo& info, const std::filesystem::path& scratch,
                                                   Job& job);

// Queued patches of one case, best first, as the queue of this round says.
std::vector<Box> patchesOf(const project::StageContext& context, const std::string& caseId);
std::vector<Box> patchesOf(const std::filesystem::path& queueFolder, const std::string& caseId);

}  // namespace fovea::stage

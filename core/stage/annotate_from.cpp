#include "stage/annotate_from.h"

#include <algorithm>

#include "stage/case_session.h"
#include "stage/given_labels.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using project::From;

CommittedTruth commitTruth(const project::Artifacts& artifacts, int round, const std::string& labelsPath, Job& job) {
    const project::Project& project = artifacts.project();
    project.requireWritable();
    const auto queue = artifacts.resolve({"queue", From::Same}, "", round);
    if (!queue) throw Error(ErrorKind::Missing, FOVEA_TR("No patches are queued in this round. Run query first."));
    CommittedTruth committed;
    const std::vector<std::string> ids = project.caseIds();
    for (const std::string& id : ids) {
        job.check();
        const std::vector<Box> patches = patchesOf(artifacts.folder(*queue), id);
        if (patches.empty()) continue;
        const ImageInfo info = project.image(id)->info();
        const Volume<std::int32_t> truth = givenLabels(
            *project.opener()(givenPath(labelsPath, id, ids.size()), 0, project.cacheFolder()), info.shape());
        auto base = artifacts.resolve({"objects", From::Before}, id, round);
        if (!base) base = artifacts.resolve({"pseudo-labels", From::Base}, id, round);
        const auto session = openSession(project.caseFolder(id), info,
                                         base ? std::optional(artifacts.folder(*base)) : std::nullopt, false, job);
        if (session->readOnly())
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("The labels of {id} cannot be changed now: {folder} cannot be written."),
                         {{"id", id}, {"folder", project.caseFolder(id).string()}}});
        for (const Box& patch : patches) {
            const auto& complete = session->completePatches();
            if (std::find(complete.begin(), complete.end(), patch) != complete.end()) {
                ++committed.already;
                continue;
            }
            session->adoptTruth(patch, crop(truth, patch));
            ++committed.patches;
        }
        session->flush();
        for (const auto& [objectId, object] : session->objects()) committed.objects += labels::isFrozen(object.state);
    }
    return committed;
}

}  // namespace fovea::stage

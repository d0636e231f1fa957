#include "stage/annotate_from.h"

#include <algorithm>

#include "measure/numbering.h"
#include "measure/object_stats.h"
#include "stage/case_session.h"
#include "stage/given_labels.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using project::From;

namespace {

// How far an object reaches tells whether half of it lies in the box, so objects are committed whole (along an axis on
// which the box is one voxel thick as far as the box).
void adoptWhole(labels::EditSession& session, const Volume<std::int32_t>& truth, const Box& box) {
    Box reach = Box::of(truth.shape());
    for (int axis = 0; axis < 3; ++axis)
        if (box.end[axis] - box.begin[axis] == 1) reach.begin[axis] = box.begin[axis], reach.end[axis] = box.end[axis];
    std::vector<std::int32_t> ids;
    for (const std::int32_t id : crop(truth, box))
        if (id != 0) ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    Volume<std::int32_t> objects = crop(truth, reach);
    measure::keepIds(objects, ids);
    Box whole = box;
    for (const measure::ObjectStats& s : measure::objectStats(objects))
        whole = whole.united(s.box.shifted(reach.begin));
    session.adoptTruth(whole, crop(objects, whole.shifted(Index{} - reach.begin)));
    if (whole == box) return;
    session.setPatchComplete(whole, false);
    session.setPatchComplete(box, true);
}

}  // namespace

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
        std::vector<Box> check;
        for (const project::HeldOut& out : project.heldOut(id))
            if (out.check) check.push_back(out.test);
        if (patches.empty() && check.empty()) continue;
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
        const auto known = [&](const Box& patch) {
            const auto& complete = session->completePatches();
            return std::find(complete.begin(), complete.end(), patch) != complete.end();
        };
        for (const Box& box : check)
            if (!known(box)) {
                adoptWhole(*session, truth, box);
                ++committed.check;
            }
        for (const Box& patch : patches) {
            if (known(patch)) {
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

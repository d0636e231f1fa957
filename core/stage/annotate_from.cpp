#include "stage/annotate_from.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/rng.h"
#include "measure/matching.h"
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

struct OpenCase {
    std::unique_ptr<labels::EditSession> session;
    Volume<std::int32_t> truth;
};

OpenCase opened(const project::Artifacts& artifacts, int round, const std::string& id, const std::string& labelsPath,
                Job& job) {
    const project::Project& project = artifacts.project();
    const ImageInfo info = project.image(id)->info();
    OpenCase result;
    result.truth = givenLabels(
        *project.opener()(givenPath(labelsPath, id, project.caseIds().size()), 0, project.cacheFolder()), info.shape());
    auto base = artifacts.resolve({"objects", From::Before}, id, round);
    if (!base) base = artifacts.resolve({"pseudo-labels", From::Base}, id, round);
    result.session = openSession(project.caseFolder(id), info,
                                 base ? std::optional(artifacts.folder(*base)) : std::nullopt, false, job);
    if (result.session->readOnly())
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("The labels of {id} cannot be changed now: {folder} cannot be written."),
                     {{"id", id}, {"folder", project.caseFolder(id).string()}}});
    return result;
}

project::ArtifactRef queueOf(const project::Artifacts& artifacts, int round) {
    artifacts.project().requireWritable();
    const auto queue = artifacts.resolve({"queue", From::Same}, "", round);
    if (!queue) throw Error(ErrorKind::Missing, FOVEA_TR("No patches are queued in this round. Run query first."));
    return *queue;
}

// An object of the truth and what was proposed in its place.
struct Seen {
    std::size_t at = 0;  // of its case
    std::int32_t id = 0;
    Box box;
    std::int32_t proposal = 0;  // the one that overlaps it most; 0 = none
    double iou = 0;
};

// Objects that are proposed or missed and not decided yet, away from `closed`.
std::vector<Seen> undecided(const OpenCase& c, std::size_t at, const std::vector<Box>& closed, Job& job) {
    const auto& objects = c.session->objects();
    const Volume<std::int32_t> proposed = c.session->layer().read(Box::of(c.truth.shape()));
    const measure::OverlapTable table = measure::overlapTable(c.truth, proposed, job);
    std::vector<Seen> seen;
    for (const measure::ObjectStats& s : measure::objectStats(c.truth, nullptr, job))
        if (std::none_of(closed.begin(), closed.end(), [&](const Box& box) { return s.box.overlaps(box); }))
            seen.push_back({at, std::int32_t(s.id), s.box});
    std::vector<Seen> open;
    for (Seen& one : seen) {
        bool decided = false;
        for (const auto& e : table.entries) {
            if (table.referenceIds[std::size_t(e.reference)] != one.id) continue;
            const auto id = std::int32_t(table.predictedIds[std::size_t(e.predicted)]);
            decided = decided || labels::isFrozen(objects.at(id).state);
            if (table.iou(e) > one.iou) one.iou = table.iou(e), one.proposal = id;
        }
        if (!decided) open.push_back(one);
    }
    return open;
}

// Gives the proposal (or a new object) the shape of the true one.
std::int32_t repair(const OpenCase& c, const Seen& one) {
    labels::EditSession& session = *c.session;
    const std::int32_t id = one.proposal ? one.proposal : session.newId();
    const Box box = one.proposal ? one.box.united(session.objects().at(id).box) : one.box;
    const Volume<std::int32_t> truth = crop(c.truth, box);
    Volume<std::uint8_t> mask(truth.shape());
    std::transform(truth.begin(), truth.end(), mask.begin(), [&](std::int32_t v) { return v == one.id; });
    session.replaceObject(FOVEA_TR("Repaired by the simulated annotator"), box.begin, mask, id, "hand", 1);
    return id;
}

}  // namespace

CommittedTruth commitTruth(const project::Artifacts& artifacts, int round, const std::string& labelsPath, Job& job) {
    const project::ArtifactRef queue = queueOf(artifacts, round);
    const project::Project& project = artifacts.project();
    CommittedTruth committed;
    for (const std::string& id : project.caseIds()) {
        job.check();
        const std::vector<Box> patches = patchesOf(artifacts.folder(queue), id);
        std::vector<Box> check;
        for (const project::HeldOut& out : project.heldOut(id))
            if (out.check) check.push_back(out.test);
        if (patches.empty() && check.empty()) continue;
        const auto [session, truth] = opened(artifacts, round, id, labelsPath, job);
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

Verdicts commitVerdicts(const project::Artifacts& artifacts, int round, const std::string& labelsPath,
                        const Verdicts& wanted, Job& job) {
    const project::ArtifactRef queue = queueOf(artifacts, round);
    const project::Project& project = artifacts.project();
    std::vector<OpenCase> cases;
    std::vector<Seen> seen;
    for (const std::string& id : project.caseIds()) {
        job.check();
        std::vector<Box> closed = patchesOf(artifacts.folder(queue), id);
        bool whole = false;  // held out as a whole: not even opened
        for (const project::HeldOut& out : project.heldOut(id)) {
            closed.push_back(out.guarded);
            whole = whole || out.guarded == Box::of(project.image(id)->info().shape());
        }
        if (whole) continue;
        cases.push_back(opened(artifacts, round, id, labelsPath, job));
        for (const Seen& one : undecided(cases.back(), cases.size() - 1, closed, job)) seen.push_back(one);
    }
    Rng(project.seed(), std::uint64_t(round)).shuffle(seen);
    Verdicts given;
    std::set<std::pair<std::size_t, std::int32_t>> used;  // one proposal may cover several true objects
    for (const Seen& one : seen) {
        job.check();
        if (one.proposal && !used.emplace(one.at, one.proposal).second) continue;
        OpenCase& c = cases[one.at];
        if (given.accept < wanted.accept) {
            const std::int32_t id = one.iou >= 0.5 ? one.proposal : repair(c, one);
            c.session->setState({id}, labels::State::Accepted);
            ++given.accept;
        } else if (given.reject < wanted.reject && one.iou >= 0.5) {
            c.session->setState({one.proposal}, labels::State::NothingHere);
            ++given.reject;
        }
    }
    for (OpenCase& c : cases) c.session->flush();
    return given;
}

}  // namespace fovea::stage

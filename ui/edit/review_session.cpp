#include "ui/edit/review_session.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "labels/kept_base.h"
#include "zarr/ome_zarr.h"

namespace fovea::ui {

using labels::Object;
using labels::ObjectTable;
using labels::State;

namespace {

constexpr double idleSeconds = 30;
constexpr std::size_t timedObjects = 20;

bool decided(State state) { return state != State::ToReview; }

Index middleOf(const Box& box) {
    return {(box.begin.z + box.end.z) / 2, (box.begin.y + box.end.y) / 2, (box.begin.x + box.end.x) / 2};
}

// The labels in use of a case: objects of a round, else pseudo-labels, else none.
struct Base {
    std::filesystem::path labels;
    ObjectTable objects;
};

std::optional<Base> baseInUse(const project::Project& project, const project::Artifacts& artifacts,
                              const std::string& caseId) {
    for (const char* kind : {"objects", "pseudo-labels"}) {
        const auto folder = artifacts.newest(kind, caseId, project.inUse());
        if (!folder) continue;
        Base base;
        base.labels = labels::keepBase(project.caseFolder(caseId), *folder / "labels.zarr");
        base.objects = labels::tableFromJson(file::readJson(*folder / "objects.json"));
        return base;
    }
    return std::nullopt;
}

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::nth_element(values.begin(), values.begin() + std::ptrdiff_t(values.size() / 2), values.end());
    return values[values.size() / 2];
}

}  // namespace

ReviewSession::ReviewSession(project::Project& project, const project::Artifacts& artifacts, const std::string& caseId,
                             ImagePtr image, QObject* parent)
    : QObject(parent), project_(project), artifacts_(artifacts), caseId_(caseId), image_(std::move(image)) {
    const ImageInfo& info = image_->info();
    if (const project::Case known = project_.caseOf(caseId_); !known.identity.empty())
        identity_ = known.identity + ":" + std::to_string(known.timepoint);
    const auto base = baseInUse(project_, artifacts_, caseId_);
    edits_ = std::make_shared<labels::EditSession>(project_.caseFolder(caseId_), info.shape(), info.geometry,
                                                   base ? zarr::open(base->labels) : nullptr,
                                                   base ? base->objects : ObjectTable{});
    edits_->onChange([this](const labels::Change& change) { onChange(change); });
    if (base && edits_->basePath() != base->labels.string() && !edits_->readOnly()) refreshBase();
    const Vec3 s = info.geometry.spacing;
    const bool flat = info.shape().z == 1;
    model_.setVoxelSize(info.geometry.known ? (flat ? s.y * s.x : s.z * s.y * s.x) : -1, flat);
    model_.reset(edits_->objects());
    loadPatches();
    if (!patches_.empty()) order_ = project::ReviewOrder::ByPatch;
    queue_.sort(rows(), order_, place());
    sinceInput_.start();
    if (const auto first = queue_.next()) setCurrent(*first);
}

ReviewSession::~ReviewSession() {
    spendTime();
    edits_->onChange({});
}

void ReviewSession::loadPatches() {
    patches_.clear();
    const auto folder = artifacts_.newest("queue", "", project_.activeRound());
    if (folder)
        for (ChosenPatch& chosen : chosenFromJson(file::readJson(*folder / "queue.json").at("chosen")))
            if (chosen.patch.caseId == caseId_) patches_.push_back(std::move(chosen));
    // Not at the end: without them nobody can tell whether learning helped.
    std::size_t at = 1;
    for (const project::HeldOut& out : project_.heldOut(caseId_))
        if (out.check) {
            const auto place = patches_.begin() + std::ptrdiff_t(std::min(at, patches_.size()));
            patches_.insert(place, {{caseId_, out.test}, 0, "Held out for the check"});
            at += 2;
        }
}

bool ReviewSession::heldOut(const Box& box) const {
    const auto held = project_.heldOut(caseId_);
    return std::any_of(held.begin(), held.end(),
                       [&](const project::HeldOut& out) { return out.guarded.contains(box); });
}

std::vector<project::ReviewRow> ReviewSession::rows() const {
    std::vector<project::ReviewRow> rows;
    rows.reserve(edits_->objects().size());
    for (const auto& [id, object] : edits_->objects())
        rows.push_back({id, object.score, object.voxels, object.box, decided(object.state)});
    return rows;
}

project::ReviewPlace ReviewSession::place() const {
    project::ReviewPlace place;
    for (const ChosenPatch& chosen : patches_) place.patches.push_back(chosen.patch.box);
    place.spacing = image_->info().geometry.spacing;
    if (const Object* object = currentObject()) place.here = middleOf(object->box);
    return place;
}

std::optional<std::int32_t> ReviewSession::current() const { return current_; }

const Object* ReviewSession::currentObject() const {
    if (!current_) return nullptr;
    const auto found = edits_->objects().find(*current_);
    return found == edits_->objects().end() ? nullptr : &found->second;
}

void ReviewSession::setCurrent(std::int32_t id) {
    if (current_ == id) return;
    spendTime();
    current_ = id;
    queue_.setCurrent(id);
    Q_EMIT currentChanged();
}

void ReviewSession::clearCurrent() {
    if (!current_) return;
    spendTime();
    current_.reset();
    Q_EMIT currentChanged();
}

std::int32_t ReviewSession::startNewObject() {
    const std::int32_t id = edits_->newId();
    setCurrent(id);
    Q_EMIT said(tr("New object %1: click or paint it.").arg(id));
    return id;
}

void ReviewSession::setOrder(project::ReviewOrder order) {
    order_ = order;
    queue_.sort(rows(), order_, place());
    Q_EMIT progressChanged();
}

void ReviewSession::next() {
    if (const auto id = queue_.next())
        setCurrent(*id);
    else
        Q_EMIT said(tr("Everything here is reviewed."));
}

void ReviewSession::previous() {
    if (const auto id = queue_.previous()) setCurrent(*id);
}

std::vector<Index> ReviewSession::upcoming(int most) const {
    const std::vector<std::int32_t>& ids = queue_.ids();
    const auto here = std::find(ids.begin(), ids.end(), queue_.current().value_or(0));
    const std::size_t from = here == ids.end() ? 0 : std::size_t(here - ids.begin()) + 1;
    std::vector<Index> places;
    for (std::size_t i = 0; i < ids.size() && int(places.size()) < most; ++i) {
        const auto found = edits_->objects().find(ids[(from + i) % ids.size()]);
        if (found != edits_->objects().end() && !decided(found->second.state))
            places.push_back(middleOf(found->second.box));
    }
    return places;
}

void ReviewSession::verdict(State state, bool goOn) {
    const Object* object = currentObject();
    if (!object) return next();  // nothing is looked at: go to what is to be
    const std::int32_t id = object->id;
    spendTime();
    edits_->setState({id}, state);
    Q_EMIT judged(id, state);
    if (goOn) next();
}

void ReviewSession::accept(bool goOn) {
    const Object* object = currentObject();
    if (!object) return next();
    if (object->voxels == 0) {
        Q_EMIT said(tr("Object %1 is empty. Paint or click it first.").arg(object->id));
        return;
    }
    verdict(object->clicks > 0 || object->source == "hand" ? State::Fixed : State::Accepted, goOn);
}

void ReviewSession::reopen() {
    const Object* object = currentObject();
    if (object && object->state != State::ToReview) edits_->setState({object->id}, State::ToReview);
}

void ReviewSession::remove() {
    const Object* object = currentObject();
    if (!object) return;
    const std::int32_t id = object->id;
    clearCurrent();
    edits_->remove(id);
}

void ReviewSession::beginStep(const Text& title) {
    edits_->beginStep(title);
    inStep_ = true;
}

void ReviewSession::endStep() {
    if (!inStep_) return;
    edits_->endStep();
    stepEnded();
}

void ReviewSession::stepEnded() {
    inStep_ = false;
    if (std::exchange(refreshWaits_, false)) Q_EMIT refreshDue();
}

void ReviewSession::undo() {
    endStep();  // what is being drawn is what goes first
    if (!edits_->canUndo()) return;
    lastVerdict_.reset();
    edits_->undo();
    if (lastVerdict_) setCurrent(*lastVerdict_);
}

void ReviewSession::redo() {
    endStep();
    if (!edits_->canRedo()) return;
    lastVerdict_.reset();
    edits_->redo();
    if (lastVerdict_) setCurrent(*lastVerdict_);
}

std::optional<Box> ReviewSession::patchAt(Index voxel) const {
    for (const ChosenPatch& chosen : patches_)
        if (chosen.patch.box.contains(voxel)) return chosen.patch.box;
    return std::nullopt;
}

bool ReviewSession::patchDone(const Box& patch) const {
    const auto& done = edits_->completePatches();
    return std::find(done.begin(), done.end(), patch) != done.end();
}

void ReviewSession::markPatchDone(const Box& patch) {
    edits_->setPatchComplete(patch, !patchDone(patch));
    if (!patchDone(patch))
        Q_EMIT said(tr("The patch is open again."));
    else if (heldOut(patch))
        Q_EMIT said(tr("Nothing missed here. This patch is held out for the check: nothing learns from it."));
    else
        Q_EMIT said(tr("Nothing missed here: the patch is complete."));
}

void ReviewSession::refreshBase() {
    loadPatches();
    if (inStep_) {
        refreshWaits_ = true;
        return;
    }
    auto base = baseInUse(project_, artifacts_, caseId_);
    if (!base || base->labels.string() == edits_->basePath()) return;
    // Same id = same object (the stage that made the labels matched them): colour, class and notes stay.
    for (auto& [id, object] : base->objects) {
        const auto old = edits_->objects().find(id);
        if (old == edits_->objects().end()) continue;
        object.colour = old->second.colour;
        object.note = old->second.note;
        object.cls = old->second.cls;
        object.seconds = old->second.seconds;
    }
    const ImagePtr known = edits_->knownBase(base->labels.string());  // a round gone back to
    edits_->swapBase(known ? known : zarr::open(base->labels), base->labels.string(), base->objects);
}

// Whether objects came, went or changed their state: a dab on a known object does neither.
bool ReviewSession::noteRows(const labels::Change& change) {
    bool rows = change.everything;
    for (const std::int32_t id : change.objects) {
        const auto now = edits_->objects().find(id);
        const int row = model_.rowOf(id);
        const bool there = now != edits_->objects().end();
        if (there != (row >= 0)) {
            rows = true;
        } else if (there && model_.index(row, 0).data(ObjectModel::StateRole).toInt() != int(now->second.state)) {
            rows = true;
            lastVerdict_ = id;
        }
    }
    return rows;
}

void ReviewSession::onChange(const labels::Change& change) {
    const bool rowsDiffer = noteRows(change);
    if (change.everything)
        model_.reset(edits_->objects());
    else
        model_.update(edits_->objects(), change.objects);
    if (change.everything || medianOf_ != edits_->objects().size()) medianVoxels_.reset();
    if (rowsDiffer) {
        queue_.refresh(rows());
        Q_EMIT rowsChanged();
    }
    if (current_ && change.everything && !currentObject()) clearCurrent();
    Q_EMIT edited(change);
    if (rowsDiffer || change.objects.empty()) Q_EMIT progressChanged();  // no object: a patch was marked
    if (change.everything && !current_)
        if (const auto first = queue_.next()) setCurrent(*first);
}

double ReviewSession::medianVoxels() const {
    if (!medianVoxels_) {
        std::vector<double> volumes;
        for (const auto& [id, object] : edits_->objects())
            if (object.voxels > 0) volumes.push_back(double(object.voxels));
        medianVoxels_ = median(std::move(volumes));
        medianOf_ = edits_->objects().size();
    }
    return *medianVoxels_;
}

ReviewProgress ReviewSession::progress() const {
    ReviewProgress progress;
    for (const auto& [id, object] : edits_->objects()) {
        ++progress.total;
        switch (object.state) {
            case State::Accepted:
            case State::Fixed:
            case State::AcceptedUnseen:
                ++progress.accepted;
                break;
            case State::Unsure:
                ++progress.unsure;
                break;
            case State::WrongShape:
            case State::NothingHere:
                ++progress.rejected;
                break;
            case State::ToReview:
                break;
        }
    }
    for (const Box& done : edits_->completePatches()) ++(heldOut(done) ? progress.checkDone : progress.patchesDone);
    for (const ChosenPatch& chosen : patches_)
        if (!patchDone(chosen.patch.box)) ++(heldOut(chosen.patch.box) ? progress.checkOpen : progress.patchesOpen);
    progress.minutesEach = median(lastSeconds_) / 60;
    return progress;
}

QString ReviewSession::reasons(const Object& object) const {
    QStringList reasons;
    const Index shape = image_->info().shape();
    if (heldOut(object.box)) reasons << tr("Held out for the check");
    if (object.score < 0.7) reasons << tr("Score %1").arg(object.score, 0, 'f', 2);
    if (shape.z > 2 && object.box.extent().z == 1) reasons << tr("Only one slice thick");
    const double middle = medianVoxels();
    if (middle > 0 && double(object.voxels) > 3 * middle)
        reasons << tr("%1 × the median volume").arg(double(object.voxels) / middle, 0, 'f', 1);
    if (middle > 0 && double(object.voxels) < middle / 10) reasons << tr("Far smaller than most");
    const bool border = object.box.begin.y == 0 || object.box.begin.x == 0 || object.box.end.y == shape.y ||
                        object.box.end.x == shape.x;
    if (border) reasons << tr("Touches the image border");
    return reasons.mid(0, 2).join(". ");
}

void ReviewSession::noteActivity() {
    const double passed = double(sinceInput_.restart()) / 1000;
    if (passed < idleSeconds) secondsOnCurrent_ += passed;
}

void ReviewSession::spendTime() {
    noteActivity();
    const double seconds = std::exchange(secondsOnCurrent_, 0);
    if (!currentObject() || seconds <= 0) return;
    edits_->addTime(*current_, seconds);
    lastSeconds_.push_back(seconds);
    if (lastSeconds_.size() > timedObjects) lastSeconds_.erase(lastSeconds_.begin());
}

}  // namespace fovea::ui

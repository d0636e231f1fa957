#include "labels/edit_session.h"

#include <bit>
#include <limits>
#include <set>

#include "base/log.h"
#include "labels/run_codec.h"
#include "labels/session_impl.h"

namespace fovea::labels {

std::int64_t nowMs() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

EditSession::Impl::Impl(const std::filesystem::path& folder_, Index shape_, Geometry geometry, SessionOptions options_)
    : folder(std::filesystem::absolute(folder_).lexically_normal()),
      shape(shape_),
      options(std::move(options_)),
      state(shape_, geometry, [this](const std::string& path) { return options.resolve(resolved(path)); }) {}

void EditSession::Impl::requireWritable() const {
    if (!writer)
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR(
                 "The labels in {folder} are open to look only. Open the project where you may write, or make a copy."),
             {{"folder", folder.string()}}});
}

void EditSession::Impl::record(EntryKind kind, const std::string& payload) {
    auto framed = std::make_shared<const std::string>(frame(payload));
    const auto size = std::uint32_t(framed->size());
    const std::uint64_t offset = writer->append(framed);
    ++entries;
    if (kind != EntryKind::Edit) return;
    for (std::size_t i = std::max(done, firstHeld); i < steps.size(); ++i)
        if (steps[i].framed) held -= steps[i].size;
    steps.resize(done);
    firstHeld = std::min(firstHeld, done);
    steps.push_back({decodeHead(payload), offset, size, std::move(framed)});
    held += size;
    done = steps.size();
    trimMemory();
}

void EditSession::Impl::trimMemory() {
    if (held <= options.memoryBudget) return;
    const std::uint64_t durable = writer->durable();
    for (; firstHeld < steps.size() && held > options.memoryBudget; ++firstHeld) {
        Step& oldest = steps[firstHeld];
        if (!oldest.framed) continue;
        if (oldest.offset + oldest.size > durable) break;  // not on disk yet: memory is the only place
        oldest.framed.reset();
        held -= oldest.size;
    }
}

void EditSession::Impl::announce(const LabelEdit& edit, const LabelTally& tally) {
    if (!listener) return;
    Change change;
    change.box = tally.box;
    for (const VoxelRun& run : edit.marks)
        change.box = change.box.united({run.start, run.start + Index{1, 1, run.length}});
    std::set<ObjectId> ids;
    for (const auto& [id, entry] : tally.entries)
        if (id != 0) ids.insert(id);
    for (const RowChange& row : edit.rows) ids.insert(row.id);
    change.objects.assign(ids.begin(), ids.end());
    change.everything = edit.base.has_value();
    if (change.everything) change.box = Box::of(shape);
    listener(change);
}

LabelTally EditSession::Impl::commit(LabelEdit edit) {
    if (edit.empty()) return {};
    const LabelTally tally = state.apply(edit, true);
    if (stepOpen) {
        announce(edit, tally);
        step.append(std::move(edit));
        return tally;
    }
    dropEmpty(edit);
    state.tighten();
    announce(edit, tally);
    finishStep(std::move(edit));
    return tally;
}

void EditSession::Impl::dropEmpty(LabelEdit& edit) {
    std::set<ObjectId> lost;
    for (const VoxelRun& run : edit.labels) lost.insert(run.before);
    for (const ObjectId id : lost) {
        const auto row = state.rows.find(id);
        if (row == state.rows.end() || row->second.voxels > 0 || isRejected(row->second.state)) continue;
        edit.change({id, row->second, std::nullopt});
        state.rows.erase(row);
    }
    // Born and gone within the step.
    std::erase_if(edit.rows, [](const RowChange& row) { return !row.before && !row.after; });
}

void EditSession::Impl::finishStep(LabelEdit edit) {
    edit.number = nextNumber++;
    edit.unixMs = nowMs();
    record(EntryKind::Edit, encode(edit));
    compactWhenDue();
}

LabelEdit EditSession::Impl::load(const Step& from) const {
    if (from.framed) return decodeEdit(std::string_view(*from.framed).substr(frameHead), shape);
    return decodeEdit(readEntry(folder / "journal", from.offset, from.size), shape);
}

void EditSession::Impl::travel(bool forward) {
    const Step& target = steps[forward ? done : done - 1];
    const LabelEdit edit = load(target);
    const LabelTally tally = state.apply(edit, forward);
    state.tighten();
    done += forward ? 1 : std::size_t(-1);
    ByteWriter payload;
    payload.number(std::uint64_t(forward ? EntryKind::Redo : EntryKind::Undo));
    payload.number(std::uint64_t(target.head.number));
    record(forward ? EntryKind::Redo : EntryKind::Undo, payload.take());
    announce(edit, tally);
    compactWhenDue();
}

EditSession::EditSession(const std::filesystem::path& folder, Index shape, Geometry geometry, ImagePtr base,
                         const ObjectTable& objects, SessionOptions options)
    : impl_(std::make_unique<Impl>(folder, shape, geometry, std::move(options))) {
    impl_->open(std::move(base), objects);
}

EditSession::~EditSession() {
    if (!impl_->writer) return;
    try {
        endStep();
        if (impl_->entries > impl_->lastCompact) impl_->compact();
    } catch (const std::exception& e) {
        log::error(e.what());
    }
}

const LabelLayer& EditSession::layer() const { return impl_->state.layer; }
const LabelLayer& EditSession::marks() const { return impl_->state.marks; }
const ObjectTable& EditSession::objects() const { return impl_->state.rows; }
const std::vector<Box>& EditSession::completePatches() const { return impl_->state.patches; }
const std::vector<std::string>& EditSession::problems() const { return impl_->problems; }
ObjectId EditSession::newId() const {
    if (impl_->state.nextId > std::numeric_limits<ObjectId>::max())
        throw Error(ErrorKind::Input,
                    FOVEA_TR("These labels use the largest object number there is, so no new object can "
                             "be made. Number the objects anew: export the labels, import them again."));
    return ObjectId(impl_->state.nextId);
}
std::string EditSession::basePath() const { return impl_->resolved(impl_->state.basePath()); }
bool EditSession::readOnly() const { return !impl_->writer; }

void EditSession::beginStep(const Text& title) {
    impl_->requireWritable();
    if (impl_->stepOpen) throw Error(ErrorKind::Internal, FOVEA_TR("A step of edits is open already."));
    impl_->stepOpen = true;
    impl_->step = {};
    impl_->step.title = title;
}

void EditSession::endStep() {
    if (!impl_->stepOpen) return;
    impl_->stepOpen = false;
    LabelEdit edit = std::move(impl_->step);
    if (edit.empty()) return;
    impl_->dropEmpty(edit);
    impl_->state.tighten();
    LabelTally ids;  // pixels were announced already, rows may have got smaller boxes or gone
    for (const VoxelRun& run : edit.labels) ids.entries[run.before], ids.entries[run.after];
    impl_->announce(edit, ids);
    impl_->finishStep(std::move(edit));
}

void EditSession::addTime(ObjectId id, double seconds) {
    impl_->requireWritable();
    const auto row = impl_->state.rows.find(id);
    if (row == impl_->state.rows.end() || !(seconds > 0)) return;
    row->second.seconds += seconds;
    ByteWriter payload;
    payload.number(std::uint64_t(EntryKind::Time));
    payload.number(std::uint64_t(id));
    payload.number(std::bit_cast<std::uint64_t>(seconds));
    impl_->record(EntryKind::Time, payload.take());
}

bool EditSession::canUndo() const {
    return impl_->writer && (impl_->done > 0 || (impl_->stepOpen && !impl_->step.empty()));
}
bool EditSession::canRedo() const { return impl_->writer && !impl_->stepOpen && impl_->done < impl_->steps.size(); }

void EditSession::undo() {
    impl_->requireWritable();
    endStep();
    if (impl_->done > 0) impl_->travel(false);
}

void EditSession::redo() {
    impl_->requireWritable();
    endStep();
    if (impl_->done < impl_->steps.size()) impl_->travel(true);
}

std::vector<HistoryEntry> EditSession::history(int most) const {
    std::vector<HistoryEntry> result;
    for (std::size_t i = impl_->steps.size(); i-- > 0 && int(result.size()) < most;)
        result.push_back({impl_->steps[i].head.title, impl_->steps[i].head.unixMs, i >= impl_->done});
    return result;
}

std::int64_t EditSession::journalPosition() const { return impl_->entries; }

void EditSession::flush() const {
    if (impl_->writer) impl_->writer->flush();
}

void EditSession::compact() {
    impl_->requireWritable();
    endStep();
    impl_->compact();
}

std::string EditSession::saveProblem() const { return impl_->writer ? impl_->writer->problem() : std::string(); }

void EditSession::onChange(std::function<void(const Change&)> f) { impl_->listener = std::move(f); }

}  // namespace fovea::labels

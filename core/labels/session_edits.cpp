#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

#include "data/mask_box.h"
#include "labels/session_impl.h"

namespace fovea::labels {

namespace {

constexpr Index tile{64, 256, 256};

// The `after` row of an edit, made from the present row when the edit has none yet.
Object& rowOf(LabelEdit& edit, const Object& now) {
    for (RowChange& change : edit.rows)
        if (change.id == now.id && change.after) return *change.after;
    edit.rows.push_back({now.id, now, now});
    return *edit.rows.back().after;
}

// The part of a mask at `origin` that lies in `within`, a box of the volume.
Stamp clipped(Index origin, const Volume<std::uint8_t>& mask, const Box& within) {
    const Box box = Box::of(mask.shape()).shifted(origin).intersected(within);
    if (box.empty()) return {};
    return {box.begin, crop(mask, box.shifted(Index{} - origin))};
}

}  // namespace

bool EditSession::Impl::frozen(ObjectId id) const {
    const auto row = state.rows.find(id);
    return row != state.rows.end() && isFrozen(row->second.state);
}

void EditSession::Impl::requireThawed(ObjectId id) const {
    if (id < 0)
        throw Error(ErrorKind::Input, {FOVEA_TR("{id} is not an object number."), {{"id", std::to_string(id)}}});
    if (id != 0 && frozen(id))
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("Object {id} is accepted. Reopen with Shift+U."), {{"id", std::to_string(id)}}});
}

int EditSession::Impl::newColour(ObjectId id, const std::vector<VoxelRun>& runs) const {
    Box box;
    for (const VoxelRun& run : runs) box = box.united({run.start, run.start + Index{1, 1, run.length}});
    box = box.grown({1, 1, 1}).intersected(Box::of(shape));
    Volume<std::int32_t> labels = state.layer.read(box);
    for (const VoxelRun& run : runs) {
        if (run.after != id) continue;
        std::int32_t* row = &labels[run.start - box.begin];
        std::fill(row, row + run.length, id);
    }
    ObjectTable table;
    std::int32_t last = 0;
    for (const std::int32_t v : labels.vector()) {
        if (v == last) continue;
        last = v;
        if (const auto row = state.rows.find(v); row != state.rows.end()) table.insert(*row);
    }
    table[id].id = id;
    assignColours(table, {id}, labels);
    return table[id].colour;
}

void EditSession::Impl::noteHand(LabelEdit& edit, ObjectId id, const std::string& source) const {
    std::map<ObjectId, Box> lost;  // and where
    for (const VoxelRun& run : edit.labels)
        if (run.before != 0) {
            Box& place = lost[run.before];
            place = place.united({run.start, run.start + Index{1, 1, run.length}});
        }
    for (const auto& [other, place] : lost) {
        const auto row = state.rows.find(other);
        if (row == state.rows.end() || (row->second.edited && row->second.erased.contains(place))) continue;
        Object& after = rowOf(edit, row->second);
        after.edited = true;
        after.erased = after.erased.united(place);
    }
    if (id == 0) return;
    const auto row = state.rows.find(id);
    if (row == state.rows.end()) {
        Object object;
        object.id = id;
        object.source = source;
        object.edited = true;
        object.colour = newColour(id, edit.labels);
        edit.rows.push_back({id, std::nullopt, object});
    } else if (!row->second.edited || isRejected(row->second.state)) {
        Object& after = rowOf(edit, row->second);
        after.edited = true;
        if (isRejected(after.state)) after.state = State::ToReview;
    }
}

std::int64_t EditSession::paint(const Text& title, Index origin, const Volume<std::uint8_t>& mask, ObjectId id,
                                const std::string& source, bool protectAll) {
    return impl_->paint(title, clipped(origin, mask, Box::of(impl_->shape)), id, source, protectAll, false, 0);
}

std::int64_t EditSession::replaceObject(const Text& title, Index origin, const Volume<std::uint8_t>& mask, ObjectId id,
                                        const std::string& source, int clicks) {
    if (id == 0) throw Error(ErrorKind::Input, FOVEA_TR("Background cannot be replaced as an object."));
    // A proposal's box is as large as the engine looked; what changes lies where the object is or was.
    Box within = boxOf(mask).shifted(origin);
    if (const auto row = impl_->state.rows.find(id); row != impl_->state.rows.end())
        within = within.united(row->second.box);
    return impl_->paint(title, clipped(origin, mask, within.intersected(Box::of(impl_->shape))), id, source, false,
                        true, clicks);
}

std::int64_t EditSession::Impl::paint(const Text& title, const Stamp& stamp, ObjectId id, const std::string& source,
                                      bool protectAll, bool replace, int clicks) {
    requireWritable();
    requireThawed(id);
    if (stamp.empty()) return 0;
    const Volume<std::int32_t> before = state.layer.read(stamp.box());
    Volume<std::int32_t> after = before;
    std::unordered_map<ObjectId, bool> open;  // may be painted over
    ObjectId last = 0;
    bool lastOpen = true;
    for (std::int64_t i = 0; i < before.size(); ++i) {
        const ObjectId now = before.data()[i];
        if (!stamp.mask.data()[i]) {
            if (replace && now == id) after.data()[i] = 0;
            continue;
        }
        if (now == id) continue;
        if (now != last) {
            last = now;
            const auto known = open.find(now);
            lastOpen = known != open.end() ? known->second : now == 0 || (!(protectAll && id != 0) && !frozen(now));
            if (known == open.end()) open.emplace(now, lastOpen);
        }
        if (lastOpen) after.data()[i] = id;
    }
    LabelEdit edit;
    edit.title = title;
    edit.labels = difference(stamp.origin, before, after);
    if (edit.labels.empty()) return 0;
    std::int64_t voxels = 0;
    for (const VoxelRun& run : edit.labels) voxels += run.length;
    noteHand(edit, id, source);
    if (clicks > 0) {
        const auto born =
            std::find_if(edit.rows.begin(), edit.rows.end(), [&](const RowChange& row) { return row.id == id; });
        (born != edit.rows.end() ? *born->after : rowOf(edit, state.rows.at(id))).clicks += clicks;
    }
    commit(std::move(edit));
    return voxels;
}

void EditSession::Impl::takeOut(LabelEdit& edit, const Object& row) const {
    const auto runs = recolour(state.layer, row.id, row.box, 0);
    edit.labels.insert(edit.labels.end(), runs.begin(), runs.end());
    forEachTile(row.box, tile, [&](const Box& part) {
        const Volume<std::int32_t> labels = state.layer.read(part), before = state.marks.read(part);
        Volume<std::int32_t> after = before;
        for (std::int64_t i = 0; i < after.size(); ++i)
            if (labels.data()[i] == row.id) after.data()[i] = row.id;
        const auto marked = difference(part.begin, before, after);
        edit.marks.insert(edit.marks.end(), marked.begin(), marked.end());
    });
}

void EditSession::Impl::bringBack(LabelEdit& edit, const Object& row) const {
    forEachTile(row.box, tile, [&](const Box& part) {
        const Volume<std::int32_t> labels = state.layer.read(part), marked = state.marks.read(part);
        Volume<std::int32_t> labelsAfter = labels, marksAfter = marked;
        for (std::int64_t i = 0; i < labels.size(); ++i) {
            if (marked.data()[i] != row.id) continue;
            marksAfter.data()[i] = 0;
            if (labels.data()[i] == 0) labelsAfter.data()[i] = row.id;
        }
        const auto runs = difference(part.begin, labels, labelsAfter),
                   marks = difference(part.begin, marked, marksAfter);
        edit.labels.insert(edit.labels.end(), runs.begin(), runs.end());
        edit.marks.insert(edit.marks.end(), marks.begin(), marks.end());
    });
}

void EditSession::setState(const std::vector<ObjectId>& ids, State to) {
    impl_->requireWritable();
    LabelEdit edit;
    for (const ObjectId id : std::set<ObjectId>(ids.begin(), ids.end())) {
        const auto found = impl_->state.rows.find(id);
        if (found == impl_->state.rows.end()) continue;
        const Object& row = found->second;
        const State state = to == State::Accepted && row.edited ? State::Fixed : to;
        if (row.state == state) continue;
        edit.rows.push_back({id, row, row});
        edit.rows.back().after->state = state;
        if (isRejected(state) && !isRejected(row.state)) impl_->takeOut(edit, row);
        if (!isRejected(state) && isRejected(row.state)) impl_->bringBack(edit, row);
    }
    edit.title =
        edit.rows.size() == 1
            ? Text(FOVEA_TR("Object {id}: {state}"), {{"id", std::to_string(edit.rows[0].id)}, {"state", name(to)}})
            : Text(FOVEA_TR("{n} objects: {state}"), {{"n", std::to_string(edit.rows.size())}, {"state", name(to)}});
    impl_->commit(std::move(edit));
}

void EditSession::setNote(ObjectId id, const std::string& note) {
    impl_->requireWritable();
    const auto row = impl_->state.rows.find(id);
    if (row == impl_->state.rows.end() || row->second.note == note) return;
    LabelEdit edit;
    edit.title = {FOVEA_TR("Note on object {id}"), {{"id", std::to_string(id)}}};
    rowOf(edit, row->second).note = note;
    impl_->commit(std::move(edit));
}

void EditSession::setClass(const std::vector<ObjectId>& ids, const std::string& cls) {
    impl_->requireWritable();
    LabelEdit edit;
    for (const ObjectId id : std::set<ObjectId>(ids.begin(), ids.end()))
        if (const auto row = impl_->state.rows.find(id); row != impl_->state.rows.end() && row->second.cls != cls)
            rowOf(edit, row->second).cls = cls;
    edit.title = {FOVEA_TR("Class of {n} objects: {class}"), {{"n", std::to_string(edit.rows.size())}, {"class", cls}}};
    impl_->commit(std::move(edit));
}

void EditSession::remove(ObjectId id) {
    impl_->requireWritable();
    impl_->requireThawed(id);
    const auto row = impl_->state.rows.find(id);
    if (row == impl_->state.rows.end()) return;
    LabelEdit edit;
    edit.title = {FOVEA_TR("Delete object {id}"), {{"id", std::to_string(id)}}};
    edit.labels = recolour(impl_->state.layer, id, row->second.box, 0);
    edit.marks = recolour(impl_->state.marks, id, row->second.box, 0);
    edit.rows.push_back({id, row->second, std::nullopt});
    impl_->commit(std::move(edit));
}

void EditSession::setPatchComplete(const Box& patch, bool complete) {
    impl_->requireWritable();
    const Box box = patch.intersected(Box::of(impl_->shape));
    std::vector<Box> after = impl_->state.patches;
    std::erase(after, box);
    if (complete && !box.empty()) after.push_back(box);
    if (after == impl_->state.patches) return;
    LabelEdit edit;
    edit.title = complete ? Text(FOVEA_TR("Patch complete")) : Text(FOVEA_TR("Patch reopened"));
    edit.patches.emplace(impl_->state.patches, std::move(after));
    impl_->commit(std::move(edit));
}

void EditSession::adoptTruth(const Box& box, const Volume<std::int32_t>& truth) {
    impl_->requireWritable();
    if (box.empty() || !Box::of(impl_->shape).contains(box) || truth.shape() != box.extent())
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR("The truth has the shape {truth} and cannot be taken over into {box} of a volume of {shape}."),
             {{"truth", toString(truth.shape())}, {"box", toString(box)}, {"shape", toString(impl_->shape)}}});
    const Volume<std::int32_t> before = impl_->state.layer.read(box);
    Volume<std::int32_t> after = before;
    std::unordered_map<ObjectId, ObjectId> fresh{{0, 0}};
    std::unordered_map<ObjectId, bool> kept{{0, false}};
    std::int64_t next = impl_->state.nextId;
    ObjectTable table;
    for (std::int64_t i = 0; i < truth.size(); ++i) {
        const ObjectId now = before.data()[i], wanted = truth.data()[i];
        auto known = kept.find(now);
        if (known == kept.end()) {
            known = kept.emplace(now, impl_->frozen(now)).first;
            if (const auto row = impl_->state.rows.find(now); row != impl_->state.rows.end()) table.insert(*row);
        }
        if (known->second) continue;
        auto id = fresh.find(wanted);
        if (id == fresh.end()) {
            if (wanted < 0 || next >= std::numeric_limits<ObjectId>::max())
                throw Error(
                    ErrorKind::Input,
                    {FOVEA_TR("The truth holds the object number {id}. Object numbers start at 1, background is 0."),
                     {{"id", std::to_string(wanted)}}});
            id = fresh.emplace(wanted, ObjectId(next++)).first;
        }
        after.data()[i] = id->second;
    }
    LabelEdit edit;
    edit.title = {FOVEA_TR("Labels taken over, {n} objects"), {{"n", std::to_string(fresh.size() - 1)}}};
    std::vector<ObjectId> ids;
    for (const auto& [wanted, id] : fresh) {
        if (id == 0) continue;
        ids.push_back(id);
        Object& row = table[id];
        row.id = id;
        row.state = State::Accepted;
        row.source = "truth";
        row.score = 1;
    }
    assignColours(table, ids, after);
    std::sort(ids.begin(), ids.end());
    for (const ObjectId id : ids) edit.rows.push_back({id, std::nullopt, table.at(id)});
    edit.labels = difference(box.begin, before, after);
    const std::vector<Box>& patches = impl_->state.patches;
    if (std::find(patches.begin(), patches.end(), box) == patches.end()) {
        edit.patches.emplace(patches, patches);
        edit.patches->second.push_back(box);
    }
    impl_->commit(std::move(edit));
}

}  // namespace fovea::labels

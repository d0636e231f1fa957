#include <algorithm>
#include <set>

#include "data/cut_objects.h"
#include "labels/session_impl.h"

namespace fovea::labels {

namespace {

constexpr Index tile{64, 256, 256};

// Copies from `now` into `next`, inside `region`, the labels for which keep(label) is true.
template <class Keep>
void carry(const LabelLayer& now, LabelLayer& next, const Box& region, LabelTally& tally, Keep&& keep) {
    forEachTile(region, tile, [&](const Box& part) {
        const Volume<std::int32_t> labels = now.read(part), before = next.read(part);
        Volume<std::int32_t> after = before;
        for (std::int64_t i = 0; i < after.size(); ++i)
            if (keep(labels.data()[i])) after.data()[i] = labels.data()[i];
        tally.merge(next.apply(difference(part.begin, before, after), true));
    });
}

// Rows of the new base as the carried voxels leave them.
void settle(ObjectTable& rows, const LabelTally& tally, const LabelLayer& layer, const ObjectTable& now) {
    for (const auto& [id, entry] : tally.entries) {
        if (id == 0) continue;
        auto row = rows.find(id);
        if (row == rows.end()) {
            // Kept by a complete patch alone.
            const auto old = now.find(id);
            if (old == now.end() || entry.voxels <= 0) continue;
            row = rows.insert(*old).first;
            row->second.voxels = 0;
            row->second.box = {};
        }
        Object& object = row->second;
        object.voxels += entry.voxels;
        object.box = object.box.united(entry.added);
        if (object.voxels > 0 && !entry.removed.empty() && touchesFace(entry.removed, object.box))
            shrink(layer, id, object.box);
    }
    std::erase_if(rows, [](const auto& row) { return row.second.voxels <= 0; });
}

// Whether the new base gives the object voxels that a person took away from it outside of the patches (or that lie
// among such: of what was taken away the box alone is known).
bool undoesErasing(const LabelLayer& next, const SessionState& state, const Object& row) {
    bool found = false;
    forEachTile(row.erased, tile, [&](const Box& part) {
        if (found) return;
        const Volume<std::int32_t> labels = next.read(part);
        std::int64_t i = 0;
        for (std::int64_t z = part.begin.z; z < part.end.z; ++z)
            for (std::int64_t y = part.begin.y; y < part.end.y; ++y)
                for (std::int64_t x = part.begin.x; x < part.end.x; ++x, ++i)
                    found = found || (labels.data()[i] == row.id &&
                                      std::none_of(state.patches.begin(), state.patches.end(),
                                                   [&](const Box& patch) { return patch.contains(Index{z, y, x}); }));
    });
    return found;
}

// Accepted objects that their patches cut, not a person, and that the new base holds whole, under the same number, and
// carries on. They are taken from there, to be reviewed where nobody saw them; inside the patches all labels stay
// anyway.
std::set<ObjectId> continuedBy(const LabelLayer& next, const SessionState& state, const ObjectTable& objects) {
    std::map<ObjectId, std::int64_t> frozen;  // and their voxels
    for (const auto& [id, row] : state.rows)
        if (const auto found = objects.find(id);
            isFrozen(row.state) && found != objects.end() && found->second.voxels > row.voxels)
            frozen.emplace(id, row.voxels);
    if (frozen.empty()) return {};
    const auto cut =
        cutByPatches([&](const Box& box) { return state.layer.read(box); }, state.patches, state.layer.shape(), frozen);
    std::set<ObjectId> continued;
    for (const auto& [id, patches] : cut) continued.insert(id);
    if (continued.empty()) return {};
    for (const Box& patch : state.patches) {
        const Volume<std::int32_t> before = state.layer.read(patch), after = next.read(patch);
        for (std::int64_t i = 0; i < before.size(); ++i)
            if (before.data()[i] && after.data()[i] != before.data()[i]) continued.erase(before.data()[i]);
    }
    std::erase_if(continued, [&](ObjectId id) { return undoesErasing(next, state, state.rows.at(id)); });
    return continued;
}

}  // namespace

LabelEdit EditSession::Impl::swapped(ImagePtr base, const std::string& path, const ObjectTable& objects) {
    LabelLayer next(shape, state.layer.geometry(), std::move(base));
    ObjectTable rows = objects;
    const std::set<ObjectId> continued = continuedBy(next, state, objects);
    const auto isKept = [&](const Object& row) {
        return isRejected(row.state) || (isFrozen(row.state) && !continued.contains(row.id));
    };
    // A new object with the number of one that stays has no place of its own.
    for (const auto& [id, row] : state.rows)
        if (const auto twin = rows.find(id); twin != rows.end() && isKept(row)) {
            next.apply(recolour(next, id, twin->second.box, 0), true);
            rows.erase(twin);
        }
    for (auto& [id, row] : rows)
        if (row.voxels <= 0) std::tie(row.box, row.voxels) = measure(next, id, row.box);

    LabelTally tally;
    for (const Box& patch : state.patches) carry(state.layer, next, patch, tally, [](ObjectId) { return true; });
    for (const auto& [id, row] : state.rows)
        if (isFrozen(row.state) && !continued.contains(id))
            carry(state.layer, next, row.box, tally, [wanted = id](ObjectId label) { return label == wanted; });
    for (const auto& [id, row] : state.rows)
        if (isKept(row)) tally.entries.erase(id);
    settle(rows, tally, next, state.rows);
    for (const auto& [id, row] : state.rows)
        if (isKept(row)) rows[id] = row;

    LabelEdit edit;
    edit.title = FOVEA_TR("New prediction");
    for (const auto& [id, row] : state.rows)
        if (const auto after = rows.find(id); after == rows.end())
            edit.rows.push_back({id, row, std::nullopt});
        else if (after->second != row)
            edit.rows.push_back({id, row, after->second});
    for (const auto& [id, row] : rows)
        if (!state.rows.contains(id)) edit.rows.push_back({id, std::nullopt, row});
    edit.base = BaseChange{state.basePath(), path, state.layer.overlay(), next.overlay()};
    return edit;
}

void EditSession::swapBase(const ImagePtr& base, const std::string& basePath, const ObjectTable& objects) {
    impl_->requireWritable();
    if (impl_->stepOpen) throw Error(ErrorKind::Internal, FOVEA_TR("The base cannot be swapped inside another step."));
    const std::string path = base ? impl_->stored(basePath.empty() ? base->info().path : basePath) : std::string();
    if (base && (path.empty() || impl_->state.knows(path, base)))
        throw Error(ErrorKind::Input, {FOVEA_TR("Labels at {path} lie below steps that can be undone already. Write "
                                                "the new ones to a place of their own."),
                                       {{"path", basePath}}});
    LabelEdit edit = impl_->swapped(base, path, objects);
    impl_->state.know(path, base);
    impl_->commit(std::move(edit));
}

ImagePtr EditSession::knownBase(const std::string& basePath) const {
    return basePath.empty() ? nullptr : impl_->state.known(impl_->stored(basePath));
}

}  // namespace fovea::labels

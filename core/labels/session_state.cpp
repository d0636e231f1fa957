#include "labels/session_state.h"

#include <algorithm>

#include "base/json_text.h"
#include "data/tables.h"
#include "labels/run_codec.h"

namespace fovea::labels {

namespace {

constexpr Index tile{64, 256, 256};
constexpr std::int64_t wholeBox = std::int64_t(1) << 21;     // boxes up to this are read whole
constexpr std::int64_t largestFace = std::int64_t(1) << 20;  // boxes with larger faces are not shrunk

void measureIn(const Volume<std::int32_t>& labels, Index origin, ObjectId id, Box& box, std::int64_t& voxels) {
    const Index n = labels.shape();
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            const std::int32_t* row = labels.data() + labels.offset(z, y, 0);
            const std::int32_t* first = std::find(row, row + n.x, id);
            if (first == row + n.x) continue;
            const std::int32_t* last = row + n.x;
            while (last[-1] != id) --last;
            voxels += std::count(first, last, id);
            box = box.united({origin + Index{z, y, first - row}, origin + Index{z + 1, y + 1, last - row}});
        }
}

}  // namespace

bool touchesFace(const Box& inner, const Box& box) {
    for (int axis = 0; axis < 3; ++axis)
        if (inner.begin[axis] <= box.begin[axis] || inner.end[axis] >= box.end[axis]) return true;
    return false;
}

std::pair<Box, std::int64_t> measure(const LabelLayer& layer, ObjectId id, const Box& region) {
    Box box;
    std::int64_t voxels = 0;
    forEachTile(region.intersected(Box::of(layer.shape())), tile,
                [&](const Box& part) { measureIn(layer.read(part), part.begin, id, box, voxels); });
    return {box, voxels};
}

void shrink(const LabelLayer& layer, ObjectId id, Box& box) {
    if (box.count() <= wholeBox) {
        box = measure(layer, id, box).first;
        return;
    }
    // Large boxes: faces are taken away while they hold nothing of the object.
    for (int axis = 0; axis < 3; ++axis)
        for (const bool front : {true, false})
            while (box.end[axis] - box.begin[axis] > 1 &&
                   box.count() / (box.end[axis] - box.begin[axis]) <= largestFace) {
                Box face = box;
                (front ? face.end[axis] : face.begin[axis]) = front ? box.begin[axis] + 1 : box.end[axis] - 1;
                if (measure(layer, id, face).second > 0) break;
                front ? ++box.begin[axis] : --box.end[axis];
            }
}

std::vector<VoxelRun> recolour(const LabelLayer& layer, ObjectId id, const Box& region, ObjectId to) {
    std::vector<VoxelRun> runs;
    forEachTile(region.intersected(Box::of(layer.shape())), tile, [&](const Box& part) {
        const Volume<std::int32_t> before = layer.read(part);
        Volume<std::int32_t> after = before;
        std::replace(after.vector().begin(), after.vector().end(), id, to);
        const auto more = difference(part.begin, before, after);
        runs.insert(runs.end(), more.begin(), more.end());
    });
    return runs;
}

SessionState::SessionState(Index shape, Geometry geometry, BaseResolver resolve)
    : layer(shape, geometry), marks(shape, geometry), resolve_(std::move(resolve)) {}

ImagePtr SessionState::open(const std::string& path) {
    if (path.empty()) return nullptr;
    if (const auto known = bases_.find(path); known != bases_.end()) return known->second;
    ImagePtr image = resolve_(path);
    bases_[path] = image;
    return image;
}

void SessionState::know(const std::string& path, ImagePtr image) {
    if (!path.empty() && image) bases_[path] = std::move(image);
}

bool SessionState::knows(const std::string& path, const ImagePtr& other) const {
    const auto known = bases_.find(path);
    return known != bases_.end() && known->second != other;
}

ImagePtr SessionState::known(const std::string& path) const {
    const auto known = bases_.find(path);
    return known == bases_.end() ? nullptr : known->second;
}

void SessionState::setBase(const std::string& path) {
    if (!deferred_) layer.setBase(open(path));
    basePath_ = path;
}

void SessionState::openBase() { layer.setBase(open(basePath_)); }

void SessionState::applyRows(const LabelEdit& edit, bool forward) {
    for (const RowChange& change : edit.rows) {
        const std::optional<Object>& target = forward ? change.after : change.before;
        const auto known = rows.find(change.id);
        if (!target) {
            if (known != rows.end()) rows.erase(known);
            continue;
        }
        // The step that made it was lost in a damaged journal: there is nothing to change.
        const bool madeHere = !(forward ? change.before : change.after);
        if (known == rows.end() && !madeHere && !edit.base) continue;
        Object row = *target;
        if (!edit.base) {
            // Box and count follow the voxels, whose tally comes next; a rejected object keeps the box it had. Seconds
            // are never undone.
            const bool fresh = known == rows.end() || isRejected(known->second.state);
            row.voxels = fresh ? 0 : known->second.voxels;
            if (!isRejected(row.state)) row.box = fresh ? Box{} : known->second.box;
        }
        if (known != rows.end()) row.seconds = std::max(row.seconds, known->second.seconds);
        nextId = std::max(nextId, std::int64_t(change.id) + 1);
        rows[change.id] = std::move(row);
    }
}

void SessionState::applyTally(const LabelTally& tally) {
    for (const auto& [id, entry] : tally.entries) {
        if (id == 0) continue;
        nextId = std::max(nextId, std::int64_t(id) + 1);
        const auto known = rows.find(id);
        if (known == rows.end()) continue;
        Object& row = known->second;
        row.voxels = std::max<std::int64_t>(0, row.voxels + entry.voxels);
        if (isRejected(row.state)) continue;
        row.box = row.box.united(entry.added);
        if (row.voxels == 0) {
            row.box = {};
            loose_.erase(id);
        } else if (!entry.removed.empty() && touchesFace(entry.removed, row.box)) {
            loose_.insert(id);
        }
    }
}

LabelTally SessionState::apply(const LabelEdit& edit, bool forward, bool exact) {
    LabelTally tally;
    if (edit.base) {
        setBase(forward ? edit.base->after : edit.base->before);
        layer.setOverlay(forward ? edit.base->overlayAfter : edit.base->overlayBefore);
        loose_.clear();
    } else {
        if (exact) layer.touch(edit.labels);
        tally = layer.apply(edit.labels, forward);
    }
    marks.apply(edit.marks, forward);
    applyRows(edit, forward);
    applyTally(tally);
    if (edit.patches) patches = forward ? edit.patches->second : edit.patches->first;
    return tally;
}

void SessionState::tighten() {
    for (const ObjectId id : loose_)
        if (const auto row = rows.find(id); row != rows.end()) shrink(layer, id, row->second.box);
    loose_.clear();
}

void SessionState::encodeStart(ByteWriter& writer) const {
    nlohmann::json boxes = nlohmann::json::array();
    for (const Box& box : patches) boxes.push_back(fovea::toJson(box));
    const nlohmann::json json{
        {"base", basePath_}, {"nextId", nextId}, {"objects", toJson(rows)}, {"patches", std::move(boxes)}};
    writer.text(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    writer.runs(layer.overlay());
    writer.runs(marks.overlay());
}

void SessionState::decodeStart(ByteReader& reader) {
    try {
        const auto json = parseJson(reader.text());
        const auto path = json.at("base").get<std::string>();
        const std::int64_t next = json.at("nextId").get<std::int64_t>();
        if (next < 1 || next > std::int64_t(1) << 31)
            throw Error(ErrorKind::Format, FOVEA_TR("A stored state of the labels has no sensible next number."));
        ObjectTable table = tableFromJson(json.at("objects"));
        for (auto& [id, row] : table) {
            row.box = insideOf(row.box, layer.shape());
            row.erased = insideOf(row.erased, layer.shape());
        }
        std::vector<Box> complete;
        for (const auto& box : json.at("patches"))
            if (const Box inside = insideOf(boxFromJson(box), layer.shape()); !inside.empty())
                complete.push_back(inside);
        const auto overlay = reader.runs(layer.shape());
        const auto marked = reader.runs(layer.shape());
        setBase(path);
        nextId = next;
        rows = std::move(table);
        patches = std::move(complete);
        layer.setOverlay(overlay);
        marks.setOverlay(marked);
        loose_.clear();
    } catch (const nlohmann::json::exception& e) {
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("A stored state of the labels is damaged: {reason}."), {{"reason", e.what()}}});
    }
}

}  // namespace fovea::labels

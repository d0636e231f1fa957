#include "labels/object_table.h"

#include <array>
#include <limits>
#include <set>
#include <unordered_map>

#include "data/tables.h"

namespace fovea::labels {

namespace {

constexpr std::array<const char*, 7> stateNames{"to-review", "accepted",    "fixed",       "accepted-unseen",
                                                "unsure",    "wrong-shape", "nothing-here"};
constexpr int slots = 12;

using Neighbours = std::unordered_map<ObjectId, std::set<ObjectId>>;

void meet(Neighbours& neighbours, ObjectId a, ObjectId b) {
    if (a == b || a == 0 || b == 0) return;
    neighbours[a].insert(b);
    neighbours[b].insert(a);
}

void findNeighbours(const Volume<std::int32_t>& labels, Neighbours& neighbours) {
    const Index n = labels.shape();
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            const std::int32_t* row = labels.data() + labels.offset(z, y, 0);
            const std::int32_t* below = y + 1 < n.y ? row + n.x : nullptr;
            const std::int32_t* behind = z + 1 < n.z ? row + n.x * n.y : nullptr;
            for (std::int64_t x = 0; x < n.x; ++x) {
                if (row[x] == 0) continue;
                if (x + 1 < n.x && row[x + 1] != row[x]) meet(neighbours, row[x], row[x + 1]);
                if (below && below[x] != row[x]) meet(neighbours, row[x], below[x]);
                if (behind && behind[x] != row[x]) meet(neighbours, row[x], behind[x]);
            }
        }
}

void colour(ObjectTable& table, const std::vector<ObjectId>& ids, const Neighbours& neighbours) {
    std::set<ObjectId> waiting(ids.begin(), ids.end());
    while (!waiting.empty()) {
        const ObjectId id = *waiting.begin();
        unsigned taken = 0;
        if (const auto found = neighbours.find(id); found != neighbours.end())
            for (const ObjectId other : found->second)
                if (const auto row = table.find(other); row != table.end() && !waiting.contains(other))
                    taken |= 1u << row->second.colour;
        if (const auto row = table.find(id); row != table.end()) row->second.colour = colourSlot(id, taken);
        waiting.erase(waiting.begin());
    }
}

void count(ObjectTable& table, const Volume<std::int32_t>& slab, Index origin, std::int64_t depth) {
    const Index n = slab.shape();
    for (std::int64_t z = 0; z < depth; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            const std::int32_t* row = slab.data() + slab.offset(z, y, 0);
            for (std::int64_t x = 0; x < n.x;) {
                std::int64_t end = x + 1;
                while (end < n.x && row[end] == row[x]) ++end;
                if (row[x] != 0) {
                    Object& object = table[row[x]];
                    object.voxels += end - x;
                    const Index start = origin + Index{z, y, x};
                    object.box = object.box.united({start, start + Index{1, 1, end - x}});
                }
                x = end;
            }
        }
}

template <class T>
void convert(const AnyVolume& from, Volume<std::int32_t>& to, const std::string& path) {
    const T* values = from.as<T>();
    if constexpr (sizeof(T) < 4) {
        for (std::int64_t i = 0; i < to.size(); ++i) to.data()[i] = values[i];
    } else {
        for (std::int64_t i = 0; i < to.size(); ++i) {
            if (std::cmp_greater(values[i], std::numeric_limits<std::int32_t>::max()))
                throw Error(
                    ErrorKind::Input,
                    {FOVEA_TR("{path} holds the object number {id}, which does not fit 32 bits. Renumber the objects "
                              "from 1 on, for example with skimage.segmentation.relabel_sequential."),
                     {{"path", path}, {"id", std::to_string(values[i])}}});
            to.data()[i] = std::int32_t(values[i]);
        }
    }
    if constexpr (std::is_signed_v<T>)
        for (const std::int32_t v : to.vector())
            if (v < 0)
                throw Error(ErrorKind::Input,
                            {FOVEA_TR("{path} holds the negative object number {id}. Object numbers start at "
                                      "1, background is 0."),
                             {{"path", path}, {"id", std::to_string(v)}}});
}

template <class T>
T field(const nlohmann::json& json, const char* key) {
    return json.at(key).get<T>();
}

}  // namespace

const char* name(State state) { return stateNames.at(std::size_t(state)); }

State stateByName(const std::string& text) {
    for (std::size_t i = 0; i < stateNames.size(); ++i)
        if (text == stateNames[i]) return State(i);
    throw Error(ErrorKind::Format, {FOVEA_TR("“{state}” is not a state of an object."), {{"state", text}}});
}

bool isFrozen(State state) { return state == State::Accepted || state == State::Fixed; }

bool isRejected(State state) { return state == State::WrongShape || state == State::NothingHere; }

nlohmann::json toJson(const Object& o) {
    nlohmann::json json{{"id", o.id},         {"state", name(o.state)}, {"box", fovea::toJson(o.box)},
                        {"voxels", o.voxels}, {"colour", o.colour},     {"source", o.source},
                        {"score", o.score}};
    if (!o.cls.empty()) json["class"] = o.cls;
    if (o.seconds != 0) json["seconds"] = o.seconds;
    if (o.clicks != 0) json["clicks"] = o.clicks;
    if (!o.note.empty()) json["note"] = o.note;
    if (o.edited) json["edited"] = true;
    if (!o.erased.empty()) json["erased"] = fovea::toJson(o.erased);
    return json;
}

Object objectFromJson(const nlohmann::json& json) {
    try {
        Object o;
        const auto id = field<std::int64_t>(json, "id");
        o.id = ObjectId(id);
        o.state = stateByName(field<std::string>(json, "state"));
        o.box = boxFromJson(json.at("box"));
        o.voxels = field<std::int64_t>(json, "voxels");
        o.colour = field<int>(json, "colour");
        o.source = json.value("source", std::string());
        o.score = json.value("score", 0.0);
        o.cls = json.value("class", std::string());
        o.seconds = json.value("seconds", 0.0);
        o.clicks = json.value("clicks", 0);
        o.note = json.value("note", std::string());
        o.edited = json.value("edited", false);
        if (json.contains("erased")) o.erased = boxFromJson(json["erased"]);
        constexpr std::int64_t mostVoxels = std::int64_t(1) << 60;  // keeps sums far from overflow
        if (id <= 0 || id > std::numeric_limits<ObjectId>::max() || o.voxels < 0 || o.voxels > mostVoxels ||
            o.colour < 0 || o.colour >= slots)
            throw Error(ErrorKind::Format,
                        {FOVEA_TR("The row of object {id} holds values out of range."), {{"id", std::to_string(id)}}});
        return o;
    } catch (const nlohmann::json::exception& e) {
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("A row of the object table is damaged: {reason}."), {{"reason", e.what()}}});
    }
}

nlohmann::json toJson(const ObjectTable& table) {
    nlohmann::json json = nlohmann::json::array();
    for (const auto& [id, object] : table) json.push_back(toJson(object));
    return json;
}

ObjectTable tableFromJson(const nlohmann::json& json) {
    if (!json.is_array()) throw Error(ErrorKind::Format, FOVEA_TR("The object table is not a list of rows."));
    ObjectTable table;
    for (const auto& row : json) {
        Object object = objectFromJson(row);
        table[object.id] = std::move(object);
    }
    return table;
}

int colourSlot(ObjectId id, unsigned taken) {
    const int own = int(std::int64_t(id) * 7 % slots);
    for (int i = 0; i < slots; ++i)
        if (const int slot = (own + i) % slots; !(taken >> slot & 1)) return slot;
    return own;
}

void assignColours(ObjectTable& table, const std::vector<ObjectId>& ids, const Volume<std::int32_t>& labels) {
    Neighbours neighbours;
    findNeighbours(labels, neighbours);
    colour(table, ids, neighbours);
}

ObjectTable tableOf(const ImageSource& labels, const std::string& source, Job& job) {
    const Index shape = labels.info().shape();
    ObjectTable table;
    Neighbours neighbours;
    // Slabs overlap by one section, so that neighbours across their border are seen.
    const std::int64_t depth =
        std::clamp<std::int64_t>((std::int64_t(1) << 23) / std::max<std::int64_t>(1, shape.y * shape.x), 1, 64);
    for (std::int64_t z = 0; z < shape.z; z += depth) {
        job.check();
        const Box box{{z, 0, 0}, {std::min(z + depth + 1, shape.z), shape.y, shape.x}};
        const Volume<std::int32_t> slab = readLabels(labels, box);
        count(table, slab, box.begin, std::min(depth, shape.z - z));
        findNeighbours(slab, neighbours);
        job.progress(double(z + depth), double(shape.z));
    }
    std::vector<ObjectId> ids;
    for (auto& [id, object] : table) {
        object.id = id;
        object.source = source;
        ids.push_back(id);
    }
    colour(table, ids, neighbours);
    return table;
}

Volume<std::int32_t> readLabels(const ImageSource& labels, const Box& box) {
    const AnyVolume raw = labels.read(0, 0, box);
    Volume<std::int32_t> result(box.extent());
    dispatch(raw.dtype, [&]<class T>(T) {
        if constexpr (std::is_integral_v<T>) {
            convert<T>(raw, result, labels.info().path);
        } else {
            throw Error(
                ErrorKind::Unsupported,
                {FOVEA_TR(
                     "{path} holds fractions ({type}), but object numbers are whole. Export the labels as integers."),
                 {{"path", labels.info().path}, {"type", name(raw.dtype)}}});
        }
    });
    return result;
}

}  // namespace fovea::labels

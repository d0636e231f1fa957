#include "labels/label_edit.h"

#include <algorithm>

#include "base/json_text.h"
#include "data/tables.h"
#include "labels/run_codec.h"

namespace fovea::labels {

namespace {

using nlohmann::json;

json boxes(const std::vector<Box>& list) {
    json result = json::array();
    for (const Box& box : list) result.push_back(fovea::toJson(box));
    return result;
}

std::vector<Box> boxesFrom(const json& list, Index shape) {
    std::vector<Box> result;
    for (const json& box : list)
        if (const Box inside = insideOf(boxFromJson(box), shape); !inside.empty()) result.push_back(inside);
    return result;
}

std::optional<Object> rowFrom(const json& stored, ObjectId id, Index shape) {
    if (stored.is_null()) return std::nullopt;
    Object row = objectFromJson(stored);
    if (row.id != id) throw Error(ErrorKind::Format, FOVEA_TR("A journal entry gives an object two numbers."));
    row.box = insideOf(row.box, shape);
    row.erased = insideOf(row.erased, shape);
    return row;
}

json describe(const LabelEdit& edit) {
    json rows = json::array();
    for (const RowChange& row : edit.rows)
        rows.push_back({row.id, row.before ? toJson(*row.before) : json(), row.after ? toJson(*row.after) : json()});
    json result{{"rows", std::move(rows)}};
    if (edit.patches) result["patches"] = {boxes(edit.patches->first), boxes(edit.patches->second)};
    if (edit.base) result["base"] = {edit.base->before, edit.base->after};
    return result;
}

void readDescription(const json& description, Index shape, LabelEdit& edit) {
    for (const json& row : description.at("rows")) {
        RowChange change;
        change.id = row.at(0).get<ObjectId>();
        change.before = rowFrom(row.at(1), change.id, shape);
        change.after = rowFrom(row.at(2), change.id, shape);
        edit.rows.push_back(std::move(change));
    }
    if (const auto patches = description.find("patches"); patches != description.end())
        edit.patches.emplace(boxesFrom(patches->at(0), shape), boxesFrom(patches->at(1), shape));
    if (const auto base = description.find("base"); base != description.end())
        edit.base = BaseChange{base->at(0).get<std::string>(), base->at(1).get<std::string>(), {}, {}};
}

EditHead readHead(ByteReader& reader) {
    if (EntryKind(reader.number()) != EntryKind::Edit)
        throw Error(ErrorKind::Format, FOVEA_TR("A journal entry is not an edit."));
    EditHead head;
    const std::uint64_t number = reader.number();
    if (number > std::uint64_t(1) << 53)
        throw Error(ErrorKind::Format, FOVEA_TR("A journal entry has no sensible number."));
    head.number = std::int64_t(number);
    head.unixMs = reader.signedNumber();
    head.title.pattern = reader.text();
    for (std::uint64_t n = reader.number(); n > 0; --n) {
        std::string key(reader.text());
        head.title.args.emplace_back(std::move(key), std::string(reader.text()));
    }
    return head;
}

}  // namespace

Box insideOf(const Box& box, Index shape) {
    const Box inside = box.intersected(Box::of(shape));
    return inside.empty() ? Box{} : inside;
}

void LabelEdit::change(RowChange row) {
    const auto known = std::find_if(rows.begin(), rows.end(), [&](const RowChange& r) { return r.id == row.id; });
    if (known == rows.end())
        rows.push_back(std::move(row));
    else
        known->after = std::move(row.after);
}

void LabelEdit::append(LabelEdit more) {
    labels.insert(labels.end(), more.labels.begin(), more.labels.end());
    marks.insert(marks.end(), more.marks.begin(), more.marks.end());
    for (RowChange& row : more.rows) change(std::move(row));
    if (more.patches) {
        if (patches)
            patches->second = std::move(more.patches->second);
        else
            patches = std::move(more.patches);
    }
}

std::string encode(const LabelEdit& edit) {
    ByteWriter writer;
    writer.number(std::uint64_t(EntryKind::Edit));
    writer.number(std::uint64_t(edit.number));
    writer.signedNumber(edit.unixMs);
    writer.text(edit.title.pattern);
    writer.number(edit.title.args.size());
    for (const auto& [key, value] : edit.title.args) {
        writer.text(key);
        writer.text(value);
    }
    writer.text(describe(edit).dump(-1, ' ', false, json::error_handler_t::replace));
    writer.runs(edit.labels);
    writer.runs(edit.marks);
    if (edit.base) {
        writer.runs(edit.base->overlayBefore);
        writer.runs(edit.base->overlayAfter);
    }
    return writer.take();
}

EditHead decodeHead(std::string_view payload) {
    ByteReader reader(payload);
    return readHead(reader);
}

LabelEdit decodeEdit(std::string_view payload, Index shape) {
    ByteReader reader(payload);
    EditHead head = readHead(reader);
    LabelEdit edit;
    edit.number = head.number;
    edit.unixMs = head.unixMs;
    edit.title = std::move(head.title);
    try {
        readDescription(parseJson(reader.text()), shape, edit);
    } catch (const json::exception& e) {
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("The description of a journal entry is damaged: {reason}."), {{"reason", e.what()}}});
    }
    edit.labels = reader.runs(shape);
    edit.marks = reader.runs(shape);
    if (edit.base) {
        edit.base->overlayBefore = reader.runs(shape);
        edit.base->overlayAfter = reader.runs(shape);
    }
    return edit;
}

}  // namespace fovea::labels

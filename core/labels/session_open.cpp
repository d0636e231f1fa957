#include <algorithm>
#include <bit>
#include <tuple>

#include "base/file.h"
#include "base/log.h"
#include "labels/journal_format.h"
#include "labels/run_codec.h"
#include "labels/session_impl.h"
#include "zarr/ome_zarr.h"

namespace fovea::labels {

namespace {

constexpr char compactMagic[] = "FOVEACMP";
constexpr std::size_t compactHead = 12;  // magic, CRC-32
constexpr std::size_t mostProblems = 100;

bool canWrite(const std::filesystem::path& folder) {
    try {
        file::makeFolder(folder);
        return file::writable(folder);
    } catch (const Error&) {
        return false;
    }
}

// Rows whose voxels nobody counted are counted inside their box.
ObjectTable counted(ObjectTable objects, const LabelLayer& layer) {
    for (auto& [id, row] : objects)
        if (row.voxels <= 0 && !row.box.empty() && !isRejected(row.state))
            std::tie(row.box, row.voxels) = measure(layer, id, row.box);
    return objects;
}

}  // namespace

std::string EditSession::Impl::stored(const std::string& path) const {
    std::error_code error;
    if (path.empty() || !std::filesystem::exists(path, error)) return path;
    return std::filesystem::absolute(path).lexically_normal().lexically_relative(folder).string();
}

std::string EditSession::Impl::resolved(const std::string& path) const {
    if (path.empty()) return path;
    std::error_code error;
    const std::filesystem::path here = (folder / path).lexically_normal();
    return std::filesystem::exists(here, error) ? here.string() : path;
}

void EditSession::Impl::open(const ImagePtr& base, const ObjectTable& objects) {
    if (!options.resolve) options.resolve = [](const std::string& path) { return zarr::open(path); };
    const bool writable = !options.lookOnly && canWrite(folder);
    const std::filesystem::path path = folder / "journal";
    std::error_code error;
    const std::uint64_t end = std::filesystem::exists(path, error) ? replay(base) : 0;
    if (writable) writer = std::make_unique<JournalWriter>(path, shape, end);
    // Nothing decided yet: what the caller brings is the start.
    if (entries == 0 || (steps.empty() && problems.empty() && state.patches.empty() && (base || !objects.empty()) &&
                         (stored(base ? base->info().path : "") != state.basePath() || objects != state.rows)))
        start(base, objects);
    lastCompact = entries;
}

void EditSession::Impl::start(const ImagePtr& base, const ObjectTable& objects) {
    const std::string path = stored(base ? base->info().path : "");
    state.know(path, base);
    state.layer.setOverlay({});
    state.setBase(path);
    if (base && path.empty()) state.layer.setBase(base);
    state.rows = counted(objects, state.layer);
    for (const auto& [id, row] : state.rows) state.nextId = std::max(state.nextId, std::int64_t(id) + 1);
    if (!writer) return;
    ByteWriter payload;
    payload.number(std::uint64_t(EntryKind::Start));
    state.encodeStart(payload);
    record(EntryKind::Start, payload.take());
}

void EditSession::Impl::note(const Text& problem) {
    if (problems.size() < mostProblems)
        problems.push_back(problem.str());
    else if (problems.size() == mostProblems)
        problems.push_back(Text(FOVEA_TR("There are more problems of this kind.")).str());
}

void EditSession::Impl::openBase(const ImagePtr& instead) {
    state.deferBase(false);
    try {
        state.openBase();
    } catch (const Error& e) {
        note({FOVEA_TR("The labels below your edits, {path}, cannot be opened ({reason}). What lies there now is shown "
                       "instead; put the file back and open the project again."),
              {{"path", resolved(state.basePath())}, {"reason", e.what()}}});
        state.layer.setBase(instead);
    }
}

std::uint64_t EditSession::Impl::replay(const ImagePtr& base) {
    const std::filesystem::path path = folder / "journal";
    if (base) state.know(stored(base->info().path), base);
    JournalReader survey(path, shape);
    std::vector<std::uint64_t> offsets;
    while (const auto entry = survey.next()) offsets.push_back(entry->offset);
    offsets.push_back(survey.end());
    for (const auto& hole : survey.holes())
        note({FOVEA_TR("{path} is damaged from byte {begin} to {end}. The steps recorded there are missing, all others "
                       "are here."),
              {{"path", path.string()}, {"begin", std::to_string(hole.begin)}, {"end", std::to_string(hole.end)}}});
    std::error_code error;
    if (const auto size = std::filesystem::file_size(path, error); size > survey.end())
        log::warning("The last entry of " + path.string() + " was not finished; " +
                     std::to_string(size - survey.end()) + " bytes are dropped.");
    if (survey.end() == 0) return 0;

    state.deferBase(true);
    const std::uint64_t from = loadCompact(offsets).value_or(0);
    JournalReader reader(path, shape);
    bool exact = false;
    std::size_t holes = 0;
    while (const auto entry = reader.next()) {
        if (reader.holes().size() > holes) {
            holes = reader.holes().size();
            if (entry->offset <= from) {
                // The state knows the missing steps, so they cannot be stepped over.
                steps.clear();
                done = 0;
            } else if (!exact) {
                exact = true;
                openBase(base);
            }
        }
        replayEntry(*entry, entry->offset >= from, exact);
    }
    if (!exact) openBase(base);
    state.tighten();
    return survey.end();
}

void EditSession::Impl::replayEntry(const JournalEntry& entry, bool apply, bool exact) {
    ++entries;
    try {
        ByteReader bytes(entry.payload);
        switch (EntryKind(bytes.number())) {
            case EntryKind::Start:
                steps.clear();
                done = 0;
                if (apply) state.decodeStart(bytes);
                return;
            case EntryKind::Edit: {
                const EditHead head = decodeHead(entry.payload);
                const LabelEdit edit = apply ? decodeEdit(entry.payload, shape) : LabelEdit{};
                steps.resize(done);
                steps.push_back({head, entry.offset, entry.size, nullptr});
                firstHeld = done = steps.size();
                nextNumber = std::max(nextNumber, head.number + 1);
                if (apply) state.apply(edit, true, exact);
                return;
            }
            case EntryKind::Undo: {
                const auto number = std::int64_t(bytes.number());
                if (done == 0 || steps[done - 1].head.number != number) return;  // of a step that is missing
                if (apply) state.apply(load(steps[done - 1]), false, exact);
                --done;
                return;
            }
            case EntryKind::Redo: {
                const auto number = std::int64_t(bytes.number());
                if (done == steps.size() || steps[done].head.number != number) return;
                if (apply) state.apply(load(steps[done]), true, exact);
                ++done;
                return;
            }
            case EntryKind::Time: {
                const auto row = state.rows.find(ObjectId(bytes.number()));
                const double seconds = std::bit_cast<double>(bytes.number());
                if (apply && row != state.rows.end() && seconds > 0 && seconds < 1e9) row->second.seconds += seconds;
                return;
            }
        }
        throw Error(ErrorKind::Format, FOVEA_TR("The kind of this entry is unknown."));
    } catch (const Error& e) {
        note({FOVEA_TR("The entry at byte {offset} of {path} is skipped: {reason}"),
              {{"offset", std::to_string(entry.offset)},
               {"path", (folder / "journal").string()},
               {"reason", e.what()}}});
    }
}

std::optional<std::uint64_t> EditSession::Impl::loadCompact(const std::vector<std::uint64_t>& offsets) {
    const std::filesystem::path path = folder / "compact";
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return std::nullopt;
    try {
        const std::string bytes = file::read(path);
        const std::string_view payload = std::string_view(bytes).substr(std::min(bytes.size(), compactHead));
        std::string head(compactMagic, 8);
        putU32(head, crc32(payload));
        if (bytes.compare(0, compactHead, head) != 0) throw Error(ErrorKind::Format, FOVEA_TR("its checksum is wrong"));
        ByteReader reader(payload);
        const std::uint64_t offset = reader.number();
        if (std::find(offsets.begin(), offsets.end(), offset) == offsets.end())
            throw Error(ErrorKind::Format, FOVEA_TR("it does not belong to this journal"));
        state.decodeStart(reader);
        return offset;
    } catch (const Error& e) {
        // The journal holds everything; only opening takes longer.
        log::warning("The compact copy " + path.string() + " is left out: " + e.what());
        return std::nullopt;
    }
}

void EditSession::Impl::compact() {
    ByteWriter payload;
    payload.number(writer->queued());
    state.encodeStart(payload);
    const std::string body = payload.take();
    std::string head(compactMagic, 8);
    putU32(head, crc32(body));
    writer->replaceLater(folder / "compact", head + body);
    writer->replaceLater(folder / "objects.json",
                         toJson(state.rows).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    lastCompact = entries;
    compactTime = std::chrono::steady_clock::now();
}

void EditSession::Impl::compactWhenDue() {
    if (entries - lastCompact >= options.compactEvery ||
        std::chrono::steady_clock::now() - compactTime > std::chrono::minutes(5))
        compact();
}

}  // namespace fovea::labels

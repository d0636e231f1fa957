#include <cstring>
#include <fstream>

#include "base/error.h"
#include "labels/journal.h"
#include "labels/journal_format.h"
#include "labels/run_codec.h"

namespace fovea::labels {

namespace {

constexpr std::size_t window = std::size_t(1) << 20;

[[noreturn]] void notOurs(const std::filesystem::path& path, const char* why) {
    throw Error(ErrorKind::Format,
                {FOVEA_TR("{path} is not a journal of this program: {why}. Move the file away to start a new one; "
                          "edits recorded in it stay in that file."),
                 {{"path", path.string()}, {"why", why}}});
}

}  // namespace

std::string journalHeader(Index shape) {
    std::string header(journalMagic, 8);
    putU32(header, journalVersion);
    for (int axis = 0; axis < 3; ++axis) {
        putU32(header, std::uint32_t(std::uint64_t(shape[axis])));
        putU32(header, std::uint32_t(std::uint64_t(shape[axis]) >> 32));
    }
    putU32(header, crc32(header));
    return header;
}

void putU32(std::string& bytes, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(char(value >> shift & 0xff));
}

std::uint32_t getU32(const char* bytes) {
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i) value = value << 8 | std::uint8_t(bytes[i]);
    return value;
}

std::string frame(const std::string& payload) {
    if (payload.size() > largestPayload)
        throw Error(ErrorKind::Input,
                    FOVEA_TR("This step changes too much for one journal entry. Do it in several steps."));
    std::string bytes;
    bytes.reserve(payload.size() + frameHead);
    bytes.append(frameMagic, 4);
    putU32(bytes, std::uint32_t(payload.size()));
    putU32(bytes, crc32(payload));
    return bytes += payload;
}

struct JournalReader::Impl {
    std::ifstream file;
    std::filesystem::path path;
    std::uint64_t size = 0, position = 0, end = 0;
    std::uint64_t wasted = 0;  // bytes read for entries that were none
    std::vector<Hole> holes;

    std::size_t readAt(std::uint64_t offset, char* to, std::size_t n) {
        file.clear();
        file.seekg(std::streamoff(offset));
        file.read(to, std::streamsize(n));
        return std::size_t(file.gcount());
    }

    // The entry whose frame begins at `offset`, if there is a good one.
    std::optional<JournalEntry> entryAt(std::uint64_t offset) {
        char head[frameHead];
        if (size < frameHead || offset > size - frameHead || readAt(offset, head, frameHead) != frameHead)
            return std::nullopt;
        const std::uint64_t length = getU32(head + 4);
        if (std::memcmp(head, frameMagic, 4) != 0 || length > largestPayload || length > size - frameHead - offset)
            return std::nullopt;
        JournalEntry entry{offset, std::uint32_t(frameHead + length), std::string(length, '\0')};
        if (readAt(offset + frameHead, entry.payload.data(), length) != length) return std::nullopt;
        if (crc32(entry.payload) == getU32(head + 8)) return entry;
        waste(length);
        return std::nullopt;
    }

    // Damage costs each byte once or twice. A file of nothing but marks with long lengths would cost its square.
    void waste(std::uint64_t bytes) {
        wasted += bytes;
        if (wasted > 4 * size + 64 * window) notOurs(path, "too much of it is damaged");
    }

    // The next good entry behind a damaged place.
    std::optional<JournalEntry> search(std::uint64_t from) {
        std::string bytes;
        for (std::uint64_t at = from; at + frameHead <= size;) {
            bytes.resize(std::size_t(std::min<std::uint64_t>(window, size - at)));
            bytes.resize(readAt(at, bytes.data(), bytes.size()));
            if (bytes.size() < 4) break;
            for (std::size_t i = bytes.find(frameMagic, 0, 4); i != std::string::npos;
                 i = bytes.find(frameMagic, i + 1, 4))
                if (auto entry = entryAt(at + i)) return entry;
            at += bytes.size() - 3;
        }
        return std::nullopt;
    }
};

JournalReader::JournalReader(const std::filesystem::path& path, Index shape) : impl_(std::make_unique<Impl>()) {
    impl_->path = path;
    impl_->file.open(path, std::ios::binary);
    if (!impl_->file)
        throw Error(ErrorKind::Missing, {FOVEA_TR("The journal {path} cannot be opened. Check that you may read it."),
                                         {{"path", path.string()}}});
    impl_->file.seekg(0, std::ios::end);
    impl_->size = std::uint64_t(impl_->file.tellg());
    const std::string wanted = journalHeader(shape);
    std::string header(wanted.size(), '\0');
    header.resize(impl_->readAt(0, header.data(), header.size()));
    if (header.size() < wanted.size()) {
        // Cut off while it was made: nothing can have followed.
        if (std::memcmp(header.data(), wanted.data(), std::min<std::size_t>(header.size(), 12)) != 0)
            notOurs(path, "its first bytes are others");
        impl_->size = 0;
        return;
    }
    if (std::memcmp(header.data(), journalMagic, 8) != 0) notOurs(path, "its first bytes are others");
    if (getU32(header.data() + 8) > journalVersion) notOurs(path, "it was written by a newer version");
    if (crc32(header.substr(0, header.size() - 4)) != getU32(header.data() + header.size() - 4))
        notOurs(path, "its header is damaged");
    if (header != wanted)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("The journal {path} belongs to a volume of another shape than {shape}. Open the image "
                              "it was made with, or move the journal away."),
                     {{"path", path.string()}, {"shape", toString(shape)}}});
    impl_->position = impl_->end = wanted.size();
}

JournalReader::~JournalReader() = default;

std::optional<JournalEntry> JournalReader::next() {
    if (impl_->position == 0) return std::nullopt;
    auto entry = impl_->entryAt(impl_->position);
    if (!entry && impl_->position < impl_->size) {
        entry = impl_->search(impl_->position + 1);
        if (entry) impl_->holes.push_back({impl_->position, entry->offset});
    }
    if (!entry) return std::nullopt;
    impl_->position = impl_->end = entry->offset + entry->size;
    return entry;
}

void JournalReader::seek(std::uint64_t offset) { impl_->position = offset; }
std::uint64_t JournalReader::end() const { return impl_->end; }
const std::vector<JournalReader::Hole>& JournalReader::holes() const { return impl_->holes; }

std::string readEntry(const std::filesystem::path& path, std::uint64_t offset, std::uint32_t size) {
    std::ifstream file(path, std::ios::binary);
    std::string bytes(size, '\0');
    file.seekg(std::streamoff(offset));
    file.read(bytes.data(), std::streamsize(size));
    const bool good = file && size >= frameHead && std::memcmp(bytes.data(), frameMagic, 4) == 0;
    if (good) {
        std::string payload = bytes.substr(frameHead);
        if (crc32(payload) == getU32(bytes.data() + 8)) return payload;
    }
    throw Error(
        ErrorKind::Format,
        {FOVEA_TR(
             "The step recorded at byte {offset} of {path} cannot be read back: the file was changed or the disk is "
             "damaged. Steps before it cannot be undone."),
         {{"path", path.string()}, {"offset", std::to_string(offset)}}});
}

}  // namespace fovea::labels

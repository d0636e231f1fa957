#include "models/archive.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

// POSIX ustar (IEEE Std 1003.1, "pax"), as far as whole files under short names go.
namespace fovea::models {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t blockBytes = 512, mostFiles = 8, mostEntries = 100'000;
constexpr std::uint64_t mostBytes = std::uint64_t(16) << 30;

struct Closer {
    void operator()(gzFile file) const { gzclose(file); }
};
using Gzip = std::unique_ptr<gzFile_s, Closer>;
using Block = std::array<char, blockBytes>;

class Archive {
  public:
    Archive(const fs::path& path, Job& job) : path_(path), job_(job), file_(gzopen(path.c_str(), "rb")) {
        std::error_code error;
        size_ = fs::file_size(path, error);
        if (!file_ || error) refuse("it cannot be opened");
        gzbuffer(file_.get(), 1U << 18);
    }

    void read(char* to, std::size_t size) {
        if (gzread(file_.get(), to, unsigned(size)) != int(size)) refuse("it is damaged or ends early");
    }
    // The bytes of an entry with its padding, in pieces.
    template <class Take>
    void content(std::uint64_t size, Take&& take) {
        for (std::uint64_t left = size; left > 0;) {
            job_.check();
            const std::size_t n = std::size_t(std::min<std::uint64_t>(left, piece_.size()));
            read(piece_.data(), n);
            take(std::string_view(piece_).substr(0, n));
            left -= n;
            job_.progress(double(gzoffset(file_.get())), double(size_), FOVEA_TR("Unpacking"));
        }
        const std::size_t padding = std::size_t((blockBytes - size % blockBytes) % blockBytes);
        read(piece_.data(), padding);
    }
    [[noreturn]] void refuse(const std::string& why) const {
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{path} cannot be unpacked: {why}. Fetch it again, or unpack it yourself "
                              "and add the .pt file in it."),
                     {{"path", path_.string()}, {"why", why}}});
    }

  private:
    const fs::path& path_;
    Job& job_;
    Gzip file_;
    std::uint64_t size_ = 0;  // packed
    std::string piece_ = std::string(std::size_t(1) << 20, '\0');
};

std::string text(const Block& block, std::size_t at, std::size_t size) {
    const std::string field(block.data() + at, size);
    return field.substr(0, field.find('\0'));
}

// Octal digits, or, for larger numbers, big-endian bytes after 0x80. Nothing larger than a model may hold.
std::uint64_t number(const Archive& archive, const Block& block, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    const bool binary = (block[at] & 0x80) != 0;
    for (std::size_t i = at; i < at + size; ++i) {
        const auto c = static_cast<unsigned char>(block[i]);
        if (binary)
            value = value * 256 + (i == at ? c & 0x7F : c);
        else if (c >= '0' && c <= '7')
            value = value * 8 + (c - '0');
        if (value > mostBytes) archive.refuse("it holds more than any model");
    }
    return value;
}

bool isEmpty(const Block& block) {
    return std::all_of(block.begin(), block.end(), [](char c) { return c == 0; });
}

bool hasSum(const Archive& archive, const Block& block) {
    constexpr std::size_t at = 148, size = 8;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < blockBytes; ++i)
        sum += i >= at && i < at + size ? ' ' : static_cast<unsigned char>(block[i]);
    return sum == number(archive, block, at, size);
}

bool isWeights(const fs::path& name) {
    const std::string suffix = name.extension().string();
    return !name.string().starts_with('.') && (suffix == ".pt" || suffix == ".pth" || suffix == ".safetensors");
}

}  // namespace

std::vector<fs::path> unpackWeights(const fs::path& archive, const fs::path& folder, Job& job) {
    Archive in(archive, job);
    std::vector<fs::path> found;
    std::uint64_t total = 0;
    std::size_t entries = 0;
    for (Block block{};;) {
        job.check();  // entries may be empty, and many
        in.read(block.data(), block.size());
        if (isEmpty(block)) break;
        if (!hasSum(in, block)) in.refuse("it holds no tar archive");
        if (++entries > mostEntries) in.refuse("it holds more than 100,000 entries");
        const fs::path name = fs::path(text(block, 0, 100)).filename();
        const std::uint64_t size = number(in, block, 124, 12);
        const char type = block[156];
        total += size;
        if (total > mostBytes) in.refuse("it holds more than any model");
        if ((type != '0' && type != 0) || !isWeights(name)) {
            in.content(size, [](std::string_view) {});
            continue;
        }
        if (found.size() == mostFiles) in.refuse("it holds too many weights files");
        const fs::path own = folder / std::to_string(found.size());
        file::makeFolder(own);
        file::Appender out(own / name);
        in.content(size, [&](std::string_view bytes) { out.append(bytes); });
        out.sync();
        found.push_back(own / name);
    }
    return found;
}

}  // namespace fovea::models

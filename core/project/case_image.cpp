#include "project/case_image.h"

#include <fnmatch.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include "base/hash.h"
#include "data/described_image.h"

namespace fovea::project {

namespace {

namespace fs = std::filesystem;
using File = std::pair<fs::path, std::uint64_t>;  // with its size

constexpr std::uint64_t mebibyte = 1 << 20;

void addBlock(Sha256& hash, std::ifstream& in, std::uint64_t from, std::uint64_t size) {
    std::vector<char> buffer(size);
    in.clear();
    in.seekg(std::streamoff(from));
    in.read(buffer.data(), std::streamsize(size));
    hash.add(buffer.data(), std::size_t(in.gcount()));
}

void addFile(Sha256& hash, const File& file) {
    std::ifstream in(file.first, std::ios::binary);
    const std::uint64_t size = file.second;
    addBlock(hash, in, 0, std::min(size, mebibyte));
    if (size <= mebibyte) return;
    addBlock(hash, in, size - mebibyte, mebibyte);
    for (std::uint64_t i = 0; i < 64; ++i) addBlock(hash, in, size / 64 * i, 4096);
}

// The files behind a path: itself, all in a folder, or those that fit a glob pattern, in name order.
std::vector<File> filesOf(const fs::path& path, std::size_t most = std::numeric_limits<std::size_t>::max()) {
    std::vector<File> files;
    std::error_code error;
    const auto take = [&](const fs::directory_entry& entry) {
        if (entry.is_regular_file(error)) files.emplace_back(entry.path(), entry.file_size(error));
    };
    if (fs::is_regular_file(path, error)) {
        files.emplace_back(path, fs::file_size(path, error));
    } else if (fs::is_directory(path, error)) {
        for (fs::recursive_directory_iterator it(path, error), end; it != end && files.size() < most;
             it.increment(error))
            take(*it);
    } else {
        const std::string pattern = path.filename().string();
        for (fs::directory_iterator it(path.parent_path(), error), end; it != end; it.increment(error))
            if (::fnmatch(pattern.c_str(), it->path().filename().c_str(), 0) == 0) take(*it);
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

std::string imageIdentity(const std::string& path, const ImageInfo& info) {
    Sha256 hash;
    hash.add(toString(info.shape()) + " " + name(info.dtype) + " " + std::to_string(info.channels) + "\n");
    std::error_code error;
    if (fs::is_regular_file(path, error)) {
        const std::uint64_t size = fs::file_size(path, error);
        hash.add(std::to_string(size) + "\n");
        addFile(hash, {path, size});
        return hash.hex();
    }
    const std::vector<File> files = filesOf(path);
    for (const File& file : files)
        hash.add(file.first.lexically_relative(fs::path(path).parent_path()).generic_string() + " " +
                 std::to_string(file.second) + "\n");
    const std::size_t step = std::max<std::size_t>(1, (files.size() + 63) / 64);
    for (std::size_t i = 0; i < files.size(); i += step) {
        std::ifstream in(files[i].first, std::ios::binary);
        addBlock(hash, in, 0, std::min<std::uint64_t>(files[i].second, 64 << 10));
    }
    return hash.hex();
}

std::string contentStamp(const std::string& path) {
    constexpr std::uint64_t few = 16 * mebibyte;
    const std::vector<File> files = filesOf(path, 100'000);  // somebody may name a whole disk
    if (files.empty()) return "none";
    Sha256 look;
    std::uint64_t total = 0;
    bool settled = true;  // two writes within the file system's clock tick look alike
    for (const auto& [name, size] : files) {
        std::error_code error;
        const auto written = fs::last_write_time(name, error);
        settled = settled && fs::file_time_type::clock::now() - written > std::chrono::seconds(2);
        const auto time = written.time_since_epoch().count();
        look.add(name.string() + " " + std::to_string(size) + " " + std::to_string(time) + "\n");
        total += size;
    }
    const std::string glance = look.hex();
    if (total > few) return glance;
    // The bytes are read again only when the glance tells of a change.
    static std::mutex mutex;
    static std::map<std::string, std::string> known;
    const std::lock_guard guard(mutex);
    if (const auto found = known.find(glance); found != known.end()) return found->second;
    Sha256 hash;
    for (const auto& [name, size] : files) {
        hash.add(name.filename().string() + " " + std::to_string(size) + "\n");
        std::ifstream in(name, std::ios::binary);
        addBlock(hash, in, 0, size);
    }
    const std::string stamp = hash.hex();
    if (settled) known.emplace(glance, stamp);
    return stamp;
}

std::int64_t modifiedAt(const std::string& path) {
    std::error_code error;
    const auto seconds = [&](const fs::path& p) -> std::int64_t {
        const auto time = fs::last_write_time(p, error);
        if (error) return 0;
        return std::chrono::duration_cast<std::chrono::seconds>(
                   std::chrono::file_clock::to_sys(time).time_since_epoch())
            .count();
    };
    return seconds(fs::exists(path, error) ? fs::path(path) : fs::path(path).parent_path());
}

ImagePtr withDetails(ImagePtr image, const std::optional<Vec3>& spacing, const std::vector<std::string>& channelNames) {
    if (!spacing && channelNames.empty()) return image;
    ImageInfo info = image->info();
    if (!channelNames.empty()) info.channelNames = channelNames;
    if (spacing) {
        const Vec3 before = info.geometry.spacing;
        info.geometry.spacing = *spacing;
        info.geometry.known = true;
        for (LevelInfo& level : info.levels)
            for (int axis = 0; axis < 3; ++axis)
                level.spacing[axis] *= before[axis] > 0 ? (*spacing)[axis] / before[axis] : 1;
    }
    return describedAs(std::move(image), std::move(info));
}

}  // namespace fovea::project

#include "nnunet/logits_file.h"

#include <algorithm>

#include "base/error.h"
#include "data/tables.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;

LogitsFile::LogitsFile(fs::path folder, Index shape, std::int64_t outputs, std::vector<Box> tiles, nlohmann::json key)
    : folder_(std::move(folder)), shape_(shape), outputs_(outputs), tiles_(std::move(tiles)) {
    nlohmann::json boxes = nlohmann::json::array();
    for (const Box& tile : tiles_) boxes.push_back(toJson(tile));
    const nlohmann::json identity = {{"outputs", outputs}, {"tiles", boxes}, {"key", std::move(key)}};
    const fs::path list = folder_ / "logits.json", data = folder_ / "logits.raw";
    nlohmann::json known;
    try {
        known = file::readJson(list);
    } catch (const Error&) {  // none yet, or damaged: everything is computed again
    }
    if (known != identity) {
        file::remove(data);
        file::makeFolder(folder_);
        file::writeJson(list, identity);
    }
    writer_ = std::make_unique<file::Appender>(data);
}

std::uint64_t LogitsFile::bytesPerSection(const Box& tile) const {
    return std::uint64_t(outputs_ * tile.extent().y * tile.extent().x) * sizeof(float);
}

std::int64_t LogitsFile::sections(std::size_t tile) const {
    std::uint64_t before = 0;
    for (std::size_t t = 0; t < tile; ++t) before += bytesPerSection(tiles_[t]) * std::uint64_t(shape_.z);
    if (writer_->size() <= before) return 0;
    return std::min(shape_.z, std::int64_t((writer_->size() - before) / bytesPerSection(tiles_[tile])));
}

void LogitsFile::append(const at::Tensor& logits) {
    writer_->append({static_cast<const char*>(logits.data_ptr()), logits.nbytes()});
}

void LogitsFile::read(int output, std::int64_t begin, std::int64_t end, float* out) {
    if (!reader_.is_open()) reader_.open(folder_ / "logits.raw", std::ios::binary);
    std::uint64_t before = 0;
    std::vector<float> part;
    for (const Box& tile : tiles_) {
        const Index n = tile.extent();
        part.resize(std::size_t(n.y * n.x));
        for (std::int64_t z = begin; z < end; ++z) {
            reader_.seekg(std::streamoff(before + std::uint64_t(z) * bytesPerSection(tile) +
                                         std::uint64_t(output * n.y * n.x) * sizeof(float)));
            reader_.read(reinterpret_cast<char*>(part.data()), std::streamsize(part.size() * sizeof(float)));
            if (!reader_)
                throw Error(ErrorKind::Format, {FOVEA_TR("{path} ended too early. Predict again."),
                                                {{"path", (folder_ / "logits.raw").string()}}});
            for (std::int64_t y = 0; y < n.y; ++y)
                std::copy_n(part.data() + y * n.x, n.x,
                            out + ((z - begin) * shape_.y + tile.begin.y + y) * shape_.x + tile.begin.x);
        }
        before += bytesPerSection(tile) * std::uint64_t(shape_.z);
    }
}

void LogitsFile::remove() {
    reader_.close();
    writer_.reset();
    file::remove(folder_);
}

}  // namespace fovea::nnunet

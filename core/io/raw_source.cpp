#include "io/raw_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "zarr/half.h"

namespace fovea::io {

namespace {

class RawSource : public ImageSource {
  public:
    RawSource(const VolumeHeader& header, ImageInfo info, int timepoint) : header_(header), info_(std::move(info)) {
        fd_ = ::open(header_.data.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd_ < 0)
            throw Error(ErrorKind::Missing, {FOVEA_TR("{path} cannot be opened: {why}. Check its permissions."),
                                             {{"path", header_.data.string()}, {"why", std::strerror(errno)}}});
        header_.offset +=
            std::uint64_t(info_.shape().count()) * std::uint64_t(timepoint) * std::uint64_t(header_.valueBytes);
    }
    ~RawSource() override { ::close(fd_); }
    RawSource(const RawSource&) = delete;
    RawSource& operator=(const RawSource&) = delete;

    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override {
        const Index shape = info_.shape(), n = box.extent();
        if (level != 0 || channel != 0 || box.empty() || !Box::of(shape).contains(box))
            throw Error(ErrorKind::Internal,
                        {FOVEA_TR("A read outside of {path}: {box}"), {{"path", info_.path}, {"box", toString(box)}}});
        const std::size_t size = std::size_t(header_.valueBytes);
        std::vector<std::byte> bytes(std::size_t(n.count()) * size);
        // One read for a run of whole rows, one per row else.
        const bool wholeRows = n.x == shape.x;
        const std::int64_t rows = wholeRows ? 1 : n.y;
        const std::size_t run = std::size_t(wholeRows ? n.y * n.x : n.x) * size;
        std::byte* to = bytes.data();
        for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
            for (std::int64_t y = 0; y < rows; ++y, to += run)
                fetch(to, run, std::uint64_t((z * shape.y + box.begin.y + y) * shape.x + box.begin.x) * size);
        if (header_.swapped && size > 1)
            for (auto it = bytes.begin(); it != bytes.end(); it += std::ptrdiff_t(size))
                std::reverse(it, it + std::ptrdiff_t(size));
        out.dtype = info_.dtype;
        out.shape = n;
        out.geometry = info_.geometry;
        out.bytes = header_.half ? zarr::halfToFloat(bytes) : std::move(bytes);
    }

  private:
    void fetch(std::byte* to, std::size_t count, std::uint64_t at) const {
        for (std::size_t done = 0; done < count;) {
            const ssize_t got = ::pread(fd_, to + done, count - done, off_t(header_.offset + at + done));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0)
                throw Error(ErrorKind::Format,
                            {FOVEA_TR("{path} ends early, at byte {at}. Copy it again from its source."),
                             {{"path", header_.data.string()}, {"at", std::to_string(header_.offset + at + done)}}});
            done += std::size_t(got);
        }
    }

    VolumeHeader header_;
    ImageInfo info_;
    int fd_ = -1;
};

}  // namespace

ImagePtr openRaw(const VolumeHeader& header, ImageInfo info, int timepoint) {
    return std::make_shared<RawSource>(header, std::move(info), timepoint);
}

}  // namespace fovea::io

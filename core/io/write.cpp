#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "io/formats.h"
#include "io/itk_volume.h"
#include "io/staged_file.h"
#include "io/writers.h"
#include "zarr/ome_zarr.h"

namespace fovea::io {

namespace {

namespace fs = std::filesystem;

bool endsWith(const fs::path& path, const char* suffix) {
    std::string name = path.filename().string();
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return name.ends_with(suffix);
}

Box section(Index n, std::int64_t z) { return {{z, 0, 0}, {z + 1, n.y, n.x}}; }

void requireOneChannel(const fs::path& path, const ImageSource& image) {
    if (image.info().channels != 1)
        throw Error(
            ErrorKind::Unsupported,
            {FOVEA_TR("{path}: this format is written with one channel, the image has {count}. Write it as TIFF or "
                      "OME-Zarr."),
             {{"path", path.string()}, {"count", std::to_string(image.info().channels)}}});
}

// Integers as 16 bits, for PNG; Error(Unsupported) where one does not fit.
template <class T>
AnyVolume narrow(const AnyVolume& page, const fs::path& path) {
    AnyVolume result(DType::U16, page.shape);
    const T* from = page.as<T>();
    for (std::int64_t i = 0; i < page.shape.count(); ++i) {
        if (from[i] < T(0) || double(from[i]) > 65535)
            throw Error(
                ErrorKind::Unsupported,
                {FOVEA_TR("{path}: PNG holds values from 0 to 65535, this image has {value}. Write it as TIFF or "
                          "OME-Zarr."),
                 {{"path", path.string()}, {"value", std::to_string(from[i])}}});
        result.as<std::uint16_t>()[i] = std::uint16_t(from[i]);
    }
    return result;
}

void writePngPage(const fs::path& path, const AnyVolume& page, bool compress) {
    if (page.dtype == DType::F32 || page.dtype == DType::F64)
        throw Error(
            ErrorKind::Unsupported,
            {FOVEA_TR("{path}: PNG holds whole numbers from 0 to 65535, this image has {type}. Write it as TIFF."),
             {{"path", path.string()}, {"type", name(page.dtype)}}});
    if (page.dtype == DType::U8 || page.dtype == DType::U16) return writePng(path, page, compress);
    dispatch(page.dtype, [&]<class T>(T) { writePng(path, narrow<T>(page, path), compress); });
}

// One section of an image as an image.
class OneSection : public ImageSource {
  public:
    OneSection(const ImageSource& image, std::int64_t z) : image_(image), z_(z), info_(image.info()) {
        info_.levels = {{{1, info_.shape().y, info_.shape().x}, info_.geometry.spacing}};
        info_.channels = 1;
        info_.channelNames.clear();
    }
    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override {
        image_.read(level, channel, box.shifted({z_, 0, 0}), out);
    }

  private:
    const ImageSource& image_;
    std::int64_t z_;
    ImageInfo info_;
};

void writeWhole(const fs::path& path, VolumeFormat format, const ImageSource& image, const WriteOptions& options,
                Job& job) {
    requireOneChannel(path, image);
    const Index n = image.info().shape();
    AnyVolume all(image.info().dtype, n), page;
    const std::size_t bytes = std::size_t(n.y * n.x) * sizeOf(all.dtype);
    for (std::int64_t z = 0; z < n.z; ++z) {
        job.check();
        image.read(0, 0, section(n, z), page);
        std::ranges::copy(page.bytes, all.bytes.begin() + std::ptrdiff_t(std::size_t(z) * bytes));
        job.progress(double(z + 1), double(n.z + 1));
    }
    all.geometry = image.info().geometry;
    if (!all.geometry.known) all.geometry = Geometry{{1000, 1000, 1000}};  // 1 in the file's own unit: "not said"
    writeVolume(path, format, all, options.compress);
}

// Runs `f`; its errors speak of the file that was asked for, not of the one that stands in for it meanwhile.
void inPlaceOf(const fs::path& staged, const fs::path& target, const auto& f) {
    const auto renamed = [&](Text text) {
        for (auto& [name, value] : text.args)
            for (std::size_t at; (at = value.find(staged.string())) != std::string::npos;)
                value.replace(at, staged.string().size(), target.string());
        return text;
    };
    try {
        f();
    } catch (const Error& error) {
        Error told(error.kind(), renamed(error.chain().front()));
        for (std::size_t i = 1; i < error.chain().size(); ++i) told.context(renamed(error.chain()[i]));
        throw told;
    }
}

void stagedFile(const fs::path& target, const auto& writeTo) {
    StagedFile staged(target);
    inPlaceOf(staged.path(), target, [&] {
        writeTo(staged.path());
        staged.commit();
    });
}

void stagedFolder(const fs::path& target, const auto& writeTo) {
    const fs::path outer = target.parent_path() / (".part-" + target.filename().string()),
                   staged = outer / target.filename();
    file::remove(outer);
    try {
        inPlaceOf(staged, target, [&] {
            writeTo(staged);
            file::commitFolder(staged, target);
        });
    } catch (...) {
        file::remove(outer);
        throw;
    }
    file::remove(outer);
}

}  // namespace

void writeSeries(const fs::path& folder, const std::string& suffix, const ImageSource& image,
                 const WriteOptions& options, Job& job) {
    requireOneChannel(folder, image);
    file::makeFolder(folder);
    const Index n = image.info().shape();
    const std::size_t digits = std::max<std::size_t>(4, std::to_string(n.z - 1).size());
    for (std::int64_t z = 0; z < n.z; ++z) {
        job.check();
        const std::string count = std::to_string(z);
        const fs::path path = folder / std::string(digits - count.size(), '0').append(count).append(suffix);
        Job quiet;
        if (suffix == ".png")
            writePngPage(path, image.read(0, 0, section(n, z)), options.compress);
        else
            writeTiff(path, OneSection(image, z), options, quiet);
        job.progress(double(z + 1), double(n.z));
    }
}

void writeZarr(const fs::path& folder, const ImageSource& image, const WriteOptions& options, Job& job) {
    const ImageInfo& info = image.info();
    zarr::Layout layout;
    layout.dtype = info.dtype;
    layout.shape = info.shape();
    layout.channels = info.channels;
    layout.channelNames = info.channelNames;
    layout.geometry = info.geometry;
    layout.labels = options.labels;
    if (!options.compress) layout.codec = "raw";
    zarr::Writer writer(folder, layout);
    JobPart copying(job, 0, 0.8), levels(job, 0.8, 1);
    const double total = double(info.shape().count()) * info.channels;
    double done = 0;
    AnyVolume values;
    for (int c = 0; c < info.channels; ++c)
        // Rows of chunks: whole chunks, and memory for a part of a slab only.
        forEachTile(Box::of(info.shape()), {layout.chunk.z, layout.chunk.y, info.shape().x}, [&](const Box& box) {
            copying.check();
            image.read(0, c, box, values);
            writer.write(c, box, values);
            done += double(box.count());
            copying.progress(done, total);
        });
    writer.buildLevels(levels);
}

void write(const fs::path& path, const ImageSource& image, const WriteOptions& options, Job& job) {
    const Index n = image.info().shape();
    if (n.z < 1 || n.y < 1 || n.x < 1)
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR(
                 "An image without voxels ({shape}) cannot be written to {path}. Choose an image that is not empty."),
             {{"shape", toString(n)}, {"path", path.string()}}});
    const auto volume = [&](VolumeFormat format) {
        stagedFile(path, [&](const fs::path& to) { writeWhole(to, format, image, options, job); });
    };
    if (endsWith(path, ".tif") || endsWith(path, ".tiff"))
        return stagedFile(path, [&](const fs::path& to) { writeTiff(to, image, options, job); });
    if (endsWith(path, ".nrrd")) return volume(VolumeFormat::Nrrd);
    if (endsWith(path, ".nii") || endsWith(path, ".nii.gz")) return volume(VolumeFormat::Nifti);
    if (endsWith(path, ".mha")) return volume(VolumeFormat::Meta);
    if (endsWith(path, ".mrc")) return volume(VolumeFormat::Mrc);
    if (endsWith(path, ".zarr"))
        return stagedFolder(path, [&](const fs::path& to) { writeZarr(to, image, options, job); });
    for (const char* suffix : {".png", ".tif"})
        if (endsWith(path, (std::string(suffix) + "-series").c_str()))
            return stagedFolder(path, [&](const fs::path& to) { writeSeries(to, suffix, image, options, job); });
    if (endsWith(path, ".png") && n.z == 1) {
        requireOneChannel(path, image);
        return stagedFile(
            path, [&](const fs::path& to) { writePngPage(to, image.read(0, 0, section(n, 0)), options.compress); });
    }
    if (endsWith(path, ".png"))
        throw Error(ErrorKind::Unsupported,
                    {FOVEA_TR("{path}: a PNG holds one section, the image has {count}. Use .png-series for a folder of "
                              "them, or .tif."),
                     {{"path", path.string()}, {"count", std::to_string(n.z)}}});
    throw Error(
        ErrorKind::Unsupported,
        {FOVEA_TR(
             "{path}: the name's ending says no format that is written here. Use .tif, .zarr, .nrrd, .nii, .nii.gz, "
             ".mha, .mrc, .png-series or .tif-series."),
         {{"path", path.string()}}});
}

}  // namespace fovea::io

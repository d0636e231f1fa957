#include "io/itk_volume.h"

#include <algorithm>

#include "base/file.h"
#include "base/hash.h"
#include "data/described_image.h"
#include "io/itk_io.h"
#include "io/raw_source.h"
#include "zarr/ome_zarr.h"

namespace fovea::io {

namespace {

namespace fs = std::filesystem;

const char* formatName(VolumeFormat format) {
    static constexpr const char* kNames[] = {"nrrd", "nifti", "metaimage", "mrc"};
    return kNames[int(format)];
}

std::vector<AnyVolume> split(AnyVolume all, const ImageInfo& info, int timepoint) {
    std::vector<AnyVolume> channels;
    const std::size_t bytes = std::size_t(info.shape().count()) * sizeOf(info.dtype);
    for (int c = 0; c < info.channels; ++c) {
        AnyVolume channel;
        channel.dtype = info.dtype;
        channel.shape = info.shape();
        channel.geometry = info.geometry;
        const std::byte* from =
            all.bytes.data() + (std::size_t(c) * std::size_t(info.timepoints) + std::size_t(timepoint)) * bytes;
        if (info.channels == 1 && info.timepoints == 1)
            channel.bytes = std::move(all.bytes);
        else
            channel.bytes.assign(from, from + bytes);
        channels.push_back(std::move(channel));
    }
    return channels;
}

// Deflated values in file order. ITK would do for most, but its NIfTI part turns NaN into 0.
AnyVolume inflatePlain(const VolumeHeader& header, const ImageInfo& info) {
    AnyVolume all;
    all.dtype = info.dtype;
    all.shape = {info.timepoints * info.shape().z, info.shape().y, info.shape().x};
    inflate(header, &all.bytes);
    const std::ptrdiff_t size = header.valueBytes;
    if (header.swapped && size > 1)
        for (auto it = all.bytes.begin(); it != all.bytes.end(); it += size) std::reverse(it, it + size);
    return all;
}

AnyVolume decodeByItk(itk::ImageIOBase& io, const fs::path& path, const VolumeHeader& header) {
    if (header.deflated) inflate(header, nullptr);
    return itkio::readAll(io, path);
}

// The decoded copy's name: another one as soon as the file changed.
std::string cacheName(const fs::path& path, int timepoint) {
    const std::string key = fs::absolute(path).string() + "\n" + std::to_string(fs::file_size(path)) + "\n" +
                            std::to_string(fs::last_write_time(path).time_since_epoch().count()) + "\n" +
                            std::to_string(timepoint);
    return "decoded-" + sha256(key).substr(0, 32) + ".zarr";
}

void store(const fs::path& target, const std::vector<AnyVolume>& channels, const ImageInfo& info) {
    const fs::path staged = target.string() + ".part";
    file::remove(staged);
    zarr::Layout layout;
    layout.dtype = info.dtype;
    layout.shape = info.shape();
    layout.channels = info.channels;
    layout.geometry = info.geometry;
    zarr::Writer writer(staged, layout);
    for (int c = 0; c < info.channels; ++c) writer.write(c, Box::of(info.shape()), channels[std::size_t(c)]);
    file::commitFolder(staged, target);
}

ImageInfo describe(const fs::path& path, VolumeFormat format, const itk::ImageIOBase& io, const VolumeHeader& header) {
    ImageInfo info;
    info.path = path.string();
    info.format = formatName(format);
    info.dtype = itkio::dtypeOf(io, path);
    info.channels = int(io.GetNumberOfComponents());
    Index shape{1, 1, 1};
    std::int64_t outer = 1;
    for (unsigned i = 0; i < io.GetNumberOfDimensions(); ++i) {
        if (i < 3)
            shape[2 - int(i)] = std::int64_t(io.GetDimensions(i));
        else
            outer *= std::int64_t(io.GetDimensions(i));
    }
    info.timepoints = int(outer);
    // ITK has NIfTI in mm whatever the file's unit; NRRD in the header's own unit; without one all three mean mm.
    if (format == VolumeFormat::Nrrd) info.lengthUnit = header.micrometres.value_or(1000);
    info.geometry = itkio::geometryOf(io, info.lengthUnit);
    info.levels = {{shape, info.geometry.spacing}};
    return info;
}

ImageInfo describeMrc(const fs::path& path, const VolumeHeader& header) {
    ImageInfo info;
    info.path = path.string();
    info.format = "mrc";
    info.dtype = header.dtype;
    info.geometry = *header.geometry;
    info.levels = {{{header.extent(2), header.extent(1), header.extent(0)}, info.geometry.spacing}};
    return info;
}

void checkTimepoint(const ImageInfo& info, int timepoint) {
    if (timepoint < 0 || timepoint >= info.timepoints)
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR("{path} has {count} time points; there is no number {number}. Count from 0."),
             {{"path", info.path}, {"count", std::to_string(info.timepoints)}, {"number", std::to_string(timepoint)}}});
}

// ITK's writers don't notice a full disk: look whether everything is there.
void verify(const fs::path& path, VolumeFormat format) {
    try {
        const VolumeHeader header = readHeader(path, format);
        if (header.deflated) inflate(header, nullptr);
    } catch (const Error&) {
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} could not be written to the end. Make room on the disk and try again."),
                     {{"path", path.string()}}});
    }
}

}  // namespace

ImagePtr openVolume(const fs::path& path, VolumeFormat format, const OpenOptions& options) {
    const VolumeHeader header = readHeader(path, format);
    if (format == VolumeFormat::Mrc) {
        const ImageInfo info = describeMrc(path, header);
        checkTimepoint(info, options.timepoint);
        return openRaw(header, info, 0);
    }
    const itk::ImageIOBase::Pointer io = itkio::make(format);
    io->SetFileName(path.string());
    itkio::guarded(
        path, ErrorKind::Unsupported, "holds something that is not read here (save it as TIFF or OME-Zarr)", [&] {
            if (!io->CanReadFile(path.c_str()))
                throw Error(
                    ErrorKind::Unsupported,
                    {FOVEA_TR("{path} is a kind of {format} that is not read here. Save it as NIfTI-1, NRRD or TIFF."),
                     {{"path", path.string()}, {"format", formatName(format)}}});
            io->ReadImageInformation();
        });
    const ImageInfo info = describe(path, format, *io, header);
    checkTimepoint(info, options.timepoint);
    if (std::int64_t(io->GetImageSizeInPixels()) > header.values())
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{path} cannot be read: its header contradicts itself."), {{"path", path.string()}}});
    const bool asHeaderSays = header.plain && info.channels == 1 && info.dtype == header.dtype;
    if (asHeaderSays && !header.deflated) return openRaw(header, info, options.timepoint);

    const fs::path copy = options.cache.empty() ? fs::path() : options.cache / cacheName(path, options.timepoint);
    // The copy says neither this file's name nor its directions.
    if (!copy.empty() && fs::exists(copy)) return describedAs(zarr::open(copy), info);
    std::vector<AnyVolume> channels =
        split(asHeaderSays ? inflatePlain(header, info) : decodeByItk(*io, path, header), info, options.timepoint);
    if (copy.empty()) return describedAs(std::make_shared<MemoryImage>(std::move(channels), path.string()), info);
    file::makeFolder(options.cache);
    store(copy, channels, info);
    return describedAs(zarr::open(copy), info);
}

void writeVolume(const fs::path& path, VolumeFormat format, const AnyVolume& volume, bool compress) {
    const bool mrcHolds = volume.dtype == DType::U8 || volume.dtype == DType::I16 || volume.dtype == DType::U16 ||
                          volume.dtype == DType::F32;
    if (format == VolumeFormat::Mrc && !mrcHolds)
        throw Error(ErrorKind::Unsupported,
                    {FOVEA_TR("{path}: MRC cannot hold {type}. Write it as TIFF, NRRD or OME-Zarr."),
                     {{"path", path.string()}, {"type", name(volume.dtype)}}});
    const itk::ImageIOBase::Pointer io = itkio::make(format);
    io->SetFileName(path.string());
    io->SetNumberOfDimensions(3);
    itk::ImageIORegion region(3);
    for (unsigned i = 0; i < 3; ++i) {
        io->SetDimensions(i, itk::SizeValueType(volume.shape[2 - int(i)]));
        region.SetSize(i, itk::SizeValueType(volume.shape[2 - int(i)]));
    }
    itkio::setGeometry(*io, volume.geometry, format == VolumeFormat::Mrc ? 1e-4 : 1000);
    io->SetIORegion(region);
    io->SetPixelType(itk::IOPixelEnum::SCALAR);
    io->SetNumberOfComponents(1);
    io->SetComponentType(itkio::componentOf(volume.dtype));
    io->SetUseCompression(compress);
    itkio::guarded(path, ErrorKind::Input, "could not be written", [&] { io->Write(volume.bytes.data()); });
    verify(path, format);
}

}  // namespace fovea::io

#include "io/formats.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "io/itk_volume.h"
#include "io/series.h"
#include "io/tiff_source.h"
#include "zarr/ome_zarr.h"

namespace fovea::io {

namespace {

namespace fs = std::filesystem;

// What a file is, by its first bytes, else by its name.
enum class Kind { Tiff, Png, Nrrd, Nifti, Meta, Mrc, Unknown };

std::string lowerName(const fs::path& path) {
    std::string name = path.filename().string();
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return name;
}

bool hasSuffix(const std::string& name, std::initializer_list<const char*> suffixes) {
    return std::ranges::any_of(suffixes, [&](const char* s) { return name.ends_with(s); });
}

[[noreturn]] void refuse(ErrorKind kind, const fs::path& path, const char* why) {
    throw Error(kind, {FOVEA_TR("{path} cannot be read: {why}"), {{"path", path.string()}, {"why", why}}});
}

std::string head(const fs::path& path) {
    std::string bytes(512, '\0');
    std::ifstream stream(path, std::ios::binary);
    if (!stream) refuse(ErrorKind::Missing, path, "it cannot be opened. Check its permissions.");
    stream.read(bytes.data(), std::streamsize(bytes.size()));
    bytes.resize(std::size_t(stream.gcount()));
    return bytes;
}

// Files that are something else altogether, each with the way out.
void refuseKnownStrangers(const fs::path& path, const std::string& b, const std::string& name) {
    if (b.empty()) refuse(ErrorKind::Format, path, "it is empty. Copy it again from its source.");
    if (b.starts_with("version https://git-lfs"))
        refuse(ErrorKind::Format, path,
               "it is a Git LFS pointer, not the image itself. Fetch the image with “git lfs pull”.");
    if (b.starts_with("\x89HDF") || hasSuffix(name, {".h5", ".hdf5"}))
        refuse(ErrorKind::Unsupported, path, "HDF5 is not read yet. Export it as OME-Zarr 0.4 or TIFF.");
    if (b.starts_with("PK\x03\x04"))
        refuse(ErrorKind::Unsupported, path, "it is a zip archive. Unpack it and open what is inside.");
    if (b.starts_with("BZh"))
        refuse(ErrorKind::Unsupported, path, "it is compressed with bzip2. Unpack it first (bunzip2).");
    if (b.starts_with("\x1f\x8b") && !hasSuffix(name, {".nii.gz"}))
        refuse(ErrorKind::Unsupported, path, "it is compressed with gzip. Unpack it first (gunzip).");
    if (b.starts_with("\xff\xd8\xff"))
        refuse(ErrorKind::Unsupported, path, "JPEG loses detail and is not read. Export the image as TIFF or PNG.");
    if (hasSuffix(name, {".czi", ".nd2", ".lif", ".oib", ".oif", ".ims", ".lsm", ".vsi", ".dm3", ".dm4"}) &&
        !b.starts_with("II*") && !b.starts_with("MM"))
        refuse(ErrorKind::Unsupported, path,
               "this maker's format is not read. Export it as OME-TIFF or OME-Zarr (Bio-Formats does).");
}

Kind kindOf(const fs::path& path, const std::string& b, const std::string& name) {
    using namespace std::string_literals;
    for (const std::string& magic : {"II*\0"s, "MM\0*"s, "II+\0"s, "MM\0+"s})
        if (b.starts_with(magic)) return Kind::Tiff;
    if (b.starts_with("\x89PNG")) return Kind::Png;
    if (b.starts_with("NRRD")) return Kind::Nrrd;
    if (hasSuffix(name, {".nii", ".nii.gz", ".hdr", ".img"})) return Kind::Nifti;
    if (hasSuffix(name, {".mha", ".mhd"})) return Kind::Meta;
    if (hasSuffix(name, {".mrc", ".map", ".rec", ".st", ".ali", ".mrcs"}) ||
        (b.size() > 212 && b.compare(208, 4, "MAP ") == 0))
        return Kind::Mrc;
    if (hasSuffix(name, {".tif", ".tiff", ".btf", ".tf8"})) return Kind::Tiff;  // let its reader say what is wrong
    if (hasSuffix(name, {".png"})) return Kind::Png;
    if (hasSuffix(name, {".nrrd", ".nhdr"})) return Kind::Nrrd;
    return Kind::Unknown;
}

ImagePtr openFile(const fs::path& path, const OpenOptions& options) {
    if (!fs::is_regular_file(path)) refuse(ErrorKind::Input, path, "it is not a plain file. Choose an image.");
    const std::string b = head(path), name = lowerName(path);
    refuseKnownStrangers(path, b, name);
    switch (kindOf(path, b, name)) {
        case Kind::Tiff:
            return openTiff(path, options.timepoint);
        case Kind::Png:
            if (!hasSuffix(name, {".png"}))
                refuse(ErrorKind::Format, path, "it is a PNG under another name. Rename it to .png.");
            return openSeries({path}, path.string());
        case Kind::Nrrd:
            return openVolume(path, VolumeFormat::Nrrd, options);
        case Kind::Nifti:
            return openVolume(path, VolumeFormat::Nifti, options);
        case Kind::Meta:
            return openVolume(path, VolumeFormat::Meta, options);
        case Kind::Mrc:
            return openVolume(path, VolumeFormat::Mrc, options);
        case Kind::Unknown:
            break;
    }
    refuse(ErrorKind::Unsupported, path,
           "its format is not known. Images are read as OME-Zarr, TIFF, NRRD, NIfTI, MetaImage, MRC and PNG.");
}

bool isPattern(const std::string& path) { return path.find_first_of("*?[") != std::string::npos && !fs::exists(path); }

std::vector<std::string> strings(const std::vector<fs::path>& paths) {
    std::vector<std::string> result;
    for (const fs::path& path : paths) result.push_back(path.string());
    return result;
}

[[noreturn]] void failEmpty(const std::string& path) {
    throw Error(ErrorKind::Missing,
                {FOVEA_TR("There are no images in {path}. Check the name, or choose the folder with the pictures."),
                 {{"path", path}}});
}

}  // namespace

const std::vector<FormatInfo>& formats() {
    static const std::vector<FormatInfo> list{
        {"ome-zarr", FOVEA_TR("OME-Zarr 0.4 and Zarr version 2"), {".zarr"}, true, true, true},
        {"tiff", FOVEA_TR("TIFF, BigTIFF, ImageJ and OME-TIFF"), {".tif", ".tiff", ".btf", ".tf8"}, true, true, true},
        {"png", FOVEA_TR("PNG"), {".png"}, true, false, true},
        {"nrrd", FOVEA_TR("NRRD"), {".nrrd", ".nhdr"}, true, true, false},
        {"nifti", FOVEA_TR("NIfTI-1"), {".nii", ".nii.gz", ".img"}, true, true, false},
        {"metaimage", FOVEA_TR("MetaImage"), {".mha", ".mhd"}, true, true, false},
        {"mrc", FOVEA_TR("MRC"), {".mrc", ".map", ".rec", ".st", ".ali", ".mrcs"}, true, true, true},
        {"series", FOVEA_TR("A folder or pattern of numbered PNG or TIFF pictures"), {}, true, true, true}};
    return list;
}

namespace {

// What the standard library throws, in our words.
template <class F>
auto translated(const std::string& path, F&& f) {
    try {
        return f();
    } catch (const fs::filesystem_error& error) {
        throw Error(ErrorKind::Missing, {FOVEA_TR("{path} cannot be opened: {why}. Check its name and permissions."),
                                         {{"path", path}, {"why", error.code().message()}}});
    } catch (const std::bad_alloc&) {
        throw Error(
            ErrorKind::Memory,
            {FOVEA_TR("There is no memory to open {path}. Close other images and try again."), {{"path", path}}});
    }
}

void requireName(const std::string& path) {
    if (path.empty())
        throw Error(ErrorKind::Input, FOVEA_TR("The name of an image is empty. Give the path of a file or folder."));
}

ImagePtr openAny(const std::string& path, const OpenOptions& options) {
    requireName(path);
    if (isPattern(path)) {
        const std::vector<fs::path> files = matching(path);
        if (files.empty()) failEmpty(path);
        return files.size() == 1 ? openAny(files.front().string(), options) : openSeries(files, path);
    }
    if (!fs::exists(path))
        throw Error(ErrorKind::Missing, {FOVEA_TR("There is no file {path}. Check the name."), {{"path", path}}});
    if (!fs::is_directory(path)) return openFile(path, options);
    if (zarr::isZarr(path)) return zarr::open(path, options.timepoint);
    const std::vector<fs::path> files = imagesIn(path);
    if (files.empty()) failEmpty(path);
    if (files.size() == 1) return openAny(files.front().string(), options);
    if (isSeries(files)) return openSeries(files, path);
    throw Error(ErrorKind::Input,
                {FOVEA_TR("{path} holds {count} separate images. Open one of them, for example {first}."),
                 {{"path", path}, {"count", std::to_string(files.size())}, {"first", files.front().string()}}});
}

std::vector<std::string> resolveAny(const std::string& path) {
    requireName(path);
    const bool pattern = isPattern(path);
    if (!pattern && (!fs::is_directory(path) || zarr::isZarr(path))) return {path};
    const std::vector<fs::path> files = pattern ? matching(path) : imagesIn(path);
    if (files.empty()) failEmpty(path);
    if (files.size() > 1 && isSeries(files)) return {path};
    return strings(files);
}

}  // namespace

ImagePtr open(const std::string& path, const OpenOptions& options) {
    return translated(path, [&] { return openAny(path, options); });
}

std::vector<std::string> resolve(const std::string& path) {
    return translated(path, [&] { return resolveAny(path); });
}

}  // namespace fovea::io

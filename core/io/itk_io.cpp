#include "io/itk_io.h"

#include <itkMRCImageIO.h>
#include <itkMetaImageIO.h>
#include <itkNiftiImageIO.h>
#include <itkNrrdImageIO.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "io/tiff_layout.h"

namespace fovea::io::itkio {

std::string plainWords(std::string text) {
    if (const auto address = text.find("): "); text.starts_with("ITK ERROR") && address != std::string::npos)
        text.erase(0, address + 3);
    std::ranges::replace(text, '\n', ' ');
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text.size() > 300 ? text.substr(0, 300) + "…" : text;
}

itk::ImageIOBase::Pointer make(VolumeFormat format) {
    itk::Object::SetGlobalWarningDisplay(false);  // errors come as exceptions; nothing else belongs on stderr
    switch (format) {
        case VolumeFormat::Nrrd:
            return itk::NrrdImageIO::New().GetPointer();
        case VolumeFormat::Nifti:
            return itk::NiftiImageIO::New().GetPointer();
        case VolumeFormat::Meta:
            return itk::MetaImageIO::New().GetPointer();
        case VolumeFormat::Mrc:
            break;
    }
    return itk::MRCImageIO::New().GetPointer();
}

DType dtypeOf(const itk::ImageIOBase& io, const std::filesystem::path& path) {
    using enum itk::IOComponentEnum;
    switch (io.GetComponentType()) {
        case UCHAR:
            return DType::U8;
        case CHAR:
            return DType::I8;
        case USHORT:
            return DType::U16;
        case SHORT:
            return DType::I16;
        case UINT:
            return DType::U32;
        case INT:
            return DType::I32;
        case ULONG:
        case ULONGLONG:
            return DType::U64;
        case LONG:
        case LONGLONG:
            return DType::I64;
        case FLOAT:
            return DType::F32;
        case DOUBLE:
            return DType::F64;
        default:
            break;
    }
    throw Error(
        ErrorKind::Unsupported,
        {FOVEA_TR("{path} cannot be read: its type is “{type}”. Save it as integers or floats."),
         {{"path", path.string()}, {"type", itk::ImageIOBase::GetComponentTypeAsString(io.GetComponentType())}}});
}

itk::IOComponentEnum componentOf(DType type) {
    using enum itk::IOComponentEnum;
    static constexpr itk::IOComponentEnum kTypes[] = {UCHAR, CHAR,      USHORT,   SHORT, UINT,
                                                      INT,   ULONGLONG, LONGLONG, FLOAT, DOUBLE};
    return kTypes[int(type)];
}

Geometry geometryOf(const itk::ImageIOBase& io, double micrometres) {
    Geometry g;
    const unsigned dims = std::min(3u, io.GetNumberOfDimensions());
    for (unsigned i = 0; i < dims; ++i) {
        const int a = 2 - int(i);
        g.spacing[a] = io.GetSpacing(i) * micrometres;
        g.origin[a] = io.GetOrigin(i) * micrometres;
        if (dims < 3) continue;
        const std::vector<double> column = io.GetDirection(i);
        for (unsigned world = 0; world < 3 && world < column.size(); ++world)
            g.direction[(2 - world) * 3 + std::size_t(a)] = column[world];
    }
    if (dims < 3) g.spacing.z = g.spacing.x;  // a single picture has no depth of its own
    const auto finite = [](double v) { return std::isfinite(v); };
    g.known = isSpacing(g.spacing) && finite(g.origin.z) && finite(g.origin.y) && finite(g.origin.x) &&
              std::ranges::all_of(g.direction, finite);
    return g.known ? g : Geometry{};
}

void setGeometry(itk::ImageIOBase& io, const Geometry& g, double micrometres) {
    for (unsigned i = 0; i < 3; ++i) {
        const int a = 2 - int(i);
        io.SetSpacing(i, g.spacing[a] / micrometres);
        io.SetOrigin(i, g.origin[a] / micrometres);
        std::vector<double> column(3);
        for (unsigned world = 0; world < 3; ++world) column[world] = g.direction[(2 - world) * 3 + std::size_t(a)];
        io.SetDirection(i, column);
    }
}

AnyVolume readAll(itk::ImageIOBase& io, const std::filesystem::path& path) {
    const unsigned dims = io.GetNumberOfDimensions();
    itk::ImageIORegion region(dims);
    Index shape{1, 1, 1};
    std::int64_t outer = 1;
    for (unsigned i = 0; i < dims; ++i) {
        region.SetSize(i, io.GetDimensions(i));
        if (i < 3)
            shape[2 - int(i)] = std::int64_t(io.GetDimensions(i));
        else
            outer *= std::int64_t(io.GetDimensions(i));
    }
    io.SetIORegion(region);
    const DType type = dtypeOf(io, path);
    const std::int64_t components = io.GetNumberOfComponents(), size = std::int64_t(sizeOf(type));
    AnyVolume interleaved(type, {outer * shape.z, shape.y, shape.x * components});
    if (std::int64_t(io.GetImageSizeInBytes()) > std::int64_t(interleaved.bytes.size()))
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{path} cannot be read: its header contradicts itself."), {{"path", path.string()}}});
    guarded(path, ErrorKind::Format, "is damaged or incomplete", [&] { io.Read(interleaved.bytes.data()); });
    if (components == 1) return interleaved;
    AnyVolume apart(type, {components * outer * shape.z, shape.y, shape.x});
    const std::int64_t voxels = outer * shape.count();
    for (std::int64_t i = 0; i < voxels; ++i)
        for (std::int64_t c = 0; c < components; ++c)
            std::memcpy(apart.bytes.data() + (c * voxels + i) * size,
                        interleaved.bytes.data() + (i * components + c) * size, std::size_t(size));
    return apart;
}

}  // namespace fovea::io::itkio

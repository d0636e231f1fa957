#pragma once
#include <itkImageIOBase.h>

#include <filesystem>

#include "data/volume.h"
#include "io/volume_header.h"

// Inside core/io only: what ITK says about a file, in our words.
namespace fovea::io::itkio {

itk::ImageIOBase::Pointer make(VolumeFormat format);

// ITK's words without its addresses and line breaks.
std::string plainWords(std::string description);

// Calls f, translating ITK's exceptions to Error(kind) naming the file.
template <class F>
auto guarded(const std::filesystem::path& path, ErrorKind kind, const char* what, F&& f) {
    try {
        return f();
    } catch (const itk::ExceptionObject& e) {
        const char* remedy = kind == ErrorKind::Format ? "Copy it again from its source."
                                                       : "Make room on the disk or choose another folder.";
        throw Error(
            kind,
            {FOVEA_TR("{path} {what}: {why}. {remedy}"),
             {{"path", path.string()}, {"what", what}, {"why", plainWords(e.GetDescription())}, {"remedy", remedy}}});
    } catch (const std::bad_alloc&) {
        throw Error(
            ErrorKind::Memory,
            {FOVEA_TR("{path} does not fit into memory. Convert it to OME-Zarr or TIFF, which are read piecewise."),
             {{"path", path.string()}}});
    }
}

// Throws Error(Unsupported) for types without counterpart.
DType dtypeOf(const itk::ImageIOBase& io, const std::filesystem::path& path);
itk::IOComponentEnum componentOf(DType type);

// x, y, z in ITK's unit to z, y, x in µm.
Geometry geometryOf(const itk::ImageIOBase& io, double micrometres);
void setGeometry(itk::ImageIOBase& io, const Geometry& geometry, double micrometres);

// The whole file, components apart: one volume per (channel, time point 0 …), in that order. `io` has read its header.
AnyVolume readAll(itk::ImageIOBase& io, const std::filesystem::path& path);

}  // namespace fovea::io::itkio

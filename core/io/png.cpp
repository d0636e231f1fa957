#include <itkPNGImageIO.h>

#include "io/itk_io.h"
#include "io/itk_volume.h"

namespace fovea::io {

AnyVolume readPng(const std::filesystem::path& path) {
    const auto io = itk::PNGImageIO::New();
    itk::Object::SetGlobalWarningDisplay(false);
    io->SetFileName(path.string());
    io->ExpandRGBPaletteOff();
    itkio::guarded(path, ErrorKind::Format, "is not a PNG, or damaged", [&] { io->ReadImageInformation(); });
    AnyVolume picture = itkio::readAll(*io, path);
    picture.geometry = {};
    return picture;
}

void writePng(const std::filesystem::path& path, const AnyVolume& picture, bool compress) {
    const auto io = itk::PNGImageIO::New();
    io->SetFileName(path.string());
    io->SetNumberOfDimensions(2);
    itk::ImageIORegion region(2);
    for (unsigned i = 0; i < 2; ++i) {
        io->SetDimensions(i, itk::SizeValueType(picture.shape[2 - int(i)]));
        region.SetSize(i, itk::SizeValueType(picture.shape[2 - int(i)]));
    }
    io->SetIORegion(region);
    io->SetPixelType(itk::IOPixelEnum::SCALAR);
    io->SetNumberOfComponents(1);
    io->SetComponentType(itkio::componentOf(picture.dtype));
    io->SetUseCompression(compress);
    itkio::guarded(path, ErrorKind::Input, "could not be written", [&] { io->Write(picture.bytes.data()); });
}

}  // namespace fovea::io

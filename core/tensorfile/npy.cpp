#include "tensorfile/npy.h"

#include <algorithm>

#include "base/file.h"
#include "tensorfile/npy_header.h"

namespace fovea::tensorfile {

Tensor parseNpy(std::string_view bytes, const std::string& where) {
    NpyHeader header = parseNpyHeader(bytes, where);
    const std::uint64_t wanted = checkedBytes(header.type, header.shape, where);
    const std::uint64_t there = bytes.size() - header.dataBegin;
    if (there < wanted)
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{where} is cut off: an array of shape {shape} needs {wanted}, {there} are there."),
                     {{"where", where},
                      {"shape", toString(header.shape)},
                      {"wanted", bytesText(double(wanted))},
                      {"there", bytesText(double(there))}}});
    Tensor tensor{header.type, std::move(header.shape), std::vector<std::byte>(std::size_t(wanted))};
    if (wanted > 0) std::memcpy(tensor.bytes.data(), bytes.data() + header.dataBegin, std::size_t(wanted));
    // A complex value is two numbers of half its size.
    const std::size_t swapped = tensor.type == ElementType::C64 ? 4 : sizeOf(tensor.type);
    if (header.bigEndian)
        for (std::size_t i = 0; i + swapped <= tensor.bytes.size(); i += swapped)
            std::reverse(tensor.bytes.begin() + std::ptrdiff_t(i), tensor.bytes.begin() + std::ptrdiff_t(i + swapped));
    return tensor;
}

Tensor readNpy(const std::filesystem::path& path, std::uint64_t limit) {
    return parseNpy(file::read(path, limit), path.string());
}

std::string npyBytes(const Tensor& tensor) {
    tensor.verify();
    std::string bytes = npyHeaderBytes(tensor.type, tensor.shape);
    return bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
}

void writeNpy(const std::filesystem::path& path, const Tensor& tensor) { file::write(path, npyBytes(tensor)); }

}  // namespace fovea::tensorfile

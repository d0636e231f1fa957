#include "tensorfile/torch_writer.h"

#include "tensorfile/zip_writer.h"

namespace fovea::tensorfile {

void writeTorch(const std::filesystem::path& path, const PickleValue& value) {
    const Pickled pickle = pickled(value);
    const std::string root = "archive/", order = "little", version = "3\n";
    const auto bytesOf = [](const std::string& text) { return std::as_bytes(std::span(text)); };
    std::vector<ZipContent> contents{{root + "data.pkl", {bytesOf(pickle.bytes)}},
                                     {root + "byteorder", {bytesOf(order)}}};
    for (std::size_t i = 0; i < pickle.storages.size(); ++i)
        contents.push_back({root + "data/" + std::to_string(i), {pickle.storages[i]}});
    contents.push_back({root + "version", {bytesOf(version)}});
    writeZip(path, contents);
}

}  // namespace fovea::tensorfile

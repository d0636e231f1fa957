#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tensorfile/byte_file.h"
#include "tensorfile/tensor.h"
#include "tensorfile/torch_values.h"

namespace fovea::tensorfile {

// A file of torch.save, zip or legacy container (spec models.md section 6), read without torch and without running
// anything in it. The constructor reads the description and checks it against the file; tensors are read one by one,
// each storage compared with its checksum. Not thread-safe.
class TorchFile {
  public:
    // Throws Error(Missing), RefusedFile.
    explicit TorchFile(const std::filesystem::path& path);

    // Whether the first bytes are those of a zip archive or a pickle.
    static bool looksLike(const std::filesystem::path& path);

    const std::filesystem::path& path() const { return file_.path(); }
    // Path and tensor, in the file's order; see torchValues().
    const std::vector<std::pair<std::string, TorchTensor>>& tensors() const { return content_.tensors; }
    const nlohmann::ordered_json& values() const { return content_.values; }
    // "module name" of everything the file names.
    const std::set<std::string>& globals() const { return globals_; }
    // Names of the records of a zip container, without its folder.
    const std::vector<std::string>& records() const { return records_; }

    // The elements of a view in C order. Throws RefusedFile when the storage is damaged.
    Tensor read(const TorchTensor& tensor);

  private:
    struct Place {
        std::uint64_t begin = 0;
        std::uint32_t crc = 0;
        bool checked = false;  // compared with its checksum; the legacy container has none
    };
    void openZip();
    void openLegacy();
    void checkAmount() const;
    void checkStorage(Place& place, std::uint64_t bytes) const;
    [[noreturn]] void refuse(Refusal reason, const std::string& why) const;

    ByteFile file_;
    TorchValues content_;
    std::vector<Place> places_;  // of storages
    std::set<std::string> globals_;
    std::vector<std::string> records_;
};

}  // namespace fovea::tensorfile

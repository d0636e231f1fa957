#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "data/volume.h"
#include "tensorfile/byte_file.h"
#include "tensorfile/npy_header.h"

// Saved probabilities: <case>.npz beside the label map, with one array `probabilities`, outputs × z × y × x as stored
// (spec nnunet.md section 5.3).
namespace fovea::nnunet {

// <folder>/<case>.npz
std::filesystem::path probabilitiesPath(const std::filesystem::path& folder, const std::string& name);

// float32, not compressed; numpy.load() reads it. `outputs`: one volume of equal shape for each. Atomic. Throws
// Error(Internal) for no output or different shapes, Error(Input) when it cannot be written.
void saveProbabilities(const std::filesystem::path& path, const std::vector<Volume<float>>& outputs);

// Such a file, read plane by plane; float16 and float64, too. One that is compressed, as nnU-Net's are, is unpacked
// into memory. Thread-safe.
class ProbabilityFile {
  public:
    // Compares the checksum. Throws Error(Missing), Error(Format) for what is no such file, or damaged,
    // Error(Unsupported) for other values than floats.
    explicit ProbabilityFile(const std::filesystem::path& path);

    std::int64_t outputs() const { return header_.shape[0]; }
    Index shape() const { return {header_.shape[1], header_.shape[2], header_.shape[3]}; }
    // Planes [begin, end) along z of one output.
    Volume<float> read(std::int64_t output, std::int64_t begin, std::int64_t end) const;

  private:
    tensorfile::ByteFile file_;
    tensorfile::NpyHeader header_;
    std::string unpacked_;     // empty when it is read from the file
    std::uint64_t begin_ = 0;  // of the values there
};

}  // namespace fovea::nnunet

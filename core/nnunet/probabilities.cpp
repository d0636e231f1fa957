#include "nnunet/probabilities.h"

#include <algorithm>

#include "base/error.h"
#include "tensorfile/tensor.h"
#include "tensorfile/zip_reader.h"
#include "tensorfile/zip_writer.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using tensorfile::ElementType;
using tensorfile::NpyHeader;

namespace {

const std::string arrayName = "probabilities.npy";
constexpr std::uint64_t largestArray = std::uint64_t(1) << 38;
constexpr std::uint64_t longestHeader = 4096;

[[noreturn]] void refuse(ErrorKind kind, const fs::path& path, Text why) {
    throw Error(kind, {FOVEA_TR("{path} holds no probabilities: {why} Predict again with probabilities saved."),
                       {{"path", path.string()}, {"why", why.str()}}});
}

NpyHeader headerOf(std::string_view bytes, std::uint64_t size, const fs::path& path) {
    NpyHeader header = tensorfile::parseNpyHeader(bytes.substr(0, longestHeader), path.string());
    const bool real =
        header.type == ElementType::F16 || header.type == ElementType::F32 || header.type == ElementType::F64;
    if (!real || header.bigEndian) refuse(ErrorKind::Unsupported, path, FOVEA_TR("the values are no plain floats."));
    if (header.shape.size() != 4 || header.shape[0] < 1)
        refuse(ErrorKind::Format, path,
               {FOVEA_TR("the array's shape is {shape}, not outputs, z, y, x."),
                {{"shape", tensorfile::toString(header.shape)}}});
    if (tensorfile::checkedBytes(header.type, header.shape, path.string()) != size - header.dataBegin)
        refuse(ErrorKind::Format, path, FOVEA_TR("the array is cut off."));
    return header;
}

}  // namespace

fs::path probabilitiesPath(const fs::path& folder, const std::string& name) { return folder / (name + ".npz"); }

void saveProbabilities(const fs::path& path, const std::vector<Volume<float>>& outputs) {
    if (outputs.empty()) throw Error(ErrorKind::Internal, "no probabilities to save");
    const Index n = outputs.front().shape();
    const std::string header =
        tensorfile::npyHeaderBytes(ElementType::F32, {std::int64_t(outputs.size()), n.z, n.y, n.x});
    tensorfile::ZipContent array{arrayName, {std::as_bytes(std::span(header))}};
    for (const Volume<float>& one : outputs) {
        if (!(one.shape() == n)) throw Error(ErrorKind::Internal, "probabilities of different shapes");
        array.parts.push_back(std::as_bytes(std::span(one.vector())));
    }
    tensorfile::writeZip(path, {array});
}

ProbabilityFile::ProbabilityFile(const fs::path& path) : file_(path) {
    const tensorfile::ZipReader zip(file_);
    const auto found = zip.records().find(arrayName);
    if (found == zip.records().end()) refuse(ErrorKind::Format, path, FOVEA_TR("there is no array of that name."));
    const tensorfile::ZipRecord& record = found->second;
    if (record.stored) {
        zip.verify(arrayName);
        header_ = headerOf(file_.read(record.begin, std::min(record.size, longestHeader)), record.size, path);
    } else {
        unpacked_ = zip.readUnpacked(arrayName, largestArray);
        header_ = headerOf(unpacked_, record.size, path);
    }
    begin_ = (record.stored ? record.begin : 0) + header_.dataBegin;
}

Volume<float> ProbabilityFile::read(std::int64_t output, std::int64_t begin, std::int64_t end) const {
    const Index n = shape();
    tensorfile::Tensor part{header_.type, {end - begin, n.y, n.x}, {}};
    const std::uint64_t plane = std::uint64_t(n.y * n.x) * tensorfile::sizeOf(header_.type);
    part.bytes.resize(std::size_t(plane * std::uint64_t(end - begin)));
    const std::uint64_t at = begin_ + plane * std::uint64_t(output * n.z + begin);
    if (unpacked_.empty())
        file_.read(at, part.bytes.data(), part.bytes.size());
    else
        std::memcpy(part.bytes.data(), unpacked_.data() + at, part.bytes.size());
    return Volume<float>({end - begin, n.y, n.x}, part.toFloat());
}

}  // namespace fovea::nnunet

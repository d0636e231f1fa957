#include <algorithm>
#include <chrono>

#include "parity/kinds.h"
#include "tensorfile/crc32.h"
#include "tensorfile/safetensors.h"
#include "tensorfile/torch_file.h"

// Checkpoint files that must be read bit for bit, or refused for the right reason (golden/models, "Containers").
namespace fovea::parity {

using namespace tensorfile;

namespace {

const char* typeName(ElementType type) {
    static const char* const names[] = {"bool",    "uint8",    "int8",    "uint16",  "int16",    "uint32",
                                        "int32",   "uint64",   "int64",   "f8e4m3",  "f8e5m2",   "f8e8m0",
                                        "float16", "bfloat16", "float32", "float64", "complex64"};
    return names[std::size_t(type)];
}

json describe(const Tensor& tensor) {
    double sum = 0;
    for (const double value : tensor.toDouble()) sum += value;
    return {{"shape", tensor.shape}, {"dtype", typeName(tensor.type)}, {"crc32", crc32(tensor.bytes)}, {"sum", sum}};
}

struct Content {
    json tensors = json::object();
    json values;
};

Content readTorch(const std::filesystem::path& path) {
    TorchFile file(path);
    Content content;
    for (const auto& [name, tensor] : file.tensors()) content.tensors[name] = describe(file.read(tensor));
    content.values = file.values();
    return content;
}

Content readSafetensors(const std::filesystem::path& path) {
    const SafetensorsFile file(path);
    Content content;
    for (const auto& item : file.tensors()) content.tensors[item.first] = describe(file.read(item.first));
    return content;
}

// The value at a path "a/b/0".
json valueAt(const json& values, const std::string& path) {
    const json::json_pointer pointer("/" + path);
    return values.contains(pointer) ? values.at(pointer) : json("nothing");
}

// Names of one storage must hold equal bytes, where they have equal shapes.
json sharedDifferences(const json& groups, const json& tensors) {
    json different = json::array();
    for (const json& group : groups)
        for (const json& name : group) {
            const json &first = member(tensors, group.front().get<std::string>().c_str()),
                       &other = member(tensors, name.get<std::string>().c_str());
            if (first.at("shape") == other.at("shape") && first.at("crc32") != other.at("crc32"))
                different.push_back(name);
        }
    return different;
}

// The sums of all tensors, taken out of their descriptions: they alone have a tolerance.
json takeSums(json& tensors) {
    json sums = json::object();
    for (auto& item : tensors.items()) {
        sums[item.key()] = item.value().at("sum");
        item.value().erase("sum");
    }
    return sums;
}

Verdict accepted(const GoldenCase& golden, Content content) {
    const json& entry = golden.entry;
    json wanted = member(entry, "tensors"), wantedNames = json::array(), names = json::array(), values = json::object();
    for (const auto& item : wanted.items()) wantedNames.push_back(item.key());
    for (const auto& item : content.tensors.items()) names.push_back(item.key());
    const json different = sharedDifferences(entry.value("shared_storage", json::array()), content.tensors);
    const json wantedSums = takeSums(wanted), sums = takeSums(content.tensors);
    GoldenCase stated = golden;
    stated.outputs = {
        {"names", wantedNames}, {"tensors", wanted}, {"sums", wantedSums}, {"shared_storage", json::array()}};
    stated.tolerance = {{"sums", {{"abs", 1e-9}, {"rel", 1e-9}}}};
    if (entry.contains("values")) {
        stated.outputs["values"] = entry["values"];
        for (const auto& item : entry["values"].items()) values[item.key()] = valueAt(content.values, item.key());
    }
    return compare(stated, {{"names", names},
                            {"tensors", content.tensors},
                            {"sums", sums},
                            {"values", values},
                            {"shared_storage", different}});
}

Verdict failure(const std::string& why) {
    Verdict verdict;
    verdict.passed = false;
    verdict.why = why;
    return verdict;
}

// A safetensors file is refused by an Error without a code.
Verdict refused(const GoldenCase& golden, const Error& error) {
    const std::string expect = member(golden.entry, "expect");
    if (expect == "accept") return failure(error.what());
    const auto* coded = dynamic_cast<const RefusedFile*>(&error);
    if (expect == "refuse" && coded != nullptr && member(golden.entry, "reason") != name(coded->reason()))
        return failure(std::string("refused as ") + name(coded->reason()) + ", want " +
                       golden.entry["reason"].get<std::string>());
    if (error.kind() != ErrorKind::Format && error.kind() != ErrorKind::Unsupported) return failure(error.what());
    return {};
}

}  // namespace

Verdict container(const GoldenCase& golden) {
    const auto start = std::chrono::steady_clock::now();
    const auto path = golden.folder / golden.input("file").get<std::string>();
    Verdict verdict;
    try {
        const Content content = path.extension() == ".safetensors" ? readSafetensors(path) : readTorch(path);
        verdict = golden.entry.at("expect") == "refuse" ? failure("it was read") : accepted(golden, content);
    } catch (const Error& error) {
        verdict = refused(golden, error);
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (golden.entry.contains("limits") && seconds > golden.entry["limits"].value("seconds", 5.0))
        return failure("it took " + std::to_string(seconds) + " s");
    return verdict;
}

}  // namespace fovea::parity

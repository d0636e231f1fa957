#include <sys/mman.h>
#include <torch/types.h>

#include <algorithm>
#include <map>
#include <new>

#include "base/error.h"
#include "base/json_text.h"
#include "nn/torch_errors.h"
#include "nn/weights.h"
#include "tensorfile/safetensors.h"
#include "tensorfile/torch_file.h"
#include "tensorfile/torch_writer.h"

namespace fovea::nn {

namespace {

using tensorfile::ElementType;

struct TypePair {
    ElementType stored;
    torch::ScalarType torchType;
};

constexpr TypePair typePairs[] = {{ElementType::F32, torch::kFloat32}, {ElementType::F64, torch::kFloat64},
                                  {ElementType::F16, torch::kFloat16}, {ElementType::BF16, torch::kBFloat16},
                                  {ElementType::I64, torch::kInt64},   {ElementType::I32, torch::kInt32},
                                  {ElementType::I16, torch::kInt16},   {ElementType::I8, torch::kInt8},
                                  {ElementType::U8, torch::kUInt8},    {ElementType::Bool, torch::kBool}};

// Pages of its own for a large tensor: they go back to the system with the last tensor that uses them. The C library
// would keep what a file took, as much as the network itself, for good.
torch::Tensor inOwnPages(const std::vector<std::int64_t>& shape, torch::ScalarType type, std::size_t bytes) {
    constexpr std::size_t large = 64 << 10;
    if (bytes < large) return torch::empty(shape, type);
    void* pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    return torch::from_blob(pages, shape, [bytes](void* begin) { ::munmap(begin, bytes); }, type);
}

torch::Tensor toTorch(const tensorfile::Tensor& stored, const std::string& path, const std::string& name) {
    for (const TypePair& pair : typePairs) {
        if (pair.stored != stored.type) continue;
        auto tensor = inOwnPages(stored.shape, pair.torchType, stored.bytes.size());
        if (!stored.bytes.empty()) std::memcpy(tensor.data_ptr(), stored.bytes.data(), stored.bytes.size());
        return tensor;
    }
    throw Error(ErrorKind::Unsupported,
                Text(FOVEA_TR("{path}: the tensor {name} holds {type} numbers, which no network here uses. "
                              "Convert the checkpoint to float32."),
                     {{"path", path}, {"name", name}, {"type", tensorfile::name(stored.type)}}));
}

tensorfile::Tensor fromTorch(const torch::Tensor& tensor) {
    const auto plain = tensor.detach().to(torch::kCPU).contiguous();
    const tensorfile::TorchArray array = arrayOf(plain);
    return {array.type, array.shape, {array.bytes.begin(), array.bytes.end()}};
}

// The prefix of the paths of a checkpoint's weights.
std::string weightsPrefix(const tensorfile::TorchFile& file, const std::string& group) {
    const auto has = [&](const std::string& prefix) {
        return std::any_of(file.tensors().begin(), file.tensors().end(),
                           [&](const auto& entry) { return entry.first.starts_with(prefix); });
    };
    if (!group.empty()) return group + "/";
    for (const char* name : {"network_weights/", "model/", "state_dict/", "model_state/"})
        if (has(name)) return name;
    return "";
}

State readTorchState(const std::filesystem::path& path, const std::string& group) {
    tensorfile::TorchFile file(path);
    const std::string prefix = weightsPrefix(file, group);
    State state = readTensors(file, prefix);
    if (prefix.empty())
        std::erase_if(state, [](const auto& item) { return item.first.find('/') != std::string::npos; });
    if (state.empty())
        throw Error(ErrorKind::Missing, Text(FOVEA_TR("{path} holds no weights called {group}. Choose another file."),
                                             {{"path", path.string()}, {"group", group}}));
    return state;
}

}  // namespace

tensorfile::TorchArray arrayOf(const torch::Tensor& tensor) {
    for (const TypePair& pair : typePairs)
        if (pair.torchType == tensor.scalar_type())
            return {pair.stored,
                    tensor.sizes().vec(),
                    {static_cast<const std::byte*>(tensor.const_data_ptr()), std::size_t(tensor.nbytes())}};
    throw Error(ErrorKind::Internal,
                Text(std::string("a tensor of type ") + torch::toString(tensor.scalar_type()) + " can't be saved"));
}

void saveState(const std::filesystem::path& path, const State& state, const std::map<std::string, std::string>& about) {
    translated([&] {
        tensorfile::TensorMap tensors;
        for (const auto& [name, tensor] : state) tensors.emplace(name, fromTorch(tensor));
        tensorfile::writeSafetensors(path, tensors, about);
    });
}

void saveWeights(const std::filesystem::path& path, const torch::nn::Module& module,
                 const std::map<std::string, std::string>& about) {
    saveState(path, stateOf(module), about);
}

State readTensors(tensorfile::TorchFile& file, const std::string& prefix) {
    return translated([&] {
        std::map<tensorfile::TorchTensor, torch::Tensor> read;
        State state;
        for (const auto& [path, view] : file.tensors()) {
            if (!path.starts_with(prefix)) continue;
            const auto [found, fresh] = read.try_emplace(view);
            if (fresh) found->second = toTorch(file.read(view), file.path().string(), path);
            state.emplace_back(path.substr(prefix.size()), found->second);
        }
        return state;
    });
}

State readState(const std::filesystem::path& path, const std::string& group) {
    return translated([&] {
        if (tensorfile::TorchFile::looksLike(path)) return readTorchState(path, group);
        const tensorfile::SafetensorsFile file(path);
        State state;
        for (const auto& item : file.tensors())
            state.push_back({item.first, toTorch(file.read(item.first), path.string(), item.first)});
        return state;
    });
}

void loadWeights(const std::filesystem::path& path, torch::nn::Module& module) {
    loadState(readState(path), module, path.string());
}

std::map<std::string, std::string> readAbout(const std::filesystem::path& path) {
    return tensorfile::SafetensorsFile(path).metadata();
}

std::optional<nlohmann::json> readAboutJson(const std::filesystem::path& path, const std::string& key) {
    const auto about = readAbout(path);
    const auto found = about.find(key);
    if (found == about.end()) return std::nullopt;
    try {
        return parseJson(found->second);
    } catch (const Error& error) {
        throw Error(ErrorKind::Format,
                    Text(FOVEA_TR("{path} is damaged: what it says about its network cannot be read. {reason} Choose "
                                  "another model, or train it again."),
                         {{"path", path.string()}, {"reason", error.what()}}));
    }
}

}  // namespace fovea::nn

#include "nn/golden.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/file.h"
#include "nn/torch_test.h"

namespace fovea::test {

std::filesystem::path goldenFolder(const std::string& name) {
    const char* shared = std::getenv("FOVEA_SHARED");
    const auto folder =
        std::filesystem::path(shared != nullptr ? shared : FOVEA_SOURCE_DIR "/../shared") / "golden" / name;
    if (!std::filesystem::exists(folder / "manifest.json")) SKIP(folder.string() + " is not there");
    return folder;
}

std::vector<nlohmann::json> goldenCases(const std::filesystem::path& folder, const std::string& field,
                                        const std::string& value) {
    std::vector<nlohmann::json> cases;
    const auto manifest = file::readJson(folder / "manifest.json");
    for (const auto& item : manifest.at("cases"))
        if (item.at(field) == value) cases.push_back(item);
    return cases;
}

torch::Tensor recipeTensor(const nlohmann::json& recipe) {
    const auto kind = recipe.at("kind").get<std::string>();
    if (kind != "uniform" && kind != "u") fail(__FILE__, __LINE__, "unknown recipe " + kind);
    auto tensor = torch::empty(recipe.at("shape").get<std::vector<std::int64_t>>(), torch::kFloat64);
    const double offset = recipe.value("offset", 0.0), scale = recipe.value("scale", 1.0);
    double* values = tensor.data_ptr<double>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i)
        values[i] = offset + scale * hashUniform(recipe.at("key").get<std::uint64_t>(), std::uint64_t(i));
    return tensor.to(torch::kFloat32);
}

void hashWeights(torch::nn::Module& module, std::uint64_t base) {
    const torch::NoGradGuard off;
    nn::State state = nn::stateOf(module);
    std::sort(state.begin(), state.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t n = 0; n < state.size(); ++n) {
        auto& [name, tensor] = state[n];
        const double scale = std::sqrt(3.0 * double(tensor.size(0)) / double(tensor.numel()));
        auto values = torch::empty({tensor.numel()}, torch::kFloat32);
        for (std::int64_t i = 0; i < tensor.numel(); ++i) {
            const double u = hashUniform(base + n, std::uint64_t(i));
            values.data_ptr<float>()[i] = float(tensor.dim() > 1           ? u * scale
                                                : name.ends_with("weight") ? 1 + 0.25 * u
                                                                           : 0.1 * u);
        }
        tensor.copy_(values.view(tensor.sizes()));
    }
}

Tensors goldenTensors(const std::filesystem::path& file, const std::string& prefix) {
    Tensors tensors;
    for (const auto& [name, tensor] : nn::readState(file))
        if (name.starts_with(prefix)) tensors[name.substr(prefix.size())] = tensor;
    return tensors;
}

double excess(const torch::Tensor& a, const torch::Tensor& b, double rel) {
    if (a.sizes() != b.sizes()) fail(__FILE__, __LINE__, c10::str("shape ", a.sizes(), ", want ", b.sizes()));
    const auto x = a.to(torch::kFloat64), y = b.to(torch::kFloat64);
    return ((x - y).abs() - rel * y.abs()).max().item<double>();
}

double relativeError(const torch::Tensor& got, const torch::Tensor& stored, const nlohmann::json& description) {
    auto x = got.detach().to(torch::kFloat64).contiguous();
    if (x.sizes() != torch::IntArrayRef(description.at("shape").get<std::vector<std::int64_t>>()))
        fail(__FILE__, __LINE__, c10::str("shape ", x.sizes(), ", want ", description.at("shape").dump()));
    if (description.contains("stored")) {
        const auto m = description.at("samples").get<std::int64_t>(), n = x.numel();
        std::vector<std::int64_t> at;
        for (std::int64_t j = 0; j < m; ++j) at.push_back((2 * j + 1) * n / (2 * m));
        x = x.flatten().index_select(0, torch::tensor(at));
    }
    const auto y = stored.to(torch::kFloat64).reshape(x.sizes());
    return (x - y).abs().max().item<double>() / std::max(y.abs().max().item<double>(), 1e-300);
}

}  // namespace fovea::test

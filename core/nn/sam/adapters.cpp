#include "nn/sam/adapters.h"

#include <ATen/ops/matmul.h>

#include <map>
#include <optional>
#include <vector>

#include "base/error.h"
#include "nn/guards.h"
#include "nn/torch_errors.h"

namespace fovea::nn::sam {

namespace {

// The tensors of one checkpoint, taken out one after the other.
class Pool {
  public:
    Pool(const State& state, const std::string& source) : source_(source) {
        for (const auto& [name, tensor] : state) tensors_[name] = tensor;
    }
    std::optional<torch::Tensor> takeIfThere(const std::string& name) {
        const auto found = tensors_.find(name);
        if (found == tensors_.end()) return std::nullopt;
        const torch::Tensor tensor = found->second;
        tensors_.erase(found);
        return tensor;
    }
    torch::Tensor take(const std::string& name) {
        if (auto tensor = takeIfThere(name)) return *tensor;
        throw Error(ErrorKind::Format,
                    Text(FOVEA_TR("{path}: the fine-tuning of the image encoder is incomplete, {name} is missing. Save "
                                  "the checkpoint again."),
                         {{"path", source_}, {"name", name}}));
    }
    void put(const std::string& name, const torch::Tensor& tensor) { tensors_[name] = tensor; }
    // What stands before `ending` in every name that ends so.
    std::vector<std::string> stems(const std::string& ending) const {
        std::vector<std::string> found;
        for (const auto& [name, tensor] : tensors_)
            if (name.ends_with(ending)) found.push_back(name.substr(0, name.size() - ending.size()));
        return found;
    }
    const std::map<std::string, torch::Tensor>& tensors() const { return tensors_; }

  private:
    std::map<std::string, torch::Tensor> tensors_;
    const std::string& source_;
};

// weight[rows of `part` of `parts`] += product of the factors, outermost first.
void add(torch::Tensor& weight, std::int64_t part, std::int64_t parts, const std::vector<torch::Tensor>& factors) {
    torch::Tensor product = factors.front();
    for (std::size_t i = 1; i < factors.size(); ++i) product = at::matmul(product, factors[i]);
    const std::int64_t rows = weight.size(0) / parts;
    weight.narrow(0, part * rows, rows).add_(product);
}

// LoRA and FacT wrap the projection: "<attn.qkv>.qkv_proj" holds q, k and v one below the other.
void foldAttention(Pool& pool) {
    for (const std::string& qkv : pool.stems(".qkv_proj.weight")) {
        torch::Tensor weight = pool.take(qkv + ".qkv_proj.weight").clone();
        const char* parts[] = {"q", "k", "v"};
        for (int i = 0; i < 3; ++i)
            if (const auto b = pool.takeIfThere(qkv + ".w_b_linear_" + parts[i] + ".weight"))
                add(weight, i, 3, {*b, pool.take(qkv + ".w_a_linear_" + parts[i] + ".weight")});
        if (const auto v = pool.takeIfThere(qkv + ".FacTv.weight")) {
            const torch::Tensor u = pool.take(qkv + ".FacTu.weight");
            for (int i : {0, 2}) add(weight, i, 3, {*v, pool.take(qkv + "." + parts[i] + "_FacTs.weight"), u});
        }
        pool.put(qkv + ".weight", weight);
        pool.put(qkv + ".bias", pool.take(qkv + ".qkv_proj.bias"));
    }
}

// LoRA: "<mlp>.mlp_layer.lin1" and lin2.
void foldMlp(Pool& pool) {
    for (const std::string number : {"1", "2"})
        for (const std::string& mlp : pool.stems(".mlp_layer.lin" + number + ".weight")) {
            torch::Tensor weight = pool.take(mlp + ".mlp_layer.lin" + number + ".weight").clone();
            if (const auto b = pool.takeIfThere(mlp + ".w_b_linear_" + number + ".weight"))
                add(weight, 0, 1, {*b, pool.take(mlp + ".w_a_linear_" + number + ".weight")});
            pool.put(mlp + ".lin" + number + ".weight", weight);
            pool.put(mlp + ".lin" + number + ".bias", pool.take(mlp + ".mlp_layer.lin" + number + ".bias"));
        }
}

// SSF: "<any layer>.layer" with a scale and a shift for each of its outputs.
void foldScales(Pool& pool) {
    for (const std::string& name : pool.stems(".scale")) {
        const torch::Tensor scale = pool.take(name + ".scale"), shift = pool.take(name + ".shift");
        const torch::Tensor weight = pool.take(name + ".layer.weight");
        auto shape = std::vector<std::int64_t>(std::size_t(weight.dim()), 1);
        shape[0] = -1;
        pool.put(name + ".weight", weight * scale.reshape(shape));
        pool.put(name + ".bias", pool.take(name + ".layer.bias") * scale + shift);
    }
}

bool isFoldable(const std::string& name) {
    for (const char* part : {".qkv_proj.", ".mlp_layer.lin", ".FacT", ".w_a_linear_", ".w_b_linear_"})
        if (name.find(part) != std::string::npos) return true;
    return name.ends_with(".scale") || name.ends_with(".shift");
}

void refuseUnfoldable(const State& state, const std::string& source) {
    for (const auto& [name, tensor] : state)
        for (const char* part : {".down_proj.", ".up_proj.", ".quant_state."})
            if (name.find(part) != std::string::npos)
                throw Error(
                    ErrorKind::Unsupported,
                    Text(FOVEA_TR("{path} was fine-tuned in a way that no plain image encoder can hold ({name}: "
                                  "AdaptFormer or quantised weights). Export it with another method."),
                         {{"path", source}, {"name", name}}));
}

}  // namespace

State withoutAdapters(const State& state, const std::string& source) {
    refuseUnfoldable(state, source);
    bool any = false;
    for (const auto& item : state) any = any || isFoldable(item.first);
    if (!any) return state;
    return translated([&] {
        const NoGrad off(false);
        State wide;
        for (const auto& [name, tensor] : state)
            wide.emplace_back(name, tensor.is_floating_point() ? tensor.to(torch::kFloat64) : tensor);
        Pool pool(wide, source);
        foldAttention(pool);
        foldMlp(pool);
        foldScales(pool);
        const c10::ScalarType type = state.front().second.scalar_type();
        State plain;
        for (const auto& [name, tensor] : pool.tensors())
            plain.emplace_back(name, tensor.is_floating_point() ? tensor.to(type) : tensor);
        return plain;
    });
}

}  // namespace fovea::nn::sam

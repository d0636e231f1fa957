#include "nn/sam/adapters.h"

#include <ATen/ops/matmul.h>

#include <map>
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
    bool has(const std::string& name) const { return tensors_.contains(name); }
    torch::Tensor take(const std::string& name) {
        const auto found = tensors_.find(name);
        if (found == tensors_.end()) refuse(name, "is missing");
        const torch::Tensor tensor = found->second;
        tensors_.erase(found);
        return tensor;
    }
    // A tensor of this shape; 0 means any extent.
    torch::Tensor take(const std::string& name, const std::vector<std::int64_t>& shape) {
        torch::Tensor tensor = take(name);
        bool fits = tensor.dim() == std::int64_t(shape.size());
        for (std::size_t i = 0; fits && i < shape.size(); ++i)
            fits = shape[i] == 0 || shape[i] == tensor.size(std::int64_t(i));
        if (!fits) refuse(name, "has another shape than the layer it belongs to");
        return tensor;
    }
    [[noreturn]] void refuse(const std::string& name, const std::string& why) const {
        throw Error(ErrorKind::Format,
                    Text(FOVEA_TR("{path}: the fine-tuning of the image encoder is damaged, {name} {why}. Save the "
                                  "checkpoint again."),
                         {{"path", source_}, {"name", name}, {"why", why}}));
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

// The product of two tensors of ranks that fit: (rows, r) and (r, columns).
torch::Tensor product(Pool& pool, const std::string& left, std::int64_t rows, const std::string& right,
                      std::int64_t columns) {
    const torch::Tensor l = pool.take(left, {rows, 0});
    return at::matmul(l, pool.take(right, {l.size(1), columns}));
}

// The rows of a third of stacked q, k and v.
torch::Tensor third(const torch::Tensor& weight, std::int64_t i) {
    return weight.narrow(0, i * weight.size(0) / 3, weight.size(0) / 3);
}

// LoRA and FacT wrap the projection: "<attn.qkv>.qkv_proj" holds q, k and v one below the other.
void foldAttention(Pool& pool) {
    for (const std::string& qkv : pool.stems(".qkv_proj.weight")) {
        const std::string layer = qkv + ".qkv_proj.weight";
        torch::Tensor weight = pool.take(layer, {0, 0}).clone();
        const std::int64_t width = weight.size(1);
        if (weight.size(0) != 3 * width) pool.refuse(layer, "does not hold queries, keys and values");
        const std::string parts[] = {"q", "k", "v"};
        for (int i = 0; i < 3; ++i) {
            const std::string b = qkv + ".w_b_linear_" + parts[i] + ".weight";
            if (pool.has(b))
                third(weight, i).add_(product(pool, b, width, qkv + ".w_a_linear_" + parts[i] + ".weight", width));
        }
        if (pool.has(qkv + ".FacTv.weight")) {
            const torch::Tensor v = pool.take(qkv + ".FacTv.weight", {width, 0});
            const std::int64_t rank = v.size(1);
            const torch::Tensor u = pool.take(qkv + ".FacTu.weight", {rank, width});
            for (int i : {0, 2})
                third(weight, i).add_(
                    at::matmul(at::matmul(v, pool.take(qkv + "." + parts[i] + "_FacTs.weight", {rank, rank})), u));
        }
        pool.put(qkv + ".weight", weight);
        pool.put(qkv + ".bias", pool.take(qkv + ".qkv_proj.bias"));
    }
}

// LoRA: "<mlp>.mlp_layer.lin1" and lin2.
void foldMlp(Pool& pool) {
    for (const std::string number : {"1", "2"})
        for (const std::string& mlp : pool.stems(".mlp_layer.lin" + number + ".weight")) {
            torch::Tensor weight = pool.take(mlp + ".mlp_layer.lin" + number + ".weight", {0, 0}).clone();
            const std::string b = mlp + ".w_b_linear_" + number + ".weight";
            if (pool.has(b))
                weight.add_(
                    product(pool, b, weight.size(0), mlp + ".w_a_linear_" + number + ".weight", weight.size(1)));
            pool.put(mlp + ".lin" + number + ".weight", weight);
            pool.put(mlp + ".lin" + number + ".bias", pool.take(mlp + ".mlp_layer.lin" + number + ".bias"));
        }
}

// SSF: "<any layer>.layer" with a scale and a shift for each of its outputs.
void foldScales(Pool& pool) {
    for (const std::string& name : pool.stems(".scale")) {
        const torch::Tensor weight = pool.take(name + ".layer.weight");
        if (weight.dim() == 0) pool.refuse(name + ".layer.weight", "is a single number");
        const std::int64_t outputs = weight.size(0);
        const torch::Tensor scale = pool.take(name + ".scale", {outputs}),
                            shift = pool.take(name + ".shift", {outputs});
        auto shape = std::vector<std::int64_t>(std::size_t(weight.dim()), 1);
        shape[0] = outputs;
        pool.put(name + ".weight", weight * scale.reshape(shape));
        pool.put(name + ".bias", pool.take(name + ".layer.bias", {outputs}) * scale + shift);
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

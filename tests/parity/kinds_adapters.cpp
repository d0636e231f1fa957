#include <torch/torch.h>

#include <algorithm>

#include "nn/sam/adapters.h"
#include "parity/kinds.h"
#include "parity/model_torch.h"
#include "parity/sam_cases.h"
#include "parity/torch_arrays.h"

// Image encoders as micro-sam's parameter-efficient fine-tuning stores them.
namespace fovea::parity {

namespace {

// What a method of fine-tuning makes of the entries of a plain encoder: their names and shapes, values zero.
class AdaptedNames {
  public:
    explicit AdaptedNames(const GoldenCase& golden)
        : method_(golden.option("method").get<std::string>()),
          matrices_(golden.config.value("update_matrices", json())),
          rank_(method_ == "ssf" ? 0 : wholeNumber(golden.option("rank"))) {}

    nn::State of(const nn::State& plain) {
        for (const auto& [name, tensor] : plain)
            if (!(method_ == "ssf" ? scaled(name, tensor) : attention(name, tensor) || mlp(name, tensor)))
                add(name, tensor.sizes());
        return adapted_;
    }

  private:
    void add(const std::string& name, at::IntArrayRef shape) { adapted_.emplace_back(name, torch::zeros(shape)); }
    bool wants(const char* matrix) const {
        return method_ == "lora" && std::find(matrices_.begin(), matrices_.end(), matrix) != matrices_.end();
    }
    static std::string stemOf(const std::string& name) { return name.substr(0, name.rfind('.')); }

    bool scaled(const std::string& name, const at::Tensor& tensor) {
        if (!name.starts_with("blocks.") || name.find("rel_pos") != std::string::npos) return false;
        const std::string stem = stemOf(name);
        add(stem + ".layer" + name.substr(stem.size()), tensor.sizes());
        if (!name.ends_with(".weight")) return true;
        for (const char* part : {".scale", ".shift"}) add(stem + part, {tensor.size(0)});
        return true;
    }
    bool attention(const std::string& name, const at::Tensor& tensor) {
        const std::string stem = stemOf(name);
        if (!stem.ends_with(".attn.qkv")) return false;
        add(stem + ".qkv_proj" + name.substr(stem.size()), tensor.sizes());
        if (!name.ends_with(".weight")) return true;
        const std::int64_t width = tensor.size(1);
        if (method_ == "fact") {
            add(stem + ".FacTu.weight", {rank_, width});
            add(stem + ".FacTv.weight", {width, rank_});
            for (const char* part : {".q_FacTs.weight", ".v_FacTs.weight"}) add(stem + part, {rank_, rank_});
        }
        for (const char* part : {"q", "k", "v"}) {
            if (!wants(part)) continue;
            add(stem + ".w_a_linear_" + part + ".weight", {rank_, width});
            add(stem + ".w_b_linear_" + part + ".weight", {width, rank_});
        }
        return true;
    }
    bool mlp(const std::string& name, const at::Tensor& tensor) {
        const std::size_t at = name.find(".mlp.lin");
        if (at == std::string::npos || !wants("mlp")) return false;
        const std::string block = name.substr(0, at) + ".mlp.", layer = name.substr(at + 5);
        add(block + "mlp_layer." + layer, tensor.sizes());
        if (!name.ends_with(".weight")) return true;
        const std::string number = layer.substr(3, 1);
        add(block + "w_a_linear_" + number + ".weight", {rank_, tensor.size(1)});
        add(block + "w_b_linear_" + number + ".weight", {tensor.size(0), rank_});
        return true;
    }

    std::string method_;
    json matrices_;
    std::int64_t rank_;
    nn::State adapted_;
};

Values samEncoderPeft(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    nn::sam::VitEncoder encoder(vitConfig(golden));
    encoder->to(deviceOf(golden), precisionOf(golden));
    encoder->eval();
    nn::State adapted = hashedState(golden, AdaptedNames(golden).of(nn::stateOf(*encoder)));
    for (auto& item : adapted) item.second = item.second.to(precisionOf(golden));
    nn::loadState(nn::sam::withoutAdapters(adapted, golden.id), *encoder, golden.id);
    nn::Steps steps;
    encoder->forward(modelInput(golden, "image"), &steps);
    return valuesOf(steps);
}

}  // namespace

std::vector<Kind> adapterKinds() { return {{"sam.encoder_peft", samEncoderPeft}}; }

}  // namespace fovea::parity

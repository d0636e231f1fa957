#include "nn/weights.h"

#include <map>

#include "base/error.h"
#include "nn/guards.h"
#include "nn/official_state.h"
#include "nn/torch_errors.h"

namespace fovea::nn {

namespace {

std::string shapeText(const torch::Tensor& tensor) {
    std::string text;
    for (std::int64_t s : tensor.sizes()) text += (text.empty() ? "" : "×") + std::to_string(s);
    return text.empty() ? "scalar" : text;
}

void addNames(std::string& text, const char* what, const std::vector<std::string>& names) {
    if (names.empty()) return;
    text += (text.empty() ? "" : "; ") + std::to_string(names.size()) + " " + what + " (";
    for (std::size_t i = 0; i < names.size() && i < 3; ++i) text += (i == 0 ? "" : ", ") + names[i];
    text += names.size() > 3 ? ", …)" : ")";
}

// The name a network of this house registers, for a name from an official checkpoint; empty for its duplicates.
std::string ownName(std::string name, const std::map<std::string, torch::Tensor>& own) {
    if (!own.contains(name)) name = withoutWrappers(name);
    if (own.contains(name)) return name;
    return isDuplicateKey(name) ? std::string() : name;
}

std::map<std::string, torch::Tensor> mapOf(const torch::nn::Module& module) {
    const State state = stateOf(module);
    return {state.begin(), state.end()};
}

}  // namespace

State stateOf(const torch::nn::Module& module) {
    State state;
    for (const auto& item : module.named_parameters()) state.push_back({item.key(), item.value()});
    for (const auto& item : module.named_buffers()) state.push_back({item.key(), item.value()});
    return state;
}

std::string KeyReport::str() const {
    std::string text;
    addNames(text, "missing", missing);
    addNames(text, "unexpected", unexpected);
    addNames(text, "of another shape", mismatched);
    return text;
}

KeyReport compareState(const State& from, const torch::nn::Module& module) {
    auto own = mapOf(module);
    const auto all = own;
    KeyReport report;
    for (const auto& [name, tensor] : from) {
        const std::string key = ownName(name, all);
        if (key.empty()) continue;
        const auto found = all.find(key);
        if (found == all.end()) {
            report.unexpected.push_back(name);
            continue;
        }
        own.erase(key);
        if (found->second.sizes() != tensor.sizes())
            report.mismatched.push_back(key + ": file " + shapeText(tensor) + ", network " + shapeText(found->second));
    }
    for (const auto& item : own) report.missing.push_back(item.first);
    return report;
}

void loadState(const State& from, torch::nn::Module& module, const std::string& source) {
    const KeyReport report = compareState(from, module);
    if (!report.ok())
        throw Error(
            ErrorKind::Format,
            Text(FOVEA_TR("{path} is a checkpoint of another network: {report}. Choose the model that belongs to this "
                          "plan, or make a new plan."),
                 {{"path", source}, {"report", report.str()}}));
    translated([&] {
        const c10::AutoGradMode off(false);
        auto own = mapOf(module);
        for (const auto& [name, tensor] : from) {
            const std::string key = ownName(name, own);
            if (!key.empty()) own.at(key).copy_(tensor);
        }
    });
}

void place(torch::nn::Module& module, const std::string& device, const Compute& compute) {
    translated([&] {
        const c10::AutoGradMode off(false);
        module.to(torchDevice(device));
        for (torch::Tensor& p : module.parameters())
            if (p.dim() >= 4) p.set_data(placed(p, compute));
    });
}

torch::Tensor placed(const torch::Tensor& input, const Compute& compute) {
    if (!compute.channelsLast || input.dim() < 4) return input.contiguous();
    return input.contiguous(input.dim() == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast);
}

}  // namespace fovea::nn

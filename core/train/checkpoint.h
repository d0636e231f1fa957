#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "nn/weights.h"

namespace fovea::train {

// Everything a training run needs to go on: network, averaged network, best network, optimizer, and `progress`
// (iteration, next sample, batch size, best score, curve). One safetensors file, so that a crash leaves the old or the
// new one whole.
struct Checkpoint {
    nlohmann::json identity;  // what must not change: topology, optimizer, seed, iterations
    nlohmann::json progress;
    nn::State tensors;  // names start with "net.", "ema.", "best.", "opt."

    // Tensors whose names start with `group` + ".", without it.
    nn::State group(const std::string& group) const;
    void add(const std::string& group, const nn::State& state);
};

void saveCheckpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);
// Absent file: nothing. Throws Error(Format) when it is damaged or belongs to another network or other settings than
// `identity`, naming the first difference.
std::optional<Checkpoint> loadCheckpoint(const std::filesystem::path& path, const nlohmann::json& identity);

}  // namespace fovea::train

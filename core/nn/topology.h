#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace fovea::nn {

enum class EncoderKind { Plain, Residual };

// What a U-Net looks like, in nnU-Net's terms (spec nnunet.md 3.2 PlainConvUNet, 3.3 ResidualEncoderUNet). Stage 0 is
// full resolution. Torch-free.
struct Topology {
    EncoderKind encoder = EncoderKind::Plain;
    int dims = 3;  // 2 or 3
    std::int64_t inChannels = 1;
    std::int64_t outChannels = 2;                    // classes, background included
    std::vector<std::int64_t> features;              // one per stage
    std::vector<std::vector<std::int64_t>> kernels;  // per stage, `dims` odd numbers each (z, y, x order)
    std::vector<std::vector<std::int64_t>> strides;  // per stage, applied at its entrance; the first is all ones
    std::vector<std::int64_t> encoderConvs;          // per stage: convolutions, or residual blocks
    std::vector<std::int64_t> decoderConvs;          // one fewer entry; the first belongs to the lowest resolution

    std::size_t stages() const { return features.size(); }
    // Input sizes must be multiples of this, per axis.
    std::vector<std::int64_t> divisor() const;
    // Throws Error(Input) saying what does not fit: list lengths, even kernels, sizes out of range.
    void check() const;
    friend bool operator==(const Topology&, const Topology&) = default;
};

// nnU-Net's plans entry `architecture` ({"network_class_name", "arch_kwargs", …}); one number for all stages in place
// of a list is understood. Throws Error(Unsupported) for another network class, norm, non-linearity or dropout,
// Error(Format) for damaged content.
Topology topologyFromArchitecture(const nlohmann::json& architecture, std::int64_t inChannels,
                                  std::int64_t outChannels);
// The same entry as nnU-Net writes it.
nlohmann::json toArchitecture(const Topology& topology);

// A whole topology as one object: {"architecture": …, "in_channels": …, "out_channels": …}; kept beside the weights.
nlohmann::json toJson(const Topology& topology);
Topology topologyFromJson(const nlohmann::json& json);

}  // namespace fovea::nn

#pragma once
#include <string>
#include <variant>

#include "nn/sam/image_encoder.h"
#include "nn/sam/prompt_encoder.h"
#include "nn/sam/state_shapes.h"
#include "nn/sam/tiny_vit.h"

// The sizes of the SAM family's networks, read off the names and shapes of a checkpoint's tensors.
namespace fovea::nn::sam {

struct SamConfig {
    std::variant<VitConfig, TinyVitConfig> encoder;
    PromptConfig prompts;

    // As the family calls it: "vit_b", "vit_l", "vit_h", "vit_t"; "vit" for a width of none of them.
    std::string name() const;
    std::int64_t imageSize() const { return prompts.imageSize; }
};

// The published model of a name(). Throws Error(Input) for another.
SamConfig samNamed(const std::string& name);

// Below `prefix` ("image_encoder." of a whole model). All throw Error(Format) naming what is missing.
VitConfig vitConfig(const StateShapes& shapes, const std::string& prefix);
// No shape tells the image's size: it stays 1024.
TinyVitConfig tinyVitConfig(const StateShapes& shapes, const std::string& prefix);
// No shape tells the number of heads: it stays that of all published models. `prefix` is that of prompt_encoder and
// mask_decoder.
PromptConfig promptConfig(const StateShapes& shapes, const std::string& prefix, std::int64_t imageSize,
                          std::int64_t patchSize);
// A whole model with either image encoder; `source` names the file.
SamConfig samConfig(const State& state, const std::string& source);

}  // namespace fovea::nn::sam

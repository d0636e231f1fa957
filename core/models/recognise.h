#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/text.h"
#include "models/part_lists.h"

// What a weights file is, told from the names and shapes in it (spec models.md 3.2, 4.1, 5.2). No weights are read.
namespace fovea::models {

// How the tensors found match those of a network.
struct Fit {
    std::string what;  // "SAM ViT-B"
    std::size_t parts = 0, fitting = 0;
    std::vector<std::string> missing, reshaped;  // names of the parts that do not fit
    bool whole() const { return fitting == parts; }
};

struct Recognised {
    // "sam/vit_b", "sam/vit_l", "sam/vit_h", "sam/vit_t", "instance-decoder", "cellsam", "mae/vit_b", …; empty for a
    // file of none of these.
    std::string network;
    std::string title;      // "SAM ViT-B with instance decoder"
    std::vector<Fit> fits;  // each network in the file
    std::size_t tensors = 0;
    std::size_t surplus = 0;  // beside the networks in the same dictionary: parts that they have no place for
    bool decoder = false;     // an instance decoder is in the file
    bool fineTuned = false;   // has additions of parameter-efficient fine-tuning, which loading folds in
    std::string other;        // for a file of none of these: what it looks like

    // A known network, with every part.
    bool usable() const;
    // "SAM ViT-B recognised, 314 of 314 parts fit." or why it is not usable.
    Text sentence() const;
};

// Files of torch.save and safetensors. Throws Error(Missing), Error(Format) for files that are neither or damaged,
// Error(Unsupported).
Recognised recognise(const std::filesystem::path& path);
// The same for the parts of one file: dictionary, then name and shape; "" is the file's own level.
Recognised recognise(const std::map<std::string, PartList>& dictionaries);

}  // namespace fovea::models

#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "models/model_store.h"

// Ways a model comes into the store. All compare hashes where the source gives them, tell what the file is by its
// parts, and let it appear whole or not at all. A restricted licence must have been accepted, or is by `accept`. Beside
// what is said below they throw Error(Input) for a licence or a full disk, Error(Format) for another hash than
// published and for files that hold no network Fovea has a use for (naming what they are), Cancelled.
namespace fovea::models {

struct Added {
    std::string id;
    Text what;  // "SAM ViT-B recognised, 314 of 314 parts fit."
};

// A file of torch.save, safetensors, or a .tar.gz that holds some; it is copied.
std::vector<Added> addFile(ModelStore& store, const std::filesystem::path& path, bool accept, Job& job);
// From any address, see download().
std::vector<Added> addUrl(ModelStore& store, const std::string& url, bool accept, Job& job);
// What is missing of a known model. Throws Error(Input) for one that the person must bring.
std::vector<Added> fetchKnown(ModelStore& store, const std::string& id, bool accept, Job& job);

}  // namespace fovea::models

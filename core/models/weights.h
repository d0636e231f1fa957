#pragma once
#include <filesystem>
#include <string>

#include "models/model_store.h"

namespace fovea::models {

// The files of one model, to load.
struct Weights {
    std::filesystem::path model;
    std::filesystem::path decoder;  // micro-sam's instance decoder; empty where there is no file of its own
    std::string title = {};         // of a kept model
};

// What a person means by `named`: a file (its decoder, if any, lies beside it as NAME_decoder.EXT), or the id of a kept
// model. Empty: the first usable model of that role in the store's order, with a decoder if `withDecoder`. Throws as
// ModelStore::file(), and Error(Missing) that says how to get one when none is kept.
Weights findWeights(const std::string& named, Role role, bool withDecoder, const ModelStore& store);
// The same with the person's own store, which a file does without.
Weights findWeights(const std::string& named, Role role, bool withDecoder = false);

}  // namespace fovea::models

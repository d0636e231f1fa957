#pragma once
#include <compare>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tensorfile/pickle_reader.h"
#include "tensorfile/tensor.h"

namespace fovea::tensorfile {

// A storage that tensors refer to: `count` elements of `type` under a key.
struct TorchStorage {
    std::string key;
    ElementType type = ElementType::F32;
    std::uint64_t count = 0;

    std::uint64_t bytes() const { return count * sizeOf(type); }
};

// A tensor as a view: element (i, j, …) is number offset + i · strides[0] + j · strides[1] + … of its storage, counted
// in elements of `type`. Two equal views are one tensor under two names.
struct TorchTensor {
    ElementType type = ElementType::F32;
    std::uint32_t storage = 0;  // index into storages
    std::uint64_t offset = 0;
    Shape shape, strides;

    std::uint64_t count() const;
    auto operator<=>(const TorchTensor&) const = default;
};

// What a checkpoint says, as plain data.
struct TorchValues {
    std::vector<std::pair<std::string, TorchTensor>> tensors;  // path and tensor, in the file's order
    std::vector<TorchStorage> storages;
    // Everything else; tensors are null here. NumPy scalars and torch devices are numbers and text, namespaces objects,
    // instances of classes that are not known {"python_class": "module.Name"}.
    nlohmann::ordered_json values;
};

// Paths are dictionary keys and list positions joined by "/". Throws RefusedFile for views outside their storage
// (Bounds), types that are not known or contradict (Dtype, StorageSize), more than any checkpoint holds or says
// (Limits), one path twice (Ambiguous). `where` names the file.
TorchValues torchValues(const PickleTree& tree, const std::string& where);

}  // namespace fovea::tensorfile

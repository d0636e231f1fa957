#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tensorfile/tensor.h"

namespace fovea::tensorfile {

// A tensor to be written: its elements in C order, which must live until then. Tensors with the same bytes in memory
// share one storage in the file.
struct TorchArray {
    ElementType type = ElementType::F32;
    Shape shape;
    std::span<const std::byte> bytes;
};

struct PickleValue;
struct PickleTuple {
    std::vector<PickleValue> items;
};
struct PickleList {
    std::vector<PickleValue> items;
};
// In the order of its entries; keys are text or whole numbers.
struct PickleDict {
    std::vector<std::pair<PickleValue, PickleValue>> entries;
    void add(PickleValue key, PickleValue value);
};

// A value as Python has it; empty: None.
struct PickleValue {
    std::variant<std::monostate, bool, std::int64_t, double, std::string, TorchArray, PickleTuple, PickleList,
                 PickleDict>
        is;

    PickleValue() = default;
    PickleValue(bool value) : is(value) {}
    PickleValue(int value) : is(std::int64_t(value)) {}
    PickleValue(std::int64_t value) : is(value) {}
    PickleValue(double value) : is(value) {}
    PickleValue(const char* text) : is(std::string(text)) {}
    PickleValue(std::string text) : is(std::move(text)) {}
    PickleValue(TorchArray array) : is(std::move(array)) {}
    PickleValue(PickleTuple tuple) : is(std::move(tuple)) {}
    PickleValue(PickleList list) : is(std::move(list)) {}
    PickleValue(PickleDict dict) : is(std::move(dict)) {}
    // Arrays become lists, objects dictionaries in their order.
    static PickleValue from(const nlohmann::ordered_json& json);
};

// The file torch.save would write: a zip container with a pickle of protocol 2 (spec nnunet.md 3.7), which torch.load
// opens with and without weights_only. Atomic. Throws Error(Internal) for element types that torch.save writes
// otherwise.
void writeTorch(const std::filesystem::path& path, const PickleValue& value);

}  // namespace fovea::tensorfile

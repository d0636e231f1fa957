#pragma once
#include <cstdint>
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
// A function or class of Python's, by module and name.
struct PickleGlobal {
    std::string module, name;
};
// What one returns for these arguments when the file is read.
struct PickleCall {
    PickleGlobal what;
    std::vector<PickleValue> arguments;
};
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
    std::variant<std::monostate, bool, std::int64_t, double, std::string, TorchArray, PickleGlobal, PickleCall,
                 PickleTuple, PickleList, PickleDict>
        is;

    PickleValue() = default;
    PickleValue(bool value) : is(value) {}
    PickleValue(int value) : is(std::int64_t(value)) {}
    PickleValue(std::int64_t value) : is(value) {}
    PickleValue(double value) : is(value) {}
    PickleValue(const char* text) : is(std::string(text)) {}
    PickleValue(std::string text) : is(std::move(text)) {}
    PickleValue(TorchArray array) : is(std::move(array)) {}
    PickleValue(PickleGlobal global) : is(std::move(global)) {}
    PickleValue(PickleCall call) : is(std::move(call)) {}
    PickleValue(PickleTuple tuple) : is(std::move(tuple)) {}
    PickleValue(PickleList list) : is(std::move(list)) {}
    PickleValue(PickleDict dict) : is(std::move(dict)) {}
    // Arrays become lists, objects dictionaries in their order.
    static PickleValue from(const nlohmann::ordered_json& json);
};

struct Pickled {
    std::string bytes;                                 // protocol 2
    std::vector<std::span<const std::byte>> storages;  // of the tensors in it, by number
};
// Throws Error(Internal) for element types that torch.save writes otherwise.
Pickled pickled(const PickleValue& value);

}  // namespace fovea::tensorfile

#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace fovea::tensorfile {

// Everything that is stored; what C++ has no type for (F16, BF16, F8, C64) stays raw bytes until toDouble().
enum class ElementType { Bool, U8, I8, U16, I16, U32, I32, U64, I64, F8E4M3, F8E5M2, F8E8M0, F16, BF16, F32, F64, C64 };

std::size_t sizeOf(ElementType type);
// As safetensors spells it: "F32", "BF16", "BOOL", …
const char* name(ElementType type);

// The element type of a C++ type; bool is stored as bytes, so Bool has none.
template <class T>
constexpr ElementType elementTypeOf() {
    if constexpr (std::is_same_v<T, std::uint8_t>)
        return ElementType::U8;
    else if constexpr (std::is_same_v<T, std::int8_t>)
        return ElementType::I8;
    else if constexpr (std::is_same_v<T, std::uint16_t>)
        return ElementType::U16;
    else if constexpr (std::is_same_v<T, std::int16_t>)
        return ElementType::I16;
    else if constexpr (std::is_same_v<T, std::uint32_t>)
        return ElementType::U32;
    else if constexpr (std::is_same_v<T, std::int32_t>)
        return ElementType::I32;
    else if constexpr (std::is_same_v<T, std::uint64_t>)
        return ElementType::U64;
    else if constexpr (std::is_same_v<T, std::int64_t>)
        return ElementType::I64;
    else if constexpr (std::is_same_v<T, float>)
        return ElementType::F32;
    else {
        static_assert(std::is_same_v<T, double>);
        return ElementType::F64;
    }
}

using Shape = std::vector<std::int64_t>;

std::string toString(const Shape& shape);  // "[3, 4]"

// Dense array in C order, little-endian (the byte order of every machine this runs on). No dimensions: one value.
struct Tensor {
    ElementType type = ElementType::U8;
    Shape shape;
    std::vector<std::byte> bytes;

    std::int64_t count() const { return std::int64_t(bytes.size() / sizeOf(type)); }

    // The values in place. Throws Error(Format) when the stored type is another one.
    template <class T>
    std::span<const T> as() const {
        if (type != elementTypeOf<T>()) refuse(elementTypeOf<T>());
        return {reinterpret_cast<const T*>(bytes.data()), std::size_t(count())};
    }
    // Any real type converted, F16, BF16 and F8 too. Throws Error(Unsupported) for C64.
    std::vector<double> toDouble() const;
    std::vector<float> toFloat() const;
    // Integer types and Bool; throws Error(Format) for others and for values above 2^63−1.
    std::vector<std::int64_t> toInt() const;

    // `values` must have the size that `shape` says; throws Error(Internal) otherwise.
    template <class T>
    static Tensor from(Shape shape, std::span<const T> values) {
        Tensor tensor{elementTypeOf<T>(), std::move(shape), std::vector<std::byte>(values.size_bytes())};
        if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), values.size_bytes());
        tensor.verify();
        return tensor;
    }
    template <class T>
    static Tensor from(Shape shape, const std::vector<T>& values) {
        return from(std::move(shape), std::span<const T>(values));
    }

    // Throws Error(Internal) when bytes and shape disagree.
    void verify() const;

  private:
    [[noreturn]] void refuse(ElementType wanted) const;
};

using TensorMap = std::map<std::string, Tensor>;

// Bytes of a tensor of this type and shape; Error(Format) for negative extents and products beyond 2^62. `where` names
// file and tensor for the message.
std::uint64_t checkedBytes(ElementType type, const Shape& shape, const std::string& where);

}  // namespace fovea::tensorfile

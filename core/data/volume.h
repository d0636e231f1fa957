#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "data/box.h"

namespace fovea {

enum class DType : std::uint8_t { U8, I8, U16, I16, U32, I32, U64, I64, F32, F64 };

std::size_t sizeOf(DType type);
const char* name(DType type);                // "uint8", "float32", …
DType dtypeByName(const std::string& name);  // throws Error(Unsupported)

template <class T>
constexpr DType dtypeOf() {
    if constexpr (std::is_same_v<T, std::uint8_t>)
        return DType::U8;
    else if constexpr (std::is_same_v<T, std::int8_t>)
        return DType::I8;
    else if constexpr (std::is_same_v<T, std::uint16_t>)
        return DType::U16;
    else if constexpr (std::is_same_v<T, std::int16_t>)
        return DType::I16;
    else if constexpr (std::is_same_v<T, std::uint32_t>)
        return DType::U32;
    else if constexpr (std::is_same_v<T, std::int32_t>)
        return DType::I32;
    else if constexpr (std::is_same_v<T, std::uint64_t>)
        return DType::U64;
    else if constexpr (std::is_same_v<T, std::int64_t>)
        return DType::I64;
    else if constexpr (std::is_same_v<T, float>)
        return DType::F32;
    else {
        static_assert(std::is_same_v<T, double>);
        return DType::F64;
    }
}

// Calls f(T{}) with the C++ type of `type`: dispatch(type, [&]<class T>(T) { … });
template <class F>
decltype(auto) dispatch(DType type, F&& f) {
    switch (type) {
        case DType::U8:
            return f(std::uint8_t{});
        case DType::I8:
            return f(std::int8_t{});
        case DType::U16:
            return f(std::uint16_t{});
        case DType::I16:
            return f(std::int16_t{});
        case DType::U32:
            return f(std::uint32_t{});
        case DType::I32:
            return f(std::int32_t{});
        case DType::U64:
            return f(std::uint64_t{});
        case DType::I64:
            return f(std::int64_t{});
        case DType::F32:
            return f(float{});
        case DType::F64:
            break;
    }
    return f(double{});
}

// Where a grid lies in space. Spacing in µm; `known` is false when the file does not say (then 1, 1, 1).
struct Geometry {
    Vec3 spacing{1, 1, 1};
    Vec3 origin{0, 0, 0};
    bool known = false;
    // Direction cosines, row = world axis (z, y, x), column = grid axis (z, y, x). Identity unless the file says
    // otherwise.
    std::array<double, 9> direction{1, 0, 0, 0, 1, 0, 0, 0, 1};
    friend bool operator==(const Geometry&, const Geometry&) = default;
};

// Dense, C order, one channel, owned. shape() is z, y, x.
template <class T>
class Volume {
  public:
    using value_type = T;
    Volume() = default;
    explicit Volume(Index shape, T value = T{}) : shape_(shape), data_(std::size_t(shape.count()), value) {}
    Volume(Index shape, std::vector<T> data) : shape_(shape), data_(std::move(data)) {
        if (std::int64_t(data_.size()) != shape.count())
            throw Error(ErrorKind::Internal, "volume data does not fit its shape");
    }

    Index shape() const { return shape_; }
    std::int64_t size() const { return std::int64_t(data_.size()); }
    bool empty() const { return data_.empty(); }
    Box box() const { return Box::of(shape_); }
    T* data() { return data_.data(); }
    const T* data() const { return data_.data(); }
    std::vector<T>& vector() { return data_; }
    const std::vector<T>& vector() const { return data_; }

    std::int64_t offset(std::int64_t z, std::int64_t y, std::int64_t x) const {
        return (z * shape_.y + y) * shape_.x + x;
    }
    std::int64_t offset(Index v) const { return offset(v.z, v.y, v.x); }
    // Between the offsets of a voxel and the next one along an axis.
    std::int64_t stride(int axis) const { return axis == 0 ? shape_.y * shape_.x : axis == 1 ? shape_.x : 1; }
    T& operator()(std::int64_t z, std::int64_t y, std::int64_t x) { return data_[offset(z, y, x)]; }
    const T& operator()(std::int64_t z, std::int64_t y, std::int64_t x) const { return data_[offset(z, y, x)]; }
    T& operator[](Index v) { return data_[offset(v)]; }
    const T& operator[](Index v) const { return data_[offset(v)]; }
    auto begin() { return data_.begin(); }
    auto end() { return data_.end(); }
    auto begin() const { return data_.begin(); }
    auto end() const { return data_.end(); }

    Geometry geometry;

    friend bool operator==(const Volume& a, const Volume& b) { return a.shape_ == b.shape_ && a.data_ == b.data_; }

  private:
    Index shape_;
    std::vector<T> data_;
};

// Copies `from` of `source` (both boxes in their own coordinates) into `target` at `to`. Boxes must lie inside.
template <class A, class B>
void copyBox(const Volume<A>& source, const Box& from, Volume<B>& target, Index to) {
    const Index n = from.extent();
    if (n.count() <= 0) return;
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            const A* a = source.data() + source.offset(from.begin.z + z, from.begin.y + y, from.begin.x);
            B* b = target.data() + target.offset(to.z + z, to.y + y, to.x);
            if constexpr (std::is_same_v<A, B>)
                std::memcpy(b, a, std::size_t(n.x) * sizeof(A));
            else
                for (std::int64_t x = 0; x < n.x; ++x) b[x] = B(a[x]);
        }
}

template <class T>
Volume<T> crop(const Volume<T>& source, const Box& box) {
    Volume<T> result(box.extent());
    copyBox(source, box, result, {0, 0, 0});
    result.geometry = source.geometry;
    return result;
}

// A volume whose type is known at run time: raw bytes in C order, native byte order.
struct AnyVolume {
    DType dtype = DType::U8;
    Index shape;
    std::vector<std::byte> bytes;
    Geometry geometry;

    AnyVolume() = default;
    AnyVolume(DType dtype_, Index shape_)
        : dtype(dtype_), shape(shape_), bytes(std::size_t(shape_.count()) * sizeOf(dtype_)) {}

    template <class T>
    T* as() {
        if (dtype != dtypeOf<T>()) throw Error(ErrorKind::Internal, "volume type mismatch");
        return reinterpret_cast<T*>(bytes.data());
    }
    template <class T>
    const T* as() const {
        return const_cast<AnyVolume*>(this)->as<T>();
    }
    // Values converted one by one (static_cast).
    template <class T>
    Volume<T> to() const {
        Volume<T> result(shape);
        result.geometry = geometry;
        dispatch(dtype, [&]<class S>(S) {
            const S* from = as<S>();
            for (std::int64_t i = 0; i < result.size(); ++i) result.data()[i] = static_cast<T>(from[i]);
        });
        return result;
    }
    template <class T>
    static AnyVolume from(const Volume<T>& volume) {
        AnyVolume result(dtypeOf<T>(), volume.shape());
        if (!result.bytes.empty()) std::memcpy(result.bytes.data(), volume.data(), result.bytes.size());
        result.geometry = volume.geometry;
        return result;
    }
};

}  // namespace fovea

#include "tensorfile/tensor.h"

#include <bit>
#include <cmath>
#include <limits>

namespace fovea::tensorfile {

static_assert(std::endian::native == std::endian::little, "tensor files are little-endian, and so is this code");

std::size_t sizeOf(ElementType type) {
    switch (type) {
        case ElementType::Bool:
        case ElementType::U8:
        case ElementType::I8:
        case ElementType::F8E4M3:
        case ElementType::F8E5M2:
        case ElementType::F8E8M0:
            return 1;
        case ElementType::U16:
        case ElementType::I16:
        case ElementType::F16:
        case ElementType::BF16:
            return 2;
        case ElementType::U32:
        case ElementType::I32:
        case ElementType::F32:
            return 4;
        default:
            return 8;
    }
}

const char* name(ElementType type) {
    static const char* const names[] = {"BOOL",    "U8",      "I8",      "U16", "I16",  "U32", "I32", "U64", "I64",
                                        "F8_E4M3", "F8_E5M2", "F8_E8M0", "F16", "BF16", "F32", "F64", "C64"};
    return names[std::size_t(type)];
}

std::string toString(const Shape& shape) {
    std::string text("[");
    for (std::size_t i = 0; i < shape.size(); ++i) text.append(i ? ", " : "").append(std::to_string(shape[i]));
    return text.append("]");
}

std::uint64_t checkedBytes(ElementType type, const Shape& shape, const std::string& where) {
    std::uint64_t bytes = sizeOf(type);
    bool empty = false;
    for (const std::int64_t extent : shape) {
        if (extent == 0)
            empty = true;
        else if (extent < 0 || std::uint64_t(extent) > (std::uint64_t(1) << 62) / bytes)
            throw Error(ErrorKind::Format,
                        {FOVEA_TR("{where}: the shape {shape} cannot be right. The file is damaged."),
                         {{"where", where}, {"shape", toString(shape)}}});
        else
            bytes *= std::uint64_t(extent);
    }
    return empty ? 0 : bytes;
}

void Tensor::verify() const {
    if (checkedBytes(type, shape, "tensor") != bytes.size())
        throw Error(ErrorKind::Internal,
                    {"tensor of shape {shape} and type {type} holds {bytes} bytes",
                     {{"shape", toString(shape)}, {"type", name(type)}, {"bytes", std::to_string(bytes.size())}}});
}

void Tensor::refuse(ElementType wanted) const {
    throw Error(ErrorKind::Format,
                {FOVEA_TR("A tensor of type {want} was expected, this one is {type} of shape {shape}."),
                 {{"want", name(wanted)}, {"type", name(type)}, {"shape", toString(shape)}}});
}

namespace {

// A small float: sign, `exponentBits`, `mantissaBits`; all-ones exponents are infinite or NaN as in IEEE 754.
double smallFloat(unsigned bits, int exponentBits, int mantissaBits) {
    const int bias = (1 << (exponentBits - 1)) - 1;
    const unsigned mantissa = bits & ((1u << mantissaBits) - 1);
    const int exponent = int(bits >> mantissaBits & ((1u << exponentBits) - 1));
    const double sign = bits >> (exponentBits + mantissaBits) & 1 ? -1 : 1;
    if (exponent == (1 << exponentBits) - 1)
        return mantissa ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
    if (exponent == 0) return sign * std::ldexp(double(mantissa), 1 - bias - mantissaBits);
    return sign * std::ldexp(double(mantissa | 1u << mantissaBits), exponent - bias - mantissaBits);
}

// E4M3 "fn": no infinities, only the all-ones pattern is NaN.
double float8E4M3(unsigned bits) {
    if ((bits & 0x7F) == 0x7F) return std::numeric_limits<double>::quiet_NaN();
    const int exponent = int(bits >> 3 & 15);
    const double sign = bits & 0x80 ? -1 : 1, mantissa = bits & 7;
    return exponent == 0 ? sign * std::ldexp(mantissa, -9) : sign * std::ldexp(mantissa + 8, exponent - 10);
}

double float8E8M0(unsigned bits) {
    return bits == 0xFF ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(1.0, int(bits) - 127);
}

template <class Bits, class Out, class F>
void decode(const Tensor& tensor, std::vector<Out>& out, F&& f) {
    for (std::int64_t i = 0; i < tensor.count(); ++i) {
        Bits bits;
        std::memcpy(&bits, tensor.bytes.data() + std::size_t(i) * sizeof(Bits), sizeof(Bits));
        out[std::size_t(i)] = static_cast<Out>(f(bits));
    }
}

template <class Out>
std::vector<Out> toReal(const Tensor& tensor) {
    std::vector<Out> out(std::size_t(tensor.count()));
    const auto same = [](auto value) { return value; };
    switch (tensor.type) {
        case ElementType::Bool:
        case ElementType::U8:
            decode<std::uint8_t>(tensor, out, same);
            break;
        case ElementType::I8:
            decode<std::int8_t>(tensor, out, same);
            break;
        case ElementType::U16:
            decode<std::uint16_t>(tensor, out, same);
            break;
        case ElementType::I16:
            decode<std::int16_t>(tensor, out, same);
            break;
        case ElementType::U32:
            decode<std::uint32_t>(tensor, out, same);
            break;
        case ElementType::I32:
            decode<std::int32_t>(tensor, out, same);
            break;
        case ElementType::U64:
            decode<std::uint64_t>(tensor, out, same);
            break;
        case ElementType::I64:
            decode<std::int64_t>(tensor, out, same);
            break;
        case ElementType::F32:
            decode<float>(tensor, out, same);
            break;
        case ElementType::F64:
            decode<double>(tensor, out, same);
            break;
        case ElementType::F8E4M3:
            decode<std::uint8_t>(tensor, out, float8E4M3);
            break;
        case ElementType::F8E5M2:
            decode<std::uint8_t>(tensor, out, [](unsigned b) { return smallFloat(b, 5, 2); });
            break;
        case ElementType::F8E8M0:
            decode<std::uint8_t>(tensor, out, float8E8M0);
            break;
        case ElementType::F16:
            decode<std::uint16_t>(tensor, out, [](unsigned b) { return smallFloat(b, 5, 10); });
            break;
        case ElementType::BF16:
            decode<std::uint16_t>(tensor, out, [](unsigned b) { return std::bit_cast<float>(std::uint32_t(b) << 16); });
            break;
        case ElementType::C64:
            throw Error(ErrorKind::Unsupported, FOVEA_TR("Complex tensors are not read as numbers here."));
    }
    return out;
}

}  // namespace

std::vector<double> Tensor::toDouble() const { return toReal<double>(*this); }
std::vector<float> Tensor::toFloat() const { return toReal<float>(*this); }

std::vector<std::int64_t> Tensor::toInt() const {
    if (type > ElementType::I64) refuse(ElementType::I64);
    std::vector<std::int64_t> values = toReal<std::int64_t>(*this);
    if (type == ElementType::U64)
        for (const std::int64_t value : values)
            if (value < 0)
                throw Error(ErrorKind::Format,
                            FOVEA_TR("A tensor holds whole numbers above 2^63 - 1, which are not read here."));
    return values;
}

}  // namespace fovea::tensorfile

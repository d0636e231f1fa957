#include "zarr/array_meta.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace fovea::zarr {

namespace {

constexpr std::int64_t kMostChunkBytes = std::int64_t(1) << 30;

[[noreturn]] void fail(ErrorKind kind, const std::filesystem::path& where, const std::string& why, const char* remedy) {
    throw Error(kind, {FOVEA_TR("The Zarr array {path} cannot be read: {why}. {remedy}"),
                       {{"path", where.string()}, {"why", why}, {"remedy", remedy}}});
}

constexpr const char* kDamaged = "Its .zarray is damaged; copy it again from its source.";

std::vector<std::int64_t> sizes(const nlohmann::json& json, const char* key, std::int64_t least,
                                const std::filesystem::path& where) {
    if (!json.contains(key) || !json[key].is_array())
        fail(ErrorKind::Format, where, std::string("“") + key + "” is missing", kDamaged);
    std::vector<std::int64_t> result;
    double product = 1;
    for (const auto& value : json[key]) {
        if (!value.is_number_integer())
            fail(ErrorKind::Format, where, std::string("“") + key + "” holds " + value.dump(), kDamaged);
        if (value.is_number_unsigned() &&
            value.get<std::uint64_t>() > std::uint64_t(std::numeric_limits<std::int64_t>::max()))
            fail(ErrorKind::Format, where, std::string("“") + key + "” holds " + value.dump(), kDamaged);
        const std::int64_t size = value.get<std::int64_t>();
        if (size < least) fail(ErrorKind::Format, where, std::string("“") + key + "” holds " + value.dump(), kDamaged);
        product *= double(size);
        result.push_back(size);
    }
    // Bytes of eight-byte values still fit 63 bits.
    if (product > 1e18) fail(ErrorKind::Format, where, std::string("“") + key + "” is larger than any disk", kDamaged);
    return result;
}

void parseType(const nlohmann::json& json, ArrayMeta& meta, const std::filesystem::path& where) {
    const std::string text =
        json.contains("dtype") && json["dtype"].is_string() ? json["dtype"].get<std::string>() : "";
    if (text.size() != 3 || std::string("<>|").find(text[0]) == std::string::npos)
        fail(ErrorKind::Unsupported, where,
             "its type is " + (json.contains("dtype") ? json["dtype"].dump() : "missing"),
             "Save it as integers or floats.");
    const std::string kind = text.substr(1);
    if (kind == "b1")
        meta.dtype = DType::U8;
    else if (kind == "u1")
        meta.dtype = DType::U8;
    else if (kind == "i1")
        meta.dtype = DType::I8;
    else if (kind == "u2")
        meta.dtype = DType::U16;
    else if (kind == "i2")
        meta.dtype = DType::I16;
    else if (kind == "u4")
        meta.dtype = DType::U32;
    else if (kind == "i4")
        meta.dtype = DType::I32;
    else if (kind == "u8")
        meta.dtype = DType::U64;
    else if (kind == "i8")
        meta.dtype = DType::I64;
    else if (kind == "f4")
        meta.dtype = DType::F32;
    else if (kind == "f8")
        meta.dtype = DType::F64;
    else if (kind == "f2")
        meta.dtype = DType::F32, meta.stored = Stored::Half;
    else
        fail(ErrorKind::Unsupported, where, "its type is “" + text + "”", "Save it as integers or floats.");
    meta.storedSize = std::size_t(kind[1] - '0');
    meta.bigEndian = text[0] == '>';
}

double floatFill(const nlohmann::json& value, const std::filesystem::path& where) {
    if (value.is_number()) return value.get<double>();
    if (value.is_boolean()) return value.get<bool>();
    if (value.is_string()) {
        const std::string text = value.get<std::string>();
        if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
        if (text == "Infinity") return std::numeric_limits<double>::infinity();
        if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
        char* end = nullptr;
        const double number = std::strtod(text.c_str(), &end);
        if (!text.empty() && *end == 0) return number;
    }
    fail(ErrorKind::Format, where, "its fill value is " + value.dump(), kDamaged);
}

void parseFill(const nlohmann::json& json, ArrayMeta& meta, const std::filesystem::path& where) {
    meta.fill.assign(sizeOf(meta.dtype), std::byte{0});
    if (!json.contains("fill_value") || json["fill_value"].is_null()) return;
    const nlohmann::json& value = json["fill_value"];
    dispatch(meta.dtype, [&]<class T>(T) {
        T fill{};
        if constexpr (std::is_floating_point_v<T>) {
            fill = T(floatFill(value, where));
        } else if (value.is_number_unsigned()) {
            fill = T(value.get<std::uint64_t>());
        } else if (value.is_number_integer()) {
            fill = T(value.get<std::int64_t>());
        } else {
            const double number = floatFill(value, where);
            if (!(number >= double(std::numeric_limits<T>::lowest()) &&
                  number < double(std::numeric_limits<T>::max()) + 1.0))
                fail(ErrorKind::Format, where, "its fill value is " + value.dump(), kDamaged);
            fill = T(number);
        }
        std::memcpy(meta.fill.data(), &fill, sizeof fill);
    });
}

}  // namespace

std::int64_t ArrayMeta::chunkValues() const {
    std::int64_t n = 1;
    for (std::int64_t c : chunks) n *= c;
    return n;
}

std::vector<std::int64_t> ArrayMeta::grid() const {
    std::vector<std::int64_t> result(dims());
    for (std::size_t i = 0; i < dims(); ++i) result[i] = (shape[i] + chunks[i] - 1) / chunks[i];
    return result;
}

std::vector<std::int64_t> ArrayMeta::strides() const {
    std::vector<std::int64_t> result(dims());
    std::int64_t step = 1;
    for (std::size_t k = 0; k < dims(); ++k) {
        const std::size_t i = fortran ? k : dims() - 1 - k;
        result[i] = step;
        step *= chunks[i];
    }
    return result;
}

std::string ArrayMeta::chunkName(const std::vector<std::int64_t>& at) const {
    std::string result;
    for (std::size_t i = 0; i < at.size(); ++i) {
        if (i > 0) result += separator;
        result += std::to_string(at[i]);
    }
    return result;
}

ArrayMeta parseArrayMeta(const nlohmann::json& json, const std::filesystem::path& where) {
    if (!json.is_object()) fail(ErrorKind::Format, where, "its .zarray is not an object", kDamaged);
    if (json.contains("zarr_format") && json["zarr_format"] != 2)
        fail(ErrorKind::Unsupported, where, "it has Zarr version " + json["zarr_format"].dump(),
             "Convert it to Zarr v2.");
    ArrayMeta meta;
    meta.shape = sizes(json, "shape", 0, where);
    meta.chunks = sizes(json, "chunks", 1, where);
    if (meta.shape.size() < 2 || meta.shape.size() > 5)
        fail(ErrorKind::Unsupported, where, "it has " + std::to_string(meta.shape.size()) + " dimensions",
             "Arrays of 2 to 5 dimensions are read.");
    for (std::int64_t size : meta.shape)
        if (size == 0) fail(ErrorKind::Input, where, "it has no voxels", "Choose an image that is not empty.");
    if (meta.chunks.size() != meta.shape.size())
        fail(ErrorKind::Format, where, "“shape” and “chunks” differ in length", kDamaged);
    parseType(json, meta, where);
    double bytes = double(std::max(meta.storedSize, sizeOf(meta.dtype)));
    for (std::int64_t c : meta.chunks) bytes *= double(c);
    if (bytes > double(kMostChunkBytes))
        fail(ErrorKind::Unsupported, where, "one chunk has " + bytesText(bytes),
             "Save it with chunks of at most 1 GB.");
    const std::string order = json.value("order", nlohmann::json("C")).dump();
    if (order != "\"C\"" && order != "\"F\"") fail(ErrorKind::Format, where, "its order is " + order, kDamaged);
    meta.fortran = order == "\"F\"";
    const std::string separator = json.value("dimension_separator", nlohmann::json(".")).dump();
    if (separator != "\".\"" && separator != "\"/\"")
        fail(ErrorKind::Format, where, "its dimension separator is " + separator, kDamaged);
    meta.separator = separator[1];
    const nlohmann::json filters = json.value("filters", nlohmann::json());
    if (!filters.is_null() && !(filters.is_array() && filters.empty()))
        fail(ErrorKind::Unsupported, where, "it uses filters (" + filters.dump() + ")", "Save it without filters.");
    meta.compressor = json.value("compressor", nlohmann::json());
    parseFill(json, meta, where);
    return meta;
}

nlohmann::json toJson(const ArrayMeta& meta) {
    static constexpr const char* kTypes[] = {"|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8"};
    return {{"zarr_format", 2},
            {"shape", meta.shape},
            {"chunks", meta.chunks},
            {"dtype", meta.stored == Stored::Half ? "<f2" : kTypes[int(meta.dtype)]},
            {"compressor", meta.compressor},
            {"fill_value", 0},
            {"filters", nullptr},
            {"order", "C"},
            {"dimension_separator", std::string(1, meta.separator)}};
}

}  // namespace fovea::zarr

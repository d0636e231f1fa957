#include "tensorfile/pickle_writer.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <tuple>

#include "tensorfile/pickle_opcodes.h"

namespace fovea::tensorfile {

namespace {

const char* storageClass(ElementType type) {
    switch (type) {
        case ElementType::F32:
            return "torch FloatStorage";
        case ElementType::F64:
            return "torch DoubleStorage";
        case ElementType::F16:
            return "torch HalfStorage";
        case ElementType::BF16:
            return "torch BFloat16Storage";
        case ElementType::I64:
            return "torch LongStorage";
        case ElementType::I32:
            return "torch IntStorage";
        case ElementType::I16:
            return "torch ShortStorage";
        case ElementType::I8:
            return "torch CharStorage";
        case ElementType::U8:
            return "torch ByteStorage";
        case ElementType::Bool:
            return "torch BoolStorage";
        default:
            throw Error(ErrorKind::Internal, {"a tensor of type {type} cannot be written", {{"type", name(type)}}});
    }
}

class Writer {
  public:
    Pickled run(const PickleValue& value) {
        code(op::proto);
        bytes_ += char(2);
        say(value);
        code(op::stop);
        return {std::move(bytes_), std::move(storages_)};
    }

  private:
    void say(const PickleValue& value) {
        std::visit([this](const auto& what) { put(what); }, value.is);
    }
    void code(op::Opcode opcode) { bytes_ += char(opcode); }
    template <class T>
    void raw(T value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }

    void put(std::monostate) { code(op::none); }
    void put(bool value) { code(value ? op::newTrue : op::newFalse); }
    void put(std::int64_t value) {
        if (value >= 0 && value < 256)
            code(op::binInt1), raw(std::uint8_t(value));
        else if (value >= 0 && value < 65536)
            code(op::binInt2), raw(std::uint16_t(value));
        else if (value == std::int32_t(value))
            code(op::binInt), raw(std::int32_t(value));
        else
            code(op::long1), raw(std::uint8_t(8)), raw(value);
    }
    void put(double value) {
        code(op::binFloat);
        raw(__builtin_bswap64(std::bit_cast<std::uint64_t>(value)));
    }
    void put(const std::string& text) {
        code(op::binUnicode);
        raw(std::uint32_t(text.size()));
        bytes_ += text;
    }
    void put(const PickleGlobal& what) { global(what.module + " " + what.name); }
    void put(const PickleCall& call) {
        put(call.what);
        put(PickleTuple{call.arguments});
        code(op::reduce);
    }
    void put(const PickleTuple& tuple) {
        code(op::mark);
        for (const PickleValue& item : tuple.items) say(item);
        code(op::tuple);
    }
    void put(const PickleList& list) {
        code(op::emptyList);
        code(op::mark);
        for (const PickleValue& item : list.items) say(item);
        code(op::appends);
    }
    void put(const PickleDict& dict) {
        code(op::emptyDict);
        code(op::mark);
        for (const auto& [key, value] : dict.entries) say(key), say(value);
        code(op::setItems);
    }
    void put(const TorchArray& array) {
        if (checkedBytes(array.type, array.shape, "tensor") != array.bytes.size())
            throw Error(ErrorKind::Internal, "a tensor to be written has another size than its shape says");
        global("torch._utils _rebuild_tensor_v2");
        code(op::mark);
        storage(array);
        put(std::int64_t(0));
        putShape(array.shape);
        Shape strides(array.shape.size(), 1);
        for (std::size_t a = strides.size(); a-- > 1;)
            strides[a - 1] = strides[a] * std::max<std::int64_t>(array.shape[a], 1);
        putShape(strides);
        put(false);
        global("collections OrderedDict");
        code(op::emptyTuple);
        code(op::reduce);
        code(op::tuple);
        code(op::reduce);
    }
    void putShape(const Shape& shape) {
        code(op::mark);
        for (const std::int64_t extent : shape) put(extent);
        code(op::tuple);
    }
    void storage(const TorchArray& array) {
        const auto [found, fresh] =
            byMemory_.try_emplace({array.bytes.data(), array.bytes.size(), array.type}, storages_.size());
        if (fresh) storages_.push_back(array.bytes);
        code(op::mark);
        put(std::string("storage"));
        global(storageClass(array.type));
        put(std::to_string(found->second));
        put(std::string("cpu"));
        put(std::int64_t(array.bytes.size() / sizeOf(array.type)));
        code(op::tuple);
        code(op::binPersId);
    }
    // "module name"; said once, then referred to.
    void global(const std::string& both) {
        const auto [found, fresh] = memo_.try_emplace(both, std::uint8_t(memo_.size()));
        if (fresh) {
            const std::size_t space = both.find(' ');
            code(op::global);
            bytes_ += both.substr(0, space) + "\n" + both.substr(space + 1) + "\n";
        }
        code(fresh ? op::binPut : op::binGet);
        raw(found->second);
    }

    std::string bytes_;
    std::map<std::string, std::uint8_t> memo_;
    std::map<std::tuple<const std::byte*, std::size_t, ElementType>, std::size_t> byMemory_;
    std::vector<std::span<const std::byte>> storages_;
};

}  // namespace

void PickleDict::add(PickleValue key, PickleValue value) { entries.emplace_back(std::move(key), std::move(value)); }

PickleValue PickleValue::from(const nlohmann::ordered_json& json) {
    using Type = nlohmann::ordered_json::value_t;
    switch (json.type()) {
        case Type::boolean:
            return json.get<bool>();
        case Type::number_integer:
        case Type::number_unsigned:
            return json.get<std::int64_t>();
        case Type::number_float:
            return json.get<double>();
        case Type::string:
            return json.get<std::string>();
        case Type::array: {
            PickleList list;
            for (const auto& item : json) list.items.push_back(from(item));
            return list;
        }
        case Type::object: {
            PickleDict dict;
            for (const auto& [key, value] : json.items()) dict.add(key, from(value));
            return dict;
        }
        default:
            return {};
    }
}

Pickled pickled(const PickleValue& value) { return Writer().run(value); }

}  // namespace fovea::tensorfile

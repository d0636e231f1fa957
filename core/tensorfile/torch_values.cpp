#include "tensorfile/torch_values.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <optional>
#include <unordered_set>

namespace fovea::tensorfile {

namespace {

using Json = nlohmann::ordered_json;
using Index = std::uint32_t;

constexpr int mostDepth = 100;
constexpr std::size_t mostDimensions = 64;
// Shared values are said as often as they are referred to: a small file may say more than fits into memory.
constexpr std::uint64_t mostWork = 4'000'000, bytesPerWork = 16;
// A result may be larger than its storage where an axis is repeated (stride 0), within reason.
constexpr std::uint64_t mostRepeats = 16, alwaysBytes = 1 << 20;

struct TypeName {
    const char* name;
    ElementType type;
};
constexpr TypeName storageTypes[] = {
    {"Float", ElementType::F32},     {"Double", ElementType::F64},       {"Half", ElementType::F16},
    {"BFloat16", ElementType::BF16}, {"Long", ElementType::I64},         {"Int", ElementType::I32},
    {"Short", ElementType::I16},     {"Char", ElementType::I8},          {"Byte", ElementType::U8},
    {"Bool", ElementType::Bool},     {"ComplexFloat", ElementType::C64}, {"Untyped", ElementType::U8}};
constexpr TypeName elementTypes[] = {{"float32", ElementType::F32},
                                     {"float64", ElementType::F64},
                                     {"float16", ElementType::F16},
                                     {"bfloat16", ElementType::BF16},
                                     {"int64", ElementType::I64},
                                     {"int32", ElementType::I32},
                                     {"int16", ElementType::I16},
                                     {"int8", ElementType::I8},
                                     {"uint8", ElementType::U8},
                                     {"bool", ElementType::Bool},
                                     {"uint16", ElementType::U16},
                                     {"uint32", ElementType::U32},
                                     {"uint64", ElementType::U64},
                                     {"complex64", ElementType::C64},
                                     {"float8_e4m3fn", ElementType::F8E4M3},
                                     {"float8_e5m2", ElementType::F8E5M2},
                                     {"float8_e8m0fnu", ElementType::F8E8M0}};

template <std::size_t N>
std::optional<ElementType> typeIn(const TypeName (&table)[N], std::string_view name) {
    for (const TypeName& entry : table)
        if (name == entry.name) return entry.type;
    return std::nullopt;
}

std::string dotted(std::string global) {
    std::replace(global.begin(), global.end(), ' ', '.');
    return global;
}

// One byte for each character of UTF-8 text, as Python's latin1.
std::string latin1(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0xC0 && i + 1 < text.size())
            bytes += char((c & 3) << 6 | (text[++i] & 0x3F));
        else
            bytes += char(c);
    }
    return bytes;
}

template <class T>
Json scalarAs(const std::string& bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

// A NumPy scalar of type "f4", "i8", … from its little-endian bytes; null where it is of another kind.
Json numpyScalar(const std::string& type, const std::string& bytes) {
    if (type.size() != 2 || bytes.size() != std::size_t(type[1] - '0')) return nullptr;
    if (type == "f4") return scalarAs<float>(bytes);
    if (type == "f8") return scalarAs<double>(bytes);
    if (type == "i1") return scalarAs<std::int8_t>(bytes);
    if (type == "i2") return scalarAs<std::int16_t>(bytes);
    if (type == "i4") return scalarAs<std::int32_t>(bytes);
    if (type == "i8") return scalarAs<std::int64_t>(bytes);
    if (type == "u1") return scalarAs<std::uint8_t>(bytes);
    if (type == "u2") return scalarAs<std::uint16_t>(bytes);
    if (type == "u4") return scalarAs<std::uint32_t>(bytes);
    if (type == "u8") return scalarAs<std::uint64_t>(bytes);
    if (type == "b1") return bytes[0] != 0;
    return nullptr;
}

class Reader {
  public:
    Reader(const PickleTree& tree, const std::string& where)
        : tree_(tree), where_(where), onPath_(tree.nodes.size(), false) {}

    TorchValues run() {
        // All of them, for a storage may belong to something that is not said.
        for (const PickleNode& n : tree_.nodes)
            if (isStorage(n)) storageOf(n);
        result_.values = say(tree_.root, "", 0);
        return std::move(result_);
    }

  private:
    [[noreturn]] void refuse(Refusal reason, const std::string& why) const { throw RefusedFile(where_, reason, why); }
    const PickleNode& node(Index index) const { return tree_.at(index); }
    void spend(std::uint64_t bytes) {
        work_ += 1 + bytes / bytesPerWork;
        if (work_ > mostWork) refuse(Refusal::Limits, "it says more than any checkpoint");
    }

    // The value as JSON; tensors within it are added to the result.
    Json say(Index index, const std::string& path, int depth) {
        const PickleNode& n = node(index);
        if (depth > mostDepth) refuse(Refusal::Limits, "it is nested too deeply");
        spend(path.size() + n.text.size());
        switch (n.kind) {
            case PickleKind::Bool:
                return n.whole != 0;
            case PickleKind::Int:
                return n.whole;
            case PickleKind::Float:
                return n.real;
            case PickleKind::Text:
                return n.text;
            case PickleKind::Long:
            case PickleKind::Bytes:
                return Json::binary({n.text.begin(), n.text.end()});
            case PickleKind::Global:
                return dotted(n.text);
            case PickleKind::None:
            case PickleKind::Persistent:
                return nullptr;
            default:
                break;
        }
        if (onPath_[index]) return nullptr;  // a value that contains itself
        onPath_[index] = true;
        Json json = n.kind == PickleKind::Object ? sayObject(n, path, depth) : sayEntries(n, path, depth);
        onPath_[index] = false;
        return json;
    }

    Json sayEntries(const PickleNode& n, const std::string& path, int depth) {
        const std::string prefix = path.empty() && depth == 0 ? "" : path + "/";
        if (n.kind != PickleKind::Dict) {
            Json list = Json::array();
            for (std::size_t i = 0; i < n.children.size(); ++i)
                list.push_back(say(n.children[i], prefix + std::to_string(i), depth + 1));
            return list;
        }
        std::vector<std::pair<std::string, Json>> entries;
        std::unordered_set<std::string> names;
        for (std::size_t i = 0; i + 1 < n.children.size(); i += 2) {
            std::string key = keyText(n.children[i]);
            spend(key.size());
            if (!names.insert(key).second) refuse(Refusal::Ambiguous, "\"" + prefix + key + "\" is there twice");
            Json value = say(n.children[i + 1], prefix + key, depth + 1);
            entries.emplace_back(std::move(key), std::move(value));
        }
        // Not by operator[], which searches an ordered object from its beginning.
        Json object = Json::object();
        auto& members = object.get_ref<Json::object_t&>();
        for (auto& entry : entries) static_cast<Json::object_t::Container&>(members).emplace_back(std::move(entry));
        return object;
    }
    std::string keyText(Index index) {
        const PickleNode& n = node(index);
        if (n.kind == PickleKind::Text) return n.text;
        if (n.kind == PickleKind::Int) return std::to_string(n.whole);
        const std::size_t before = result_.tensors.size();
        Json json = say(index, "key", mostDepth / 2);
        if (result_.tensors.size() != before) refuse(Refusal::Pickle, "a tensor is used as a key");
        return json.dump(-1, ' ', false, Json::error_handler_t::replace);
    }

    Json sayObject(const PickleNode& n, const std::string& path, int depth) {
        const PickleNode& called = node(n.children[0]);
        const auto& args = node(n.children[1]).children;
        const std::string& global = called.text;
        if (called.kind != PickleKind::Global) return {{"python_class", "unknown"}};
        if (global == "torch._utils _rebuild_tensor_v2" || global == "torch._utils _rebuild_tensor" ||
            global == "torch._utils _rebuild_tensor_v3") {
            addTensor(path, args, global.ends_with("v3"));
            return nullptr;
        }
        if (global.starts_with("torch._utils _rebuild_parameter") && !args.empty())
            return say(args[0], path, depth + 1);
        if (global == "torch Size" && args.size() == 1) return sayEntries(node(args[0]), path, depth);
        if (global == "torch device" && !args.empty()) return sayDevice(args);
        if (global == "_codecs encode") return Json::binary(toVector(bytesOf(n)));
        if (global.ends_with("multiarray scalar") && args.size() == 2) return sayScalar(args);
        if ((global == "argparse Namespace" || global == "types SimpleNamespace") && n.children.size() == 3)
            return sayNamespace(node(n.children[2]), depth);
        return {{"python_class", dotted(global)}};
    }
    static std::vector<std::uint8_t> toVector(const std::string& bytes) { return {bytes.begin(), bytes.end()}; }
    Json sayDevice(const std::vector<Index>& args) {
        const std::string index = args.size() > 1 ? ":" + std::to_string(node(args[1]).whole) : "";
        return node(args[0]).text + index;
    }
    // Bytes written as they are, or through _codecs.encode(text, "latin1") as protocol 2 must.
    std::string bytesOf(const PickleNode& n) const {
        if (n.kind != PickleKind::Object) return n.text;
        const auto& args = node(n.children[1]).children;
        return node(n.children[0]).text == "_codecs encode" && !args.empty() ? latin1(node(args[0]).text)
                                                                             : std::string();
    }
    // arguments: dtype("f4", …) with the state (3, "<", …), bytes
    Json sayScalar(const std::vector<Index>& args) const {
        const PickleNode& dtype = node(args[0]);
        if (dtype.kind != PickleKind::Object || node(dtype.children[0]).text != "numpy dtype") return nullptr;
        const auto& what = node(dtype.children[1]).children;
        if (what.empty()) return nullptr;
        if (dtype.children.size() == 3) {
            const auto& state = node(dtype.children[2]).children;
            if (state.size() > 1 && node(state[1]).text == ">") return nullptr;
        }
        return numpyScalar(node(what[0]).text, bytesOf(node(args[1])));
    }
    // The values of a namespace, but not its tensors: it belongs to a training program.
    Json sayNamespace(const PickleNode& state, int depth) {
        const auto tensors = result_.tensors.size();
        if (state.kind != PickleKind::Dict) return {{"python_class", "argparse.Namespace"}};
        Json json = sayEntries(state, "namespace", depth);
        result_.tensors.resize(tensors);
        return json;
    }

    std::int64_t wholeOf(Index index, Refusal reason) const {
        if (node(index).kind != PickleKind::Int) refuse(reason, "a size is not a whole number");
        return node(index).whole;
    }
    Shape wholesOf(Index index) const {
        const PickleNode& n = node(index);
        if (n.kind != PickleKind::Tuple && n.kind != PickleKind::List)
            refuse(Refusal::Bounds, "the shape of a tensor is no list");
        if (n.children.size() > mostDimensions) refuse(Refusal::Bounds, "a tensor has too many axes");
        Shape shape;
        for (const Index child : n.children) {
            shape.push_back(wholeOf(child, Refusal::Bounds));
            if (shape.back() < 0) refuse(Refusal::Bounds, "a tensor has a negative size or stride");
        }
        return shape;
    }

    // id: ("storage", class, key, location, count[, view])
    bool isStorage(const PickleNode& n) const {
        if (n.kind != PickleKind::Persistent) return false;
        const auto& id = node(n.children[0]).children;
        return !id.empty() && node(id[0]).text == "storage";
    }
    std::uint32_t storageOf(const PickleNode& persistent) {
        if (!isStorage(persistent)) refuse(Refusal::Pickle, "a tensor has no storage");
        const auto& id = node(persistent.children[0]).children;
        if (id.size() < 5 || node(id[2]).kind != PickleKind::Text)
            refuse(Refusal::Pickle, "a storage is not described as it should be");
        if (id.size() > 5 && node(id[5]).kind != PickleKind::None)
            refuse(Refusal::Unsupported, "a storage is a part of another one");
        const std::string &tag = node(id[1]).text, &key = node(id[2]).text;
        const std::size_t space = tag.rfind(' ') + 1;
        const bool isClass = tag.starts_with("torch") && tag.ends_with("Storage") && space > 0;
        const auto type =
            isClass ? typeIn(storageTypes, std::string_view(tag).substr(space, tag.size() - space - 7)) : std::nullopt;
        if (!type) refuse(Refusal::Dtype, "it holds numbers of type " + dotted(tag));
        const std::int64_t count = wholeOf(id[4], Refusal::StorageSize);
        if (count < 0 || count > std::int64_t(1) << 48) refuse(Refusal::StorageSize, "a storage cannot be that large");
        const auto [found, fresh] = byKey_.emplace(key, std::uint32_t(result_.storages.size()));
        if (fresh) {
            result_.storages.push_back({key, *type, std::uint64_t(count)});
            tags_.push_back(tag);
        } else {
            if (tags_[found->second] != tag) refuse(Refusal::Dtype, "storage " + key + " has two types");
            if (result_.storages[found->second].count != std::uint64_t(count))
                refuse(Refusal::StorageSize, "storage " + key + " has two sizes");
        }
        return found->second;
    }

    // args: storage, offset, sizes, strides, …; the third version says the element type after two more.
    void addTensor(const std::string& path, const std::vector<Index>& args, bool typed) {
        if (args.size() < (typed ? 7 : 4)) refuse(Refusal::Pickle, "a tensor is not described as it should be");
        TorchTensor tensor;
        tensor.storage = storageOf(node(args[0]));
        const TorchStorage& storage = result_.storages[tensor.storage];
        tensor.type = storage.type;
        if (typed) {
            const std::string& name = node(args[6]).text;
            const auto type = name.starts_with("torch ") ? typeIn(elementTypes, name.substr(6)) : std::nullopt;
            if (!type) refuse(Refusal::Dtype, path + " holds numbers of type " + dotted(name));
            tensor.type = *type;
        }
        const std::int64_t offset = wholeOf(args[1], Refusal::Bounds);
        if (offset < 0) refuse(Refusal::Bounds, path + " begins before its storage");
        tensor.offset = std::uint64_t(offset);
        tensor.shape = wholesOf(args[2]);
        tensor.strides = wholesOf(args[3]);
        checkBounds(tensor, storage, path);
        spend(8 * bytesPerWork);
        result_.tensors.emplace_back(path, std::move(tensor));
    }

    void checkBounds(const TorchTensor& tensor, const TorchStorage& storage, const std::string& path) const {
        if (tensor.strides.size() != tensor.shape.size())
            refuse(Refusal::Bounds, path + " has strides of another rank");
        std::uint64_t bytes;
        try {
            bytes = checkedBytes(tensor.type, tensor.shape, path);
        } catch (const Error& error) {
            refuse(Refusal::Bounds, error.what());
        }
        const std::uint64_t count = storage.bytes() / sizeOf(tensor.type);
        if (bytes > std::max(alwaysBytes, mostRepeats * storage.bytes()))
            refuse(Refusal::Bounds, path + " is larger than the file can hold");
        if (tensor.offset > count || (bytes > 0 && tensor.offset >= count))
            refuse(Refusal::Bounds, path + " lies outside its storage");
        if (bytes == 0) return;
        std::uint64_t left = count - 1 - tensor.offset;
        for (std::size_t a = 0; a < tensor.shape.size(); ++a) {
            const auto steps = std::uint64_t(tensor.shape[a] - 1), stride = std::uint64_t(tensor.strides[a]);
            if (steps != 0 && stride > left / steps) refuse(Refusal::Bounds, path + " lies outside its storage");
            left -= steps * stride;
        }
    }

    const PickleTree& tree_;
    const std::string& where_;
    TorchValues result_;
    std::vector<std::string> tags_;  // classes of the storages
    std::map<std::string, std::uint32_t> byKey_;
    std::vector<bool> onPath_;
    std::uint64_t work_ = 0;
};

}  // namespace

std::uint64_t TorchTensor::count() const {
    std::uint64_t count = 1;
    for (const std::int64_t extent : shape) count *= std::uint64_t(extent);
    return count;
}

TorchValues torchValues(const PickleTree& tree, const std::string& where) { return Reader(tree, where).run(); }

}  // namespace fovea::tensorfile

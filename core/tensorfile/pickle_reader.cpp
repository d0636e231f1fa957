#include "tensorfile/pickle_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>

#include "tensorfile/pickle_opcodes.h"

namespace fovea::tensorfile {

namespace {

using Index = std::uint32_t;

constexpr std::size_t mostNodes = 1'000'000, mostStack = 1'000'000, mostLongBytes = 1000;

constexpr std::string_view unsafeModules[] = {"os",      "posix",      "nt",        "sys",      "subprocess", "socket",
                                              "shutil",  "runpy",      "importlib", "ctypes",   "pickle",     "_pickle",
                                              "cPickle", "webbrowser", "pty",       "commands", "torch.hub"};
constexpr std::string_view unsafeBuiltins[] = {"eval", "exec", "execfile", "compile", "open", "__import__"};

bool within(std::string_view module, std::string_view package) {
    return module.starts_with(package) && (module.size() == package.size() || module[package.size()] == '.');
}

bool runsPrograms(std::string_view module, std::string_view what) {
    for (const std::string_view package : unsafeModules)
        if (within(module, package)) return true;
    if (module == "builtins" || module == "__builtin__")
        // Protocol 4 allows dotted names: eval.__call__ is eval.
        return std::any_of(std::begin(unsafeBuiltins), std::end(unsafeBuiltins),
                           [&](std::string_view name) { return within(what, name); });
    return module == "torch.storage" && within(what, "_load_from_bytes");
}

bool isDictClass(const std::string& global) {
    for (const char* name : {"collections OrderedDict", "collections defaultdict", "collections Counter",
                             "builtins dict", "__builtin__ dict"})
        if (global == name) return true;
    return false;
}

class Machine {
  public:
    Machine(std::string_view bytes, const std::string& where, Refusal atEnd)
        : bytes_(bytes), where_(where), atEnd_(atEnd) {}

    PickleTree run() {
        while (step()) {
        }
        if (stack_.size() != 1 || !marks_.empty()) refuse(Refusal::Pickle, "its pickle leaves values behind");
        tree_.root = stack_.back();
        tree_.bytes = at_;
        return std::move(tree_);
    }

  private:
    [[noreturn]] void refuse(Refusal reason, const std::string& why) const { throw RefusedFile(where_, reason, why); }
    [[noreturn]] void unsound(const char* why) const {
        refuse(Refusal::Pickle, std::string("its pickle is damaged: ") + why);
    }

    std::string_view take(std::uint64_t size) {
        if (size > bytes_.size() - at_) refuse(atEnd_, "its pickle ends too early");
        at_ += std::size_t(size);
        return bytes_.substr(at_ - std::size_t(size), std::size_t(size));
    }
    template <class T>
    T number() {
        T value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }
    // Up to the end of the line, without it.
    std::string_view line() {
        const std::size_t end = bytes_.find('\n', at_);
        if (end == bytes_.npos) refuse(atEnd_, "its pickle ends too early");
        const std::string_view text = take(end + 1 - at_);
        return text.substr(0, text.size() - 1);
    }

    PickleNode& node(Index index) { return tree_.nodes[index]; }
    Index make(PickleKind kind) {
        if (tree_.nodes.size() >= mostNodes) refuse(Refusal::Limits, "it holds more values than any checkpoint");
        tree_.nodes.push_back({kind, 0, 0, {}, {}});
        return Index(tree_.nodes.size() - 1);
    }
    void push(Index index) {
        if (stack_.size() >= mostStack) refuse(Refusal::Limits, "it holds more values than any checkpoint");
        stack_.push_back(index);
    }
    Index pop() {
        if (stack_.size() <= floor()) unsound("a value is missing");
        const Index top = stack_.back();
        stack_.pop_back();
        return top;
    }
    Index top() {
        if (stack_.size() <= floor()) unsound("a value is missing");
        return stack_.back();
    }
    std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
    std::vector<Index> popToMark() {
        if (marks_.empty()) unsound("a mark is missing");
        std::vector<Index> items(stack_.begin() + std::ptrdiff_t(marks_.back()), stack_.end());
        stack_.resize(marks_.back());
        marks_.pop_back();
        return items;
    }
    std::vector<Index> popMany(std::size_t count) {
        std::vector<Index> items(count);
        for (std::size_t i = count; i-- > 0;) items[i] = pop();
        return items;
    }

    void pushInt(std::int64_t value, PickleKind kind = PickleKind::Int) {
        const Index index = make(kind);
        node(index).whole = value;
        push(index);
    }
    void pushFloat(double value) {
        const Index index = make(PickleKind::Float);
        node(index).real = value;
        push(index);
    }
    void pushText(PickleKind kind, std::string_view text) {
        const Index index = make(kind);
        node(index).text = text;
        push(index);
    }
    void pushItems(PickleKind kind, std::vector<Index> items) {
        const Index index = make(kind);
        node(index).children = std::move(items);
        push(index);
    }
    void pushLong(std::string_view bytes) {
        if (bytes.size() > mostLongBytes) refuse(Refusal::Limits, "a number has too many digits");
        if (bytes.size() > 8) return pushText(PickleKind::Long, bytes);
        std::uint64_t bits = !bytes.empty() && bytes.back() & 0x80 ? ~std::uint64_t(0) : 0;
        if (!bytes.empty()) std::memcpy(&bits, bytes.data(), bytes.size());
        pushInt(std::int64_t(bits));
    }
    void pushGlobal(std::string_view module, std::string_view what) {
        std::string both(module);
        both.append(" ").append(what);
        if (runsPrograms(module, what))
            refuse(Refusal::UnsafeGlobal, "it names " + both + ", which a model has no need of");
        tree_.globals.insert(both);
        pushText(PickleKind::Global, both);
    }
    void pushObject(Index called, Index arguments) {
        const std::string& global = node(called).kind == PickleKind::Global ? node(called).text : std::string();
        if (isDictClass(global)) return pushItems(PickleKind::Dict, pairsIn(arguments));
        if (global == "builtins set" || global == "__builtin__ set" || global == "builtins frozenset") {
            const auto given = node(arguments).children;
            return pushItems(PickleKind::Set, given.empty() ? given : node(given.front()).children);
        }
        pushItems(PickleKind::Object, {called, arguments});
    }
    // Python 2 wrote an ordered dict as a call with a list of [key, value].
    std::vector<Index> pairsIn(Index arguments) {
        std::vector<Index> items;
        if (node(arguments).children.size() != 1) return items;
        const PickleNode& list = node(node(arguments).children.front());
        if (list.kind != PickleKind::List) return items;
        for (const Index pair : list.children) {
            const auto& two = node(pair).children;
            if (two.size() != 2) unsound("an entry of a dictionary is no pair");
            items.insert(items.end(), two.begin(), two.end());
        }
        return items;
    }
    void addTo(PickleKind kind, const std::vector<Index>& items) {
        PickleNode& target = node(top());
        if (kind == PickleKind::Dict && items.size() % 2 != 0) unsound("a key has no value");
        if (target.kind == PickleKind::Object) return;  // entries of a class that is not known
        if (target.kind != kind) unsound("entries are added to what holds none");
        target.children.insert(target.children.end(), items.begin(), items.end());
    }
    void build() {
        const Index state = pop();
        PickleNode& target = node(top());
        if (target.kind != PickleKind::Object) return;  // attributes of a dictionary (_metadata) are not used
        target.children.resize(2);
        target.children.push_back(state);
    }
    void put(std::uint64_t slot) { memo_[slot] = top(); }
    void get(std::uint64_t slot) {
        const auto found = memo_.find(slot);
        if (found == memo_.end()) unsound("it refers to a value that is not there");
        push(found->second);
    }
    void stackGlobal() {
        const Index what = pop(), module = pop();
        if (node(what).kind != PickleKind::Text || node(module).kind != PickleKind::Text) unsound("a name is no text");
        const std::string a = node(module).text, b = node(what).text;
        pushGlobal(a, b);
    }
    void checkProtocol() {
        const int version = number<std::uint8_t>();
        if (version < 2 || version > 5) unsound("its protocol is not known");
    }

    bool step();
    bool stepScalar(unsigned code);
    bool stepContainer(unsigned code);
    bool stepObject(unsigned code);

    std::string_view bytes_;
    const std::string& where_;
    Refusal atEnd_;
    std::size_t at_ = 0;
    PickleTree tree_;
    std::vector<Index> stack_;
    std::vector<std::size_t> marks_;  // sizes of the stack where a mark was set
    std::unordered_map<std::uint64_t, Index> memo_;
};

// Executes one opcode; false after the last.
bool Machine::step() {
    const unsigned code = number<std::uint8_t>();
    switch (code) {
        case op::stop:
            return false;
        case op::proto:
            checkProtocol();
            break;
        case op::frame:
            take(8);
            break;
        case op::mark:
            if (marks_.size() >= mostStack) refuse(Refusal::Limits, "it is nested too deeply");
            marks_.push_back(stack_.size());
            break;
        case op::pop:
            pop();
            break;
        case op::popMark:
            popToMark();
            break;
        case op::dup:
            push(top());
            break;
        case op::binPut:
            put(number<std::uint8_t>());
            break;
        case op::longBinPut:
            put(number<std::uint32_t>());
            break;
        case op::memoize:
            put(memo_.size());
            break;
        case op::binGet:
            get(number<std::uint8_t>());
            break;
        case op::longBinGet:
            get(number<std::uint32_t>());
            break;
        default:
            if (!stepScalar(code) && !stepContainer(code) && !stepObject(code)) unsound("an opcode is not known");
    }
    return true;
}

bool Machine::stepScalar(unsigned code) {
    switch (code) {
        case op::none:
            push(make(PickleKind::None));
            return true;
        case op::newTrue:
        case op::newFalse:
            pushInt(code == op::newTrue, PickleKind::Bool);
            return true;
        case op::binInt:
            pushInt(number<std::int32_t>());
            return true;
        case op::binInt1:
            pushInt(number<std::uint8_t>());
            return true;
        case op::binInt2:
            pushInt(number<std::uint16_t>());
            return true;
        case op::long1:
            pushLong(take(number<std::uint8_t>()));
            return true;
        case op::long4:
            pushLong(take(number<std::uint32_t>()));
            return true;
        case op::binFloat: {
            std::uint64_t bits = number<std::uint64_t>();
            pushFloat(std::bit_cast<double>(__builtin_bswap64(bits)));
            return true;
        }
        case op::shortBinString:  // Python 2's str is text as well as bytes
        case op::shortBinUnicode:
            pushText(PickleKind::Text, take(number<std::uint8_t>()));
            return true;
        case op::binString:
        case op::binUnicode:
            pushText(PickleKind::Text, take(number<std::uint32_t>()));
            return true;
        case op::binUnicode8:
            pushText(PickleKind::Text, take(number<std::uint64_t>()));
            return true;
        case op::shortBinBytes:
            pushText(PickleKind::Bytes, take(number<std::uint8_t>()));
            return true;
        case op::binBytes:
            pushText(PickleKind::Bytes, take(number<std::uint32_t>()));
            return true;
        case op::binBytes8:
        case op::byteArray8:
            pushText(PickleKind::Bytes, take(number<std::uint64_t>()));
            return true;
        default:
            return false;
    }
}

bool Machine::stepContainer(unsigned code) {
    switch (code) {
        case op::emptyTuple:
            pushItems(PickleKind::Tuple, {});
            return true;
        case op::tuple:
            pushItems(PickleKind::Tuple, popToMark());
            return true;
        case op::tuple1:
        case op::tuple2:
        case op::tuple3:
            pushItems(PickleKind::Tuple, popMany(code - op::tuple1 + 1));
            return true;
        case op::emptyList:
            pushItems(PickleKind::List, {});
            return true;
        case op::list:
            pushItems(PickleKind::List, popToMark());
            return true;
        case op::append:
            addTo(PickleKind::List, popMany(1));
            return true;
        case op::appends:
            addTo(PickleKind::List, popToMark());
            return true;
        case op::emptyDict:
            pushItems(PickleKind::Dict, {});
            return true;
        case op::dict: {
            std::vector<Index> items = popToMark();
            pushItems(PickleKind::Dict, {});
            addTo(PickleKind::Dict, items);
            return true;
        }
        case op::setItem:
            addTo(PickleKind::Dict, popMany(2));
            return true;
        case op::setItems:
            addTo(PickleKind::Dict, popToMark());
            return true;
        case op::emptySet:
            pushItems(PickleKind::Set, {});
            return true;
        case op::addItems:
            addTo(PickleKind::Set, popToMark());
            return true;
        case op::frozenSet:
            pushItems(PickleKind::Set, popToMark());
            return true;
        default:
            return false;
    }
}

bool Machine::stepObject(unsigned code) {
    switch (code) {
        case op::global: {
            const std::string_view module = line();
            pushGlobal(module, line());
            return true;
        }
        case op::stackGlobal:
            stackGlobal();
            return true;
        case op::inst:
        case op::obj:
            refuse(Refusal::UnsafeGlobal, "it makes an instance in a way that no model needs");
        case op::reduce:
        case op::newObj: {
            const Index arguments = pop();
            pushObject(pop(), arguments);
            return true;
        }
        case op::newObjEx: {
            pop();  // keyword arguments
            const Index arguments = pop();
            pushObject(pop(), arguments);
            return true;
        }
        case op::build:
            build();
            return true;
        case op::binPersId:
            pushItems(PickleKind::Persistent, popMany(1));
            return true;
        default:
            return false;
    }
}

}  // namespace

PickleTree readPickle(std::string_view bytes, const std::string& where, Refusal atEnd) {
    return Machine(bytes, where, atEnd).run();
}

}  // namespace fovea::tensorfile

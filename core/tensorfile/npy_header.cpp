#include "tensorfile/npy_header.h"

#include <charconv>
#include <optional>

namespace fovea::tensorfile {

namespace {

struct Code {
    ElementType type;
    const char* text;  // without byte order
};

constexpr Code codes[] = {{ElementType::Bool, "b1"}, {ElementType::U8, "u1"},  {ElementType::I8, "i1"},
                          {ElementType::U16, "u2"},  {ElementType::I16, "i2"}, {ElementType::U32, "u4"},
                          {ElementType::I32, "i4"},  {ElementType::U64, "u8"}, {ElementType::I64, "i8"},
                          {ElementType::F16, "f2"},  {ElementType::F32, "f4"}, {ElementType::F64, "f8"},
                          {ElementType::C64, "c8"}};

constexpr std::size_t mostDimensions = 64;  // NumPy's own limit

// Walks the dictionary literal {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
class Literal {
  public:
    Literal(std::string_view text, const std::string& where) : text_(text), where_(where) {}

    bool accept(char c) {
        skipSpace();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!accept(c)) damaged();
    }
    std::string quoted() {
        skipSpace();
        const char quote = at_ < text_.size() ? text_[at_] : '\0';
        const std::size_t end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : std::string_view::npos;
        if (end == std::string_view::npos) damaged();
        const std::string word(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        return word;
    }
    bool boolean() {
        skipSpace();
        for (const bool value : {true, false}) {
            const std::string_view word = value ? "True" : "False";
            if (text_.substr(at_, word.size()) == word) {
                at_ += word.size();
                return value;
            }
        }
        damaged();
    }
    Shape tuple() {
        Shape shape;
        expect('(');
        while (!accept(')')) {
            skipSpace();
            std::int64_t extent = 0;
            const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), extent);
            if (error != std::errc() || extent < 0 || shape.size() == mostDimensions) damaged();
            at_ = std::size_t(end - text_.data());
            shape.push_back(extent);
            if (!accept(',') && (skipSpace(), at_ >= text_.size() || text_[at_] != ')')) damaged();
        }
        return shape;
    }
    [[noreturn]] void damaged() const {
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{where} has a damaged NumPy header. Save the array again."), {{"where", where_}}});
    }

  private:
    void skipSpace() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
    }

    std::string_view text_;
    const std::string& where_;
    std::size_t at_ = 0;
};

void setType(NpyHeader& header, const std::string& descr, const std::string& where) {
    if (descr.size() == 3 && std::string_view("<>|=").find(descr[0]) != std::string_view::npos) {
        for (const Code& code : codes) {
            if (descr.substr(1) != code.text) continue;
            header.type = code.type;
            header.bigEndian = descr[0] == '>';
            return;
        }
    }
    throw Error(
        ErrorKind::Unsupported,
        {FOVEA_TR("{where} holds NumPy type \"{type}\". Only whole numbers, floats and bool are read: convert it."),
         {{"where", where}, {"type", descr}}});
}

NpyHeader parseDictionary(std::string_view text, const std::string& where) {
    Literal literal(text, where);
    NpyHeader header;
    bool descr = false, order = false, shape = false, fortran = false;
    literal.expect('{');
    while (!literal.accept('}')) {
        const std::string key = literal.quoted();
        literal.expect(':');
        if (key == "descr" && !descr) {
            if (literal.accept('[')) setType(header, "record", where);
            setType(header, literal.quoted(), where);
            descr = true;
        } else if (key == "fortran_order" && !order) {
            fortran = literal.boolean();
            order = true;
        } else if (key == "shape" && !shape) {
            header.shape = literal.tuple();
            shape = true;
        } else {
            literal.damaged();
        }
        if (!literal.accept(',')) {
            literal.expect('}');
            break;
        }
    }
    if (!descr || !order || !shape) literal.damaged();
    if (fortran && header.shape.size() > 1)
        throw Error(ErrorKind::Unsupported,
                    {FOVEA_TR("{where} is stored in Fortran order. Save it with numpy.ascontiguousarray()."),
                     {{"where", where}}});
    return header;
}

}  // namespace

NpyHeader parseNpyHeader(std::string_view bytes, const std::string& where) {
    const auto byte = [&](std::size_t i) { return std::size_t(static_cast<unsigned char>(bytes[i])); };
    if (bytes.size() < 12 || bytes.substr(0, 6) != "\x93NUMPY" || byte(6) < 1 || byte(6) > 3)
        throw Error(ErrorKind::Format, {FOVEA_TR("{where} is not a NumPy array (.npy)."), {{"where", where}}});
    const bool wide = byte(6) > 1;
    const std::size_t length = byte(8) | byte(9) << 8 | (wide ? byte(10) << 16 | byte(11) << 24 : 0);
    const std::size_t begin = wide ? 12 : 10;
    if (length > bytes.size() - begin)
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{where} ends within its NumPy header. The file is cut off."), {{"where", where}}});
    NpyHeader header = parseDictionary(bytes.substr(begin, length), where);
    header.dataBegin = begin + length;
    return header;
}

std::string npyHeaderBytes(ElementType type, const Shape& shape) {
    const char* code = nullptr;
    for (const Code& row : codes)
        if (row.type == type) code = row.text;
    if (code == nullptr)
        throw Error(ErrorKind::Unsupported,
                    {FOVEA_TR("NumPy has no type {type}; convert to F32 first."), {{"type", name(type)}}});
    std::string text("{'descr': '");
    text.append(sizeOf(type) == 1 ? "|" : "<").append(code).append("', 'fortran_order': False, 'shape': (");
    for (const std::int64_t extent : shape) text.append(std::to_string(extent)).append(", ");
    if (shape.size() > 1)
        text.resize(text.size() - 2);
    else if (shape.size() == 1)
        text.pop_back();
    text.append("), }");
    text.append(63 - (10 + text.size()) % 64, ' ').append("\n");
    std::string bytes("\x93NUMPY\x01", 7);
    bytes.push_back('\0');
    bytes.push_back(static_cast<char>(text.size() & 255));
    bytes.push_back(static_cast<char>(text.size() >> 8));
    return bytes + text;
}

}  // namespace fovea::tensorfile

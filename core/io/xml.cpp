#include "io/xml.h"

#include <vector>

#include "base/error.h"

namespace fovea::io {

namespace {

[[noreturn]] void fail(const char* why, std::size_t at) {
    throw Error(ErrorKind::Format,
                {FOVEA_TR("The XML is damaged at byte {at}: {why}."), {{"at", std::to_string(at)}, {"why", why}}});
}

void appendUtf8(std::string& to, std::uint32_t code) {
    if (code < 0x80) {
        to += char(code);
    } else if (code < 0x800) {
        to += char(0xc0 | code >> 6);
        to += char(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        to += char(0xe0 | code >> 12);
        to += char(0x80 | (code >> 6 & 0x3f));
        to += char(0x80 | (code & 0x3f));
    } else {
        to += char(0xf0 | code >> 18);
        to += char(0x80 | (code >> 12 & 0x3f));
        to += char(0x80 | (code >> 6 & 0x3f));
        to += char(0x80 | (code & 0x3f));
    }
}

std::string unescape(std::string_view text, std::size_t at) {
    static const std::map<std::string_view, char> named{
        {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '&') {
            result += text[i];
            continue;
        }
        const std::size_t end = text.find(';', i);
        if (end == std::string_view::npos || end - i > 12) fail("an “&” without its “;”", at);
        const std::string_view name = text.substr(i + 1, end - i - 1);
        if (const auto it = named.find(name); it != named.end()) {
            result += it->second;
        } else if (name.size() > 1 && name[0] == '#') {
            const bool hex = name[1] == 'x';
            const unsigned long code =
                std::strtoul(std::string(name.substr(hex ? 2 : 1)).c_str(), nullptr, hex ? 16 : 10);
            if (code == 0 || code > 0x10ffff) fail("a character that does not exist", at);
            appendUtf8(result, std::uint32_t(code));
        } else {
            fail("an unknown entity", at);
        }
        i = end;
    }
    return result;
}

bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Walker {
  public:
    explicit Walker(std::string_view text) : text_(text) {}

    void walk(const std::function<void(const XmlElement&)>& open,
              const std::function<void(const std::string&)>& close) {
        if (text_.size() > (std::size_t(64) << 20)) fail("it is longer than 64 MB", 0);
        for (at_ = text_.find('<'); at_ != std::string_view::npos; at_ = text_.find('<', at_)) {
            if (starts("<!--"))
                skipPast("-->");
            else if (starts("<![CDATA["))
                skipPast("]]>");
            else if (starts("<?"))
                skipPast("?>");
            else if (starts("<!"))
                fail("it declares its own entities, which is not allowed here", at_);
            else if (starts("</"))
                end(close);
            else
                begin(open, close);
        }
        if (!stack_.empty()) fail("it ends in the middle", text_.size());
    }

  private:
    bool starts(std::string_view what) const { return text_.substr(at_, what.size()) == what; }
    void skipPast(std::string_view what) {
        const std::size_t end = text_.find(what, at_);
        if (end == std::string_view::npos) fail("it ends in the middle", text_.size());
        at_ = end + what.size();
    }
    char here() const {
        if (at_ >= text_.size()) fail("it ends in the middle", at_);
        return text_[at_];
    }
    void skipSpace() {
        while (isSpace(here())) ++at_;
    }
    std::string readName() {
        const std::size_t from = at_;
        while (!isSpace(here()) && here() != '=' && here() != '>' && here() != '/') ++at_;
        if (at_ == from) fail("a name is missing", at_);
        const std::string_view whole = text_.substr(from, at_ - from);
        const std::size_t colon = whole.rfind(':');
        return std::string(colon == std::string_view::npos ? whole : whole.substr(colon + 1));
    }
    void end(const std::function<void(const std::string&)>& close) {
        at_ += 2;
        const std::string name = readName();
        skipSpace();
        if (here() != '>' || stack_.empty() || stack_.back() != name) fail("a closing tag does not match", at_);
        ++at_;
        stack_.pop_back();
        close(name);
    }
    void begin(const std::function<void(const XmlElement&)>& open,
               const std::function<void(const std::string&)>& close) {
        ++at_;
        XmlElement element;
        element.name = readName();
        for (skipSpace(); here() != '>' && here() != '/'; skipSpace()) {
            const std::string key = readName();
            skipSpace();
            if (here() != '=') fail("an attribute has no value", at_);
            ++at_;
            skipSpace();
            const char quote = here();
            if (quote != '"' && quote != '\'') fail("an attribute is not quoted", at_);
            const std::size_t last = text_.find(quote, ++at_);
            if (last == std::string_view::npos) fail("an attribute does not end", at_);
            element.attributes[key] = unescape(text_.substr(at_, last - at_), at_);
            at_ = last + 1;
        }
        const bool empty = here() == '/';
        if (empty) ++at_;
        if (here() != '>') fail("a tag does not end", at_);
        ++at_;
        open(element);
        if (empty) return close(element.name);
        stack_.push_back(element.name);
        if (stack_.size() > 64) fail("it is nested too deeply", at_);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<std::string> stack_;
};

}  // namespace

void walkXml(std::string_view text, const std::function<void(const XmlElement&)>& open,
             const std::function<void(const std::string&)>& close) {
    Walker(text).walk(open, close);
}

}  // namespace fovea::io

#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace fovea::io {

struct XmlElement {
    std::string name;                               // without namespace prefix
    std::map<std::string, std::string> attributes;  // entities resolved
};

// Walks an XML text: open(element) and close(name) in order; text between elements is skipped. Small on purpose: no DTD
// (and so no entity expansion), at most 64 MB and 64 levels. Throws Error(Format) where the text is not well-formed.
void walkXml(std::string_view text, const std::function<void(const XmlElement&)>& open,
             const std::function<void(const std::string&)>& close);

}  // namespace fovea::io

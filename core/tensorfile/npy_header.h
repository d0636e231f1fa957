#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "tensorfile/tensor.h"

namespace fovea::tensorfile {

struct NpyHeader {
    ElementType type = ElementType::U8;
    bool bigEndian = false;
    Shape shape;
    std::size_t dataBegin = 0;
};

// Reads magic, version and the dictionary literal. Throws as parseNpy() does.
NpyHeader parseNpyHeader(std::string_view bytes, const std::string& where);
// Magic, version 1, dictionary, padding to a multiple of 64.
std::string npyHeaderBytes(ElementType type, const Shape& shape);

}  // namespace fovea::tensorfile

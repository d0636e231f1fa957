#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "data/volume.h"

// Small pictures for people: of sections with objects on them.
namespace fovea {

// RGB bytes, row by row.
struct Picture {
    std::int64_t width = 0, height = 0;
    std::vector<std::uint8_t> rgb;
};

// One section in grey (low…high → black…white) with the outlines of objects in colour. `labels` may be empty. Both are
// 1 × H × W.
Picture overlay(const Volume<float>& image, float low, float high, const Volume<std::int32_t>& labels);

// From left to right; black below those that are lower.
Picture beside(const std::vector<Picture>& pictures);

// PNG file content, not compressed.
std::string pngBytes(const Picture& picture);

}  // namespace fovea

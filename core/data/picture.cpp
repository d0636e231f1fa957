#include "data/picture.h"

#include <algorithm>
#include <array>

namespace fovea {

namespace {

std::uint32_t crc32(const std::string& bytes) {
    static const std::array<std::uint32_t, 256> table = [] {
        std::array<std::uint32_t, 256> t{};
        for (std::uint32_t i = 0; i < 256; ++i) {
            t[i] = i;
            for (int bit = 0; bit < 8; ++bit) t[i] = t[i] & 1 ? 0xEDB88320u ^ (t[i] >> 1) : t[i] >> 1;
        }
        return t;
    }();
    std::uint32_t crc = 0xFFFFFFFFu;
    for (const unsigned char c : bytes) crc = table[(crc ^ c) & 255] ^ (crc >> 8);
    return ~crc;
}

std::string bigEndian(std::uint32_t v) { return {char(v >> 24), char(v >> 16), char(v >> 8), char(v)}; }

std::string chunk(const std::string& type, const std::string& data) {
    return bigEndian(std::uint32_t(data.size())) + type + data + bigEndian(crc32(type + data));
}

// A zlib stream of stored blocks: larger than a compressed one, but without a library.
std::string stored(const std::string& raw) {
    std::string out = "\x78\x01";
    for (std::size_t at = 0; at < raw.size() || at == 0; at += 65535) {
        const std::string block = raw.substr(at, 65535);
        const auto n = std::uint16_t(block.size());
        out += char(at + 65535 >= raw.size());
        out += {char(n), char(n >> 8), char(~n), char(std::uint16_t(~n) >> 8)};
        out += block;
    }
    std::uint32_t a = 1, b = 0;
    for (const unsigned char c : raw) {
        a = (a + c) % 65521;
        b = (b + a) % 65521;
    }
    return out + bigEndian(b << 16 | a);
}

// Colours that read on grey, a few are enough: neighbours seldom share one.
constexpr std::uint8_t colours[6][3] = {{90, 200, 120},  {240, 160, 60}, {100, 170, 255},
                                        {240, 100, 140}, {230, 220, 90}, {190, 130, 250}};

}  // namespace

Picture overlay(const Volume<float>& image, float low, float high, const Volume<std::int32_t>& labels) {
    const Index n = image.shape();
    Picture picture{n.x, n.y, std::vector<std::uint8_t>(std::size_t(n.x * n.y * 3))};
    const float scale = high > low ? 255 / (high - low) : 0;
    for (std::int64_t y = 0; y < n.y; ++y)
        for (std::int64_t x = 0; x < n.x; ++x) {
            std::uint8_t* rgb = picture.rgb.data() + (y * n.x + x) * 3;
            std::fill(rgb, rgb + 3, std::uint8_t(std::clamp((image(0, y, x) - low) * scale, 0.f, 255.f)));
            const std::int32_t id = labels.empty() ? 0 : labels(0, y, x);
            if (id == 0) continue;
            const bool edge = x == 0 || y == 0 || x + 1 == n.x || y + 1 == n.y || labels(0, y, x - 1) != id ||
                              labels(0, y, x + 1) != id || labels(0, y - 1, x) != id || labels(0, y + 1, x) != id;
            const auto& colour = colours[id % 6];
            for (int c = 0; c < 3; ++c) rgb[c] = edge ? colour[c] : std::uint8_t((rgb[c] * 3 + colour[c]) / 4);
        }
    return picture;
}

std::string pngBytes(const Picture& picture) {
    std::string raw;
    raw.reserve(picture.rgb.size() + std::size_t(picture.height));
    const auto stride = std::size_t(picture.width) * 3;
    for (std::int64_t y = 0; y < picture.height; ++y) {
        raw += '\0';
        raw.append(reinterpret_cast<const char*>(picture.rgb.data()) + std::size_t(y) * stride, stride);
    }
    const std::string header = bigEndian(std::uint32_t(picture.width)) + bigEndian(std::uint32_t(picture.height)) +
                               std::string("\x08\x02\0\0\0", 5);
    return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", stored(raw)) + chunk("IEND", "");
}

Picture beside(const std::vector<Picture>& pictures) {
    Picture row;
    for (const Picture& one : pictures) row.width += one.width, row.height = std::max(row.height, one.height);
    row.rgb.resize(std::size_t(row.width * row.height * 3));
    std::int64_t left = 0;
    for (const Picture& one : pictures) {
        for (std::int64_t y = 0; y < one.height; ++y)
            std::copy_n(one.rgb.begin() + y * one.width * 3, one.width * 3,
                        row.rgb.begin() + (y * row.width + left) * 3);
        left += one.width;
    }
    return row;
}

}  // namespace fovea

#pragma once
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "models/part_lists.h"

namespace fovea::test {

// A safetensors file with these parts, a byte per element, all zero but the last one. Takes no room for the zeros where
// the file system can leave them out.
inline void writeHollow(const std::filesystem::path& path, const models::PartList& parts, char last = 0) {
    nlohmann::json header = nlohmann::json::object();
    std::uint64_t end = 0;
    for (const auto& [name, shape] : parts) {
        const std::uint64_t begin = end;
        std::uint64_t count = 1;
        for (const std::int64_t extent : shape) count *= std::uint64_t(extent);
        end += count;
        header[name] = {{"dtype", "U8"}, {"shape", shape}, {"data_offsets", {begin, end}}};
    }
    const std::string text = header.dump();
    {
        std::ofstream out(path, std::ios::binary);
        for (int i = 0; i < 8; ++i) out.put(char(text.size() >> (8 * i)));
        out << text;
    }
    std::filesystem::resize_file(path, 8 + text.size() + end - 1);
    std::ofstream(path, std::ios::binary | std::ios::app).put(last);
}

}  // namespace fovea::test

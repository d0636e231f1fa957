#pragma once
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "io/formats.h"
#include "nnunet/files.h"
#include "refusal.h"

// Small folders of label maps, written and read as the program does.
namespace fovea::test {

namespace fs = std::filesystem;
using Labels = Volume<std::int32_t>;

inline nnunet::Files files() {
    return {[](const fs::path& path) { return io::open(path.string()); },
            [](const fs::path& path, const ImageSource& labels, Job& job) {
                io::write(path, labels, {.labels = true}, job);
            }};
}

// One section, row by row.
inline Labels rows(std::int64_t y, std::int64_t x, std::vector<std::int32_t> values) {
    return Labels({1, y, x}, std::move(values));
}

inline void putMap(const fs::path& path, Labels labels, bool known = false) {
    if (known) labels.geometry = {{0.03, 0.008, 0.008}, {0, 0, 0}, true};
    AnyVolume stored = AnyVolume::from(AnyVolume::from(labels).to<std::uint16_t>());
    stored.geometry = labels.geometry;
    Job quiet;
    file::makeFolder(path.parent_path());
    io::write(path, MemoryImage({stored}), {.labels = true}, quiet);
}

inline Labels map(const fs::path& path) { return io::open(path.string())->readAll<std::int32_t>(); }

// dataset.json with these labels, as JSON.
inline plan::nnunet::DatasetJson datasetOf(const std::string& labels, const std::string& ending,
                                           const std::string& order = "null") {
    return plan::nnunet::datasetFromJson(nlohmann::ordered_json::parse(
        R"({"channel_names": {"0": "EM"}, "numTraining": 4, "file_ending": ")" + ending + R"(", "labels": )" + labels +
        (order == "null" ? "" : R"(, "regions_class_order": )" + order) + "}"));
}

inline bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace fovea::test

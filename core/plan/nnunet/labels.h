#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/volume.h"

namespace fovea::plan::nnunet {

// One line of dataset.json's labels: a class, or a region made of several.
struct LabelEntry {
    std::string name;
    std::vector<std::int32_t> values;
    bool list = false;  // written as a list, which a single value may be too
};

// What a network of a data set is asked to tell apart (spec nnunet.md section 1.3). With regions, overlapping unions
// of labels, each has an output of its own (sigmoid); otherwise each label has, background included (softmax).
class Labels {
  public:
    // Background alone.
    Labels() : Labels({{"background", {0}, false}}, {}) {}
    // Entries in the file's order, which is that of regions. Throws Error(Input) for what nnU-Net refuses: no
    // background 0, an ignore label that is not the largest + 1, regions without a class order as long; and for labels
    // outside 0 … 65535.
    Labels(std::vector<LabelEntry> entries, std::vector<std::int32_t> regionsClassOrder);
    // `labels` and `regions_class_order` of dataset.json; the latter may be null.
    static Labels fromJson(const nlohmann::ordered_json& labels, const nlohmann::ordered_json& classOrder);
    nlohmann::ordered_json toJson() const;  // of `labels`

    const std::vector<LabelEntry>& entries() const { return entries_; }
    const std::vector<std::int32_t>& regionsClassOrder() const { return regionsClassOrder_; }
    bool hasRegions() const { return hasRegions_; }
    const std::vector<LabelEntry>& regions() const { return regions_; }  // empty without regions
    const std::vector<std::int32_t>& all() const { return all_; }        // ascending, with 0, without ignore
    std::vector<std::int32_t> foreground() const;                        // all() without 0
    std::optional<std::int32_t> ignore() const { return ignore_; }
    std::int64_t outputs() const { return std::int64_t(hasRegions() ? regions_.size() : all_.size()); }

    // Throws Error(Input) when a number is left out: nnU-Net's networks need 0, 1, 2, …
    void checkConsecutive() const;

    // One mask per output's label or region, ignore not being one.
    std::vector<Volume<std::uint8_t>> masks(const Volume<std::int32_t>& map) const;
    // The label map of one volume per output: the first of the largest; with regions probabilities, of which those
    // above 0.5 write their class in order, later over earlier. Throws Error(Input) for another number of volumes.
    Volume<std::int32_t> mapOf(const std::vector<Volume<float>>& outputs) const;

  private:
    std::vector<LabelEntry> entries_, regions_;
    std::vector<std::int32_t> regionsClassOrder_, all_;
    std::optional<std::int32_t> ignore_;
    bool hasRegions_ = false;
};

// One mask per label, in the order of `labels`.
std::vector<Volume<std::uint8_t>> oneHot(const Volume<std::int32_t>& map, const std::vector<std::int32_t>& labels);

}  // namespace fovea::plan::nnunet

#include "plan/nnunet/labels.h"

#include <algorithm>

#include "base/error.h"

namespace fovea::plan::nnunet {

namespace {

using nlohmann::ordered_json;

constexpr std::int32_t largestLabel = 65535;  // label files hold at most 16 bits

[[noreturn]] void refuse(Text text) { throw Error(ErrorKind::Input, std::move(text)); }

bool isBackground(const LabelEntry& entry) {
    return std::all_of(entry.values.begin(), entry.values.end(), [](std::int32_t v) { return v == 0; });
}

void checkEntry(const LabelEntry& entry) {
    if (entry.values.empty())
        refuse({FOVEA_TR("The label {name} has no number. Give it one, or a list of them."), {{"name", entry.name}}});
    for (const std::int32_t value : entry.values)
        if (value < 0 || value > largestLabel)
            refuse({FOVEA_TR("The label {name} is {value}. Labels are whole numbers from 0 to {most}."),
                    {{"name", entry.name}, {"value", std::to_string(value)}, {"most", std::to_string(largestLabel)}}});
}

std::int32_t labelFrom(const ordered_json& value, const std::string& name) {
    // Beyond 32 bits it is refused with the others that are too large.
    if (value.is_number_integer())
        return std::int32_t(std::clamp<std::int64_t>(value.get<std::int64_t>(), -1, 1 << 20));
    refuse({FOVEA_TR("The label {name} is {value}. Labels are whole numbers or lists of them."),
            {{"name", name},
             {"value", value.dump(-1, ' ', false, ordered_json::error_handler_t::replace).substr(0, 60)}}});
}

}  // namespace

Labels::Labels(std::vector<LabelEntry> entries, std::vector<std::int32_t> regionsClassOrder)
    : entries_(std::move(entries)), regionsClassOrder_(std::move(regionsClassOrder)) {
    hasRegions_ = std::any_of(entries_.begin(), entries_.end(), [](const auto& e) { return e.values.size() > 1; });
    bool background = false;
    for (const LabelEntry& entry : entries_) {
        checkEntry(entry);
        background = background || (entry.name == "background" && isBackground(entry));
        if (entry.name != "ignore")
            all_.insert(all_.end(), entry.values.begin(), entry.values.end());
        else if (entry.list)
            refuse(FOVEA_TR("The label ignore must be one number, not a list."));
        else
            ignore_ = entry.values.front();
        if (hasRegions_ && entry.name != "ignore" && !isBackground(entry)) regions_.push_back(entry);
    }
    if (!background) refuse(FOVEA_TR("There is no label background with the number 0. Add \"background\": 0."));
    std::sort(all_.begin(), all_.end());
    all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
    if (ignore_ && *ignore_ != all_.back() + 1)
        refuse({FOVEA_TR("The label ignore is {value}, but must be {want}: the largest other label and 1."),
                {{"value", std::to_string(*ignore_)}, {"want", std::to_string(all_.back() + 1)}}});
    if (hasRegions_ && regionsClassOrder_.size() != regions_.size())
        refuse({FOVEA_TR("There are {regions} regions, but regions_class_order names {order}. List one number for "
                         "each region, in the same order."),
                {{"regions", std::to_string(regions_.size())}, {"order", std::to_string(regionsClassOrder_.size())}}});
}

Labels Labels::fromJson(const ordered_json& labels, const ordered_json& classOrder) {
    if (!labels.is_object()) refuse(FOVEA_TR("The labels are no list of names with numbers."));
    std::vector<LabelEntry> entries;
    for (const auto& [name, value] : labels.items()) {
        LabelEntry entry{name, {}, value.is_array()};
        if (value.is_array())
            for (const ordered_json& one : value) entry.values.push_back(labelFrom(one, name));
        else
            entry.values.push_back(labelFrom(value, name));
        entries.push_back(std::move(entry));
    }
    std::vector<std::int32_t> order;
    if (!classOrder.is_null() && !classOrder.is_array()) refuse(FOVEA_TR("regions_class_order is no list of numbers."));
    for (const ordered_json& one : classOrder) order.push_back(labelFrom(one, "regions_class_order"));
    return Labels(std::move(entries), std::move(order));
}

ordered_json Labels::toJson() const {
    ordered_json json = ordered_json::object();
    for (const LabelEntry& entry : entries_)
        json[entry.name] = entry.list ? ordered_json(entry.values) : ordered_json(entry.values.front());
    return json;
}

std::vector<std::int32_t> Labels::foreground() const {
    std::vector<std::int32_t> labels = all_;
    std::erase(labels, 0);
    return labels;
}

void Labels::checkConsecutive() const {
    for (std::size_t i = 0; i < all_.size(); ++i)
        if (all_[i] != std::int32_t(i))
            refuse({FOVEA_TR("The label {missing} is left out. Number labels 0, 1, 2, … without a gap, in dataset.json "
                             "and in the label images."),
                    {{"missing", std::to_string(i)}}});
}

std::vector<Volume<std::uint8_t>> Labels::masks(const Volume<std::int32_t>& map) const {
    if (!hasRegions_) return oneHot(map, all_);
    std::vector<Volume<std::uint8_t>> result;
    for (const LabelEntry& region : regions_) {
        std::vector<std::uint8_t> member(std::size_t(all_.back()) + 1, 0);
        for (const std::int32_t value : region.values) member[std::size_t(value)] = 1;
        Volume<std::uint8_t> mask(map.shape());
        for (std::int64_t i = 0; i < map.size(); ++i) {
            const std::int32_t label = map.data()[i];
            mask.data()[i] = label >= 0 && std::size_t(label) < member.size() ? member[std::size_t(label)] : 0;
        }
        result.push_back(std::move(mask));
    }
    return result;
}

Volume<std::int32_t> Labels::mapOf(const std::vector<Volume<float>>& volumes) const {
    if (std::int64_t(volumes.size()) != outputs())
        refuse({FOVEA_TR("There are {n} outputs, the labels want {want}."),
                {{"n", std::to_string(volumes.size())}, {"want", std::to_string(outputs())}}});
    Volume<std::int32_t> map(volumes.front().shape());
    for (std::int64_t i = 0; i < map.size(); ++i) {
        std::size_t best = 0;
        for (std::size_t o = 0; o < volumes.size(); ++o) {
            const float value = volumes[o].data()[i];
            if (hasRegions_) {
                if (value > 0.5f) map.data()[i] = regionsClassOrder_[o];
            } else if (value > volumes[best].data()[i]) {
                best = o;
            }
        }
        if (!hasRegions_) map.data()[i] = all_[best];
    }
    return map;
}

std::vector<Volume<std::uint8_t>> oneHot(const Volume<std::int32_t>& map, const std::vector<std::int32_t>& labels) {
    std::vector<Volume<std::uint8_t>> masks;
    for (const std::int32_t label : labels) {
        Volume<std::uint8_t> mask(map.shape());
        for (std::int64_t i = 0; i < map.size(); ++i) mask.data()[i] = map.data()[i] == label;
        masks.push_back(std::move(mask));
    }
    return masks;
}

}  // namespace fovea::plan::nnunet

#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace fovea {

enum class OptionType { Bool, Int, Double, String, Choice, Path, Box };

const char* name(OptionType type);

// One option of a stage, engine or strategy, declared once: CLI flags, JSON check, form and README come from it.
struct OptionSpec {
    std::string name;  // "minutes": lower case, words joined by '_'
    OptionType type = OptionType::String;
    nlohmann::json defaultValue;  // of the right JSON type; Box and Path are strings
    Text help;                    // one sentence
    std::string unit = {};        // "min", "voxels", "µm"; empty when none
    std::optional<double> least = {}, most = {};
    std::vector<std::string> choices = {};  // for Choice
};

using OptionTable = std::vector<OptionSpec>;

// Checked values of one table. Every option of the table has a value.
class Options {
  public:
    Options() = default;
    // Defaults of the table.
    explicit Options(const OptionTable& table);
    // Defaults overwritten by `values`. Throws Error(Input) naming the option, the value, the range and, for an unknown
    // name, the nearest known one.
    Options(const OptionTable& table, const nlohmann::json& values);
    // "key=value" assignments, as on the command line.
    static Options fromAssignments(const OptionTable& table, const std::vector<std::string>& assignments);

    bool flag(std::string_view name) const;
    std::int64_t integer(std::string_view name) const;
    double number(std::string_view name) const;       // Int or Double
    std::string string(std::string_view name) const;  // String, Choice, Path, Box
    const nlohmann::json& json() const { return values_; }
    bool operator==(const Options& other) const { return values_ == other.values_; }

  private:
    nlohmann::json values_ = nlohmann::json::object();
};

// The table as JSON, for `stages --json` and forms.
nlohmann::json toJson(const OptionTable& table);

}  // namespace fovea

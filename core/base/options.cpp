#include "base/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace fovea {

using Json = nlohmann::json;  // Options has a member named json

const char* name(OptionType type) {
    switch (type) {
        case OptionType::Bool:
            return "bool";
        case OptionType::Int:
            return "int";
        case OptionType::Double:
            return "double";
        case OptionType::String:
            return "string";
        case OptionType::Choice:
            return "choice";
        case OptionType::Path:
            return "path";
        case OptionType::Box:
            break;
    }
    return "box";
}

namespace {

std::string numberText(double value) {
    return Json(value == std::floor(value) ? Json(std::int64_t(value)) : Json(value)).dump();
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

// What the option takes, for messages: "a whole number between 1 and 8 voxels".
std::string wanted(const OptionSpec& spec) {
    std::string text;
    switch (spec.type) {
        case OptionType::Bool:
            return "true or false";
        case OptionType::Choice:
            return "one of " + joined(spec.choices);
        case OptionType::String:
            return "text";
        case OptionType::Path:
            return "a path";
        case OptionType::Box:
            return "a box such as 0:20,0:512,0:512";
        case OptionType::Int:
            text = "a whole number";
            break;
        case OptionType::Double:
            text = "a number";
            break;
    }
    if (spec.least && spec.most)
        text += " between " + numberText(*spec.least) + " and " + numberText(*spec.most);
    else if (spec.least)
        text += " of at least " + numberText(*spec.least);
    else if (spec.most)
        text += " of at most " + numberText(*spec.most);
    return spec.unit.empty() ? text : text + " (" + spec.unit + ")";
}

[[noreturn]] void refuse(const OptionSpec& spec, const std::string& value) {
    throw Error(ErrorKind::Input, {FOVEA_TR("Option {name} cannot be {value}; it takes {wanted}."),
                                   {{"name", spec.name}, {"value", value}, {"wanted", wanted(spec)}}});
}

// Three comma-separated ranges, each "begin:end" with either side left out. Empty text means "no box".
bool isBoxText(const std::string& text) {
    if (text.empty()) return true;
    if (text.find_first_not_of("0123456789:, ") != std::string::npos) return false;
    return std::count(text.begin(), text.end(), ',') == 2 && std::count(text.begin(), text.end(), ':') == 3;
}

bool inRange(const OptionSpec& spec, double value) {
    return std::isfinite(value) && (!spec.least || value >= *spec.least) && (!spec.most || value <= *spec.most);
}

// The value in the JSON type of the option; refuses what does not fit. The default always fits.
Json checked(const OptionSpec& spec, const Json& value) {
    const bool isDefault = value == spec.defaultValue;
    switch (spec.type) {
        case OptionType::Bool:
            if (value.is_boolean()) return value;
            break;
        case OptionType::Int:
            if (value.is_number()) {
                const double number = value.get<double>();
                const bool whole = number == std::floor(number) && std::abs(number) <= 0x1p53;
                if ((value.is_number_integer() || whole) && (isDefault || inRange(spec, number)))
                    return Json(value.get<std::int64_t>());
            }
            break;
        case OptionType::Double:
            if (value.is_number() && (isDefault || inRange(spec, value.get<double>())))
                return Json(value.get<double>());
            break;
        case OptionType::Choice:
            if (value.is_string() && (isDefault || std::find(spec.choices.begin(), spec.choices.end(),
                                                             value.get<std::string>()) != spec.choices.end()))
                return value;
            break;
        case OptionType::String:
        case OptionType::Path:
            if (value.is_string()) return value;
            break;
        case OptionType::Box:
            if (value.is_string() && isBoxText(value.get<std::string>())) return value;
            break;
    }
    refuse(spec, value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

const OptionSpec& find(const OptionTable& table, const std::string& key) {
    std::vector<std::string> names;
    for (const OptionSpec& spec : table) {
        if (spec.name == key) return spec;
        names.push_back(spec.name);
    }
    if (names.empty())
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("There is no option {name}: nothing can be set here."), {{"name", key}}});
    const std::string near = nearest(key, names);
    if (!near.empty())
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("There is no option {name}. Did you mean {near}?"), {{"name", key}, {"near", near}}});
    throw Error(ErrorKind::Input, {FOVEA_TR("There is no option {name}. Known are: {names}."),
                                   {{"name", key}, {"names", joined(names)}}});
}

// The text of an assignment as the JSON value of the option's type.
Json parsed(const OptionSpec& spec, const std::string& text) {
    switch (spec.type) {
        case OptionType::Bool:
            for (const char* word : {"true", "yes", "on", "1"})
                if (text == word) return true;
            for (const char* word : {"false", "no", "off", "0"})
                if (text == word) return false;
            refuse(spec, text);
        case OptionType::Int:
        case OptionType::Double: {
            double number = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
            if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
                refuse(spec, '"' + text + '"');
            std::int64_t whole = 0;  // beyond 2^53 a double is not exact
            const auto [wholeEnd, wholeError] = std::from_chars(text.data(), text.data() + text.size(), whole);
            if (wholeError == std::errc() && wholeEnd == text.data() + text.size()) return whole;
            return number;
        }
        default:
            return text;
    }
}

}  // namespace

Options::Options(const OptionTable& table) : Options(table, Json::object()) {}

Options::Options(const OptionTable& table, const Json& values) {
    if (!values.is_object() && !values.is_null())
        throw Error(ErrorKind::Input, {FOVEA_TR("Options must be a JSON object of names and values, not {value}."),
                                       {{"value", values.dump(-1, ' ', false, Json::error_handler_t::replace)}}});
    for (const OptionSpec& spec : table) values_[spec.name] = checked(spec, spec.defaultValue);
    for (const auto& [key, value] : values.items()) values_[key] = checked(find(table, key), value);
}

Options Options::fromAssignments(const OptionTable& table, const std::vector<std::string>& assignments) {
    Json values = Json::object();
    for (const std::string& assignment : assignments) {
        const std::size_t equals = assignment.find('=');
        if (equals == std::string::npos || equals == 0)
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("\"{text}\" sets nothing. Write it as name=value."), {{"text", assignment}}});
        const std::string key = assignment.substr(0, equals);
        values[key] = parsed(find(table, key), assignment.substr(equals + 1));
    }
    return Options(table, values);
}

namespace {

const Json& valueOf(const Json& values, std::string_view key) {
    const auto found = values.find(std::string(key));
    if (found == values.end())
        throw Error(ErrorKind::Internal, {"option {name} is not in its table", {{"name", std::string(key)}}});
    return *found;
}

template <class T>
T valueAs(const Json& values, std::string_view key) {
    const Json& value = valueOf(values, key);
    try {
        return value.get<T>();
    } catch (const Json::exception&) {
        throw Error(ErrorKind::Internal, {"option {name} was asked for as another type", {{"name", std::string(key)}}});
    }
}

}  // namespace

bool Options::flag(std::string_view key) const { return valueAs<bool>(values_, key); }
std::int64_t Options::integer(std::string_view key) const { return valueAs<std::int64_t>(values_, key); }
double Options::number(std::string_view key) const { return valueAs<double>(values_, key); }
std::string Options::string(std::string_view key) const { return valueAs<std::string>(values_, key); }

Json toJson(const OptionTable& table) {
    Json rows = Json::array();
    for (const OptionSpec& spec : table) {
        Json row = {
            {"name", spec.name}, {"type", name(spec.type)}, {"default", spec.defaultValue}, {"help", spec.help.str()}};
        if (!spec.unit.empty()) row["unit"] = spec.unit;
        if (spec.least) row["least"] = *spec.least;
        if (spec.most) row["most"] = *spec.most;
        if (!spec.choices.empty()) row["choices"] = spec.choices;
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace fovea

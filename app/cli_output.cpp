#include <array>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "cli.h"

namespace fovea::app {

using nlohmann::json;

namespace {

std::string valueText(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_number_float()) return value.dump();
    std::ostringstream text;
    text << std::setprecision(4) << value.get<double>();
    return text.str();
}

std::string pairs(const json& object) {
    std::string text;
    for (const auto& [key, value] : object.items()) text += (text.empty() ? "" : "  ") + key + " " + valueText(value);
    return text;
}

}  // namespace

void Cli::say(const nlohmann::json& line, const std::string& human) const {
    std::cout << (json ? line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) : human) << std::endl;
}

void Cli::say(const nlohmann::json& line) const { say(line, pairs(line)); }

std::string stageText(const json& row) {
    std::ostringstream text;
    text << row.at("stage").get<std::string>() << "@" << row.at("round") << "  " << row.at("state").get<std::string>();
    if (const double seconds = row.value("seconds", 0.0); seconds >= 0.1)
        text << "  " << std::fixed << std::setprecision(1) << seconds << " s";
    if (row.contains("result") && !row["result"].empty()) text << "  " << pairs(row["result"]);
    if (row.contains("cases"))
        for (const auto& [id, one] : row["cases"].items())
            text << "\n    " << id << "  " << one.value("state", "") << "  "
                 << pairs(one.value("result", json::object()));
    return text.str();
}

const CLI::Validator notEmpty([](const std::string& word) { return word.empty() ? "is empty. Give a path" : ""; }, "");

const CLI::Validator notNegative(
    [](const std::string& word) { return word.starts_with('-') ? word + " is negative" : std::string(); }, "");

namespace {

template <class T>
std::array<T, 3> triple(const std::string& text, const char* what) {
    std::istringstream in(text);
    std::array<T, 3> v{};
    char comma1 = 0, comma2 = 0, rest = 0;
    if (!(in >> v[0] >> comma1 >> v[1] >> comma2 >> v[2]) || comma1 != ',' || comma2 != ',' || in >> rest ||
        !(v[0] > 0 && v[1] > 0 && v[2] > 0))
        throw UsageError({FOVEA_TR("\"{text}\" is no {what}. Write it as z,y,x."), {{"text", text}, {"what", what}}});
    return v;
}

}  // namespace

Index parseShape(const std::string& text) {
    const auto v = triple<std::int64_t>(text, "shape");
    return {v[0], v[1], v[2]};
}

Vec3 parseSpacing(const std::string& text) {
    const auto v = triple<double>(text, "voxel size");
    return {v[0], v[1], v[2]};
}

}  // namespace fovea::app

#include "project/case.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "data/tables.h"

namespace fovea::project {

using nlohmann::json;

namespace {

bool allowed(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_'; }

// Names a folder, so nothing that could leave it.
bool isCaseName(const std::string& id) {
    return !id.empty() && id.size() <= 120 && id.front() != '.' && std::all_of(id.begin(), id.end(), allowed);
}

}  // namespace

json toJson(const std::vector<CheckBox>& boxes) {
    json out = json::array();
    for (const CheckBox& one : boxes) out.push_back({{"box", toJson(one.box)}, {"guarded", toJson(one.guarded)}});
    return out;
}

std::vector<CheckBox> checkFromJson(const json& in) {
    std::vector<CheckBox> boxes;
    for (const json& one : in) boxes.push_back({boxFromJson(one.at("box")), boxFromJson(one.at("guarded"))});
    return boxes;
}

json toJson(const Case& c) {
    json out = {{"id", c.id},
                {"path", c.path},
                {"timepoint", c.timepoint},
                {"shape", {c.shape.z, c.shape.y, c.shape.x}},
                {"dtype", name(c.dtype)},
                {"channels", c.channels},
                {"identity", c.identity},
                {"modified", c.modified}};
    if (!c.channelNames.empty()) out["channel_names"] = c.channelNames;
    if (c.spacing) out["spacing"] = {c.spacing->z, c.spacing->y, c.spacing->x};
    if (c.test) {
        out["test"] = toJson(*c.test);
        out["guard"] = c.guard;
    }
    if (!c.check.empty()) out["check"] = toJson(c.check);
    return out;
}

Case caseFromJson(const json& in) {
    try {
        Case c;
        c.id = in.at("id").get<std::string>();
        c.path = in.at("path").get<std::string>();
        c.timepoint = in.value("timepoint", 0);
        c.channelNames = in.value("channel_names", std::vector<std::string>());
        const auto shape = in.at("shape").get<std::array<std::int64_t, 3>>();
        c.shape = {shape[0], shape[1], shape[2]};
        c.dtype = dtypeByName(in.at("dtype").get<std::string>());
        c.channels = in.value("channels", 1);
        c.identity = in.value("identity", "");
        c.modified = in.value("modified", std::int64_t(0));
        if (in.contains("spacing")) {
            const auto spacing = in["spacing"].get<std::array<double, 3>>();
            c.spacing = Vec3{spacing[0], spacing[1], spacing[2]};
        }
        if (in.contains("test")) c.test = boxFromJson(in["test"]);
        c.guard = in.value("guard", std::int64_t(0));
        if (in.contains("check")) c.check = checkFromJson(in["check"]);
        if (!isCaseName(c.id))
            throw Error(ErrorKind::Format, {FOVEA_TR("\"{id}\" is not a possible name of a case."), {{"id", c.id}}});
        return c;
    } catch (const json::exception& error) {
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("A case is described wrongly: {reason}."), {{"reason", error.what()}}});
    }
}

std::string caseName(const std::string& path) {
    std::filesystem::path p(path);
    if (!p.has_filename()) p = p.parent_path();  // "folder/"
    std::string stem = p.stem().string();
    for (const char* suffix : {".ome", ".nii", ".tar"})
        if (stem.size() > 4 && stem.ends_with(suffix)) stem.resize(stem.size() - 4);
    std::string id;
    for (const char c : stem) id += allowed(c) ? c : '_';
    id.erase(0, id.find_first_not_of("._-"));
    return id.empty() ? "image" : id.substr(0, 100);
}

}  // namespace fovea::project

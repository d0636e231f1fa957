#include "train/checkpoint.h"

#include <torch/types.h>

#include "base/error.h"
#include "base/json_text.h"

namespace fovea::train {

namespace {

// The first key whose value differs, "name: file 3, now 2".
std::string difference(const nlohmann::json& file, const nlohmann::json& now) {
    for (const auto& [key, value] : now.items())
        if (!file.contains(key) || file.at(key) != value) {
            const std::string was = file.contains(key) ? file.at(key).dump() : "nothing";
            return key + ": file " + was.substr(0, 80) + ", now " + value.dump().substr(0, 80);
        }
    return "settings";
}

}  // namespace

nn::State Checkpoint::group(const std::string& group) const {
    nn::State result;
    for (const auto& [name, tensor] : tensors)
        if (name.starts_with(group + ".")) result.emplace_back(name.substr(group.size() + 1), tensor);
    return result;
}

void Checkpoint::add(const std::string& group, const nn::State& state) {
    for (const auto& [name, tensor] : state) tensors.emplace_back(group + "." + name, tensor);
}

void saveCheckpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
    nn::saveState(path, checkpoint.tensors,
                  {{"identity", checkpoint.identity.dump()}, {"progress", checkpoint.progress.dump()}});
}

std::optional<Checkpoint> loadCheckpoint(const std::filesystem::path& path, const nlohmann::json& identity) {
    if (!std::filesystem::exists(path)) return std::nullopt;
    Checkpoint checkpoint;
    try {
        const auto about = nn::readAbout(path);
        checkpoint.identity = parseJson(about.at("identity"));
        checkpoint.progress = parseJson(about.at("progress"));
    } catch (const std::exception& error) {
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{path} is no training checkpoint, or damaged ({why}). Delete it to start the "
                              "training anew."),
                     {{"path", path.string()}, {"why", error.what()}}});
    }
    if (checkpoint.identity != identity)
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{path} is the checkpoint of another network or of other settings ({difference}). "
                              "Delete it to start anew, or go back to the old settings."),
                     {{"path", path.string()}, {"difference", difference(checkpoint.identity, identity)}}});
    checkpoint.tensors = nn::readState(path);
    return checkpoint;
}

}  // namespace fovea::train

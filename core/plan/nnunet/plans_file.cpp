#include "plan/nnunet/plans_file.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "plan/architecture.h"

namespace fovea::plan::nnunet {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t mostStages = 32;
constexpr std::int64_t mostFeatures = 65536;

[[noreturn]] void damaged(const std::string& why) {
    throw Error(ErrorKind::Format, {FOVEA_TR("The plans cannot be used ({why}). Plan the data set again, or get the "
                                             "file from where it comes from."),
                                    {{"why", why}}});
}

// Calls f and tells the JSON library's complaints in ours.
template <class F>
auto reading(F&& f) {
    try {
        return f();
    } catch (const nlohmann::json::exception& error) {
        damaged(error.what());
    }
}

const char* functionOf(Resampler resampler) {
    if (resampler == Resampler::Default) return "resample_data_or_seg_to_shape";
    return resampler == Resampler::None ? "no_resampling_hack" : "resample_torch_fornnunet";
}

ordered_json argumentsOf(Resampler resampler, bool labels, int order) {
    if (resampler == Resampler::None) return ordered_json::object();
    if (resampler == Resampler::Default)
        return {{"is_seg", labels}, {"order", order}, {"order_z", 0}, {"force_separate_z", nullptr}};
    ordered_json arguments = {{"is_seg", labels}, {"force_separate_z", false}, {"memefficient_seg_resampling", false}};
    if (resampler == Resampler::TorchSeparate) {
        arguments["force_separate_z"] = nullptr;
        arguments["separate_z_anisotropy_threshold"] = 3;
    }
    return arguments;
}

ordered_json configurationJson(const PlannedConfiguration& c, const ExperimentPlan& plan) {
    ConfigurationEntry entry;
    // Residual planners share what the default one preprocessed, where they resample as it does.
    const bool shared = plan.planner.residual && plan.planner.resampler == Resampler::Default && c.name != "3d_lowres";
    entry.dataIdentifier = (shared ? defaultPlanner().plansName : plan.plansName) + "_" + c.name;
    entry.batch = c.patch.batch;
    entry.patch = c.patch.pool.patch;
    entry.median = c.median;
    if (c.name == "3d_lowres") entry.median = Sizes(c.median.begin(), c.median.end());
    entry.spacing = c.spacing;
    entry.normalisations = plan.normalisations;
    entry.masked = plan.masked;
    entry.architecture = architectureJson(networkOf(c.patch.pool, c.patch.features, plan.planner.residual));
    entry.batchDice = c.batchDice;
    entry.resampler = plan.planner.resampler;
    ordered_json json = toJson(entry);
    if (c.name == "3d_lowres") json["next_stage"] = "3d_cascade_fullres";
    return json;
}

std::string lastComponent(const std::string& name) { return name.substr(name.rfind('.') + 1); }

}  // namespace

ordered_json toJson(const ConfigurationEntry& entry) {
    const char* const resample = functionOf(entry.resampler);
    return {{"data_identifier", entry.dataIdentifier},
            {"preprocessor_name", "DefaultPreprocessor"},
            {"batch_size", entry.batch},
            {"patch_size", entry.patch},
            {"median_image_size_in_voxels", entry.median},
            {"spacing", entry.spacing},
            {"normalization_schemes", entry.normalisations},
            {"use_mask_for_norm", entry.masked},
            {"resampling_fn_data", resample},
            {"resampling_fn_seg", resample},
            {"resampling_fn_data_kwargs", argumentsOf(entry.resampler, false, 3)},
            {"resampling_fn_seg_kwargs", argumentsOf(entry.resampler, true, 1)},
            {"resampling_fn_probabilities", resample},
            {"resampling_fn_probabilities_kwargs", argumentsOf(entry.resampler, false, 1)},
            {"architecture", entry.architecture},
            {"batch_dice", entry.batchDice}};
}

ordered_json plansJson(const ExperimentPlan& plan, const std::string& datasetName, const std::string& reader) {
    ordered_json configurations = ordered_json::object();
    for (const PlannedConfiguration& c : plan.configurations) configurations[c.name] = configurationJson(c, plan);
    if (plan.find("3d_lowres"))
        configurations["3d_cascade_fullres"] = {{"inherits_from", "3d_fullres"}, {"previous_stage", "3d_lowres"}};
    return {{"dataset_name", datasetName},
            {"plans_name", plan.plansName},
            {"original_median_spacing_after_transp", plan.medianSpacing},
            {"original_median_shape_after_transp", plan.medianShape},
            {"image_reader_writer", reader},
            {"transpose_forward", plan.transposeForward},
            {"transpose_backward", plan.transposeBackward},
            {"configurations", configurations},
            {"experiment_planner_used", plan.planner.name},
            {"label_manager", "LabelManager"},
            {"foreground_intensity_properties_per_channel", plan::toJson(plan.foreground)}};
}

void keepConfigurations(ordered_json& plans, const ordered_json& older) {
    const auto found = older.find("configurations");
    if (found == older.end() || !found->is_object()) return;
    for (const auto& [name, configuration] : found->items())
        if (!plans["configurations"].contains(name)) plans["configurations"][name] = configuration;
}

PlansFile::PlansFile(ordered_json plans) : json_(std::move(plans)) {
    if (!json_.is_object() || !json_.contains("configurations") || !json_["configurations"].is_object())
        damaged("there are no configurations");
}

PlansFile PlansFile::load(const std::filesystem::path& path) {
    ordered_json json = file::readOrderedJson(path);
    try {
        return PlansFile(std::move(json));
    } catch (Error& error) {
        throw error.context({FOVEA_TR("reading {path}"), {{"path", path.string()}}});
    }
}

std::vector<std::string> PlansFile::names() const {
    std::vector<std::string> names;
    for (const auto& [name, configuration] : json_["configurations"].items()) names.push_back(name);
    return names;
}

std::vector<Intensity> PlansFile::foreground() const {
    const char* key = "foreground_intensity_properties_per_channel";
    return reading([&] {
        const ordered_json& channels =
            json_.at(json_.contains(key) ? key : "foreground_intensity_properties_by_modality");
        return intensitiesFromJson(nlohmann::json(channels));
    });
}

ordered_json PlansFile::configuration(const std::string& name) const {
    std::vector<const ordered_json*> line;  // the configuration, what it inherits from, and so on
    std::set<std::string> seen;
    for (std::string next = name; !next.empty();) {
        const auto found = json_["configurations"].find(next);
        if (found == json_["configurations"].end() || !found->is_object())
            throw Error(ErrorKind::Input, {FOVEA_TR("The plans have no configuration {name}. They have: {known}."),
                                           {{"name", next}, {"known", ordered_json(names()).dump()}}});
        if (!seen.insert(next).second) damaged(next + " inherits from itself");
        line.push_back(&*found);
        next = reading([&] { return found->value("inherits_from", std::string()); });
    }
    ordered_json resolved = ordered_json::object();
    for (auto one = line.rbegin(); one != line.rend(); ++one) resolved.update(**one);
    if (!resolved.contains("architecture") && resolved.contains("UNet_class_name"))
        resolved["architecture"] = architectureOfOldPlans(resolved);
    return resolved;
}

std::string PlansFile::previousStage(const std::string& name) const {
    const ordered_json found = configuration(name).value("previous_stage", ordered_json());
    return reading([&] { return found.is_null() ? std::string() : found.get<std::string>(); });
}

std::vector<std::string> PlansFile::nextStages(const std::string& name) const {
    const ordered_json found = configuration(name).value("next_stage", ordered_json());
    return reading([&] {
        if (found.is_null()) return std::vector<std::string>();
        return found.is_array() ? found.get<std::vector<std::string>>() : std::vector{found.get<std::string>()};
    });
}

std::int64_t PlansFile::inputChannels(const std::string& name, const DatasetJson& dataset) const {
    const std::size_t extra = previousStage(name).empty() ? 0 : dataset.labels.foreground().size();
    return std::int64_t(dataset.channelNames.size() + extra);
}

ordered_json architectureOfOldPlans(const ordered_json& configuration) {
    return reading([&] {
        NetworkShape network;
        network.className = lastComponent(configuration.at("UNet_class_name").get<std::string>());
        if (network.className == "PlainConvUNet")
            network.className = plainUNet;
        else if (network.className == "ResidualEncoderUNet")
            network.className = "dynamic_network_architectures.architectures.residual_unet.ResidualEncoderUNet";
        else
            damaged("unknown network " + network.className);
        network.encoder = configuration.at("n_conv_per_stage_encoder").get<Sizes>();
        network.decoder = configuration.at("n_conv_per_stage_decoder").get<Sizes>();
        network.kernels = configuration.at("conv_kernel_sizes").get<std::vector<Sizes>>();
        network.strides = configuration.at("pool_op_kernel_sizes").get<std::vector<Sizes>>();
        const std::size_t stages = network.encoder.size(), dims = configuration.at("patch_size").size();
        const auto fits = [&](const std::vector<Sizes>& list) {
            return list.size() == stages && std::ranges::all_of(list, [&](const Sizes& s) { return s.size() == dims; });
        };
        if (stages < 1 || stages > mostStages || dims < 2 || dims > 3 || network.decoder.size() + 1 != stages ||
            !fits(network.kernels) || !fits(network.strides))
            damaged("its lists of stages have different lengths");
        const std::int64_t base = configuration.at("UNet_base_num_features").get<std::int64_t>(),
                           most = configuration.at("unet_max_num_features").get<std::int64_t>();
        if (base < 1 || base > mostFeatures || most < 1 || most > mostFeatures) damaged("its numbers of features");
        network.features = planFeatures(stages, base, most);
        return architectureJson(network);
    });
}

}  // namespace fovea::plan::nnunet

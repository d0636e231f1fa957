#include <cmath>

#include "base/error.h"
#include "plan/nnunet_preprocess.h"

namespace fovea::plan {

namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorKind::Format,
                {FOVEA_TR("The plans cannot be used: {why}. Use a plans file written by nnU-Net."), {{"why", why}}});
}

// A configuration with everything it inherits.
json resolved(const json& configurations, const std::string& name, int depth = 0) {
    if (!configurations.contains(name)) refuse("there is no configuration " + name);
    if (depth > 16) refuse("configuration " + name + " inherits from itself");
    json own = configurations.at(name);
    if (!own.contains("inherits_from")) return own;
    json result = resolved(configurations, own.at("inherits_from").get<std::string>(), depth + 1);
    result.update(own);
    return result;
}

constexpr const char *defaultResampler = "resample_data_or_seg_to_shape", *torchResampler = "resample_torch_fornnunet",
                     *noResampler = "no_resampling_hack";

// `what` is data, seg or probabilities.
std::string resamplerOf(const json& configuration, const std::string& what) {
    const std::string function = configuration.value("resampling_fn_" + what, std::string(defaultResampler));
    for (const char* known : {defaultResampler, torchResampler, noResampler})
        if (function == known) return function;
    throw Error(
        ErrorKind::Unsupported,
        {FOVEA_TR("The plans resample with {name} (resampling_fn_{what}), which is not available here. Plan with "
                  "one of nnU-Net's own: {default} (ExperimentPlanner), {torch} (…_torchres) or {none} "
                  "(…_noResampling)."),
         {{"name", function},
          {"what", what},
          {"default", defaultResampler},
          {"torch", torchResampler},
          {"none", noResampler}}});
}

// An option that some of nnU-Net's resamplers have and its plans never change.
void requireUsual(const json& options, const std::string& what, const char* name, const json& usual) {
    if (const json value = options.value(name, usual); value != usual)
        throw Error(
            ErrorKind::Unsupported,
            {FOVEA_TR("resampling_fn_{what}_kwargs of the plans say {name} = {value}; only {usual} is available "
                      "here. Change it, and preprocess and train again."),
             {{"what", what}, {"name", name}, {"value", value.dump()}, {"usual", usual.dump()}}});
}

ResampleRule resampler(const json& configuration, const std::string& what, int order) {
    const bool torch = resamplerOf(configuration, what) == torchResampler;
    const json options = configuration.value("resampling_fn_" + what + "_kwargs", json::object());
    ResampleRule rule{order, 0, {}, true};
    requireUsual(options, what, "separate_z_anisotropy_threshold", 3);
    if (torch) {
        requireUsual(options, what, "memefficient_seg_resampling", false);
        requireUsual(options, what, "mode", "linear");
        requireUsual(options, what, "aniso_axis_mode", "nearest-exact");
        rule.order = 1;
        rule.nearestBreaksTies = false;
    } else {
        rule.order = options.value("order", order);
        rule.orderAcross = options.value("order_z", 0);
    }
    const json forced = options.value("force_separate_z", json());
    if (!forced.is_null()) rule.separateForced = forced.get<bool>();
    return rule;
}

// Whether nothing is resampled: images, labels and predictions alike, else their grids would differ.
bool keepsGrid(const json& configuration) {
    int keeping = 0;
    for (const char* what : {"data", "seg", "probabilities"})
        keeping += resamplerOf(configuration, what) == noResampler;
    if (keeping == 1 || keeping == 2)
        throw Error(ErrorKind::Unsupported,
                    {FOVEA_TR("The plans resample only some of images, labels and predictions, which then do not fit "
                              "together. Use {none} for all three or for none."),
                     {{"none", noResampler}}});
    return keeping == 3;
}

Intensity intensityOf(const json& entry) {
    Intensity result;
    result.mean = entry.at("mean"), result.std = entry.at("std");
    result.percentile005 = entry.at("percentile_00_5"), result.percentile995 = entry.at("percentile_99_5");
    return result;
}

std::vector<ChannelRule> channelRules(const json& plans, const json& configuration) {
    const char* const key = plans.contains("foreground_intensity_properties_per_channel")
                                ? "foreground_intensity_properties_per_channel"
                                : "foreground_intensity_properties_by_modality";
    const json& schemes = configuration.at("normalization_schemes");
    const json masks = configuration.value("use_mask_for_norm", json::array());
    std::vector<ChannelRule> rules;
    for (std::size_t c = 0; c < schemes.size(); ++c) {
        ChannelRule rule{channelSchemeByName(schemes.at(c)), c < masks.size() && masks.at(c).get<bool>(), {}};
        if (rule.scheme == ChannelScheme::Percentile)
            throw Error(ErrorKind::Unsupported,
                        FOVEA_TR("PercentileNormalization is none of nnU-Net's: its plans cannot "
                                 "be preprocessed as nnU-Net would. Choose another normalisation."));
        if (rule.scheme == ChannelScheme::Ct) rule.foreground = intensityOf(plans.at(key).at(std::to_string(c)));
        rules.push_back(rule);
    }
    return rules;
}

AxisOrder axisOrder(const json& forward) {
    AxisOrder order;
    int seen = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        order.forward[axis] = forward.at(axis);
        if (order.forward[axis] >= 0 && order.forward[axis] < 3) seen |= 1 << order.forward[axis];
    }
    if (forward.size() != 3 || seen != 7) refuse("transpose_forward is no order of three axes");
    return order;
}

}  // namespace

PreprocessRule preprocessRule(const json& plans, const std::string& configuration) {
    try {
        const json own = resolved(plans.at("configurations"), configuration);
        PreprocessRule rule;
        rule.order = axisOrder(plans.at("transpose_forward"));
        rule.spacing = own.at("spacing").get<std::vector<double>>();
        if (rule.spacing.size() != 2 && rule.spacing.size() != 3) refuse("spacing has not 2 or 3 entries");
        for (const double spacing : rule.spacing)
            if (!(spacing > 0) || !std::isfinite(spacing)) refuse("spacing is not positive");
        rule.channels = channelRules(plans, own);
        rule.keepsGrid = keepsGrid(own);
        rule.image = resampler(own, "data", 3);
        rule.labels = resampler(own, "seg", 1);
        rule.logits = resampler(own, "probabilities", 1);
        return rule;
    } catch (const json::exception& error) {
        refuse(error.what());
    }
}

}  // namespace fovea::plan

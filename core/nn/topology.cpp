#include "nn/topology.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "plan/architecture.h"

namespace fovea::nn {

namespace {

using Json = nlohmann::json;

constexpr std::int64_t mostStages = 12, mostFeatures = 8192, mostChannels = 4096, mostConvs = 64;

[[noreturn]] void refuse(const std::string& what, const std::string& value) {
    throw Error(ErrorKind::Input,
                Text(FOVEA_TR("The network description does not fit together: {what} ({value}). Make a new plan."),
                     {{"what", what}, {"value", value}}));
}

[[noreturn]] void damaged(const std::string& what) {
    throw Error(ErrorKind::Format,
                Text(FOVEA_TR("The network description is damaged: {what}. Make a new plan."), {{"what", what}}));
}

void within(const char* what, std::int64_t value, std::int64_t least, std::int64_t most) {
    if (value < least || value > most) refuse(what, std::to_string(value));
}

void checkTriples(const char* what, const std::vector<std::vector<std::int64_t>>& rows, const Topology& t, bool odd) {
    if (rows.size() != t.stages())
        refuse(std::string(what) + " needs one entry per stage", std::to_string(rows.size()));
    for (const auto& row : rows) {
        if (int(row.size()) != t.dims)
            refuse(std::string(what) + " needs one number per axis", std::to_string(row.size()));
        for (std::int64_t v : row) {
            within(what, v, 1, 31);
            if (odd && v % 2 == 0) refuse(std::string(what) + " must be odd", std::to_string(v));
        }
    }
}

void checkCounts(const char* what, const std::vector<std::int64_t>& counts, std::size_t wanted) {
    if (counts.size() != wanted)
        refuse(std::string(what) + " has a wrong number of entries", std::to_string(counts.size()));
    for (std::int64_t v : counts) within(what, v, 1, mostConvs);
}

struct NetworkClass {
    EncoderKind encoder;
    const char* name;
    const char* countKey;
};
constexpr NetworkClass networkClasses[] = {{EncoderKind::Plain, "PlainConvUNet", "n_conv_per_stage"},
                                           {EncoderKind::Residual, "ResidualEncoderUNet", "n_blocks_per_stage"}};

// By the last part of the name alone: old plans name a module that is no longer there.
const NetworkClass& classFor(const std::string& dotted) {
    const std::string wanted = dotted.substr(dotted.rfind('.') + 1);
    for (const NetworkClass& known : networkClasses)
        if (wanted == known.name) return known;
    throw Error(ErrorKind::Unsupported,
                Text(FOVEA_TR("The plan asks for the network {network}; PlainConvUNet and ResidualEncoderUNet are "
                              "built in. Plan again with one of these."),
                     {{"network", dotted}}));
}

// Everything that planners write is the same in all plans; what somebody changed by hand must not be ignored.
void checkParts(const Json& kwargs) {
    const auto refuseUnless = [&](const char* key, bool fits) {
        if (fits) return;
        throw Error(ErrorKind::Unsupported,
                    Text(FOVEA_TR("The plan asks for {key} = {value}, which the networks here do not have. Plan again "
                                  "with a stock planner."),
                         {{"key", key}, {"value", kwargs.at(key).dump()}}));
    };
    const auto names = [&](const char* key, const char* word) {
        return !kwargs.contains(key) ||
               (kwargs[key].is_string() && kwargs[key].get<std::string>().find(word) != std::string::npos);
    };
    refuseUnless("norm_op", names("norm_op", "InstanceNorm"));
    refuseUnless("nonlin", names("nonlin", "LeakyReLU"));
    refuseUnless("dropout_op", !kwargs.contains("dropout_op") || kwargs["dropout_op"].is_null());
    refuseUnless("conv_bias", kwargs.value("conv_bias", true));
}

// Old plans give one number for all stages.
std::vector<std::int64_t> countsFrom(const Json& json, std::size_t entries) {
    if (json.is_number_integer())
        return std::vector<std::int64_t>(std::min<std::size_t>(entries, mostStages), json.get<std::int64_t>());
    return json.get<std::vector<std::int64_t>>();
}

}  // namespace

std::vector<std::int64_t> Topology::divisor() const {
    std::vector<std::int64_t> result(std::size_t(dims), 1);
    for (const auto& stride : strides)
        for (int a = 0; a < dims; ++a) result[std::size_t(a)] *= stride[std::size_t(a)];
    return result;
}

void Topology::check() const {
    if (dims != 2 && dims != 3) refuse("dims must be 2 or 3", std::to_string(dims));
    within("input channels", inChannels, 1, mostChannels);
    within("output channels", outChannels, 1, mostChannels);
    within("stages", std::int64_t(stages()), 2, mostStages);
    for (std::int64_t f : features) within("features", f, 1, mostFeatures);
    checkTriples("kernel sizes", kernels, *this, true);
    checkTriples("strides", strides, *this, false);
    if (std::any_of(strides.front().begin(), strides.front().end(), [](std::int64_t s) { return s != 1; }))
        refuse("the first stage must not have a stride", std::to_string(strides.front().front()));
    checkCounts("convolutions or blocks per encoder stage", encoderConvs, stages());
    checkCounts("convolutions per decoder stage", decoderConvs, stages() - 1);
}

Topology topologyFromArchitecture(const Json& architecture, std::int64_t inChannels, std::int64_t outChannels) {
    Topology t;
    try {
        const NetworkClass& network = classFor(architecture.at("network_class_name").get<std::string>());
        const Json& kwargs = architecture.at("arch_kwargs");
        checkParts(kwargs);
        const auto conv = kwargs.at("conv_op").get<std::string>();
        if (!conv.ends_with("Conv2d") && !conv.ends_with("Conv3d")) damaged("conv_op is " + conv);
        t.encoder = network.encoder;
        t.dims = conv.ends_with("Conv2d") ? 2 : 3;
        t.inChannels = inChannels;
        t.outChannels = outChannels;
        t.features = kwargs.at("features_per_stage").get<std::vector<std::int64_t>>();
        t.kernels = kwargs.at("kernel_sizes").get<std::vector<std::vector<std::int64_t>>>();
        t.strides = kwargs.at("strides").get<std::vector<std::vector<std::int64_t>>>();
        if (kwargs.at("n_stages").get<std::size_t>() != t.features.size())
            damaged("n_stages does not match features_per_stage");
        t.encoderConvs = countsFrom(kwargs.at(network.countKey), t.features.size());
        t.decoderConvs =
            countsFrom(kwargs.at("n_conv_per_stage_decoder"), std::max<std::size_t>(t.features.size(), 1) - 1);
    } catch (const Json::exception& e) {
        damaged(e.what());
    }
    t.check();
    return t;
}

Json toArchitecture(const Topology& t) {
    return plan::architectureJson({t.encoder == EncoderKind::Residual ? plan::residualUNet : plan::plainUNet,
                                   t.features, t.kernels, t.strides, t.encoderConvs, t.decoderConvs});
}

Json toJson(const Topology& t) {
    return {{"architecture", toArchitecture(t)}, {"in_channels", t.inChannels}, {"out_channels", t.outChannels}};
}

Topology topologyFromJson(const Json& json) {
    try {
        return topologyFromArchitecture(json.at("architecture"), json.at("in_channels").get<std::int64_t>(),
                                        json.at("out_channels").get<std::int64_t>());
    } catch (const Json::exception& e) {
        damaged(e.what());
    }
}

}  // namespace fovea::nn

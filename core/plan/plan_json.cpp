// plan.json: nnU-Net's plans layout (spec section 2.12) for one configuration, ours under "fovea".
#include "base/error.h"
#include "base/file.h"
#include "plan/nnunet/plans_file.h"
#include "plan/planner.h"

namespace fovea::plan {

namespace {

using nlohmann::json;

json configurationOf(const Plan& plan) {
    nnunet::ConfigurationEntry entry;
    entry.dataIdentifier = "foveaPlans_" + plan.configuration;
    entry.batch = plan.batch;
    entry.patch = plan.patch;
    for (int axis = 3 - plan.dims(); axis < 3; ++axis) entry.median.push_back(double(plan.medianShape[axis]));
    entry.spacing = plan.spacing;
    for (ChannelScheme scheme : plan.schemes) entry.normalisations.push_back(name(scheme));
    entry.masked.assign(plan.schemes.size(), false);
    entry.architecture = plan.architecture;
    entry.batchDice = plan.batchDice;
    return nnunet::toJson(entry);
}

json normsOf(const Plan& plan) {
    json norms = json::object();
    for (const CaseNorm& one : plan.norms)
        for (const ChannelNorm& c : one.channels)
            norms[one.id].push_back(
                {{"lower", c.lower}, {"upper", c.upper}, {"subtract", c.subtract}, {"scale", c.scale}});
    return norms;
}

json foveaOf(const Plan& plan) {
    json choices = json::array();
    for (const Choice& choice : plan.choices) {
        json args = json::object();
        for (const auto& [key, value] : choice.reason.args) args[key] = value;
        choices.push_back(
            {{"what", choice.what}, {"value", choice.value}, {"reason", choice.reason.pattern}, {"args", args}});
    }
    json labels = {{"background", 0}};
    if (plan.boundary)
        labels["interior"] = 1, labels["border"] = 2;
    else
        labels["foreground"] = 1;
    return {{"configuration", plan.configuration},
            {"boundary", plan.boundary},
            {"border_radius", {plan.borderRadius.z, plan.borderRadius.y, plan.borderRadius.x}},
            {"labels", labels},
            {"iterations", plan.iterations},
            {"pretrain_iterations", plan.pretrainIterations},
            {"minutes", plan.minutes},
            {"compute", plan.compute},
            {"seconds_per_step", plan.secondsPerStep},
            {"norms", normsOf(plan)},
            {"choices", choices}};
}

Index indexFrom(const json& list) { return {list.at(0), list.at(1), list.at(2)}; }

void readConfiguration(const json& configuration, Plan& plan) {
    plan.batch = configuration.at("batch_size");
    plan.patch = configuration.at("patch_size").get<Sizes>();
    plan.spacing = configuration.at("spacing").get<std::vector<double>>();
    for (const auto& scheme : configuration.at("normalization_schemes"))
        plan.schemes.push_back(channelSchemeByName(scheme.get<std::string>()));
    plan.architecture = configuration.at("architecture");
    plan.batchDice = configuration.at("batch_dice");
    bool fits = (plan.patch.size() == 2 || plan.patch.size() == 3) && plan.batch >= 1 && plan.batch <= 65536;
    for (std::int64_t edge : plan.patch) fits = fits && edge >= 1 && edge <= 65536;
    if (!fits) throw Error(ErrorKind::Format, FOVEA_TR("The plan's patch or batch size makes no sense. Plan again."));
}

void readFovea(const json& own, Plan& plan) {
    plan.boundary = own.at("boundary");
    plan.borderRadius = indexFrom(own.at("border_radius"));
    plan.iterations = own.at("iterations");
    plan.pretrainIterations = own.at("pretrain_iterations");
    plan.minutes = own.at("minutes");
    plan.compute = own.at("compute");
    plan.secondsPerStep = own.at("seconds_per_step");
    for (const auto& [id, channels] : own.at("norms").items()) {
        CaseNorm norm{id, {}};
        for (const json& c : channels)
            norm.channels.push_back({c.at("lower"), c.at("upper"), c.at("subtract"), c.at("scale")});
        plan.norms.push_back(std::move(norm));
    }
    for (const json& c : own.at("choices")) {
        Choice choice{c.at("what"), c.at("value"), Text(c.at("reason").get<std::string>())};
        for (const auto& [key, value] : c.at("args").items())
            choice.reason.args.emplace_back(key, value.get<std::string>());
        plan.choices.push_back(std::move(choice));
    }
}

}  // namespace

json toJson(const Plan& plan) {
    const Index m = plan.medianShape;
    std::vector<double> spacing = plan.spacing;
    if (spacing.size() == 2) spacing.insert(spacing.begin(), 1.0);
    return {{"dataset_name", plan.dataset},
            {"plans_name", "foveaPlans"},
            {"original_median_spacing_after_transp", spacing},
            {"original_median_shape_after_transp", {m.z, m.y, m.x}},
            {"image_reader_writer", "Tiff3DIO"},
            {"transpose_forward", {0, 1, 2}},
            {"transpose_backward", {0, 1, 2}},
            {"configurations", {{plan.configuration, configurationOf(plan)}}},
            {"experiment_planner_used", "FoveaPlanner"},
            {"label_manager", "LabelManager"},
            {"foreground_intensity_properties_per_channel", toJson(plan.foreground)},
            {"fovea", foveaOf(plan)}};
}

Plan planFromJson(const json& json) {
    try {
        Plan plan;
        plan.dataset = json.at("dataset_name");
        plan.medianShape = indexFrom(json.at("original_median_shape_after_transp"));
        const auto& own = json.at("fovea");
        plan.configuration = own.at("configuration");
        readConfiguration(json.at("configurations").at(plan.configuration), plan);
        plan.foreground = intensitiesFromJson(json.at("foreground_intensity_properties_per_channel"));
        readFovea(own, plan);
        return plan;
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Format, {FOVEA_TR("The plan is damaged ({why}). Plan again."), {{"why", error.what()}}});
    }
}

void savePlan(const std::filesystem::path& path, const Plan& plan) { file::writeJson(path, toJson(plan)); }

Plan loadPlan(const std::filesystem::path& path) {
    try {
        return planFromJson(file::readJson(path));
    } catch (Error& error) {
        throw error.context({FOVEA_TR("reading {path}"), {{"path", path.string()}}});
    }
}

}  // namespace fovea::plan

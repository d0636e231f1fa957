#include "services.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>

#include "base/file.h"
#include "base/log.h"
#include "data/synthetic.h"
#include "models/weights.h"
#include "nn/device.h"
#include "plugins/builtin.h"
#include "versions.h"

namespace fovea::app {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

class PromptEngines {
  public:
    explicit PromptEngines(stage::SamWeights sam) : sam_(std::move(sam)), named_(sam_.file.string()) {
        if (const char* named = std::getenv("FOVEA_SAM_WEIGHTS"); named_.empty() && named) named_ = named;
    }

    std::vector<std::shared_ptr<const segment::PromptEngine>> now() {
        const std::lock_guard lock(mutex_);
        const models::Weights found = weights();
        if (const State state = stateOf(found.model); engines_.empty() || state != state_) {
            state_ = state;
            sam_.file = found.model;
            sam_.name = found.title;
            engines_ = stage::promptEngines(sam_);
        }
        return engines_;
    }

  private:
    // Another file under the same name is another model.
    struct State {
        fs::path file;
        std::uintmax_t bytes = 0;
        fs::file_time_type written;
        bool operator==(const State&) const = default;
    };
    static State stateOf(const fs::path& file) {
        std::error_code absent;
        State state{file, fs::file_size(file, absent), {}};
        if (absent) return {};
        state.written = fs::last_write_time(file, absent);
        return state;
    }

    models::Weights weights() {
        try {
            return models::findWeights(named_, models::Role::Prompts);
        } catch (const Error& error) {  // prompts work without any
            if (!named_.empty() && !told_) log::error(error.what());
            told_ = true;
            return {};
        }
    }

    std::mutex mutex_;
    stage::SamWeights sam_;
    std::string named_;
    bool told_ = false;
    State state_;
    std::vector<std::shared_ptr<const segment::PromptEngine>> engines_;
};

}  // namespace

Services makeServices(stage::SamWeights sam) {
    Services services;
    for (const plugin::Plugin& plugin : plugins::builtIn())
        services.extensions.strategies.insert(services.extensions.strategies.end(), plugin.strategies.begin(),
                                              plugin.strategies.end());
    services.stages = stage::stages(services.extensions);
    services.opener = openImage;
    services.promptEngines = [engines = std::make_shared<PromptEngines>(std::move(sam))] { return engines->now(); };
    return services;
}

nnunet::Files nnunetFiles() {
    return {[](const std::filesystem::path& path) { return openImage(path.string(), 0, {}); },
            [](const std::filesystem::path& path, const ImageSource& labels, Job& job) {
                writeImage(path, labels, true, job);
            },
            [](const std::filesystem::path& path, const ImageSource& image, Job& job) {
                writeImage(path, image, false, job);
            }};
}

Text CommittedLabels::text() const {
    return {FOVEA_TR("Labels committed in {patches} patches; {already} were complete before. {accepted} objects "
                     "accepted and {rejected} rejected outside of them."),
            {{"patches", std::to_string(patches)},
             {"already", std::to_string(already)},
             {"accepted", std::to_string(accepted)},
             {"rejected", std::to_string(rejected)}}};
}

json toJson(const CommittedLabels& committed) {
    return {{"patches", committed.patches},
            {"already", committed.already},
            {"accepted", committed.accepted},
            {"rejected", committed.rejected}};
}

std::string deviceByName(const std::string& wanted) { return nn::findDevice(wanted).name; }

namespace {

const char* name(project::Scope scope) { return scope == project::Scope::Case ? "case" : "project"; }

const char* name(project::Rounds rounds) {
    switch (rounds) {
        case project::Rounds::Zero:
            return "zero";
        case project::Rounds::Later:
            return "later";
        case project::Rounds::Any:
            break;
    }
    return "any";
}

const char* name(project::From from) {
    switch (from) {
        case project::From::Same:
            return "same";
        case project::From::Before:
            return "before";
        case project::From::Base:
            return "base";
        case project::From::InUse:
            return "in-use";
        case project::From::Earlier:
            return "earlier";
        case project::From::Latest:
            break;
    }
    return "latest";
}

}  // namespace

json describeStages(const Services& services) {
    json rows = json::array();
    for (const project::Stage& stage : services.stages) {
        json needs = json::array();
        for (const project::Need& need : stage.needs)
            needs.push_back({{"kind", need.kind}, {"from", name(need.from)}, {"optional", need.optional}});
        rows.push_back({{"id", stage.id},
                        {"title", stage.title.str()},
                        {"help", stage.help.str()},
                        {"scope", name(stage.scope)},
                        {"rounds", name(stage.rounds)},
                        {"needs", needs},
                        {"makes", stage.makes},
                        {"options", toJson(stage.options)}});
    }
    return {{"stages", rows}};
}

std::string stagesAsMarkdown(const Services& services) {
    std::string text = "| stage | what it does | needs | makes | options |\n|---|---|---|---|---|\n";
    for (const project::Stage& stage : services.stages) {
        std::string needs, options;
        for (const project::Need& need : stage.needs)
            if (!need.optional) needs += (needs.empty() ? "" : ", ") + need.kind;
        for (const OptionSpec& spec : stage.options) options += (options.empty() ? "`" : ", `") + spec.name + "`";
        text += "| `" + stage.id + "` | " + stage.help.str() + " | " + needs + " | " + stage.makes + " | " + options +
                " |\n";
    }
    return text;
}

json describeModels(const Services& services) {
    json rows = json::array();
    const auto add = [&](const auto& engine, const char* use) {
        rows.push_back({{"id", engine->id()},
                        {"title", engine->title().str()},
                        {"use", use},
                        {"embedded", true},
                        {"ready", true}});
    };
    for (const auto& labeler : services.extensions.pseudoLabelers) {
        const OptionTable options = labeler->options();
        const bool needsWeights = std::any_of(options.begin(), options.end(),
                                              [](const OptionSpec& spec) { return spec.name.ends_with("weights"); });
        if (!needsWeights) add(labeler, "pseudo-labels");
    }
    add(segment::geodesicEngine(), "prompts");
    for (const auto& strategy : services.extensions.strategies) add(strategy, "query");
    return {{"models", rows}};
}

json describePlugins(const Services& services) {
    json rows = json::array();
    const stage::Extensions builtIn;
    for (const auto& labeler : services.extensions.pseudoLabelers)
        if (std::find(builtIn.pseudoLabelers.begin(), builtIn.pseudoLabelers.end(), labeler) ==
            builtIn.pseudoLabelers.end())
            rows.push_back({{"id", labeler->id()}, {"kind", "pseudo-labeler"}, {"title", labeler->title().str()}});
    for (const auto& strategy : services.extensions.strategies)
        if (std::find(builtIn.strategies.begin(), builtIn.strategies.end(), strategy) == builtIn.strategies.end())
            rows.push_back({{"id", strategy->id()}, {"kind", "query-strategy"}, {"title", strategy->title().str()}});
    return {{"plugins", rows}};
}

std::string versionText() {
    std::string text = "fovea " FOVEA_VERSION "\n";
    text += "libtorch " + nn::torchVersion() + "\n" FOVEA_LIBRARY_VERSIONS;
    for (const nn::DeviceInfo& device : nn::devices()) text += "device " + device.name + " (" + device.model + ")\n";
    if (const std::string why = nn::whyNoGpu(); !why.empty()) text += "no graphics card: " + why + "\n";
    return text;
}

SamplePaths writeSample(const fs::path& folder, const std::string& kind, Index shape, std::uint64_t seed, Job& job) {
    JobPart inventing(job, 0, 0.8), writingImage(job, 0.8, 0.9), writingTruth(job, 0.9, 1);
    const SamplePaths paths{folder / "image.zarr", folder / "truth.zarr"};
    SyntheticSample sample = makeSample(kind, shape, seed, inventing);
    sample.truth.geometry = sample.image.geometry;
    file::makeFolder(folder);
    file::remove(paths.image);
    file::remove(paths.truth);
    try {
        writeImage(paths.image, MemoryImage({AnyVolume::from(sample.image)}), false, writingImage);
        writeImage(paths.truth, MemoryImage({AnyVolume::from(sample.truth)}), true, writingTruth);
    } catch (...) {  // half a sample would pass for a whole one
        file::remove(paths.image);
        file::remove(paths.truth);
        throw;
    }
    return paths;
}

}  // namespace fovea::app

#include <iostream>
#include "base/file.h"

#include "cli.h"

namespace fovea::app {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

json describe(const ImageSource& image) {
    const ImageInfo& info = image.info();
    json levels = json::array();
    for (const LevelInfo& level : info.levels)
        levels.push_back({{"shape", {level.shape.z, level.shape.y, level.shape.x}},
                          {"spacing", {level.spacing.z, level.spacing.y, level.spacing.x}}});
    const Index shape = info.shape();
    const Vec3 spacing = info.geometry.spacing;
    return {{"path", info.path},
            {"format", info.format},
            {"dtype", name(info.dtype)},
            {"shape", {shape.z, shape.y, shape.x}},
            {"channels", info.channels},
            {"channel_names", info.channelNames},
            {"timepoints", info.timepoints},
            {"spacing", {spacing.z, spacing.y, spacing.x}},
            {"spacing_known", info.geometry.known},
            {"levels", levels}};
}

// A list for people: one line per row, its id and title.
std::string listText(const json& lists) {
    std::string text;
    for (const auto& [name, rows] : lists.items())
        for (const json& row : rows) text += row.at("id").get<std::string>() + "  " + row.value("title", "") + "\n";
    return text.empty() ? "none" : text.substr(0, text.size() - 1);
}

void addList(CLI::App& app, Cli& cli, const char* name, const char* help, const std::function<json()>& describeAll) {
    app.add_subcommand(name, help)->callback([&cli, describeAll] {
        const json lists = describeAll();
        cli.say(lists, listText(lists));
    });
}

struct SampleArguments {
    std::string kind = "em", shape = "20,256,256", out;
};

struct ConvertArguments {
    std::string in, out;
    bool labels = false;
    int timepoint = 0;
};

}  // namespace

void addToolCommands(CLI::App& app, Cli& cli) {
    addList(app, cli, "stages", "Lists the stages and their options", [&cli] { return describeStages(cli.services); });
    app.add_subcommand("stages-table", "The stages as the README's table")->callback([&cli] {
        std::cout << stagesAsMarkdown(cli.services);
    });
    addList(app, cli, "formats", "Lists file formats", describeFormats);
    addList(app, cli, "plugins", "Lists plug-ins", [&cli] { return describePlugins(cli.services); });

    auto info = std::make_shared<ConvertArguments>();
    CLI::App* command = app.add_subcommand("info", "Says what an image file holds");
    command->add_option("file", info->in, "Image")->check(notEmpty)->required();
    command->add_option("--timepoint", info->timepoint, "Point in time, from 0");
    command->callback([&cli, info] { cli.say(describe(*openImage(info->in, info->timepoint, {}))); });

    auto convert = std::make_shared<ConvertArguments>();
    command = app.add_subcommand("convert", "Writes an image in another format, told by the suffix");
    command->add_option("in", convert->in, "Image")->check(notEmpty)->required();
    command->add_option("out", convert->out, "New file")->check(notEmpty)->required();
    command->add_flag("--labels", convert->labels, "The image holds object numbers");
    command->add_option("--timepoint", convert->timepoint, "Point in time, from 0");
    command->callback([&cli, convert] {
        writeImage(convert->out, *openImage(convert->in, convert->timepoint, {}), convert->labels, cli.job);
        cli.say({{"state", "done"}, {"path", fs::absolute(convert->out).string()}}, convert->out);
    });

    auto sample = std::make_shared<SampleArguments>();
    command = app.add_subcommand("sample", "Invents a volume with exact truth");
    command->add_option("--kind", sample->kind, "em or nuclei")
        ->check(CLI::IsMember({"em", "nuclei"}))
        ->capture_default_str();
    command->add_option("--shape", sample->shape, "z,y,x")->capture_default_str();
    command->add_option("--out", sample->out, "Folder")->check(notEmpty)->required();
    command->callback([&cli, sample] {
        const SamplePaths paths =
            writeSample(sample->out, sample->kind, parseShape(sample->shape), cli.seed.value_or(0), cli.job);
        cli.say({{"state", "done"}, {"image", paths.image.string()}, {"truth", paths.truth.string()}},
                paths.image.string());
    });
}

}  // namespace fovea::app

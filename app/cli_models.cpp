#include <set>
#include <sstream>

#include "cli.h"
#include "models/add_model.h"
#include "models/recognise.h"

namespace fovea::app {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct ModelArguments {
    std::string what;  // file, address or id
    bool accept = false;
};

// What can be done with it: names of labelers and prompt engines.
json enginesOf(const models::Model& model) {
    std::set<std::string> engines;
    const auto add = [&](const std::string& network, const std::string& part) {
        if (network == "cellsam") engines.insert("cellsam");
        if (network.starts_with("sam/")) engines.insert("sam");
        if (part == "decoder") engines.insert("micro-sam");
    };
    if (model.known)
        for (const models::KnownFile& file : model.known->files) add(file.network, file.part);
    for (const models::KeptFile& file : model.files) add(file.network, file.part);
    return engines;
}

json row(const models::Model& model) {
    const models::Licence& licence = *model.licence;
    json one{{"id", model.id},
             {"title", model.title},
             {"use", models::name(model.role)},
             {"engines", enginesOf(model)},
             {"embedded", false},
             {"ready", model.usable()},
             {"state", models::name(model.state)},
             {"own", model.known == nullptr},
             {"bytes", model.bytes()},
             {"licence", licence.name},
             {"restricted", licence.restricted},
             {"accepted", model.accepted ? json(*model.accepted) : json()}};
    if (!model.why.empty()) one["why"] = model.why.str();
    if (model.known) {
        one["about"] = model.known->about.str();
        one["source"] = model.known->source;
        one["fetchable"] = !model.known->brought();
    }
    return one;
}

// What the list leaves out.
json details(const models::Model& model) {
    json one = row(model);
    one["licence_text"] = model.licence->text.str();
    one["files"] = json::array();
    for (const models::KeptFile& file : model.files)
        one["files"].push_back({{"part", file.part},
                                {"path", file.path.string()},
                                {"bytes", file.bytes},
                                {"sha256", file.sha256},
                                {"network", file.network},
                                {"origin", file.origin},
                                {"added", file.added}});
    if (!model.known) return one;
    one["learned_from"] = model.known->learnedFrom.str();
    one["published"] = json::array();
    for (const models::KnownFile& file : model.known->files)
        one["published"].push_back({{"part", file.part},
                                    {"name", file.name},
                                    {"url", file.url.empty() ? json() : json(file.url)},
                                    {"bytes", file.bytes},
                                    {"exactly", file.exactly},
                                    {"hash", file.digest.str()}});
    if (!model.known->archive.empty())
        one["archive"] = {{"name", model.known->archive}, {"hash", model.known->archiveDigest.str()}};
    return one;
}

std::string stateText(const json& model) {
    if (model.at("embedded")) return "built in";
    const std::string state = model.at("state");
    if (state == "damaged") return "damaged: " + model.at("why").get<std::string>();
    if (state == "ready") return model.at("ready").get<bool>() ? "ready" : "licence not accepted";
    return model.at("fetchable").get<bool>() ? "to fetch" : "bring the file";
}

std::string listText(const json& rows) {
    std::ostringstream text;
    for (const json& one : rows) {
        text << one.at("id").get<std::string>() << "  " << one.at("title").get<std::string>() << "  ("
             << one.at("use").get<std::string>();
        if (one.contains("bytes")) text << ", " << bytesText(one.at("bytes").get<double>());
        if (one.contains("licence")) text << ", " << one.at("licence").get<std::string>();
        text << ")  " << stateText(one) << "\n";
        if (one.contains("about")) text << "    " << one.at("about").get<std::string>() << "\n";
    }
    return text.str().substr(0, text.str().size() - 1);
}

// Keys and values below one another.
std::string detailText(const json& object) {
    std::string text;
    for (const auto& [key, value] : object.items()) {
        if (value.is_array() && !value.empty() && value[0].is_object()) {
            for (const json& one : value) {
                text += key + "\n";
                for (const auto& [inner, it] : one.items())
                    text += "    " + inner + "  " + (it.is_string() ? it.get<std::string>() : it.dump()) + "\n";
            }
        } else {
            text += key + "  " + (value.is_string() ? value.get<std::string>() : value.dump()) + "\n";
        }
    }
    return text.substr(0, text.size() - 1);
}

json describeFile(const fs::path& path, Job& job) {
    const models::Recognised what = models::recognise(path);
    const models::Digest digest = models::digestOf(path, job);
    json fits = json::array();
    for (const models::Fit& fit : what.fits)
        fits.push_back({{"what", fit.what},
                        {"parts", fit.parts},
                        {"fitting", fit.fitting},
                        {"missing", fit.missing},
                        {"reshaped", fit.reshaped}});
    return {{"path", path.string()},        {"network", what.network},
            {"usable", what.usable()},      {"what", what.sentence().str()},
            {"tensors", what.tensors},      {"surplus", what.surplus},
            {"fine_tuned", what.fineTuned}, {"fits", fits},
            {"sha256", digest.sha256},      {"md5", digest.md5},
            {"xxh128", digest.xxh128}};
}

void runAdd(const Cli& cli, const ModelArguments& a, Job& job) {
    models::ModelStore store;
    std::error_code error;  // a name too long for a file is none
    std::vector<models::Added> added;
    if (a.what.find("://") != std::string::npos)
        added = models::addUrl(store, a.what, a.accept, job);
    else if (fs::exists(a.what, error))
        added = models::addFile(store, a.what, a.accept, job);
    else if (a.what.find('/') == std::string::npos)
        added = models::fetchKnown(store, a.what, a.accept, job);
    else
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("{path} is not there. Check that the path is right."), {{"path", a.what}}});
    for (const models::Added& one : added)
        cli.say({{"state", "done"}, {"id", one.id}, {"what", one.what.str()}}, one.id + "  " + one.what.str());
}

}  // namespace

void addModelCommands(CLI::App& app, Cli& cli) {
    CLI::App* group = app.add_subcommand("models", "Lists engines and models; adds, checks and removes models");
    group->callback([&cli, group] {
        if (!group->get_subcommands().empty()) return;
        json lists = describeModels(cli.services);
        for (const models::Model& model : models::ModelStore().list()) lists["models"].push_back(row(model));
        cli.say(lists, listText(lists["models"]));
    });

    auto a = std::make_shared<ModelArguments>();
    CLI::App* add = group->add_subcommand("add", "Adds a file, an address or a known model");
    add->add_option("what", a->what,
                    "Weights (.pt, .pth, .safetensors, .tar.gz), https address, or a model of the list")
        ->check(notEmpty)
        ->required();
    add->add_flag("--accept-licence", a->accept, "Your use is one that the model's licence allows; kept with its date");
    add->callback([&cli, a] { runAdd(cli, *a, cli.job); });

    CLI::App* remove = group->add_subcommand("remove", "Deletes a model's files");
    remove->add_option("id", a->what, "Model of the list")->check(notEmpty)->required();
    remove->callback([&cli, a] {
        models::ModelStore().remove(a->what);
        cli.say({{"state", "done"}, {"id", a->what}}, a->what + " removed");
    });

    CLI::App* info = group->add_subcommand("info", "Says what a weights file is, or checks a model's files");
    info->add_option("what", a->what, "Weights file, or a model of the list")->check(notEmpty)->required();
    info->callback([&cli, a] {
        std::error_code error;
        const json line = fs::is_regular_file(a->what, error)
                              ? describeFile(a->what, cli.job)
                              : details(models::ModelStore().verified(a->what, cli.job));
        cli.say(line, detailText(line));
    });
}

}  // namespace fovea::app

// fovea-cli: every stage, tool and the demo. Exit 0 done, 1 failed, 2 wrong usage, 130 cancelled.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>

#include "base/log.h"
#include "cli.h"
#include "environment.h"
#include "guarded_main.h"

namespace fovea::app {

namespace {

// The words a person may have meant: sub-commands and options of the command that did not understand.
std::vector<std::string> known(const CLI::App& app) {
    std::vector<std::string> words;
    for (const CLI::App* sub : app.get_subcommands({})) words.push_back(sub->get_name());
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    return words;
}

// What was wrong with the words, in a sentence with the nearest known word.
std::string usage(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
    std::vector<std::string> words = known(app);
    const CLI::App* command = &app;
    std::string path;  // of the command
    for (int i = 1; i < argc; ++i)
        for (const CLI::App* sub : command->get_subcommands({}))
            if (sub->get_name() == argv[i]) {
                command = sub;
                path += sub->get_name() + " ";
                for (const std::string& word : known(*sub)) words.push_back(word);
                break;
            }
    for (int i = 1; i < argc; ++i) {
        const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
        // A word that nothing takes; values of options, such as paths, may be any word.
        const bool mayBeValue = i > 1 && std::string_view(argv[i - 1]).starts_with("--") && !word.starts_with("--");
        if (mayBeValue || std::find(words.begin(), words.end(), word) != words.end()) continue;
        if (const std::string near = nearest(word, words); !near.empty())
            return word + " is not known here. Did you mean " + near + "?";
        if (!word.starts_with("-") && !command->get_subcommands({}).empty())
            return "There is no command " + path + word + ". See fovea-cli " + path + "--help.";
    }
    const std::string what = error.what();
    return what + (what.ends_with('.') ? "" : ".") + " See fovea-cli " + path + "--help.";
}

// Before anything else, because it takes a new start of the program to change them.
int threadsAsked(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        if (std::strncmp(argv[i], "--threads=", 10) == 0) return std::atoi(argv[i] + 10);
        if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc) return std::atoi(argv[i + 1]);
    }
    return 0;
}

int main(int argc, char** argv) {
    settleEnvironment(argc, argv, threadsAsked(argc, argv));
    Cli cli;
    CLI::App app("Fovea on the command line: find, label, learn and score objects in 3D microscopy.", "fovea-cli");
    app.set_version_flag("--version", [] { return versionText(); });
    app.add_flag("--json", cli.json, "Results as JSON lines on stdout");
    app.add_option("--device", cli.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
    app.add_option("--threads", cli.threads, "CPU threads; 0 = all")->check(notNegative)->capture_default_str();
    app.add_option("--seed", cli.seed, "Seed of everything random; kept in the project")->check(notNegative);
    app.fallthrough();
    app.require_subcommand(1);
    addProjectCommands(app, cli);
    addToolCommands(app, cli);
    addModelCommands(app, cli);
    addNnunetCommands(app, cli);
    addSimulateCommands(app, cli);
    addDemoCommand(app, cli);
    const auto fail = [&](int code, const char* state, const std::string& why) {
        if (!why.empty()) log::error(why);
        if (cli.json) cli.say({{"state", state}, {"error", why}});
        return code;
    };
    try {
        app.parse(argc, argv);
        return 0;
    } catch (const CLI::Success& success) {
        return app.exit(success);
    } catch (const CLI::ParseError& error) {
        cli.json = cli.json || std::find(argv + 1, argv + argc, std::string_view("--json")) != argv + argc;
        return fail(2, "usage", usage(app, error, argc, argv));
    } catch (const UsageError& error) {
        return fail(2, "usage", error.what());
    } catch (const Error& error) {
        return fail(1, "failed", error.what());
    } catch (const Cancelled&) {
        return fail(130, "cancelled", "");
    } catch (const std::bad_alloc&) {
        return fail(1, "failed", "There is not enough memory for this. Close other programs, or take a smaller image.");
    } catch (const std::exception& error) {
        return fail(1, "failed", std::string("Unexpected: ") + error.what());
    }
}

}  // namespace

}  // namespace fovea::app

int main(int argc, char** argv) { return fovea::app::guarded(fovea::app::main, argc, argv); }

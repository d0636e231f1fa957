#pragma once
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli_job.h"
#include "services.h"

namespace fovea::app {

// Wrong words on the command line: exit 2. Everything else that goes wrong is exit 1.
class UsageError : public Error {
  public:
    explicit UsageError(const Error& error) : Error(error) {}
    explicit UsageError(Text text) : Error(ErrorKind::Input, std::move(text)) {}
};

// What every command needs. Results go to stdout, all else to stderr.
struct Cli {
    Services services = makeServices();
    CliJob job;
    bool json = false;
    std::string device = "auto";
    int threads = 0;
    std::optional<std::uint64_t> seed;

    // One JSON line with --json, else `human`.
    void say(const nlohmann::json& line, const std::string& human) const;
    void say(const nlohmann::json& line) const;  // human text made from the JSON
};

// Runs `f`; an Error(Input) in it is wrong usage.
template <class F>
auto asUsage(F&& f) {
    try {
        return f();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Input) throw UsageError(error);
        throw;
    }
}

// "z,y,x" of whole numbers ≥ 1. Throws UsageError.
Index parseShape(const std::string& text);
// "z,y,x" in µm. Throws UsageError.
Vec3 parseSpacing(const std::string& text);

// For words that name a file or folder.
extern const CLI::Validator notEmpty;
extern const CLI::Validator notNegative;

// Each adds its sub-commands to `app`; what they do runs while parsing.
void addProjectCommands(CLI::App& app, Cli& cli);   // import, the stages, run, work
void addToolCommands(CLI::App& app, Cli& cli);      // stages, formats, plugins, info, convert, sample
void addModelCommands(CLI::App& app, Cli& cli);     // models, models add, …
void addNnunetCommands(CLI::App& app, Cli& cli);    // nnunet plan, preprocess, …
void addSimulateCommands(CLI::App& app, Cli& cli);  // simulate prompts
void addDemoCommand(CLI::App& app, Cli& cli);       // demo

// One line of a stage's run for people.
std::string stageText(const nlohmann::json& row);

}  // namespace fovea::app

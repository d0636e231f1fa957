#pragma once
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <QProcess>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/hash.h"

// fovea-cli as a process, for tests of what people see of it.
namespace cliprocess {

namespace fs = std::filesystem;
using nlohmann::json;

struct Answer {
    int code = -1;
    std::vector<json> lines;  // of stdout
    std::string out, err;
    // The line with this state; null when none has it.
    json line(const std::string& state) const {
        for (const json& one : lines)
            if (one.value("state", "") == state) return one;
        return {};
    }
};

struct Surroundings {
    std::optional<rlim_t> largestFile = {};  // KiB: no file may grow beyond it, as on a full disk
    bool obeyPermissions = false;            // even as root
};

inline Answer cli(const std::vector<std::string>& arguments, const Surroundings& around = {}) {
    QProcess process;
    QStringList list;
    for (const std::string& a : arguments) list << QString::fromStdString(a);
    process.setChildProcessModifier([around] {
        if (around.largestFile) {
            const rlimit limit{*around.largestFile << 10, RLIM_INFINITY};
            ::setrlimit(RLIMIT_FSIZE, &limit);
        }
        if (around.obeyPermissions)  // of no effect, and not needed, for other users than root
            for (const int power : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER})
                ::prctl(PR_CAPBSET_DROP, power, 0, 0, 0);
    });
    process.start(FOVEA_CLI, list);
    process.waitForFinished(900000);
    Answer answer;
    answer.code = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
    answer.out = process.readAllStandardOutput().toStdString();
    answer.err = process.readAllStandardError().toStdString();
    std::istringstream lines(answer.out);
    for (std::string line; std::getline(lines, line);)
        if (json one = json::parse(line, nullptr, false); !one.is_discarded()) answer.lines.push_back(one);
    return answer;
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Every file below a folder with a hash of its bytes. Of a project without what may come and go.
inline std::map<std::string, std::string> filesIn(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string name = entry.path().lexically_relative(folder).string();
        if (entry.is_regular_file() && !name.starts_with("work/") && !name.starts_with("cache/") && name != "lock")
            files[name] = fovea::sha256File(entry.path());
    }
    return files;
}

// A small sample with its project.
struct Fixture {
    fovea::file::TempFolder temp;
    std::string project = (temp.path() / "p").string(), image = (temp.path() / "s/image.zarr").string(),
                truth = (temp.path() / "s/truth.zarr").string();
    Fixture() {
        static const fovea::file::TempFolder kept;  // made once, copied for each
        if (!fs::exists(kept.path() / "s"))
            cli({"sample", "--kind", "nuclei", "--shape", "6,64,96", "--seed", "4", "--out",
                 (kept.path() / "s").string()});
        fovea::file::copy(kept.path() / "s", temp.path() / "s");
    }
    std::string path(const std::string& name) const { return (temp.path() / name).string(); }
    Answer import() const {
        return cli(
            {"import", "--project", project, image, "--set", "test=0:6,0:64,64:96", "--set", "guard=8", "--json"});
    }
    // A stage on the project, with JSON lines.
    Answer stage(const std::string& id, std::vector<std::string> more = {}, const Surroundings& around = {}) const {
        more.insert(more.begin(), {id, "--project", project, "--json", "--threads", "1"});
        return cli(more, around);
    }
};

}  // namespace cliprocess

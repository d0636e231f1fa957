#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <memory>

#include "base/error.h"

namespace fovea::log {

namespace {

struct Sinks {
    std::shared_ptr<spdlog::sinks::dist_sink_mt> all = std::make_shared<spdlog::sinks::dist_sink_mt>();
    spdlog::logger logger{"fovea", all};

    Sinks() {
        all->add_sink(std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
        logger.set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
        logger.flush_on(spdlog::level::info);
    }
};

Sinks& sinks() {
    static Sinks instance;
    return instance;
}

spdlog::level::level_enum level(Level level) {
    switch (level) {
        case Level::Debug:
            return spdlog::level::debug;
        case Level::Info:
            return spdlog::level::info;
        case Level::Warning:
            return spdlog::level::warn;
        case Level::Error:
            break;
    }
    return spdlog::level::err;
}

}  // namespace

void write(Level at, std::string_view line) { sinks().logger.log(level(at), "{}", line); }

void setLevel(Level least) { sinks().logger.set_level(level(least)); }

void toFile(const std::string& path) {
    try {
        auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, 5 << 20, 3);
        sink->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
        sinks().all->add_sink(sink);
    } catch (const spdlog::spdlog_ex& error) {
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("The log file {path} could not be opened: {reason}. Choose another place."),
                     {{"path", path}, {"reason", error.what()}}});
    }
}

}  // namespace fovea::log

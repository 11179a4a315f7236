// spdlog is seen by this file only: it is slow to compile, and its levels are not vlog's.
#include "core/types/log.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <mutex>
#include <optional>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace ringfence::log {

namespace {

spdlog::level::level_enum spd(Level level) {
    switch (level) {
    case Level::off:
        return spdlog::level::off;
    case Level::error:
        return spdlog::level::err;
    case Level::warning:
        return spdlog::level::warn;
    case Level::info:
        return spdlog::level::info;
    case Level::debug:
        return spdlog::level::debug;
    }
    return spdlog::level::info;
}

struct Sinks {
    std::mutex mutex;
    std::vector<Module*> modules;
    std::optional<Level> level; // what set("ANY") or open() said last: modules made later take it
    Options options;
    std::shared_ptr<spdlog::logger> logger;
};

Sinks& sinks() {
    static auto* the_sinks = new Sinks; // never destroyed: destructors of statics may still log
    return *the_sinks;
}

// A disk that is full: what finds no room is lost, and a line says so, on stderr whatever the
// console's level. When there is room, the file goes on.
std::function<void(const std::string&)> say_once(const Options& options) {
    auto said = std::make_shared<std::atomic<bool>>(false);
    return [=, program = options.program, file = options.file](const std::string& problem) {
        if (!said->exchange(true))
            std::fprintf(stderr, "%s: log file %s: %s; what finds no room there is lost\n",
                         program.c_str(), file.c_str(), problem.c_str());
    };
}

std::shared_ptr<spdlog::logger> make_logger(const Options& options) {
    auto console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    console->set_level(spd(options.console));
    console->set_pattern(options.program.empty() ? "%v" : options.program + ": %v");
    std::vector<spdlog::sink_ptr> list{console};
    if (!options.file.empty()) {
        auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
        file->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z|%v");
        list.push_back(file);
    }
    auto logger = std::make_shared<spdlog::logger>("ringfence", list.begin(), list.end());
    logger->set_error_handler(say_once(options));
    logger->set_level(spdlog::level::debug);
    logger->flush_on(spdlog::level::info);
    return logger;
}

} // namespace

const char* to_string(Level level) {
    switch (level) {
    case Level::off:
        return "off";
    case Level::error:
        return "err";
    case Level::warning:
        return "warn";
    case Level::info:
        return "info";
    case Level::debug:
        return "dbg";
    }
    return "info";
}

Result<Level> level_from(std::string_view text) {
    if (text == "emer")
        return Level::error;
    for (Level level : {Level::off, Level::error, Level::warning, Level::info, Level::debug})
        if (text == to_string(level))
            return level;
    return fail("\"{}\" is not a log level (off, emer, err, warn, info or dbg)", text);
}

Module::Module(const char* name) : name_(name) {
    std::lock_guard guard(sinks().mutex);
    if (sinks().level)
        set_level(*sinks().level);
    sinks().modules.push_back(this);
}

bool Limiter::allow(uint64_t& suppressed) {
    using namespace std::chrono;
    int64_t now = duration_cast<seconds>(steady_clock::now().time_since_epoch()).count();
    int64_t last = last_refill_.load();
    if (now > last && last_refill_.compare_exchange_strong(last, now))
        tokens_.store(std::min(burst_, tokens_.load() + (last == 0 ? burst_ : now - last)));
    if (tokens_.fetch_sub(1) <= 0) {
        tokens_.fetch_add(1);
        ++suppressed_;
        return false;
    }
    suppressed = suppressed_.exchange(0);
    return true;
}

Result<> open(const Options& options) {
    try {
        auto logger = make_logger(options);
        std::lock_guard guard(sinks().mutex);
        sinks().options = options;
        sinks().logger = std::move(logger);
        sinks().level = options.level;
        for (Module* module : sinks().modules)
            module->set_level(options.level);
    } catch (const spdlog::spdlog_ex& problem) {
        return fail(ErrorKind::unavailable, "log file {}: {}", options.file, problem.what());
    }
    return {};
}

Result<> reopen() {
    Options options;
    {
        std::lock_guard guard(sinks().mutex);
        options = sinks().options;
    }
    try {
        auto logger = make_logger(options);
        std::lock_guard guard(sinks().mutex);
        sinks().logger = std::move(logger);
    } catch (const spdlog::spdlog_ex& problem) {
        return fail(ErrorKind::unavailable, "log file {}: {}", options.file, problem.what());
    }
    return {};
}

void flush() {
    std::lock_guard guard(sinks().mutex);
    if (sinks().logger)
        sinks().logger->flush();
}

std::vector<const Module*> modules() {
    std::lock_guard guard(sinks().mutex);
    std::vector<const Module*> all(sinks().modules.begin(), sinks().modules.end());
    std::sort(all.begin(), all.end(), [](const Module* a, const Module* b) {
        return std::string_view(a->name()) < std::string_view(b->name());
    });
    return all;
}

Result<> set(std::string_view name, Level level) {
    std::lock_guard guard(sinks().mutex);
    bool any = name == "ANY", found = any;
    if (any)
        sinks().level = level;
    for (Module* module : sinks().modules)
        if (any || name == module->name()) {
            module->set_level(level);
            found = true;
        }
    if (!found)
        return fail(ErrorKind::not_found, "no log module is named \"{}\"", name);
    return {};
}

void write(const Module& module, Level level, std::string_view line) {
    std::shared_ptr<spdlog::logger> logger;
    {
        std::lock_guard guard(sinks().mutex);
        if (!sinks().logger)
            sinks().logger = make_logger(Options{});
        logger = sinks().logger;
    }
    logger->log(spd(level), "{}|{}|{}", module.name(), to_string(level), line);
}

} // namespace ringfence::log

// The one way to log. Each file that logs has a module, named as operators see it in `ovs-appctl
// vlog/list`:
//
//     static log::Module module("underlay");
//     log::warning(module, "route to {} is gone", prefix);
//
// A packet stage never logs. Where a peer can cause the line, guard it with a Limiter. Any thread
// may log.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "core/types/result.h"

namespace ringfence::log {

enum class Level : uint8_t { off, error, warning, info, debug };

const char* to_string(Level level); // "off", "err", "warn", "info", "dbg": vlog's words
[[nodiscard]] Result<Level> level_from(std::string_view text); // vlog's words; "emer" is "err"

// One named source of lines; lives for the whole process, so make it static.
class Module {
public:
    explicit Module(const char* name);
    const char* name() const { return name_; }
    bool enabled(Level level) const { return level <= level_.load(std::memory_order_relaxed); }
    Level level() const { return level_.load(std::memory_order_relaxed); }
    void set_level(Level level) { level_.store(level, std::memory_order_relaxed); }

private:
    const char* name_;
    std::atomic<Level> level_{Level::info};
};

// Lets `burst` lines through, then one a second. Each says how many were held back before it.
// Monotonic clock.
class Limiter {
public:
    explicit Limiter(unsigned burst = 5) : tokens_(burst), burst_(burst) {}
    // True when the line may be written; suppressed is then the number of lines swallowed since the
    // last.
    bool allow(uint64_t& suppressed);

private:
    std::atomic<int64_t> tokens_;
    int64_t burst_;
    std::atomic<uint64_t> suppressed_{0};
    std::atomic<int64_t> last_refill_{0};
};

struct Options {
    std::string program;            // stands in the lines of the console
    std::string file;               // "" = no log file
    Level console = Level::warning; // stderr
    Level level = Level::info;      // of every module, until set() says otherwise
};

// Opens the sinks. Until it is called lines go to stderr. Calls after the first replace the sinks.
[[nodiscard]] Result<> open(const Options& options);
// Opens the log file again under its name: logrotate has moved the old one away.
[[nodiscard]] Result<> reopen();
void flush();

std::vector<const Module*> modules();                             // sorted by name
[[nodiscard]] Result<> set(std::string_view module, Level level); // "ANY" = all

void write(const Module& module, Level level, std::string_view line);

template <class... Args>
void line(const Module& module, Level level, fmt::format_string<Args...> format, Args&&... args) {
    if (module.enabled(level))
        write(module, level, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(const Module& module, fmt::format_string<Args...> format, Args&&... args) {
    line(module, Level::error, format, std::forward<Args>(args)...);
}
template <class... Args>
void warning(const Module& module, fmt::format_string<Args...> format, Args&&... args) {
    line(module, Level::warning, format, std::forward<Args>(args)...);
}
template <class... Args>
void info(const Module& module, fmt::format_string<Args...> format, Args&&... args) {
    line(module, Level::info, format, std::forward<Args>(args)...);
}
template <class... Args>
void debug(const Module& module, fmt::format_string<Args...> format, Args&&... args) {
    line(module, Level::debug, format, std::forward<Args>(args)...);
}

} // namespace ringfence::log

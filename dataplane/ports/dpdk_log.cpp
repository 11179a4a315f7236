#include "dataplane/ports/dpdk_log.h"

#include <cstdio>
#include <string_view>
#include <utility>

#include <rte_log.h>

#include "core/types/log.h"

namespace ringfence::ports {

namespace {

log::Module module("dpdk");
log::Limiter limiter(20);

// DPDK's callback has no argument of ours, and its driver threads log too: so, by thread.
thread_local DpdkComplaints* collecting = nullptr;

// "eth_rx_queue_setup(): net_x: no memory" -> "net_x: no memory"
std::string_view without_function(std::string_view line) {
    size_t end = line.find("(): ");
    if (end == std::string_view::npos || line.find(' ') < end)
        return line;
    line.remove_prefix(end + 4);
    while (!line.empty() && line.front() == ' ')
        line.remove_prefix(1);
    return line;
}

// What EAL adds to a driver's own reason.
bool says_only_that_it_failed(std::string_view line) {
    return line.starts_with("EAL: Failed to attach device") ||
           line.starts_with("EAL: Driver cannot attach");
}

void take(std::string_view line) {
    uint32_t level = static_cast<uint32_t>(rte_log_cur_msg_loglevel());
    if (collecting && level <= RTE_LOG_WARNING) {
        collecting->add(level <= RTE_LOG_ERR, std::string(without_function(line)));
        log::debug(module, "{}", line);
    } else if (level <= RTE_LOG_CRIT) {
        log::error(module, "{}", line);
    } else if (level <= RTE_LOG_WARNING) {
        // What a driver's own thread dislikes, a guest that was killed for one: any peer can cause
        // it.
        if (uint64_t suppressed = 0; limiter.allow(suppressed))
            log::info(module, "{} ({} more were held back)", line, suppressed);
    } else {
        log::debug(module, "{}", line);
    }
}

ssize_t write_lines(void*, const char* text, size_t length) {
    std::string_view rest(text, length);
    while (!rest.empty()) {
        size_t end = rest.find('\n');
        std::string_view line = rest.substr(0, end);
        while (!line.empty() && (line.back() == ' ' || line.back() == '\r'))
            line.remove_suffix(1);
        if (!line.empty())
            take(line);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return static_cast<ssize_t>(length);
}

} // namespace

void redirect_dpdk_log() {
    cookie_io_functions_t functions{};
    functions.write = write_lines;
    static FILE* stream =
        fopencookie(nullptr, "w", functions); // DPDK's for the life of the process
    if (stream && rte_openlog_stream(stream) != 0)
        log::warning(module, "DPDK's log stays on stderr");
}

DpdkComplaints::DpdkComplaints() : outer_(std::exchange(collecting, this)) {}
DpdkComplaints::~DpdkComplaints() { collecting = outer_; }

std::string DpdkComplaints::last() const { return error_.empty() ? warning_ : error_; }

void DpdkComplaints::add(bool is_error, std::string line) {
    if (is_error && !error_.empty() && says_only_that_it_failed(line))
        return;
    (is_error ? error_ : warning_) = std::move(line);
}

} // namespace ringfence::ports

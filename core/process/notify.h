// The service manager's side of a daemon: sd_notify(3)'s protocol, one datagram, no library.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace ringfence::process {

// Sends e.g. "READY=1" or "STOPPING=1" to $NOTIFY_SOCKET; does nothing without one.
void notify_service_manager(std::string_view state);

// How often to send "WATCHDOG=1": half of the time after which the manager takes this process for
// hung ($WATCHDOG_USEC; sd_watchdog_enabled(3) gives that advice). None when it does not watch us.
std::optional<std::chrono::microseconds> watchdog_period();

} // namespace ringfence::process

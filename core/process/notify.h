// The service manager's side of a daemon: sd_notify(3)'s protocol, one datagram, no library.
#pragma once

#include <string_view>

namespace ringfence::process {

// Sends e.g. "READY=1" or "STOPPING=1" to $NOTIFY_SOCKET; does nothing without one.
void notify_service_manager(std::string_view state);

} // namespace ringfence::process

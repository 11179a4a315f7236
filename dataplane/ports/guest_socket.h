// The Unix socket between a vhost-user port and its guest's QEMU.
#pragma once

#include <string>

#include "core/types/result.h"

namespace ringfence::ports {

// Is it a path that a socket can have, and that DPDK understands? The reason in words if not.
[[nodiscard]] Result<> check_socket_path(const std::string& socket);
// A socket that a process left there that was killed goes; one that somebody listens on, or
// anything else of that name, is not ours: an error.
[[nodiscard]] Result<> clear_stale_socket(const std::string& path);

} // namespace ringfence::ports

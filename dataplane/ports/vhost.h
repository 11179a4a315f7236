// A VM's vhost-user device as a port: QEMU connects to our socket, or we to QEMU's, over DPDK's
// vhost library. Every queue pair that the guest uses is polled by the port's worker; what goes to
// the guest is spread over its queues by connection.
#pragma once

#include <memory>

#include "dataplane/ports/port.h"

namespace ringfence::ports {

[[nodiscard]] Result<std::shared_ptr<Port>> open_vhost(const PortSettings& settings,
                                                       const MbufPool& pool);

} // namespace ringfence::ports
